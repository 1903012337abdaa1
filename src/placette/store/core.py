"""The store as the other rooms see it: append, change, query, the caches and the bus."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import msgspec
import pyarrow as pa

from placette.model.errors import BadObservation
from placette.model.observations import ObservationRow, complete
from placette.store.bus import Bus
from placette.store.directory import Directory
from placette.store.engine import Engine, unopened
from placette.store.jobs import Append, Before, Change
from placette.store.readers import Readers
from placette.store.receipt import NOTHING, Receipt
from placette.store.schema import NEWEST
from placette.store.settings import StoreSettings
from placette.store.shared import Shared
from placette.store.watermark import Watermark
from placette.store.writer import Writer

T = TypeVar("T")


class StoreStats(msgspec.Struct, frozen=True):
    """How the store is doing; sizes in bytes, ``last_commit`` in µs UTC (0: none since the start)."""

    observations: int
    datastreams: int
    file_bytes: int
    disk_free_bytes: int
    queued_rows: int
    stored_per_second: float
    """Mean of the last minute."""
    last_commit: int
    dead_letters: int
    schema_version: int


class Store:
    """One open database with its writer, its readers and its caches. Made by :meth:`open`, ended by :meth:`close`."""

    def __init__(self, path: Path, settings: StoreSettings) -> None:
        self.path = path
        self.settings = settings
        self.bus = Bus()
        self._shared = Shared()
        self._engine = Engine(path, settings)
        self._readers = Readers(self._engine, settings)
        self._writer = Writer(self._engine, self._readers, self._shared, self.bus, settings)

    @classmethod
    def open(cls, path: Path, settings: StoreSettings | None = None) -> Store:
        """Open or create the database file at ``path``, bring its schema up to date and load the caches.

        Raises ``StorageFailure`` when the file is foreign, damaged, newer than this program, in use, or cannot be
        written.
        """
        store = cls(path, settings or StoreSettings())
        store._engine.open()
        try:
            store._writer.start()
        except duckdb.Error as error:
            store._engine.close()
            raise unopened(error, path) from error
        except BaseException:
            store._engine.close()
            raise
        return store

    def close(self) -> None:
        """Store what waits, fold the log into the file and close it."""
        self._writer.stop()
        self._readers.close()
        self._engine.close()

    @property
    def directory(self) -> Directory:
        """All datastreams, as of the last change."""
        return self._shared.directory

    @property
    def latest(self) -> Watermark:
        """The latest value of every datastream, in memory: ``latest.of(ids)`` and ``latest.all()``."""
        return self._shared.watermark

    @property
    def stored_rows(self) -> int:
        """Rows stored since the start; a cache of figures about observations sees by it that there are new ones."""
        return self._shared.meter.total

    async def append(self, table: pa.Table) -> Receipt:
        """Store a table that ``model.observations.complete`` can cast; every row is durable on return.

        Raises ``BadObservation`` (nothing of the table is stored), ``Busy`` or ``StorageFailure``.
        """
        return await self._append(_completed(table), None, table.num_rows)

    async def append_rows(self, rows: list[ObservationRow], before: Before | None = None) -> Receipt:
        """Store a few rows; like :meth:`append`, and cheap enough for one row per call.

        ``before`` is run in the writer thread, in the same transaction: either both are durable, or nothing is.
        """
        return await self._append(None, rows, len(rows), before)

    def append_rows_now(self, rows: list[ObservationRow], before: Before | None = None) -> Receipt:
        """Twin of :meth:`append_rows` for threads outside of the event loop and for the command line."""
        waiter: Future[Receipt] = Future()
        self._writer.submit(Append(waiter, len(rows), None, rows, before))
        return waiter.result()

    def append_now(self, table: pa.Table) -> Receipt:
        """Twin of :meth:`append` for threads outside of the event loop and for the command line."""
        if not table.num_rows:
            return NOTHING
        waiter: Future[Receipt] = Future()
        self._writer.submit(Append(waiter, table.num_rows, _completed(table)))
        return waiter.result()

    async def change(self, fn: Callable[[duckdb.DuckDBPyConnection], T], *, refresh: bool = True) -> T:
        """Run ``fn`` in one transaction of the writer thread and return its value; rolled back when it raises.

        The caches follow what the catalogue's functions did; after raw SQL on catalogue tables alone they are loaded
        anew. ``refresh=False`` promises that ``fn`` leaves the catalogue alone.
        """
        return await self.begin_change(fn, refresh=refresh)

    def begin_change(self, fn: Callable[[duckdb.DuckDBPyConnection], T], *, refresh: bool = True) -> asyncio.Future[T]:
        """Put a change into the queue and return the future of its value, for callers that gather work meanwhile."""
        waiter: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._writer.submit(Change(waiter, fn, refresh))
        return waiter

    def change_now(self, fn: Callable[[duckdb.DuckDBPyConnection], T], *, refresh: bool = True) -> T:
        """Twin of :meth:`change` for threads outside of the event loop and for the command line."""
        waiter: Future[T] = Future()
        self._writer.submit(Change(waiter, fn, refresh))
        return waiter.result()

    async def query(self, sql: str, params: Sequence[Any] = ()) -> pa.Table:
        """Answer one parameterised SELECT in a reader thread; raises ``TooLarge`` beyond the time limit."""
        return await self._readers.query(sql, params)

    def query_now(self, sql: str, params: Sequence[Any] = ()) -> pa.Table:
        """Twin of :meth:`query` for threads outside of the event loop and for the command line."""
        return self._readers.query_now(sql, params)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a connection of the caller's own, for long reads in its own thread; to be closed by the caller."""
        return self._engine.cursor()

    def stats(self) -> StoreStats:
        """Return how the store is doing; a few milliseconds, so not for every request."""
        counts = self.query_now(
            "SELECT (SELECT count(*) FROM observation) AS observations,"
            " (SELECT count(*) FROM dead_letter WHERE replayed_at IS NULL AND dismissed_at IS NULL) AS letters"
        ).to_pylist()[0]
        meter = self._shared.meter
        return StoreStats(
            observations=counts["observations"],
            datastreams=len(self.directory.by_id),
            file_bytes=self._engine.file_bytes(),
            disk_free_bytes=self._engine.free_bytes(),
            queued_rows=self._writer.queued_rows,
            stored_per_second=meter.per_second(time.time_ns() // 1000),
            last_commit=meter.last_commit,
            dead_letters=counts["letters"],
            schema_version=NEWEST,
        )

    async def _append(
        self, table: pa.Table | None, rows: list[ObservationRow] | None, count: int, before: Before | None = None
    ) -> Receipt:
        if not count and before is None:
            return NOTHING
        waiter: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._writer.submit(Append(waiter, count, table, rows, before))
        return await waiter


def _completed(table: pa.Table) -> pa.Table:
    for name in ("datastream_id", "phenomenon_time", "quality"):
        if name in table.column_names and table.column(name).null_count:
            raise BadObservation(f"column {name} has empty cells", remedy="give every row a value")
    try:
        return complete(table)
    except KeyError as error:
        raise BadObservation(f"column {error} is missing", remedy="give datastream_id and phenomenon_time") from None
    except pa.ArrowInvalid as error:
        raise BadObservation(f"a column has the wrong type: {error}", remedy="see OBSERVATION_SCHEMA") from None
