"""Networks that call us: ``POST /api/networks/{key}`` takes one message of a network of kind ``http``.

ChirpStack's HTTP integration (``?event=up``), webhooks of The Things Stack, NGSI subscriptions and anything that posts
JSON use that address; clients of InfluxDB write to ``/api/networks/{key}/api/v2/write`` or ``…/write``, since they add
these themselves to the address they are given. Which format a network's messages have is the city's to say: nothing is
read here.

The answer comes once the message is durable. A message that cannot be used is kept as a dead letter and answered 200
with the reason, not refused: a network server tries a refused message again for hours, and in the end throws it away,
while ours can be mended and replayed. What is not durable is answered 503 or 507, so that the network tries again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from placette.api import Access, Route, json_response
from placette.connect.bodies import blocks
from placette.model.arrivals import Arrival
from placette.model.errors import NotFound, PlacetteError
from placette.model.networks import NetworkCounters, Sink, Taken
from placette.model.pace import LastMinute

PATH = "/api/networks/{key}"
INFLUX = ("/api/v2/write", "/write")
"""What clients of InfluxDB 2 and 1 add to the address they are given."""
TOLD = ("event", "precision", "device")
"""What a query may say about the message; the rest may hold secrets (``u`` and ``p`` of InfluxDB 1) and is not kept."""
BATCH = 500
"""Messages handed over at once."""
_LONGEST = 200


class Answer(msgspec.Struct, frozen=True):
    """What has become of the ``messages`` that were made durable together: one, unless many calls came at once.

    Observations stored, messages kept as dead letters and the first of their reasons, messages taken before.
    """

    messages: int
    stored: int
    dead: int
    repeated: int
    reasons: tuple[str, ...]


class _Call(msgspec.Struct, eq=False):
    """A message that waits, and then what has become of it."""

    arrival: Arrival
    outcome: Answer | Exception | None = None


class HttpNetwork:
    """One network that calls us; ``health`` counts and ``recent`` knows the last minute.

    Messages that come while others are being stored are handed over together: making one durable takes as long as
    making a thousand so.
    """

    def __init__(self, key: str) -> None:
        self.health = NetworkCounters(name=key, address=PATH.format(key=key), connected=True)
        self.recent = LastMinute()
        self._calls: list[_Call] = []
        self._turn = asyncio.Lock()

    async def hand_over(self, arrival: Arrival, sink: Sink, clock: Callable[[], int]) -> Answer:
        """Return what has become of a message once it is durable; raises what ``sink`` raises."""
        call = _Call(arrival)
        self._calls.append(call)
        self.health.received += 1
        self.health.waiting += 1
        self.health.last_frame_time = arrival.received_time
        self.recent.count(1, arrival.received_time)
        try:
            async with self._turn:
                if call.outcome is None:
                    await self._hand_over_all(sink, clock)
        finally:
            self.health.waiting -= 1
            if call in self._calls:
                self._calls.remove(call)
        if isinstance(call.outcome, Exception):
            raise call.outcome
        assert call.outcome is not None  # noqa: S101  # the turn before this one, or this one, has set it
        return call.outcome

    async def _hand_over_all(self, sink: Sink, clock: Callable[[], int]) -> None:
        calls, self._calls = self._calls[:BATCH], self._calls[BATCH:]
        outcome: Answer | Exception
        try:
            taken = await sink([each.arrival for each in calls])
        except asyncio.CancelledError:
            self._calls[:0] = calls  # the one whose turn it was has gone: the next one hands them over
            raise
        except Exception as error:  # noqa: BLE001  # every caller raises it
            outcome = error
            self.health.problem = str(error) if isinstance(error, PlacetteError) else "an error on our side"
        else:
            outcome = Answer(len(calls), taken.stored, taken.dead, taken.repeated, taken.reasons)
            self._note(taken, calls[0].arrival.received_time, clock())
        for each in calls:
            each.outcome = outcome

    def _note(self, taken: Taken, received: int, now: int) -> None:
        health = self.health
        health.stored += taken.stored
        health.dead += taken.dead
        health.repeated += taken.repeated
        health.last_stored_time = now
        health.lag_s = max(0, now - received) / 1e6
        health.problem = ""


class Webhooks:
    """The addresses of the networks named; ``limit`` is the largest body after decompression, bytes."""

    def __init__(
        self,
        keys: Iterable[str],
        sink: Sink,
        *,
        limit: int = 4 << 20,
        clock: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        self.networks = {key: HttpNetwork(key) for key in keys}
        self._sink = sink
        self._limit = limit
        self._clock = clock

    def routes(self) -> list[Route]:
        """Return the address of messages, and those that clients of InfluxDB use."""
        taking = Route(
            method="POST",
            path=PATH,
            handler=self.take,
            access=Access.WRITE,
            summary="Take one message of a network, as ChirpStack, The Things Stack or an NGSI broker sends it",
            gives=Answer,
        )
        writing = [
            Route(
                method="POST",
                path=PATH + path,
                handler=self.write,
                access=Access.WRITE,
                summary="Take line protocol, as a client of InfluxDB writes it",
            )
            for path in INFLUX
        ]
        return [taking, *writing]

    async def take(self, request: Request) -> Response:
        """Answer 200 with :class:`Answer` once the message is durable."""
        return json_response(await self._take(request))

    async def write(self, request: Request) -> Response:
        """Answer 204, the one answer that clients of InfluxDB take for a success."""
        await self._take(request)
        return Response(status_code=204)

    async def _take(self, request: Request) -> Answer:
        network = self._network(request)
        payload = b"".join([block async for block in blocks(request, self._limit, self._limit)])
        arrival = Arrival(
            network=network.health.name, channel=_channel(request), payload=payload, received_time=self._clock()
        )
        return await network.hand_over(arrival, self._sink, self._clock)

    def _network(self, request: Request) -> HttpNetwork:
        key = request.path_params["key"]
        network = self.networks.get(key)
        if network is None:
            raise NotFound(
                f"there is no network '{key[:40]}' that comes in by HTTP",
                request.url.path[:_LONGEST],
                'networks.toml declares them: kind = "http"',
            )
        return network


def _channel(request: Request) -> str:
    """Return the path and what the query says about the message."""
    told = [(name, request.query_params[name][:_LONGEST]) for name in TOLD if name in request.query_params]
    return request.url.path + ("?" + urlencode(told) if told else "")
