"""The package as others get it: made from the sdist, installed into an empty environment, run without network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DRIVER = Path(__file__).with_name("wheel_driver.py")
ALONE = ("unshare", "--net") if os.geteuid() == 0 else ("unshare", "--map-root-user", "--net")
NOWHERE = "http://127.0.0.1:9"

pytestmark = pytest.mark.slow


def run(*command: str | Path, folder: Path, **environment: str) -> str:
    """Run a command, show its messages if it fails, and return what it printed."""
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=600, env=os.environ | environment
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
    return done.stdout


def without_network(folder: Path) -> tuple[str, ...]:
    """Return the prefix that runs a command with no way out, empty where this machine does not allow it."""
    tried = subprocess.run([*ALONE, "true"], cwd=folder, capture_output=True, check=False)
    return ALONE if tried.returncode == 0 else ()


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("sdist")
    run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", target, folder=ROOT)
    return next(target.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def wheel(sdist: Path) -> Path:
    """The wheel made from the unpacked sdist; npm would find no registry."""
    run("tar", "-xzf", sdist, folder=sdist.parent)
    source = sdist.parent / sdist.name.removesuffix(".tar.gz")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", folder=source, npm_config_registry=NOWHERE)
    return next((source / "dist").glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an empty environment with the wheel and what it needs."""
    folder = tmp_path_factory.mktemp("installed")
    run(sys.executable, "-m", "venv", folder / "venv", folder=folder)
    run(folder / "venv" / "bin" / "pip", "install", "--quiet", wheel, folder=folder, PYTHONPATH="")
    return folder / "venv" / "bin"


def test_the_wheel_carries_the_front_end_the_city_and_the_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        front = json.loads(archive.read("placette/web/static/manifest.json"))
    assert {f"placette/web/static/{entry['file']}" for entry in front.values()} <= set(names)
    assert {"placette/cities/aix/city.toml", "placette/web/static/licences.md", "placette/py.typed"} <= set(names)
    assert [name for name in names if name.endswith("licenses/LICENSE")]
    assert [name for name in names if not name.startswith(("placette/", "placette-"))] == []


def test_the_sdist_carries_sources_and_result(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"components/package-lock.json", "hatch_build.py", "src/placette/web/static/manifest.json"} <= names
    assert [name for name in names if "node_modules" in name] == []


def test_the_demo_runs_in_an_empty_environment_without_network(installed: Path, tmp_path: Path) -> None:
    alone = without_network(tmp_path)
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), NOWHERE)
    printed = run(
        *(*alone, installed / "python", DRIVER, installed, tmp_path / "data"),
        folder=tmp_path,
        PATH=f"{installed}:/usr/bin:/bin",
        PYTHONPATH="",
        **nowhere,
    )
    seen = json.loads(printed.splitlines()[-1])
    assert seen["outside"] is False or not alone
    assert seen["version"].startswith("0.")
    assert {path: answer["status"] for path, answer in seen["answers"].items()} == dict.fromkeys(seen["answers"], 200)
    assert "Aix-en-Provence" in seen["answers"]["/fr/"]["start"]
    assert "serverSettings" in seen["answers"]["/v1.1"]["start"]
    assert seen["assets"]
    assert seen["exit"] == 0
