"""Answers queries in a few threads, each with its own cursor, and interrupts those that take too long."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import duckdb
import pyarrow as pa

from placette.model.errors import PlacetteError, StorageFailure, TooLarge
from placette.store.engine import BROKEN, Engine
from placette.store.settings import StoreSettings

_PATIENCE_S = 10.0
"""An interrupted query ends within milliseconds; one that hangs on a sick disk is not waited for any longer."""
_AGAIN_S = 0.05
_REOPENING = StorageFailure("the database is being opened again", remedy="try again in a moment")
_CANCELLED = StorageFailure("the query was cancelled", remedy="ask again")


class _Running:
    """A query on its way: which cursor works on it, and why it was told to stop, if it was."""

    def __init__(self) -> None:
        self.cause: PlacetteError | None = None
        self._cursor: duckdb.DuckDBPyConnection | None = None
        self._lock = threading.Lock()

    def begin(self, cursor: duckdb.DuckDBPyConnection) -> None:
        with self._lock:
            if self.cause is not None:
                raise self.cause
            self._cursor = cursor

    def end(self) -> None:
        with self._lock:
            self._cursor = None

    def stop(self, cause: PlacetteError) -> None:
        self.cause = cause
        self._interrupt()

    def _interrupt(self) -> None:
        """Interrupt again and again until the query has ended: DuckDB forgets what comes before it really begins."""
        with self._lock:
            if self._cursor is not None:
                self._cursor.interrupt()
                again = threading.Timer(_AGAIN_S, self._interrupt)
                again.daemon = True
                again.start()


class Readers:
    """A small pool of reading threads."""

    def __init__(self, engine: Engine, settings: StoreSettings) -> None:
        self._engine = engine
        self._timeout_s = settings.query_timeout_s
        self._pool = ThreadPoolExecutor(settings.readers, thread_name_prefix="placette-reader")
        self._local = threading.local()
        self._gate = threading.Condition()
        self._closed = False
        self._active: set[_Running] = set()
        self._cursors: list[duckdb.DuckDBPyConnection] = []

    async def query(self, sql: str, params: Sequence[Any]) -> pa.Table:
        """Answer from the event loop; interrupted when it takes longer than the limit or its caller goes away."""
        running = _Running()
        timer = asyncio.get_running_loop().call_later(self._timeout_s, running.stop, self._late())
        try:
            return await asyncio.wrap_future(self._pool.submit(self._run, running, sql, params))
        except asyncio.CancelledError:
            running.stop(_CANCELLED)
            raise
        finally:
            timer.cancel()

    def query_now(self, sql: str, params: Sequence[Any]) -> pa.Table:
        """Answer to a thread; interrupted when it takes longer than the limit."""
        running = _Running()
        future: Future[pa.Table] = self._pool.submit(self._run, running, sql, params)
        try:
            return future.result(self._timeout_s)
        except TimeoutError:
            running.stop(self._late())
            return future.result()

    def suspend(self) -> None:
        """Stop all queries and close every cursor, so that the database can be closed; new queries are refused."""
        with self._gate:
            self._closed = True
            for running in self._active:
                running.stop(_REOPENING)
            self._gate.wait_for(lambda: not self._active, _PATIENCE_S)
            cursors, self._cursors = self._cursors, []
        for cursor in cursors:
            cursor.close()

    def resume(self) -> None:
        """Answer again, on the database as it was opened anew."""
        with self._gate:
            self._closed = False

    def close(self) -> None:
        """Stop the threads and close their cursors."""
        self.suspend()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _run(self, running: _Running, sql: str, params: Sequence[Any]) -> pa.Table:
        with self._gate:
            if self._closed:
                raise _REOPENING
            self._active.add(running)
        try:
            cursor = self._cursor()
            running.begin(cursor)
            relation = cursor.sql(sql, params=list(params)) if params else cursor.sql(sql)
            return relation.to_arrow_table() if relation is not None else pa.table({})
        except duckdb.InterruptException:
            raise running.cause or _CANCELLED from None
        except BROKEN as error:
            raise StorageFailure(
                f"the data cannot be read: {error}", str(self._engine.path), "try again; see the server's log"
            ) from error
        finally:
            running.end()
            with self._gate:
                self._active.discard(running)
                self._gate.notify_all()

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        local = self._local
        if getattr(local, "generation", None) != self._engine.generation:
            local.cursor = self._engine.cursor()
            local.generation = self._engine.generation
            with self._gate:
                self._cursors.append(local.cursor)
        cursor: duckdb.DuckDBPyConnection = local.cursor
        return cursor

    def _late(self) -> TooLarge:
        return TooLarge(
            f"the query took longer than {self._timeout_s:g} s", remedy="ask for a shorter time range or fewer series"
        )
