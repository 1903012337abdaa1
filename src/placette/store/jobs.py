"""What waits in the queue of the writer, and how its outcome reaches the caller, in a thread or in an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

import duckdb
import msgspec
import pyarrow as pa

from placette.model.observations import ObservationRow
from placette.store.feed import Feeds

Waiter = asyncio.Future[Any] | Future[Any]
Before = Callable[[duckdb.DuckDBPyConnection, Feeds], None]
"""What is written in the same commit as the rows, just before them."""


class Append(msgspec.Struct, eq=False):
    """Observations to store: either a complete table or a few rows, none where only ``before`` is to be done."""

    waiter: Waiter
    count: int
    table: pa.Table | None = None
    rows: list[ObservationRow] | None = None
    before: Before | None = None


class Change(msgspec.Struct, eq=False):
    """A function to run in one transaction; ``refresh`` says that it may touch the catalogue."""

    waiter: Waiter
    fn: Callable[[duckdb.DuckDBPyConnection], Any]
    refresh: bool = True
    count: int = 1


Job = Append | Change
Outcome = tuple[Waiter, Any]
"""A waiter and what it gets: a value, or an exception that is raised at the caller."""


def settle(outcomes: Iterable[Outcome]) -> None:
    """Hand every outcome to its caller, waking each event loop once for all of its callers."""
    loops: dict[asyncio.AbstractEventLoop, list[Outcome]] = {}
    for waiter, value in outcomes:
        if isinstance(waiter, Future):
            _resolve(waiter, value)
        else:
            loops.setdefault(waiter.get_loop(), []).append((waiter, value))
    for loop, part in loops.items():
        with suppress(RuntimeError):  # an event loop that closed meanwhile has nobody left to tell
            loop.call_soon_threadsafe(_resolve_all, part)


def _resolve_all(outcomes: list[Outcome]) -> None:
    for waiter, value in outcomes:
        _resolve(waiter, value)


def _resolve(waiter: Waiter, value: Any) -> None:
    if waiter.done():
        return
    if isinstance(value, BaseException):
        waiter.set_exception(value)
    else:
        waiter.set_result(value)
