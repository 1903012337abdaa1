"""Copies taken while the city runs, and putting them back."""

from __future__ import annotations

import threading
from pathlib import Path

import duckdb
import pytest
from tests.store.conftest import NOON, Opener, insert_device, make_datastreams, stored, table

from placette.model.errors import BadInput, Conflict, NotFound, StorageFailure
from placette.store import Store, backup


def test_a_backup_under_writing_holds_a_beginning_of_what_was_written(store: Store, tmp_path: Path) -> None:
    (stream,) = make_datastreams(store)
    going = threading.Event()
    enough = threading.Event()

    def write() -> None:
        for batch in range(1_000):
            store.append_now(table([stream] * 500, range(NOON + batch * 500, NOON + batch * 500 + 500), [1.0] * 500))
            going.set()
            if enough.is_set():
                return

    writing = threading.Thread(target=write)
    writing.start()
    going.wait()
    report = backup.backup(store, tmp_path / "it's a copy.duckdb")
    enough.set()
    writing.join()
    everything = stored(store)
    copy = Store.open(tmp_path / "it's a copy.duckdb")
    held = stored(copy)
    copy.close()
    assert report.rows == len(held) > 0
    assert held == everything[: len(held)]
    assert not list(tmp_path.glob("*.part*"))


def test_what_was_restored_goes_on_where_the_backup_stood(open_store: Opener, tmp_path: Path) -> None:
    store = open_store()
    streams = make_datastreams(store, 2)
    store.append_now(table(streams, [NOON, NOON], [1.0, 2.0]))
    backup.backup(store, tmp_path / "copy.duckdb")
    store.append_now(table(streams, [NOON + 1, NOON + 1], [3.0, 4.0]))
    store.close()
    report = backup.restore(tmp_path / "copy.duckdb", store.path, force=True)
    assert (report.rows, report.file) == (2, store.path)
    store = open_store()
    assert store.latest.all().column("result").to_pylist() == [1.0, 2.0]
    assert store.append_now(table(streams[:1], [NOON + 1], [5.0])).ids.tolist() == [3]
    assert min(store.change_now(lambda con: insert_device(con, "new"))) > max(streams)


def test_a_backup_never_overwrites(store: Store, tmp_path: Path) -> None:
    (tmp_path / "copy.duckdb").touch()
    with pytest.raises(Conflict, match="exists"):
        backup.backup(store, tmp_path / "copy.duckdb")


def test_restoring_over_data_needs_force_and_keeps_what_was_there(open_store: Opener, tmp_path: Path) -> None:
    store = open_store()
    make_datastreams(store)
    backup.backup(store, tmp_path / "copy.duckdb")
    store.close()
    with pytest.raises(Conflict, match="exists"):
        backup.restore(tmp_path / "copy.duckdb", store.path)
    backup.restore(tmp_path / "copy.duckdb", store.path, force=True)
    (kept,) = tmp_path.glob("city.duckdb.before-*")
    assert backup.inspect(kept).rows == 0


def test_a_file_that_is_no_backup_is_refused_before_anything_is_touched(tmp_path: Path) -> None:
    (tmp_path / "text.duckdb").write_text("hello " * 1000)
    with duckdb.connect(str(tmp_path / "foreign.duckdb")) as con:
        con.execute("CREATE TABLE invoices (id BIGINT)")
    duckdb.connect(str(tmp_path / "empty.duckdb")).close()
    for name, error in (("text", BadInput), ("foreign", StorageFailure), ("empty", BadInput), ("absent", NotFound)):
        with pytest.raises(error):
            backup.restore(tmp_path / f"{name}.duckdb", tmp_path / "city.duckdb")
    assert not (tmp_path / "city.duckdb").exists()


def test_a_damaged_backup_is_refused(store: Store, tmp_path: Path) -> None:
    (stream,) = make_datastreams(store)
    times = range(NOON, NOON + 300_000)
    store.append_now(table([stream] * 300_000, times, [n * 0.123456789 % 7 for n in times]))
    copy = tmp_path / "copy.duckdb"
    backup.backup(store, copy)
    with copy.open("r+b") as file:
        file.seek(copy.stat().st_size // 2)
        file.write(b"damage" * 100)
    with pytest.raises(BadInput, match="cannot be read"):
        backup.restore(copy, tmp_path / "other.duckdb")
    assert not (tmp_path / "other.duckdb").exists()


def test_a_backup_that_cannot_be_written_says_where(store: Store) -> None:
    with pytest.raises(StorageFailure, match="/proc"):
        backup.backup(store, Path("/proc/nowhere/copy.duckdb"))
