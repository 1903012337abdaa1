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

import time
from collections.abc import Callable, Iterable
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from placette.api import Access, Route, json_response
from placette.connect.bodies import blocks
from placette.connect.gathering import Gathering
from placette.model.arrivals import Arrival
from placette.model.errors import NotFound
from placette.model.networks import NetworkCounters, Sink

PATH = "/api/networks/{key}"
INFLUX = ("/api/v2/write", "/write")
"""What clients of InfluxDB 2 and 1 add to the address they are given."""
TOLD = ("event", "precision", "device")
"""What a query may say about the message; the rest may hold secrets (``u`` and ``p`` of InfluxDB 1) and is not kept."""
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
        self.networks = {key: Gathering(_health(key), sink, clock) for key in keys}
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
        share = await network.hand_over(arrival)
        taken = share.taken
        return Answer(share.messages, taken.stored, taken.dead, taken.repeated, taken.reasons)

    def _network(self, request: Request) -> Gathering:
        key = request.path_params["key"]
        network = self.networks.get(key)
        if network is None:
            raise NotFound(
                f"there is no network '{key[:40]}' that comes in by HTTP",
                request.url.path[:_LONGEST],
                'networks.toml declares them: kind = "http"',
            )
        return network


def _health(key: str) -> NetworkCounters:
    return NetworkCounters(name=key, address=PATH.format(key=key), connected=True)


def _channel(request: Request) -> str:
    """Return the path and what the query says about the message."""
    told = [(name, request.query_params[name][:_LONGEST]) for name in TOLD if name in request.query_params]
    return request.url.path + ("?" + urlencode(told) if told else "")
