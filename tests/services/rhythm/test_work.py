"""Rhythms of datastreams in the store: through the panel, with the place's own days, kept for a while, over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import httpx
import msgspec
import numpy as np
import pyarrow as pa
import pytest
from starlette.applications import Starlette
from starlette.requests import Request

from placette import city as cities
from placette import rhythms
from placette.api import Access, mount
from placette.city.model import City
from placette.model.entities import Location, Origin
from placette.model.errors import Busy
from placette.model.observations import TIME, ObservationRow, table_of
from placette.model.times import iso
from placette.publish.city_sync import sync
from placette.services.rhythm import Rhythmical, Rhythms, SeriesRhythm, Shifted, work
from placette.store import DatastreamInfo, Store, catalogue, life
from placette.store.life import Attachment

AIX = Path(__file__).resolve().parents[3] / "cities" / "aix"
PARIS = ZoneInfo("Europe/Paris")
HOUR_US = 3_600_000_000


class Open:
    """A gate that lets everybody pass."""

    def check(self, request: Request, access: Access) -> None:
        """Let the request pass."""


@pytest.fixture
def city() -> City:
    return cities.read(AIX)


@pytest.fixture
def store(tmp_path: Path, city: City) -> Iterator[Store]:
    opened = Store.open(tmp_path / "placette.duckdb")
    sync(opened, city, Origin.SIMULATED)
    yield opened
    opened.close()


def counter(store: Store, place: str = "rotonde") -> DatastreamInfo:
    known = store.directory.by_id.values()
    return next(each for each in known if each.property_key == "pedestrians" and each.place == place)


def micros(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=PARIS).timestamp() * 1_000_000)


def measure(store: Store, info: DatastreamInfo, first: str, hours: int, each: int = 4) -> None:
    """Store so many hours of a day of people, in ``each`` parts an hour."""
    times = micros(first) + np.arange(hours * each) * (HOUR_US // each)
    people = 20 + 15 * np.cos((times / HOUR_US + 1 - 17) / 24 * 2 * np.pi)
    store.append_now(
        pa.table(
            {
                "datastream_id": pa.array(np.full(times.size, info.id, np.int64)),
                "phenomenon_time": pa.array(times).cast(TIME),
                "result": pa.array(np.random.default_rng(1).poisson(people).astype(float)),
            }
        )
    )


def ask(told: Rhythmical, info: DatastreamInfo, first: str, last: str) -> Rhythms:
    return asyncio.run(told.of([info], micros(first), micros(last)))


def test_the_days_of_the_datastreams_own_place_count(store: Store, city: City) -> None:
    told = Rhythmical(store, lambda: city)
    for place, markets in (("rotonde", True), ("torse", False)):
        measure(store, counter(store, place), "2026-06-01T00:00", 24 * 40)
        (found,) = ask(told, counter(store, place), "2026-06-01", "2026-07-11").series
        types = {each.day_type: each.days for each in found.profiles}
        assert ("market" in types) is markets
        assert found.day_types["2026-06-21"] == ("event",)
        assert found.strength["day"] is not None
        assert found.strength["day"] > 0.9
        assert found.peak["day"] == 17


def test_an_answer_is_kept_until_the_next_hour_or_ten_minutes(store: Store, city: City) -> None:
    clock = [0.0]
    told = Rhythmical(store, lambda: city, lambda: clock[0])
    info = counter(store)
    measure(store, info, "2026-06-01T00:00", 24 * 20)
    first = ask(told, info, "2026-06-01", "2026-06-12T00:10").series[0]
    assert ask(told, info, "2026-06-01", "2026-06-12T00:50").series[0] is first
    assert ask(told, info, "2026-06-01", "2026-06-12T01:10").series[0] is not first
    clock[0] = 601
    assert ask(told, info, "2026-06-01", "2026-06-12T00:50").series[0] is not first


def test_who_comes_when_too_many_wait_is_asked_to_come_again(
    store: Store, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "MOST_WAITING", 4)
    told, info = Rhythmical(store, lambda: city), counter(store)
    measure(store, info, "2026-06-01T00:00", 24 * 8)

    async def crowd() -> list[Rhythms | BaseException]:
        several = (told.of([info], micros("2026-06-01") + hour * HOUR_US, micros("2026-06-08")) for hour in range(7))
        return await asyncio.gather(*several, return_exceptions=True)

    found = asyncio.run(crowd())
    assert [isinstance(each, Busy) for each in found] == [False] * 4 + [True] * 3


def test_a_datastream_of_one_value_a_day_is_looked_at_by_day(store: Store, city: City) -> None:
    info = counter(store)
    times = [micros("2026-03-01T12:00") + day * 24 * HOUR_US for day in range(60)]
    rows = {"datastream_id": [info.id] * 60, "phenomenon_time": pa.array(times).cast(TIME), "result": [5.0, 7.0] * 30}
    store.append_now(pa.table(rows))
    (found,) = ask(Rhythmical(store, lambda: city), info, "2026-03-01", "2026-04-30").series
    assert found.step_s == 86_400
    assert found.week == ()
    assert len(found.days) == 60


def get(store: Store, city: City, query: str) -> httpx.Response:
    routes = rhythms.routes(store, Rhythmical(store, lambda: city), lambda: micros("2026-07-11T00:30"))

    async def call() -> httpx.Response:
        transport = httpx.ASGITransport(Starlette(routes=mount(routes, Open())))
        async with httpx.AsyncClient(transport=transport, base_url="http://city") as client:
            return await client.get(f"{rhythms.PATH}?{query}")

    return asyncio.run(call())


def test_the_address_answers_what_analysts_and_pages_read(store: Store, city: City) -> None:
    info = counter(store)
    measure(store, info, "2026-06-01T00:00", 24 * 40)
    answer = get(store, city, f"datastream={info.id},{info.code}").json()
    assert (answer["zone"], answer["school_holidays_known"]) == ("Europe/Paris", ["2023-09-04", "2027-08-31"])
    (one,) = answer["series"]
    assert (one["code"], one["unit"], one["origin"], one["step_s"]) == (info.code, "{person}", "simulated", 3_600)
    assert [len(row) for row in one["week"]] == [24] * 7
    assert one["strength"]["year"] is None
    assert one["lacking"]["year"] == {"key": "too_short", "days": 40, "needed": 730}
    assert one["strongest_periods"][0]["key"] == "day"


@pytest.mark.parametrize(
    ("query", "status", "what"),
    [
        ("", 400, "0 datastreams were asked for"),
        ("datastream=99999", 404, "no datastream '99999'"),
        ("datastream=" + ",".join(["{id}"] * 25), 400, "25 datastreams were asked for"),
        ("datastream={id}&start=2026-02-01&end=2026-01-01", 400, "start is not before end"),
        ("datastream={id}&start=2019-01-01&end=2026-01-01", 413, "more than five years"),
        ("datastream={id}&start=yesterday", 400, "yesterday"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_a_remedy(
    store: Store, city: City, query: str, status: int, what: str
) -> None:
    answer = get(store, city, query.replace("{id}", str(counter(store).id)))
    assert answer.status_code == status
    assert what in answer.json()["what"]
    assert answer.json()["remedy"]


def filled(store: Store, info: DatastreamInfo, weeks: int, step_at: int = 0) -> int:
    """Put hours of a lively street up to a midnight in June; in the last ``step_at`` weeks it counts twice as many."""
    end = micros("2026-06-08T00:00:00")
    times = end - HOUR_US * np.arange(weeks * 168, 0, -1)
    steps = np.arange(weeks * 168)
    values = 100 + 50 * np.sin(steps / 24 * 2 * np.pi) + np.random.default_rng(3).normal(0, 5, len(steps))
    values = np.where(times >= end - step_at * 168 * HOUR_US, 2 * values, values).round()
    ids = pa.array(np.full(len(times), info.id, np.int64))
    store.append_now(pa.table({"datastream_id": ids, "phenomenon_time": pa.array(times).cast(TIME), "result": values}))
    return end


async def told(store: Store, city: City, info: DatastreamInfo, end: int, weeks: int) -> SeriesRhythm:
    found = await Rhythmical(store, lambda: city).of([info], end - weeks * 168 * HOUR_US, end)
    return found.series[0]


@pytest.mark.parametrize("what", ["", "moved", "replaced"])
async def test_a_step_of_the_sensor_is_not_told_as_a_change_of_the_street(store: Store, city: City, what: str) -> None:
    info = counter(store)
    end = filled(store, info, 30, step_at=11)
    at = end - 11 * 168 * HOUR_US
    if what == "moved":

        def move(con: duckdb.DuckDBPyConnection) -> None:
            place = {"type": "Point", "coordinates": [5.5, 43.5]}
            there = catalogue.insert_location(con, Location(name="elsewhere", description="", location=place))
            con.execute("UPDATE historical_location SET time = make_timestamp(0) WHERE thing_id = ?", [info.thing_id])
            key = catalogue.move_thing(con, info.thing_id, [there])
            con.execute("UPDATE historical_location SET time = make_timestamp(?) WHERE id = ?", [at, key])

        store.change_now(move)
    elif what == "replaced":
        first = Attachment(thing_code=info.thing_code or "", network_id="A", network="n", model="counter", since=1)
        store.change_now(lambda con: life.attach(con, [first]))
        second = msgspec.structs.replace(first, network_id="B", since=at)
        store.change_now(lambda con: life.attach(con, [second]))
    found = await told(store, city, info, end, 30)
    shifted = next((each for each in found.change if isinstance(each, Shifted)), None)
    assert shifted is not None
    assert [each.what for each in found.installed] == ([what] if what else [])
    if what:
        assert shifted.level_p > 0.05
        assert abs(shifted.level) < 0.05
        assert found.installed[0].since == iso(at)
    else:
        assert shifted.level_p < 0.05
    assert (found.first == "2026-03-22") == (what == "moved")


async def test_events_of_a_calendar_feed_are_days_of_their_place(store: Store, city: City) -> None:
    info = counter(store)
    end = filled(store, info, 10)
    model = msgspec.structs.replace(city.models["counter"], key="agenda", kind="calendar")
    device = msgspec.structs.replace(city.devices[0], code="V-CAL", model="agenda", place="rotonde", network="town")
    feed = msgspec.structs.replace(next(iter(city.feeds.values())), key="town", kind="icalendar")
    fed = msgspec.structs.replace(
        city, devices=(*city.devices, device), models=city.models | {"agenda": model}, feeds=city.feeds | {"town": feed}
    )
    sync(store, fed, Origin.SIMULATED)
    stream = next(each for each in store.directory.by_id.values() if each.thing_code == "V-CAL")
    days = ["2026-05-06", "2026-05-13", "2026-05-20", "2026-05-27", "2026-06-03"]
    rows = [
        ObservationRow(
            datastream_id=stream.id,
            phenomenon_time=micros(f"{day}T18:00:00"),
            phenomenon_end=micros(f"{day}T23:00:00"),
            result_json=f'[{{"title": "Concert", "uid": "{day}", "status": "{"cancelled" if last else "confirmed"}"}}]',
        )
        for day, last in zip(days, [False] * 4 + [True], strict=True)
    ]
    store.append_now(table_of(rows))
    found = await told(store, fed, info, end, 10)
    assert [day for day, kinds in found.day_types.items() if "event" in kinds] == days[:4]
    assert {each.day_type: each.days for each in found.profiles}["event"] == 4
    other = counter(store, "torse")
    filled(store, other, 10)
    assert not any("event" in kinds for kinds in (await told(store, fed, other, end, 10)).day_types.values())
