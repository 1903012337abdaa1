"""Brings a database file to the newest schema: numbered steps, a dry run, and a copy made before an upgrade.

The steps done stand in table ``schema_version``. All steps of one upgrade run in one transaction: it is done whole or
not at all.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb

from placette.model.errors import StorageFailure
from placette.store.schema import MIGRATIONS, NEWEST, Migration
from placette.store.sql import first, transaction


def version_of(con: duckdb.DuckDBPyConnection) -> int:
    """Return the database's schema number, 0 when it is empty; raises ``StorageFailure`` for a foreign file."""
    tables = {name for (name,) in con.execute("SELECT table_name FROM duckdb_tables() WHERE NOT temporary").fetchall()}
    if "schema_version" in tables:
        row = first(con, "SELECT max(number) FROM schema_version")
        return int(row[0] or 0) if row else 0
    if tables:
        raise StorageFailure(
            "the file is a database, but not one of ours", remedy="choose an empty folder or the right file"
        )
    return 0


def pending(con: duckdb.DuckDBPyConnection) -> tuple[Migration, ...]:
    """Return the steps still to do; raises ``StorageFailure`` when the file is newer than this program knows."""
    version = version_of(con)
    if version > NEWEST:
        raise StorageFailure(
            f"the data has schema {version}, this version of Placette knows up to {NEWEST}",
            remedy="install the newer Placette again, or restore the copy made before the upgrade",
        )
    return tuple(step for step in MIGRATIONS if step.number > version)


def plan(path: Path) -> tuple[Migration, ...]:
    """Dry run: return the steps that opening ``path`` would do, and change nothing."""
    if not path.exists():
        return MIGRATIONS
    with duckdb.connect(str(path), read_only=True) as con:
        return pending(con)


def copy_before(path: Path, version: int) -> Path:
    """Copy the closed database file (and its log) beside it before an upgrade; return the copy's path."""
    copy = path.with_name(f"{path.name}.schema{version}")
    for suffix in ("", ".wal"):
        source = path.with_name(path.name + suffix)
        if source.exists():
            shutil.copy2(source, copy.with_name(copy.name + suffix))
    return copy


def migrate(con: duckdb.DuckDBPyConnection) -> tuple[Migration, ...]:
    """Do the pending steps in one transaction and return them."""
    steps = pending(con)
    if not steps:
        return ()
    with transaction(con):
        con.execute("CREATE TABLE IF NOT EXISTS schema_version (number INTEGER NOT NULL, done_at TIMESTAMP NOT NULL)")
        for step in steps:
            for statement in step.statements:
                con.execute(statement)
            con.execute("INSERT INTO schema_version VALUES (?, now()::TIMESTAMP)", [step.number])
    return steps
