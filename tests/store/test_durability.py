"""What was acknowledged survives: a killed process, a full disk, a disk that cannot be written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.store.conftest import NOON, make_datastreams, stored, table

from placette.model.errors import StorageFailure
from placette.store import Store, StoreSettings

ROOT = Path(__file__).resolve().parents[2]
MIB = 1 << 20


def acknowledged_before_kill(file: Path, streams: list[int], batches: int) -> set[tuple[int, int]]:
    """Run the child, kill it with SIGKILL after it acknowledged ``batches`` rows, return what it acknowledged."""
    child_file = Path(__file__).with_name("crash_child.py")
    command = [sys.executable, str(child_file), str(file), str(NOON), *map(str, streams)]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as child:
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(batches)]
        child.kill()
        lines += child.stdout.readlines()
    assert len(lines) >= batches
    assert lines[0]
    return {(int(line.split()[0]), int(line.split()[1])) for line in lines if line.endswith("\n")}


@pytest.mark.parametrize("batches", [1, 137, 1000])
def test_every_acknowledged_row_survives_kill_9_and_none_is_there_twice(tmp_path: Path, batches: int) -> None:
    file = tmp_path / "city.duckdb"
    store = Store.open(file)
    streams = make_datastreams(store, 8)
    store.close()
    acknowledged = acknowledged_before_kill(file, streams, batches)
    store = Store.open(file)
    found = [(row[0], int(str(row[1])) - NOON) for row in stored(store)]
    newest = {row["datastream_id"]: row["phenomenon_time"] for row in store.latest.all().to_pylist()}
    maxima = store.query_now("SELECT datastream_id, max(phenomenon_time) AS t FROM observation GROUP BY ALL")
    store.close()
    assert acknowledged <= set(found)
    assert len(found) == len(set(found))
    assert newest == {row["datastream_id"]: row["t"] for row in maxima.to_pylist()}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 MiB; needs the right to mount."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small disk needs root")
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(disk)], check=False, capture_output=True
    )
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.decode().strip()}")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def fill(path: Path, leave: int) -> Path:
    """Write a file that leaves only ``leave`` bytes of its disk free."""
    figures = os.statvfs(path)
    ballast = path / "ballast"
    with ballast.open("wb") as file:
        for _ in range((figures.f_bavail * figures.f_frsize - leave) // MIB):
            file.write(bytes(MIB))
    return ballast


def append_until_refused(store: Store, stream: int, start: int) -> tuple[int, StorageFailure]:
    """Append batches of 20,000 rows until one fails; return how many rows were acknowledged, and the error."""
    rows = 20_000
    for batch in range(1000):
        times = range(start + batch * rows, start + (batch + 1) * rows)
        try:
            store.append_now(table([stream] * rows, times, [n / 7 for n in times]))
        except StorageFailure as failure:
            return batch * rows, failure
    pytest.fail("the disk never filled")


@pytest.mark.parametrize(
    ("reserve_mib", "checkpoint_mib"),
    [(16, 64), (0, 64), (0, 4)],
    ids=["reserve kept", "log cannot be written", "checkpoint cannot be written"],
)
def test_a_full_disk_is_refused_clearly_and_goes_on_when_there_is_room(
    small_disk: Path, reserve_mib: int, checkpoint_mib: int
) -> None:
    settings = StoreSettings(disk_reserve_mib=reserve_mib, checkpoint_mib=checkpoint_mib)
    store = Store.open(small_disk / "city.duckdb", settings)
    (stream,) = make_datastreams(store)
    ballast = fill(small_disk, leave=(reserve_mib + 8) * MIB)
    kept_at_most = 10_000_000
    kept, failure = append_until_refused(store, stream, NOON)
    assert "disk" in failure.what
    assert held(store, NOON, kept) == (kept, kept)  # reading goes on
    again, _ = append_until_refused(store, stream, NOON + kept_at_most)
    with pytest.raises(StorageFailure):
        store.change_now(lambda con: con.execute("CREATE TABLE big AS FROM range(100000000)"), refresh=False)

    ballast.unlink()
    store.append_now(table([stream], [wait_for_room(store, stream)], [2.0]))
    for _ in range(2):
        assert held(store, NOON, kept) == (kept, kept)
        assert held(store, NOON + kept_at_most, again) == (again, again)
        store.close()
        store = Store.open(small_disk / "city.duckdb", settings)
    store.close()


def held(store: Store, start: int, rows: int) -> tuple[int, int]:
    """Return how many rows and how many different times are stored in ``[start, start + rows)`` µs."""
    found = store.query_now(
        "SELECT count(*) AS rows, count(DISTINCT phenomenon_time) AS times FROM observation"
        " WHERE phenomenon_time >= make_timestamp(?) AND phenomenon_time < make_timestamp(?)",
        [start, start + rows],
    )
    return tuple(found.to_pylist()[0].values())  # type: ignore[return-value]  # two counts


def wait_for_room(store: Store, stream: int) -> int:
    """Append until it works again; the store probes by itself, at most once a second."""
    deadline = time.monotonic() + 30
    while True:
        try:
            store.append_now(table([stream], [NOON - 10], [1.0]))
        except StorageFailure:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return NOON - 20


def test_a_store_closes_in_good_order_on_a_full_disk(small_disk: Path) -> None:
    store = Store.open(small_disk / "city.duckdb", StoreSettings(disk_reserve_mib=0))
    (stream,) = make_datastreams(store)
    ballast = fill(small_disk, leave=8 * MIB)
    kept, _ = append_until_refused(store, stream, NOON)
    store.close()
    ballast.unlink()
    store = Store.open(small_disk / "city.duckdb")
    assert held(store, NOON, kept) == (kept, kept)
    assert store.latest.all().num_rows == 1
    store.close()


def test_a_disk_that_cannot_be_written_is_named_at_the_start(small_disk: Path) -> None:
    Store.open(small_disk / "city.duckdb").close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(StorageFailure, match=r"city\.duckdb") as caught:
        Store.open(small_disk / "city.duckdb")
    assert "write" in caught.value.remedy


def test_a_file_that_is_in_use_is_named(tmp_path: Path) -> None:
    file = tmp_path / "city.duckdb"
    holder = "import sys, duckdb; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        with pytest.raises(StorageFailure, match="cannot be opened") as caught:
            Store.open(file)
        child.kill()
    assert "no other Placette" in caught.value.remedy
