"""The live stream over real sockets: the right observations to the right readers, and slow ones harm nobody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request

from placette.api import Access, mount
from placette.model.entities import Datastream, ObservedProperty, Sensor, Thing
from placette.model.observations import ObservationRow
from placette.publish import live, missed
from placette.publish.live import Live
from placette.store import Store, catalogue

NOON = 1_782_907_200_000_000


class OpenGate:
    def check(self, request: Request, access: Access) -> None:
        assert access is Access.PUBLIC


def add(store: Store, code: str, place: str) -> None:
    """Add a device with a datastream for each key; the first datastream gets the next id."""

    def make(con: Any) -> None:
        sensor = catalogue.insert_sensor(con, Sensor(name=code, description=""))
        thing = catalogue.insert_thing(con, Thing(name=code, description="", properties={"code": code, "place": place}))
        for key in ("pm10", "door"):
            known = con.execute("SELECT id FROM observed_property WHERE key = ?", [key]).fetchone()
            observed = ObservedProperty(name=key, definition=f"urn:{key}", description="", properties={"key": key})
            property_id = known[0] if known else catalogue.insert_observed_property(con, observed)
            made = Datastream(
                name=f"{code}/{key}",
                description="",
                thing_id=thing,
                sensor_id=sensor,
                observed_property_id=property_id,
                properties={"code": f"{code}/{key}"},
            )
            catalogue.insert_datastream(con, made)

    store.change_now(make)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Datastreams 1 and 2 at the Rotonde, 3 and 4 at the Torse."""
    opened = Store.open(tmp_path / "placette.duckdb")
    add(opened, "ROT-01", "rotonde")
    add(opened, "TOR-01", "torse")
    yield opened
    opened.close()


class Stream:
    """A reader with a socket of its own, that reads only when asked to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.head = b""

    async def event(self) -> tuple[str, Any]:
        """Return the kind and the data of the next event."""
        kind = ""
        async with asyncio.timeout(30):
            while True:
                line = (await self.reader.readline()).strip()
                if line.startswith(b"event: "):
                    kind = line[7:].decode()
                elif line.startswith(b"data: "):
                    return kind, msgspec.json.decode(line[6:])

    async def line(self) -> bytes:
        async with asyncio.timeout(30):
            return (await self.reader.readline()).strip()


class Site:
    """A running server with the live stream of ``store``."""

    def __init__(self, store: Store, port: int, limits: dict[str, int]) -> None:
        self.live = Live(store, **limits)
        self.port = port
        self.streams: list[Stream] = []

    async def follow(self, query: str = "", last: int | None = None) -> Stream:
        """Open the stream and return once the server has let us in (or refused us)."""
        stream = Stream(*await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 20))
        known = "" if last is None else f"Last-Event-ID: {last}\r\n"
        stream.writer.write(f"GET /api/live{query} HTTP/1.1\r\nHost: x\r\n{known}\r\n".encode())
        self.streams.append(stream)
        stream.head = await stream.reader.readuntil(b"\r\n\r\n")
        return stream


async def until(true: Callable[[], bool]) -> None:
    for _ in range(1200):
        if true():
            return
        await asyncio.sleep(0.025)
    raise AssertionError("never came true")


@pytest.fixture
async def site(store: Store, free_port: int, request: pytest.FixtureRequest) -> AsyncIterator[Site]:
    """The stream, served, with the limits a test asks for."""
    made = Site(store, free_port, getattr(request, "param", {}))
    app = Starlette(routes=mount(made.live.routes(), OpenGate()))
    config = uvicorn.Config(app, port=free_port, log_level="warning", lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    tasks = [asyncio.create_task(server.serve()), asyncio.create_task(made.live.run())]
    await until(lambda: server.started)
    yield made
    for stream in made.streams:
        stream.writer.transport.abort()
    server.force_exit = server.should_exit = True
    tasks[1].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def row(datastream: int, result: float | None = 1.0, text: str | None = None, second: int = 0) -> ObservationRow:
    return ObservationRow(datastream, NOON + second * 1_000_000, result, text)


async def test_who_comes_back_is_sent_what_it_missed(site: Site, store: Store) -> None:
    await store.append_rows([row(1, 1.0), row(3, 3.0)])
    await store.append_rows([row(1, 2.0, second=1), row(3, 4.0, second=1), row(1, 5.0, second=2)])
    for stream in (await site.follow("?datastream=1", last=1), await site.follow("?place=rotonde&after=1")):
        assert [each["result"] for each in (await stream.event())[1]] == [2.0, 5.0]
        await store.append_rows([row(1, 6.0, second=store.stored_rows)])
        assert [each["result"] for each in (await stream.event())[1]] == [6.0]
    stream = await site.follow("?datastream=1", last=7)
    await store.append_rows([row(1, 7.0, second=60)])
    assert [each["result"] for each in (await stream.event())[1]] == [7.0]


async def test_what_is_sent_again_is_bounded(site: Site, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(missed, "MOST", 3)
    await store.append_rows([row(1, float(second), second=second) for second in range(10)])
    stream = await site.follow(last=0)
    assert await stream.event() == ("lost", {"lost": 7})
    assert [each["result"] for each in (await stream.event())[1]] == [7.0, 8.0, 9.0]
    monkeypatch.setattr(missed, "LOOKED_THROUGH", 1)
    stream = await site.follow(last=0)
    assert [each["result"] for each in (await stream.event())[1]] == [9.0]


async def test_an_observation_reaches_its_reader_as_json(site: Site, store: Store) -> None:
    stream = await site.follow("?datastream=1,ROT-01/door")
    assert b"200 OK" in stream.head
    assert b"text/event-stream" in stream.head
    await store.append_rows([row(1, 17.5), row(2, None, '"open"'), row(3)])
    kind, got = await stream.event()
    expected = {
        "datastream": 1,
        "code": "ROT-01/pm10",
        "time": "2026-07-01T12:00:00Z",
        "result": 17.5,
        "quality": 2,
        "id": 1,
    }
    assert (kind, got[0], got[1]["result"], len(got)) == ("observation", expected, "open", 2)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [1, 2, 3, 4]),
        ("?place=torse", [3, 4]),
        ("?place=torse,rotonde&property=pm10", [1, 3]),
        ("?datastream=1&datastream=4", [1, 4]),
        ("?place=rotonde&datastream=1,4", [1]),
    ],
)
async def test_filters_choose_by_place_property_and_datastream(
    site: Site, store: Store, query: str, expected: list[int]
) -> None:
    stream = await site.follow(query)
    await store.append_rows([row(datastream) for datastream in (1, 2, 3, 4)])
    _, got = await stream.event()
    assert sorted(each["datastream"] for each in got) == expected


async def test_each_event_has_the_id_of_its_newest_observation(site: Site, store: Store) -> None:
    stream = await site.follow()
    await store.append_rows([row(1), row(2), row(3)])
    lines = [await stream.line() for _ in range(8)]
    assert b"id: 3" in lines
    assert b"retry: 3000" in lines


async def test_a_device_added_later_is_heard(site: Site, store: Store) -> None:
    stream = await site.follow("?place=torse")
    await asyncio.to_thread(add, store, "TOR-02", "torse")
    await store.append_rows([row(1), row(5)])
    _, got = await stream.event()
    assert [each["code"] for each in got] == ["TOR-02/pm10"]


async def test_silence_is_filled_with_heartbeats(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_S", 0.01)
    stream = await site.follow()
    while (await stream.line()) != b": heartbeat":
        pass


@pytest.mark.parametrize(
    ("query", "status"), [("?place=nowhere", b"404"), ("?datastream=99", b"404"), ("?colour=red", b"400")]
)
async def test_a_filter_that_means_nothing_is_refused(site: Site, query: str, status: bytes) -> None:
    assert status in (await site.follow(query)).head


@pytest.mark.parametrize("site", [{"readers": 2}], indirect=True)
async def test_a_full_house_says_so_and_a_reader_that_leaves_makes_room(site: Site) -> None:
    first, _ = await site.follow(), await site.follow()
    refused = await site.follow()
    assert b"503" in refused.head
    assert b"retry-after: 30" in refused.head.lower()
    first.writer.close()
    await until(lambda: site.live.readers == 1)
    assert b"200" in (await site.follow()).head


async def test_a_reader_that_does_not_read_loses_its_oldest_and_nobody_else_any(site: Site, store: Store) -> None:
    slow = await site.follow("?datastream=1")
    slow.writer.transport.pause_reading()
    quick = await site.follow("?datastream=2")
    long = '"' + "x" * 50_000 + '"'
    for second in range(300):
        await store.append_rows([row(1, None, long, second), row(2, second, None, second)])
        assert (await quick.event())[1][0]["result"] == second
    [waiting] = [reader for reader in site.live._readers if reader._wanted == frozenset({1})]
    assert waiting._bytes <= live.WAITING_BYTES
    assert waiting._lost > 0
    slow.writer.transport.resume_reading()
    kinds: list[str] = []
    newest = 0
    while newest < 599:
        kind, got = await slow.event()
        kinds.append(kind)
        newest = got[-1]["id"] if kind == "observation" else newest
    assert "lost" in kinds


@pytest.mark.parametrize("site", [{"per_s": 50}], indirect=True)
async def test_a_flood_is_thinned_to_the_newest_and_the_rest_counted(site: Site, store: Store) -> None:
    stream = await site.follow("?datastream=1")
    other = await site.follow("?datastream=2")
    await store.append_rows([row(1, second, None, second) for second in range(500)])
    assert await stream.event() == ("lost", {"lost": 450})
    _, got = await stream.event()
    assert [each["result"] for each in got] == [*range(450, 500)]
    await asyncio.sleep(0.1)
    await store.append_rows([row(2, 7)])
    assert (await other.event())[1][0]["result"] == 7


async def test_a_reader_that_takes_nothing_for_long_gives_its_place_away(
    site: Site, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "STALLED_S", 0.3)
    stream = await site.follow()
    stream.writer.transport.pause_reading()
    long = '"' + "x" * 100_000 + '"'
    second = 0
    while site.live.readers:
        second += 1
        await store.append_rows([row(1, None, long, second)])
        await asyncio.sleep(0.01)


async def test_without_readers_nobody_listens_to_the_bus(site: Site, store: Store) -> None:
    stream = await site.follow()
    await until(store.bus.has_listeners)
    stream.writer.close()
    await until(lambda: site.live.readers == 0)
    await store.append_rows([row(1)])
    await until(lambda: not store.bus.has_listeners())
    again = await site.follow()
    await until(store.bus.has_listeners)
    await store.append_rows([row(1, 5)])
    assert (await again.event())[1][0]["result"] == 5
