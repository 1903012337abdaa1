"""A real HTTP server in a thread that answers as a test tells it, and feeds that ask it."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import Any

import httpx
import msgspec
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from placette.connect.feeds import CONNECTORS, Feed, FeedConfig, Station, Web
from placette.connect.feeds.shape import Client, Page
from placette.harmonise.networks import FORMATS
from placette.model import feeds, times
from placette.model.arrivals import Arrival
from placette.model.networks import Taken
from placette.model.uplinks import Uplink

NOW = 1_782_910_800_000_000  # 2026-07-01T13:00:00Z
Answering = Callable[[Request], Response | Awaitable[Response]]


def json(value: Any, status: int = 200, **headers: str) -> Response:
    return Response(msgspec.json.encode(value), status, headers, "application/json")


class Source:
    """Somebody's service: ``answer`` is called with each request; ``asked`` holds what was asked."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.answer: Answering = lambda request: Response("nothing here", 404)
        app = Starlette(routes=[Route("/{path:path}", self._answer, methods=["GET", "POST"])])
        config = uvicorn.Config(app, port=0, log_level="critical", lifespan="off", ws="none")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"

    def stop(self) -> None:
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(10)

    @property
    def paths(self) -> list[str]:
        """What was asked, with queries."""
        return [str(one.url).removeprefix(self.url) for one in self.asked]

    def queries(self, name: str) -> list[str | None]:
        """One parameter of every request."""
        return [one.query_params.get(name) for one in self.asked]

    async def _answer(self, request: Request) -> Response:
        self.asked.append(request)
        answer = self.answer(request)
        return await answer if isinstance(answer, Awaitable) else answer


@pytest.fixture
def source() -> Iterator[Source]:
    service = Source()
    yield service
    service.stop()


@pytest.fixture
async def web() -> AsyncIterator[Web]:
    """The connections of the feeds, with short patience."""
    asker = Web(timeout=httpx.Timeout(1.0, read=0.5, pool=5), whole_s=5.0)
    yield asker
    await asker.close()


def told(uplinks: list[Uplink], field: str) -> list[tuple[str, str, Any]]:
    """Device, time and one field of each uplink."""
    assert [uplink.fault for uplink in uplinks if uplink.fault] == []
    return [(u.device, times.iso(u.device_time or 0), (u.fields or {}).get(field)) for u in uplinks]


class Desk:
    """A sink that keeps what it takes; the next one fails when ``fails`` is set."""

    def __init__(self) -> None:
        self.taken: list[Arrival] = []
        self.fails: Exception | None = None
        self.result = Taken(stored=1)

    async def __call__(self, arrivals: Sequence[Arrival]) -> Taken:
        if self.fails is not None:
            raise self.fails
        self.taken += arrivals
        return self.result


class Pad:
    """Notes in memory."""

    def __init__(self) -> None:
        self.written: dict[str, bytes] = {}

    async def read(self, key: str) -> bytes | None:
        return self.written.get(key)

    async def write(self, key: str, value: bytes) -> None:
        self.written[key] = value


class Rig:
    """One feed of a kind against the source: ``pages`` runs its connector to the end, ``read`` understands."""

    def __init__(self, source: Source, web: Web, kind: str, *, url: str = "", **given: Any) -> None:
        options = msgspec.convert({"private": True} | given.pop("options", {}), feeds.KINDS[kind].options)
        stations = tuple(Station(longitude=5.44, latitude=43.53, **one) for one in given.pop("stations", []))
        zone = given.pop("zone", "Europe/Paris")
        self.config = FeedConfig(
            key="feed",
            kind=kind,
            url=url or source.url,
            every_s=60,
            options=options,
            stations=stations,
            zone=zone,
            **given,
        )
        self.now = NOW
        self.desk = Desk()
        self.pad = Pad()
        self.web = web
        self.feed = self.again()

    def again(self) -> Feed:
        """Return the feed as after a restart."""
        fetch = CONNECTORS[self.config.kind]
        return Feed(self.config, fetch, self.desk, self.pad, self.web, clock=lambda: self.now, jitter=lambda: 1.0)

    async def page(self, cursor: dict[str, Any]) -> Page:
        client = Client(self.web, self.config, {}, self.now)
        return await CONNECTORS[self.config.kind](client, cursor, self.config)

    async def run(self) -> list[Uplink]:
        """Run the feed to its end and return the uplinks of what it handed over in this run."""
        before = len(self.desk.taken)
        while not await self.feed.run():
            pass
        return self.read(self.desk.taken[before:])

    def read(self, arrivals: Sequence[Arrival]) -> list[Uplink]:
        reader = FORMATS[self.config.kind].reader({})
        return [uplink for arrival in arrivals for uplink in reader(arrival)]

    @property
    def cursor(self) -> Any:
        return msgspec.json.decode(self.pad.written["feed"])["cursor"]


@pytest.fixture
def rig(source: Source, web: Web) -> Callable[..., Rig]:
    return lambda kind, **given: Rig(source, web, kind, **given)
