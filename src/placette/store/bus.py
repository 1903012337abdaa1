"""The live bus: every stored group of rows, as soon as it is durable, to whoever listens.

A listener has a bounded buffer; when it is slow the oldest rows are dropped and counted, and ingestion never waits.
Without listeners nothing is computed.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress

import numpy as np
import numpy.typing as npt
import pyarrow as pa


class Subscription:
    """An async iterator of tables (``STORED_SCHEMA``), to be used from the event loop that subscribed.

    ``lost`` counts the rows dropped because the reader was slow. ``close`` ends the iteration.
    """

    def __init__(self, bus: Bus, datastreams: frozenset[int] | None, capacity: int) -> None:
        self.lost = 0
        self._bus = bus
        self._capacity = capacity
        self._wanted = None if datastreams is None else _mask(datastreams)
        self._tables: deque[pa.Table] = deque()
        self._waiting_rows = 0
        self._lock = threading.Lock()
        self._loop = asyncio.get_running_loop()
        self._ready = asyncio.Event()
        self._signalled = False
        self._closed = False

    def __aiter__(self) -> Subscription:
        return self

    async def __anext__(self) -> pa.Table:
        while True:
            with self._lock:
                if self._tables:
                    table = self._tables.popleft()
                    self._waiting_rows -= table.num_rows
                    return table
                self._signalled = False
                self._ready.clear()
            if self._closed:
                raise StopAsyncIteration
            await self._ready.wait()

    def close(self) -> None:
        """Stop listening; an iteration in progress ends."""
        self._closed = True
        self._bus.leave(self)
        self._ready.set()

    def offer(self, table: pa.Table, datastreams: npt.NDArray[np.int64]) -> bool:
        """Take in the rows it wants (writer thread); say whether its event loop must be woken."""
        if self._wanted is not None:
            inside = datastreams < len(self._wanted)
            keep = self._wanted[np.where(inside, datastreams, 0)] & inside
            if not keep.any():
                return False
            table = table if keep.all() else table.filter(pa.array(keep))
        with self._lock:
            self._tables.append(table)
            self._waiting_rows += table.num_rows
            while self._waiting_rows > self._capacity:
                self._drop_oldest()
            wake = not self._signalled
            self._signalled = True
        return wake

    def wake(self) -> None:
        """Let the reader go on; runs in its event loop."""
        self._ready.set()

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop of the reader."""
        return self._loop

    def _drop_oldest(self) -> None:
        surplus = self._waiting_rows - self._capacity
        oldest = self._tables.popleft()
        dropped = min(surplus, oldest.num_rows)
        if dropped < oldest.num_rows:
            self._tables.appendleft(oldest.slice(dropped))
        self._waiting_rows -= dropped
        self.lost += dropped


class Bus:
    """All subscriptions of one store."""

    def __init__(self) -> None:
        self._subscriptions: tuple[Subscription, ...] = ()
        self._lock = threading.Lock()

    def subscribe(self, datastreams: frozenset[int] | None = None, capacity: int = 10_000) -> Subscription:
        """Listen to these datastreams (``None``: all), keeping at most ``capacity`` unread rows."""
        subscription = Subscription(self, datastreams, capacity)
        with self._lock:
            self._subscriptions = (*self._subscriptions, subscription)
        return subscription

    def leave(self, subscription: Subscription) -> None:
        """Forget a subscription."""
        with self._lock:
            self._subscriptions = tuple(other for other in self._subscriptions if other is not subscription)

    def has_listeners(self) -> bool:
        """Say whether anybody listens."""
        return bool(self._subscriptions)

    def publish(self, table: pa.Table) -> None:
        """Offer stored rows to every subscription (writer thread), waking each event loop once."""
        if not table.num_rows:
            return
        datastreams = table.column("datastream_id").to_numpy()
        wakers: dict[asyncio.AbstractEventLoop, list[Callable[[], None]]] = {}
        for subscription in self._subscriptions:
            if subscription.offer(table, datastreams):
                wakers.setdefault(subscription.loop, []).append(subscription.wake)
        for loop, part in wakers.items():
            with suppress(RuntimeError):  # an event loop that closed meanwhile has nobody left to tell
                loop.call_soon_threadsafe(_call_all, part)


def _call_all(functions: list[Callable[[], None]]) -> None:
    for function in functions:
        function()


def _mask(datastreams: frozenset[int]) -> npt.NDArray[np.bool_]:
    mask = np.zeros(max(datastreams, default=0) + 1, np.bool_)
    mask[list(datastreams)] = True
    return mask
