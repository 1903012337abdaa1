"""The docs are true: their commands are run against a living city, and nothing a user meets is left out of them.

In a ``console`` block a line that begins with ``$`` is a command for bash; the lines below it are what it prints, where
``…`` stands for anything; a command without such lines must only succeed. A block with a ``title`` is what a page tells
to add to the file so named. The blocks of a page are run in order, all pages in one folder, with ``PLACETTE_URL``,
``PLACETTE_TOKEN``, ``PLACETTE_MQTT_HOST`` and ``PLACETTE_MQTT_PORT`` set, and ``TRY_PORT``, which is free for a server
that a page starts itself; that server's process id stands in a file ``*.pid``.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import msgspec
import pytest
from cyclopts import App

from placette import control
from placette.cli import app
from placette.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
START_S = 60


class Step(NamedTuple):
    """One command of a page and what it prints."""

    line: int
    command: str
    expected: str


class Living(NamedTuple):
    """A running city: where commands are run, with which environment."""

    folder: Path
    environment: dict[str, str]


def steps(text: str) -> list[Step]:
    """Return the commands of all console blocks, and for each block with a title one that adds it to its file."""
    found: list[Step] = []
    inside, file = False, ""
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            if file:
                found[-1] = found[-1]._replace(command=f"{found[-1].command}END\n")
            title = re.search(r'title="([^"]+)"', line)
            inside, file = line == "```console", title[1] if title else ""
            if file:
                found.append(Step(number, f"cat >> {shlex.quote(file)} <<'END'\n", ""))
        elif file:
            found[-1] = found[-1]._replace(command=f"{found[-1].command}{line}\n")
        elif inside and line.startswith("$ "):
            found.append(Step(number, line[2:], ""))
        elif inside and found:
            last = found[-1]
            found[-1] = last._replace(expected=f"{last.expected}{line}\n")
    return found


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    """Aix-en-Provence, served from its folder, with a broker of its own."""
    folder = tmp_path_factory.mktemp("docs")
    mqtt = free_port()
    shutil.copytree(ROOT / "cities", folder / "cities")
    shutil.copytree(ROOT / "examples", folder / "examples")
    networks = folder / "cities" / "aix" / "networks.toml"
    networks.write_text(networks.read_text().replace("port = 1883", f"port = {mqtt}"))
    (folder / "mosquitto.conf").write_text(f"listener {mqtt} 127.0.0.1\nallow_anonymous true\npersistence false\n")
    (folder / "bin").mkdir()
    (folder / "bin" / "placette").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m placette "$@"\n')
    (folder / "bin" / "placette").chmod(0o755)
    environment = os.environ | {
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}:/usr/sbin",
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]),
        "PLACETTE_MQTT_HOST": "127.0.0.1",
        "PLACETTE_MQTT_PORT": str(mqtt),
        "TRY_PORT": str(free_port()),
    }
    serve = ["placette", "serve", "--city", "cities/aix", "--port", "0"]
    with (
        subprocess.Popen(["mosquitto", "-c", "mosquitto.conf"], cwd=folder, env=environment) as broker,
        subprocess.Popen(serve, cwd=folder, env=environment) as server,
    ):
        try:
            environment["PLACETTE_URL"] = wait_for(folder / "data", server)
            made = subprocess.run(
                ["placette", "token", "create", "docs"], cwd=folder, env=environment, capture_output=True, check=True
            )
            environment["PLACETTE_TOKEN"] = made.stdout.decode().strip()
            yield Living(folder, environment)
        finally:
            for left in folder.glob("*.pid"):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(left.read_text()), signal.SIGTERM)
            server.terminate()
            server.wait(START_S)
            broker.terminate()


def wait_for(data: Path, server: subprocess.Popen[bytes]) -> str:
    """Return the address of the server once it answers."""
    deadline = time.monotonic() + START_S
    while (running := control.find(data)) is None:
        assert server.poll() is None, "the city ended before it answered"
        assert time.monotonic() < deadline, "the city never answered"
        time.sleep(0.05)
    return running.url


@pytest.mark.broker
@pytest.mark.parametrize("page", [page for page in PAGES if steps(text_of(page))], ids=lambda page: page.name)
def test_what_a_page_tells_to_type_works(living: Living, page: Path) -> None:
    for step in steps(text_of(page)):
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", step.command],
            cwd=living.folder,
            env=living.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        where = f"{page.name}:{step.line}: {step.command}"
        assert done.returncode == 0, f"{where}\n{done.stdout}{done.stderr}"
        pattern = ".*".join(re.escape(part) for part in step.expected.strip().split("…"))
        assert not step.expected or re.fullmatch(pattern, done.stdout.strip(), re.DOTALL), f"{where}\n{done.stdout}"


@pytest.mark.broker
def test_every_address_is_documented(living: Living) -> None:
    document = httpx.get(f"{living.environment['PLACETTE_URL']}/openapi.json", trust_env=False).json()
    text = text_of(DOCS / "http.md")
    assert len(document["paths"]) > 5
    assert [path for path in document["paths"] if not path.startswith("/v1.1") and path not in text] == []


def commands(parent: App, words: tuple[str, ...] = ("placette",)) -> Iterator[tuple[str, ...]]:
    """Return every command that does something, as the words to type."""
    names = [name for name in parent if not name.startswith("-")]
    if not names:
        yield words
    for name in names:
        yield from commands(parent[name], (*words, name))


COMMANDS = sorted(commands(app))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_is_documented(words: tuple[str, ...]) -> None:
    assert f"\n## `{' '.join(words)}`\n" in text_of(DOCS / "command-line.md")


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_shows_an_example_in_its_help(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    app([*words[1:], "--help"], exit_on_error=False, result_action="return_value")
    assert "Example: " + " ".join(words) in " ".join(capsys.readouterr().out.split())


SETTINGS = [
    (section.name, field.name, field.default)
    for section in msgspec.structs.fields(Settings)
    for field in msgspec.structs.fields(section.type)
]


@pytest.mark.parametrize(("section", "key", "default"), SETTINGS, ids=[f"{one[0]}.{one[1]}" for one in SETTINGS])
def test_every_setting_is_documented_with_its_default(section: str, key: str, default: object) -> None:
    parts = text_of(DOCS / "operate.md").split(f"### `[{section}]`")
    assert len(parts) == 2, f"docs/operate.md has no part for [{section}]"
    shown = msgspec.json.encode(default).decode()
    assert f"| `{key}` | `{shown}` |" in re.split(r"\n##+ ", parts[1])[0]


def anchors(page: Path) -> set[str]:
    """Return the addresses of a page's headings, as GitHub and the documentation site make them."""
    headings = re.findall(r"^#+ (.+)$", text_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", text_of(page)):
        name, _, anchor = target.partition("#")
        file = page.parent / name if name else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert broken == []


def test_every_page_is_in_the_navigation() -> None:
    config = msgspec.toml.decode((ROOT / "zensical.toml").read_bytes())
    listed = {file for entry in config["project"]["nav"] for file in entry.values()}
    assert listed == {page.name for page in DOCS.glob("*.md")}


def test_the_documentation_site_is_built_and_asks_no_other_host(tmp_path: Path) -> None:
    shutil.copytree(DOCS, tmp_path / "docs")
    shutil.copy(ROOT / "zensical.toml", tmp_path)
    zensical = Path(sys.executable).with_name("zensical")
    done = subprocess.run(
        [zensical, "build", "--strict"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, re.sub(r"\x1b\[[\d;]*m", "", done.stdout)
    asked = re.compile(r'<(?:script|img|iframe)[^>]+src="?https?:|<link[^>]+rel="?(?:stylesheet|preload)[^>]+https?:')
    assert [page.name for page in (tmp_path / "site").rglob("*.html") if asked.search(text_of(page))] == []
