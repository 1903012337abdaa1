"""Messages of a network that come one by one while others are being stored are handed over together.

Making one message durable takes as long as making a thousand so; whoever waits for an answer shares the next turn.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

import msgspec

from placette.model.arrivals import Arrival
from placette.model.errors import PlacetteError
from placette.model.networks import NetworkCounters, Sink, Taken
from placette.model.pace import LastMinute

log = logging.getLogger(__name__)

BATCH = 500
"""Messages handed over at once."""


class Share(msgspec.Struct, frozen=True):
    """What the ``messages`` that went together have become, and which of them, from 0, is the caller's."""

    taken: Taken
    messages: int
    number: int


class _Call(msgspec.Struct, eq=False):
    """A message that waits, and then what has become of it."""

    arrival: Arrival
    outcome: Share | Exception | None = None


class Gathering:
    """The messages of one network on their way; ``health`` counts and ``recent`` knows the last minute."""

    def __init__(
        self, health: NetworkCounters, sink: Sink, clock: Callable[[], int] = lambda: time.time_ns() // 1000
    ) -> None:
        self.health = health
        self.recent = LastMinute()
        self._sink = sink
        self._clock = clock
        self._calls: list[_Call] = []
        self._turn = asyncio.Lock()

    async def hand_over(self, arrival: Arrival) -> Share:
        """Return what has become of a message once it is durable; raises what the sink raises."""
        call = _Call(arrival)
        self._calls.append(call)
        self.health.received += 1
        self.health.waiting += 1
        self.health.last_frame_time = arrival.received_time
        self.recent.count(1, arrival.received_time)
        try:
            async with self._turn:
                if call.outcome is None:
                    await self._hand_over_all()
        finally:
            self.health.waiting -= 1
            if call in self._calls:
                self._calls.remove(call)
        if isinstance(call.outcome, Exception):
            raise call.outcome
        assert call.outcome is not None  # noqa: S101  # the turn before this one, or this one, has set it
        return call.outcome

    async def _hand_over_all(self) -> None:
        calls, self._calls = self._calls[:BATCH], self._calls[BATCH:]
        try:
            taken = await self._sink([each.arrival for each in calls])
        except asyncio.CancelledError:
            self._calls[:0] = calls  # the one whose turn it was has gone: the next one hands them over
            raise
        except Exception as error:  # noqa: BLE001  # every caller raises it
            self._complain(str(error) if isinstance(error, PlacetteError) else "an error on our side")
            for each in calls:
                each.outcome = error
        else:
            self._note(taken, calls[0].arrival.received_time)
            for number, each in enumerate(calls):
                each.outcome = Share(taken, len(calls), number)

    def _complain(self, words: str) -> None:
        if self.health.problem != words:
            log.error("%s: %s", self.health.name, words)
        self.health.problem = words

    def _note(self, taken: Taken, received: int) -> None:
        health = self.health
        health.stored += taken.stored
        health.dead += taken.dead
        health.repeated += taken.repeated
        health.last_stored_time = self._clock()
        health.lag_s = max(0, health.last_stored_time - received) / 1e6
        health.problem = ""
