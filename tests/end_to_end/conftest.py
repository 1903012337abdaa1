"""A demo city as a newcomer starts it: a process of its own, a port of its own, a folder of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

DAYS = 2
PATIENCE_S = 120


class Demo(NamedTuple):
    """A running demo: its process, data folder, address, and all it has printed so far."""

    process: subprocess.Popen[str]
    data: Path
    url: str
    said: str

    def line(self, start: str) -> str:
        """Return the printed command that begins with ``start``, joined over its line ends."""
        return re.search(rf"^{start}(?:.*\\\n)*.*$", self.said, re.MULTILINE)[0]  # type: ignore[index]

    def stop(self) -> int:
        """Ask it to stop and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)


def run_placette(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "placette", *arguments], capture_output=True, text=True, check=check, timeout=PATIENCE_S
    )


def start_demo(data: Path) -> Demo:
    """Start the demo on a folder and return once its history is made."""
    log = data.parent / f"{data.name}.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "placette",
                "demo",
                "--no-browser",
                "--port",
                "0",
                "--data",
                data,
                "--days",
                str(DAYS),
            ],
            stdout=out,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
    deadline = time.monotonic() + PATIENCE_S
    while "Live values follow" not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)
    said = log.read_text()
    return Demo(process, data, re.search(r"http://127.0.0.1:\d+", said)[0], said)  # type: ignore[index]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One demo for the tests of a module."""
    running = start_demo(tmp_path_factory.mktemp("demo") / "data")
    yield running
    running.process.kill()
    running.process.wait()


@pytest.fixture
def placette() -> Callable[..., subprocess.CompletedProcess[str]]:
    """``placette("token", "list")`` runs a command to its end."""
    return run_placette


@pytest.fixture
def start() -> Callable[[Path], Demo]:
    """``start(folder)`` starts another demo."""
    return start_demo
