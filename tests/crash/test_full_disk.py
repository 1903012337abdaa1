"""A disk that fills up under the store: clear refusal, nothing corrupt, reading goes on, storing resumes by itself."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from benchmarks.world import World, make

from placette.model.errors import StorageFailure
from placette.store import Store, StoreSettings

DATASTREAMS = 100
BATCH = 20_000
BEGIN_S = 1_577_836_800
PAUSE_S = 1.1
"""A little more than the store waits after a failure before it tries again."""
INSTANTS = "SELECT phenomenon_time, count(*) AS rows FROM observation GROUP BY ALL"

pytestmark = pytest.mark.slow


@pytest.fixture
def world(small_disk: Path) -> World:
    return make(small_disk / "data", DATASTREAMS)


@pytest.fixture
def store(world: World) -> Iterator[Store]:
    """A store without a reserve: its writes run into the very end of the disk."""
    opened = Store.open(world.database, StoreSettings(disk_reserve_mib=0, checkpoint_mib=16))
    yield opened
    opened.close()


def test_a_log_that_finds_no_room_refuses_and_goes_on_when_there_is_some(small_disk: Path, store: Store) -> None:
    ballast = _leave(small_disk, 4_000_000)
    stored, refusal = _store_until_refused(store, first=0)
    assert stored > 0
    assert "No space left" in refusal.what
    assert refusal.where
    assert refusal.remedy
    assert _whole_batches(store) == stored
    ballast.unlink()
    time.sleep(PAUSE_S)
    store.append_now(_batch(stored))
    assert _whole_batches(store) == stored + 1


def test_a_checkpoint_that_finds_no_room_loses_nothing(small_disk: Path, world: World, store: Store) -> None:
    ballast = _leave(small_disk, 50_000_000)
    stored, refusal = _store_until_refused(store, first=0)
    assert "checkpoint" in refusal.what
    assert _whole_batches(store) == stored
    ballast.unlink()
    time.sleep(PAUSE_S)
    store.append_now(_batch(stored))
    store.close()
    again = Store.open(world.database)
    assert _whole_batches(again) == stored + 1
    again.close()


def test_the_reserve_is_kept_free(small_disk: Path, world: World) -> None:
    store = Store.open(world.database, StoreSettings(disk_reserve_mib=64))
    ballast = _leave(small_disk, 60 << 20)
    with pytest.raises(StorageFailure, match=r"the disk is full: .* MiB are kept in reserve .* make room"):
        store.append_now(_batch(0))
    ballast.unlink()
    store.append_now(_batch(0))
    assert _whole_batches(store) == 1
    store.close()


def _leave(folder: Path, free: int) -> Path:
    """Fill the disk up to so many free bytes."""
    ballast = folder / "ballast"
    ballast.write_bytes(bytes(shutil.disk_usage(folder).free - free))
    return ballast


def _store_until_refused(store: Store, first: int) -> tuple[int, StorageFailure]:
    """Append batches until one is refused; return how many were stored, and the refusal."""
    for number in range(first, first + 2_000):
        try:
            store.append_now(_batch(number))
        except StorageFailure as refusal:
            return number - first, refusal
    raise AssertionError("the disk never filled up")


def _batch(number: int) -> pa.Table:
    """Rows that do not compress, newer than those of the batch before."""
    per_stream = BATCH // DATASTREAMS
    seconds = BEGIN_S + number * per_stream + np.repeat(np.arange(per_stream), DATASTREAMS)
    return pa.table(
        {
            "datastream_id": np.tile(np.arange(1, DATASTREAMS + 1), per_stream),
            "phenomenon_time": pa.array(seconds * 1_000_000).cast(pa.timestamp("us")),
            "result": np.random.default_rng(number).random(BATCH),
        }
    )


def _whole_batches(store: Store) -> int:
    """Return how many batches are stored; every one must be whole, and its rows there once."""
    rows = store.query_now(INSTANTS)["rows"].to_numpy()
    assert (rows == DATASTREAMS).all()
    assert len(rows) % (BATCH // DATASTREAMS) == 0
    return len(rows) // (BATCH // DATASTREAMS)
