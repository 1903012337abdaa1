"""A disk that may only be read: a clear error at the start, and nothing changed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.server import city_folder
from benchmarks.world import make

from placette.model.errors import StorageFailure
from placette.store import Store

pytestmark = pytest.mark.slow


def test_a_store_on_a_read_only_disk_says_so(small_disk: Path) -> None:
    world = make(small_disk / "data", 10)
    _remount(small_disk, "ro")
    with pytest.raises(StorageFailure, match=r"Read-only file system.*you may write there"):
        Store.open(world.database)
    _remount(small_disk, "rw")
    Store.open(world.database).close()


def test_a_server_on_a_read_only_disk_ends_with_one_clear_line(small_disk: Path, tmp_path: Path) -> None:
    world = make(small_disk / "data", 10)
    _remount(small_disk, "ro")
    command = [sys.executable, "-m", "placette", "serve", "--port", "0"]
    done = subprocess.run(
        [*command, "--data", str(world.data), "--city", str(city_folder(tmp_path / "city"))],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "Read-only file system" in done.stderr


def _remount(folder: Path, mode: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{mode}", str(folder)], check=True)
