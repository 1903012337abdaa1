"""One feed at work: asks in its rhythm, hands over what came, and only then notes how far it is.

The cursor and the validators are kept in one note, written once the arrivals are durable: after a crash in between the
same page is asked for again, and twice adds nothing. After a failure it waits longer each time, by a random part, and
never less than the server asked.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Protocol

import msgspec

from placette.connect.feeds.fetch import Validator, Web
from placette.connect.feeds.shape import Client, Cursor, FeedConfig, Fetch, Page
from placette.model.arrivals import Arrival
from placette.model.errors import Busy, PlacetteError, StorageFailure, Unreachable
from placette.model.networks import NetworkCounters, Sink, Taken
from placette.model.pace import LastMinute

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 10.0
LONGEST_PAUSE_S = 6 * 3600.0
MOST_PAGES = 200
"""Pages of one run: after them others have their turn, and the rest follows at the next tick."""
MOST_REFUSED = 32
WITHIN_A_RUN = frozenset({"plan", "next", "page", "from", "later"})
"""Names in a cursor that only mean something until the run has ended."""
_GONE = frozenset({400, 404, 410, 422})
GROUP_BYTES = 1 << 20
MOST_GROUP = 500
PATIENCE = 3
"""Failures in a row after which a feed counts as cut off: one bad answer of a service is everyday life."""
_MICROS = 1_000_000


class Notes(Protocol):
    """Where a feed keeps how far it is: durable on return."""

    async def read(self, key: str) -> bytes | None:
        """Return what was written last."""
        ...

    async def write(self, key: str, value: bytes) -> None:
        """Replace what was written last."""
        ...


class Memory(msgspec.Struct, kw_only=True):
    """How far a feed is; ``run_time`` is when its last good run began, µs UTC.

    ``refused`` are digests of answers that could not be read: the same answer again is not kept a second time.
    """

    cursor: Cursor = {}
    validators: dict[str, Validator] = {}
    run_time: int = 0
    refused: list[str] = []


class Feed:
    """One feed for as long as the city runs; ``health`` counts. ``tick`` is to be called often, and asks when due."""

    def __init__(
        self,
        config: FeedConfig,
        fetch: Fetch,
        sink: Sink,
        notes: Notes,
        web: Web,
        *,
        clock: Callable[[], int] = lambda: time.time_ns() // 1000,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.config = config
        self.health = NetworkCounters(name=config.key, address=config.url)
        self.health.connected = True  # until an attempt fails
        self.recent = LastMinute()
        self.next_attempt = 0
        """When it asks next, µs UTC; 0: at once."""
        self.failures = 0
        """In a row."""
        self._fetch = fetch
        self._sink = sink
        self._notes = notes
        self._web = web
        self._clock = clock
        self._jitter = jitter
        self._memory: Memory | None = None
        self._bearer = ""
        self._turn = asyncio.Lock()

    async def tick(self) -> None:
        """Ask when it is time; never raises."""
        if self._memory is None:
            self._memory = await self._remember()
            if self._memory.run_time:
                self.next_attempt = self._memory.run_time + int(self.config.every_s * _MICROS)
        if self._clock() < self.next_attempt:
            return
        try:
            finished = await self.run()
        except PlacetteError as error:
            if isinstance(error, Unreachable) and error.status in _GONE and self._memory is not None:
                await self._forget_the_run(self._memory)
            self._failed(str(error), getattr(error, "retry_after_s", 0.0))
        except Exception:
            log.exception("feed %s failed", self.config.key)
            self._failed("an error on our side; the log says which", 0.0)
        else:
            self.failures = 0
            self.health.connected = True
            rest_s = self.config.every_s if finished else 0.0
            self.next_attempt = self._clock() + int(rest_s * _MICROS)

    async def run(self) -> bool:
        """Ask until there is no more, or enough for one run; return whether there is no more.

        Raises ``PlacetteError``: what was handed over until then stands, and the next run goes on behind it.
        """
        async with self._turn:
            return await self._run()

    async def _run(self) -> bool:
        memory = self._memory = await self._remember()
        started = self._clock()
        self.health.problem = ""
        for _ in range(MOST_PAGES):
            client = Client(self._web, self.config, memory.validators, self._clock())
            client.bearer = self._bearer
            page = await self._fetch(client, dict(memory.cursor), self.config)
            self._bearer = client.bearer
            refused = await self._hand_over(page, memory.refused)
            memory = Memory(
                cursor=page.cursor,
                validators=client.validators,
                run_time=memory.run_time if page.more else started,
                refused=refused,
            )
            await self._notes.write(self.config.key, msgspec.json.encode(memory))
            self._memory = memory
            if not page.more:
                return True
        return False

    async def _forget_the_run(self, memory: Memory) -> None:
        """Begin a new run behind what was read: the page to go on with is no longer there, as after a session's end."""
        kept = {name: value for name, value in memory.cursor.items() if name not in WITHIN_A_RUN}
        if kept == memory.cursor:
            return
        with suppress(PlacetteError):  # it stays as it was, and is forgotten after the next failure
            memory.cursor = kept
            await self._notes.write(self.config.key, msgspec.json.encode(memory))

    async def _remember(self) -> Memory:
        kept = await self._notes.read(self.config.key)
        if kept is None:
            return Memory()
        try:
            return msgspec.json.decode(kept, type=Memory)
        except msgspec.DecodeError:
            log.warning("feed %s: what it had noted cannot be read; it begins anew", self.config.key)
            return Memory()

    async def _hand_over(self, page: Page, refused: list[str]) -> list[str]:
        """Make the arrivals durable one by one group; return the digests of those that could not be read."""
        fresh = [arrival for arrival in page.arrivals if _digest(arrival) not in refused]
        if len(fresh) < len(page.arrivals):
            self.health.problem = _unread(len(page.arrivals) - len(fresh))
        if not fresh:
            return refused
        dead = 0
        for group in _groups(fresh):
            taken = await self._take(group)
            dead += taken.dead
            # of several only the sink knows which one is bad: a lone one alone is remembered
            if taken.dead and not taken.stored and len(group) == 1:
                refused = [*refused, _digest(group[0])][-MOST_REFUSED:]
        if dead:
            self.health.problem = _unread(dead)
        return refused

    async def _take(self, arrivals: list[Arrival]) -> Taken:
        now = self._clock()
        self.health.received += len(arrivals)
        self.recent.count(len(arrivals), now)
        self.health.last_frame_time = now
        taken = await self._store(arrivals)
        self.health.stored += taken.stored
        self.health.dead += taken.dead
        self.health.last_stored_time = self._clock()
        return taken

    async def _store(self, arrivals: list[Arrival]) -> Taken:
        try:
            return await self._sink(arrivals)
        except (Busy, StorageFailure) as error:
            raise Unreachable(error.what, error.where, error.remedy) from error

    def _failed(self, problem: str, retry_after_s: float) -> None:
        if self.health.problem != problem:
            log.warning("feed %s: %s", self.config.key, problem)
        self.health.problem = problem
        self.failures += 1
        self.health.connected = self.failures < PATIENCE
        pause = min(FIRST_PAUSE_S * 2 ** min(self.failures - 1, 20), LONGEST_PAUSE_S)
        # a random part of the pause: cities that failed together must not all come back at once
        pause *= 0.5 + self._jitter() / 2
        self.next_attempt = self._clock() + int(max(pause, retry_after_s) * _MICROS)


def _groups(arrivals: list[Arrival]) -> Iterator[list[Arrival]]:
    """Yield the arrivals in groups of about a megabyte, so that one large answer does not fill the memory as rows."""
    group: list[Arrival] = []
    size = 0
    for arrival in arrivals:
        group.append(arrival)
        size += len(arrival.payload)
        if size >= GROUP_BYTES or len(group) == MOST_GROUP:
            yield group
            group, size = [], 0
    if group:
        yield group


def _digest(arrival: Arrival) -> str:
    return hashlib.blake2b(arrival.payload, digest_size=12).hexdigest()


def _unread(count: int) -> str:
    answers = "1 answer" if count == 1 else f"{count} answers"
    return f"{answers} could not be used, whole or in part; the dead letters say why"
