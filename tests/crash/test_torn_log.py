"""What a power cut leaves: a log whose last entry was being written, or a file that is damaged."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from benchmarks.crash.writers import rows
from benchmarks.world import DATABASE, make

from placette.model.errors import StorageFailure
from placette.store import Store

BATCHES = 20
ROWS = 500
BEGIN_S = 1_577_836_800
FIRST_BLOCK = 12_288
BLOCK = 262_144
"""DuckDB's file: three headers of 4 KiB, then blocks of 256 KiB."""


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files as they are on disk when a process dies after twenty acknowledged batches."""
    folder = tmp_path_factory.mktemp("torn")
    world = make(folder / "data", 100)
    store = Store.open(world.database)
    for number in range(BATCHES):
        store.append_now(world.with_ids(rows(np.arange(ROWS) % 100, BEGIN_S + number * 5 + np.arange(ROWS) // 100)))
    shutil.copytree(world.data, folder / "left")
    store.close()
    return folder / "left"


@pytest.fixture
def database(left: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return shutil.copytree(left, tmp_path / "copy") / DATABASE


def test_every_acknowledged_batch_is_there_after_the_process_died(database: Path) -> None:
    assert _count(database) == BATCHES * ROWS


@pytest.mark.parametrize("seed", range(8))
def test_a_log_cut_anywhere_keeps_every_whole_batch_before_the_cut(database: Path, seed: int) -> None:
    log = database.with_name(f"{DATABASE}.wal")
    size = log.stat().st_size
    cut = size - 1 if seed == 0 else np.random.default_rng(seed).integers(size)
    with log.open("r+b") as file:
        file.truncate(cut)
    found = _count(database)
    assert found % ROWS == 0, "a batch is there whole or not at all"
    assert found >= (BATCHES * cut // size - 2) * ROWS


def test_a_damaged_log_is_named_with_its_remedy(database: Path) -> None:
    log = database.with_name(f"{DATABASE}.wal")
    _damage(log, log.stat().st_size // 2)
    with pytest.raises(StorageFailure, match=r"Corrupt WAL file.*restore"):
        Store.open(database)


@pytest.mark.parametrize("position", [0, 4_096, FIRST_BLOCK])
def test_a_damaged_file_is_named_with_its_remedy(database: Path, position: int) -> None:
    """The main header, one of the two database headers, and the beginning of every block."""
    end = database.stat().st_size if position == FIRST_BLOCK else position + 1
    for start in range(position, end, BLOCK):
        _damage(database, start)
    with pytest.raises(StorageFailure, match=r"restore"):
        Store.open(database)


def _count(database: Path) -> int:
    store = Store.open(database)
    try:
        return int(store.query_now("SELECT count(*) AS rows FROM observation").to_pylist()[0]["rows"])
    finally:
        store.close()


def _damage(file: Path, position: int) -> None:
    with file.open("r+b") as opened:
        opened.seek(position)
        before = opened.read(64)
        opened.seek(position)
        opened.write(bytes(byte ^ 0xFF for byte in before))
