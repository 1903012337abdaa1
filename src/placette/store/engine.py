"""The one place that opens DuckDB: settings of the file, connections, and a clean reopening after a fatal error.

DuckDB allows one process per file and marks a database unusable after a failed write to it ("has been invalidated");
then every connection must be closed and the file opened again, which replays its log (duckdb.org, "Concurrency").
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import duckdb

from placette.model.errors import StorageFailure
from placette.store import migrations
from placette.store.settings import StoreSettings

BROKEN = (
    duckdb.IOException,
    duckdb.FatalException,
    duckdb.InternalException,
    duckdb.ConnectionException,
    duckdb.TransactionException,
)
"""What DuckDB raises when the disk or the open database is at fault, not the statement.

A log that cannot be written is a ``TransactionException`` and leaves the database usable; a checkpoint that cannot be
written is a ``FatalException`` and does not (both tried on a full disk with DuckDB 2.0).
"""


_DAMAGED = ("Corrupt", "checksum", "not a valid DuckDB", "replaying WAL")
"""Words of DuckDB's messages when the bytes on disk are not what it wrote."""


def unopened(error: Exception, path: Path) -> StorageFailure:
    """Return the failure to open the database at ``path``, with the remedy that fits its cause."""
    if any(word in str(error) for word in _DAMAGED):
        return StorageFailure(
            f"the database is damaged: {error}",
            str(path),
            "check the disk, keep a copy of this folder, then put the last backup back with `placette restore`",
        )
    return StorageFailure(
        f"the database cannot be opened: {error}",
        str(path),
        "check that no other Placette uses it, that the disk has room and that you may write there",
    )


class Engine:
    """An open database file. ``generation`` rises at every reopening; cursors of older generations are dead."""

    def __init__(self, path: Path, settings: StoreSettings) -> None:
        self.path = path
        self.settings = settings
        self.generation = 0
        self._lock = threading.Lock()
        self._root: duckdb.DuckDBPyConnection | None = None

    def open(self) -> None:
        """Open or create the file and bring its schema up to date; raises ``StorageFailure`` when it cannot."""
        with self._lock:
            self._root = self._connect()
            self.generation += 1

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a new connection to the open database; raises ``StorageFailure`` while it is closed."""
        with self._lock:
            if self._root is None:
                raise StorageFailure("the database is closed", str(self.path), "see the server's log for the cause")
            return self._root.cursor()

    def is_alive(self) -> bool:
        """Say whether the open database still answers."""
        try:
            with self.cursor() as probe:
                probe.execute("SELECT 1").fetchall()
        except (duckdb.Error, StorageFailure):
            return False
        return True

    def close(self) -> None:
        """Close the file; DuckDB folds the log into it when the last connection goes."""
        with self._lock:
            root, self._root = self._root, None
        if root is not None:
            root.close()

    def free_bytes(self) -> int:
        """Return the bytes free for us on the disk that holds the file."""
        figures = os.statvfs(self.path.parent)
        return figures.f_bavail * figures.f_frsize

    def file_bytes(self) -> int:
        """Return the bytes of the file and its log."""
        return sum(part.stat().st_size for part in (self.path, self.wal_path) if part.exists())

    @property
    def wal_path(self) -> Path:
        """The write-ahead log beside the file."""
        return self.path.with_name(self.path.name + ".wal")

    def _connect(self) -> duckdb.DuckDBPyConnection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            return self._upgraded()
        except (duckdb.Error, OSError) as error:
            raise unopened(error, self.path) from error

    def _upgraded(self) -> duckdb.DuckDBPyConnection:
        con = self._raw()
        try:
            steps = migrations.pending(con)
            if steps and steps[0].number > 1:
                con.close()
                migrations.copy_before(self.path, steps[0].number - 1)
                con = self._raw()
            migrations.migrate(con)
        except BaseException:
            con.close()
            raise
        return con

    def _raw(self) -> duckdb.DuckDBPyConnection:
        settings = self.settings
        config: dict[str, Any] = {
            "threads": settings.threads,
            "memory_limit": f"{settings.memory_mib}MiB",
            "checkpoint_threshold": f"{settings.checkpoint_mib}MiB",
            "wal_autocheckpoint_entries": 30_000,
            "python_enable_replacements": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        return duckdb.connect(str(self.path), config=config)
