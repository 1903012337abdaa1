from __future__ import annotations

import json
import os
import re
import stat
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NOBODY = 65534


def run_as_a_user(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script of ``scripts/`` without root's rights."""
    return subprocess.run(
        ["/bin/sh", "-s", "--", *arguments],
        input=(ROOT / "scripts" / script).read_text(),
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        user=NOBODY if os.geteuid() == 0 else None,
    )


def test_the_licence_is_whole() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert text.startswith("EUROPEAN UNION PUBLIC LICENCE v. 1.2")
    assert [int(number) for number in re.findall(r"^(\d+)\.[A-Z]", text, re.MULTILINE)] == list(range(1, 16))
    assert "‘Compatible Licences’" in text


def test_the_integration_server_runs_what_a_developer_runs() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & stat.S_IXUSR
    assert script.read_text().rstrip().endswith("exec make test")


@pytest.mark.parametrize("command", ["demo", "test", "check", "bench", "docs"])
def test_a_newcomer_finds_the_commands(command: str) -> None:
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.search(rf"^make {command}\s+\S", listed, re.MULTILINE)


def test_packages_are_locked_without_naming_a_host() -> None:
    lock = json.loads((ROOT / "components" / "package-lock.json").read_text())
    fetched = {name: entry for name, entry in lock["packages"].items() if name}
    assert fetched
    assert [name for name, entry in fetched.items() if "resolved" in entry] == []
    assert [name for name, entry in fetched.items() if "integrity" not in entry] == []


def test_nothing_built_is_kept_in_the_repository() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("this is no git work tree")
    files = listed.stdout.splitlines()
    assert [name for name in files if "node_modules/" in name or name.startswith("src/placette/web/static/")] == []


def test_a_user_without_rights_is_told_what_to_install() -> None:
    done = run_as_a_user("packages", "mosquitto", "chromium")
    assert done.returncode == 1
    assert "sudo apt-get install mosquitto chromium" in done.stderr


def test_an_old_python_is_refused_with_a_remedy(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    script = (ROOT / "scripts" / "venv").read_text().replace("/usr/bin/python3", str(old))
    done = subprocess.run(
        ["/bin/sh", "-s", "--", str(tmp_path / "venv")],
        input=script,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": str(tmp_path)},
    )
    assert done.returncode == 1
    assert "needs Python 3.11 or newer" in done.stderr
    assert not (tmp_path / "venv").exists()


def test_an_unreleased_change_has_its_place() -> None:
    assert "## [Unreleased]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
