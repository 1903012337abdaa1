"""Backup while the city runs, and restore.

The copy is one transaction of DuckDB (``COPY FROM DATABASE``): it holds exactly what was stored at its start, while
writing goes on. It is written beside its target, read back and compared row by row with the original, and only then
given its name.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import msgspec

from placette.model.errors import BadInput, Conflict, NotFound, StorageFailure
from placette.store import migrations
from placette.store.core import Store
from placette.store.schema import NEWEST
from placette.store.sql import column, first


class BackupReport(msgspec.Struct, frozen=True):
    """A checked copy: its file, the observations in it, its size, and its schema number."""

    file: Path
    rows: int
    bytes: int
    schema_version: int


_MEMORY = "128MiB"
"""Enough to read every row once; by itself DuckDB would keep the whole file in memory."""

Fingerprints = dict[str, tuple[int, int]]
"""Per table: its rows and the exclusive or of their hashes."""


def backup(store: Store, target: Path) -> BackupReport:
    """Write all data of an open store into the new file ``target`` and check it; blocks, so call it from a thread.

    Raises ``Conflict`` when ``target`` exists and ``StorageFailure`` when the disk cannot take it or the copy differs.
    """
    if target.exists():
        raise Conflict(f"{target} exists", remedy="choose another name; a backup never overwrites")
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        room(target.parent, store.stats().file_bytes)
        _remove(part)
        wanted = _copy(store, part)
        with _opened(part) as con:
            found = _fingerprints(con)
        if found != wanted:
            raise StorageFailure("the copy differs from the data", str(part), "check the disk; back up again")
        sync(part)
        part.rename(target)
    except (OSError, duckdb.Error) as error:
        raise StorageFailure(f"the backup failed: {error}", str(target), "see to that disk; back up again") from error
    finally:
        _remove(part)
    return BackupReport(target, found["observation"][0], target.stat().st_size, NEWEST)


def inspect(source: Path) -> BackupReport:
    """Read a backup to its last row; raises ``NotFound``, ``BadInput`` (not ours, damaged) or ``StorageFailure``."""
    if not source.is_file():
        raise NotFound(f"there is no file {source}", remedy="name a file made by `placette backup`")
    try:
        with _opened(source) as con:
            migrations.pending(con)
            version = migrations.version_of(con)
            if version == 0 or first(con, "FROM meta WHERE key = 'application' AND value = 'placette'") is None:
                raise BadInput(f"{source} is no backup of Placette", remedy="name a file made by `placette backup`")
            rows = _fingerprints(con)["observation"][0]
    except duckdb.Error as error:
        raise BadInput(f"{source} cannot be read: {error}", remedy="choose another backup") from error
    return BackupReport(source, rows, source.stat().st_size, version)


def restore(source: Path, target: Path, *, force: bool = False) -> BackupReport:
    """Put a checked backup in the place of the closed database ``target``; an older schema is upgraded at its opening.

    Raises ``Conflict`` when ``target`` exists, unless ``force``: then the former file is kept beside it, its name
    ending in ``.before-<time>``.
    """
    report = inspect(source)
    if target.exists() and not force:
        raise Conflict(f"{target} exists", remedy="restore elsewhere, or ask for its replacement with --force")
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        room(target.parent, report.bytes)
        shutil.copyfile(source, part)
        sync(part)
        _set_aside(target)
        part.rename(target)
    except OSError as error:
        raise StorageFailure(f"restoring failed: {error}", str(target), "see to that disk; restore again") from error
    finally:
        _remove(part)
    return msgspec.structs.replace(report, file=target)


def _copy(store: Store, part: Path) -> Fingerprints:
    """Copy all tables in one transaction; return what they held in it."""
    con = store.cursor()
    try:
        name = column(con, "SELECT current_database()")[0]
        con.execute(f"ATTACH {_quoted(part)} AS copy_of_all")
        try:
            con.begin()
            con.execute(f'COPY FROM DATABASE "{name}" TO copy_of_all')
            held = _fingerprints(con)
            con.commit()
        finally:
            con.execute("DETACH copy_of_all")
    finally:
        con.close()
    return held


def _fingerprints(con: duckdb.DuckDBPyConnection) -> Fingerprints:
    tables = column(
        con,
        "SELECT table_name FROM duckdb_tables() WHERE NOT temporary AND database_name = current_database() ORDER BY 1",
    )
    found: Fingerprints = {}
    for table in tables:
        row = first(con, f"SELECT count(*), coalesce(bit_xor(hash(t)), 0) FROM {table} t")  # noqa: S608  # own names
        found[table] = (0, 0) if row is None else (int(row[0]), int(row[1]))
    return found


@contextmanager
def _opened(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    con = duckdb.connect(str(path), read_only=True, config={"memory_limit": _MEMORY, "threads": 2})
    try:
        yield con
    finally:
        con.close()


def room(folder: Path, needed: int) -> None:
    """Raise ``StorageFailure`` unless the disk of ``folder`` has so many bytes free."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise StorageFailure(
            f"{needed >> 20} MiB are needed, {free >> 20} MiB are free", str(folder), "make room or choose another disk"
        )


def _set_aside(target: Path) -> None:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    for suffix in ("", ".wal"):
        former = target.with_name(target.name + suffix)
        if former.exists():
            former.rename(target.with_name(f"{target.name}.before-{stamp}{suffix}"))


def _remove(part: Path) -> None:
    for suffix in ("", ".wal"):
        part.with_name(part.name + suffix).unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Make file and name durable."""
    for what in (path, path.parent):
        handle = os.open(what, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
