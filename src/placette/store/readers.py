"""Answers queries in a few threads, each with its own cursor, and interrupts those that take too long."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import duckdb
import pyarrow as pa

from placette.model.errors import StorageFailure, TooLarge
from placette.store.engine import BROKEN, Engine
from placette.store.settings import StoreSettings


class _Running:
    """A query on its way: which cursor works on it, and whether it was told to stop."""

    def __init__(self) -> None:
        self.cursor: duckdb.DuckDBPyConnection | None = None
        self.stopped = False
        self._lock = threading.Lock()

    def begin(self, cursor: duckdb.DuckDBPyConnection) -> bool:
        with self._lock:
            self.cursor = cursor
            return not self.stopped

    def end(self) -> None:
        with self._lock:
            self.cursor = None

    def stop(self) -> None:
        with self._lock:
            self.stopped = True
            if self.cursor is not None:
                self.cursor.interrupt()


class Readers:
    """A small pool of reading threads."""

    def __init__(self, engine: Engine, settings: StoreSettings) -> None:
        self._engine = engine
        self._timeout_s = settings.query_timeout_s
        self._pool = ThreadPoolExecutor(settings.readers, thread_name_prefix="placette-reader")
        self._local = threading.local()
        self._cursors: list[duckdb.DuckDBPyConnection] = []
        self._lock = threading.Lock()

    async def query(self, sql: str, params: Sequence[Any]) -> pa.Table:
        """Answer from the event loop; interrupted when it takes longer than the limit or its caller goes away."""
        running = _Running()
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self._timeout_s, running.stop)
        try:
            return await asyncio.wrap_future(self._pool.submit(self._run, running, sql, params))
        except asyncio.CancelledError:
            running.stop()
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
            running.stop()
            return future.result()

    def drop_cursors(self) -> None:
        """Close every cursor, before the database is closed or opened again; running queries are interrupted."""
        with self._lock:
            cursors, self._cursors = self._cursors, []
        for cursor in cursors:
            cursor.interrupt()
            cursor.close()

    def close(self) -> None:
        """Stop the threads and close their cursors."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self.drop_cursors()

    def _run(self, running: _Running, sql: str, params: Sequence[Any]) -> pa.Table:
        cursor = self._cursor()
        if not running.begin(cursor):
            raise self._late()
        try:
            relation = cursor.sql(sql, params=list(params)) if params else cursor.sql(sql)
            return relation.to_arrow_table() if relation is not None else pa.table({})
        except duckdb.InterruptException:
            raise self._late() from None
        except BROKEN as error:
            raise StorageFailure(
                f"the data cannot be read: {error}", str(self._engine.path), "try again; see the server's log"
            ) from error
        finally:
            running.end()

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        local = self._local
        if getattr(local, "generation", None) != self._engine.generation:
            local.cursor = self._engine.cursor()
            local.generation = self._engine.generation
            with self._lock:
                self._cursors.append(local.cursor)
        cursor: duckdb.DuckDBPyConnection = local.cursor
        return cursor

    def _late(self) -> TooLarge:
        return TooLarge(
            f"the query took longer than {self._timeout_s:g} s", remedy="ask for a shorter time range or fewer series"
        )
