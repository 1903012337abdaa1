"""Dead letters can be looked at, and go through once what was wrong has been mended."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request

from placette import letters
from placette.api import Access, mount
from placette.intake import MessageIntake
from placette.model.arrivals import Arrival
from placette.model.entities import Datastream, ObservedProperty, Sensor, Thing
from placette.store import Store, catalogue


class AdminGate:
    def check(self, request: Request, access: Access) -> None:
        assert access is Access.ADMIN


def add_device(store: Store, *keys: str) -> None:
    """Make the device ROT-01, or give it further datastreams."""

    def make(con: Any) -> None:
        known = con.execute("SELECT id FROM thing WHERE code = 'ROT-01'").fetchone()
        thing = (
            known[0]
            if known
            else catalogue.insert_thing(con, Thing(name="ROT-01", description="", properties={"code": "ROT-01"}))
        )
        sensor = catalogue.insert_sensor(con, Sensor(name="s", description=""))
        for key in keys:
            observed = ObservedProperty(name=key, definition=f"urn:{key}", description="", properties={"key": key})
            made = Datastream(
                name=key,
                description="",
                thing_id=thing,
                sensor_id=sensor,
                observed_property_id=catalogue.insert_observed_property(con, observed),
                properties={"code": f"ROT-01/{key}", "identity": "phenomenonTime"},
            )
            catalogue.insert_datastream(con, made)

    store.change_now(make)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "placette.duckdb")
    add_device(opened, "pm10")
    yield opened
    opened.close()


@pytest.fixture
async def client(store: Store) -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(routes=mount(letters.routes(store, MessageIntake(store)), AdminGate()))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as made:
        yield made


def frame(payload: str, network: str = "street") -> Arrival:
    now = time.time_ns() // 1000
    return Arrival(network=network, channel="devices/ROT-01/up", payload=payload.encode(), received_time=now)


@pytest.fixture
async def dead(store: Store) -> list[Arrival]:
    """Two frames with a key nobody knows, one of them half good, and one that is no JSON."""
    arrivals = [frame('{"values": {"pm1": 3}}'), frame('{"values": {"pm1": 4, "pm10": 5}}'), frame("{", "lora")]
    await MessageIntake(store)(arrivals)
    return arrivals


def count(store: Store) -> int:
    counted: int = store.query_now("SELECT count(*) AS n FROM observation")["n"][0].as_py()
    return counted


async def test_letters_are_listed_newest_first_with_what_came(client: httpx.AsyncClient, dead: list[Arrival]) -> None:
    found = (await client.get(letters.PATH)).json()
    assert [letter["id"] for letter in found] == [3, 2, 1]
    assert {letter["payload"] for letter in found} == {arrival.payload.decode() for arrival in dead}
    assert all(letter["remedy"] and letter["channel"] == "devices/ROT-01/up" for letter in found)
    assert [letter["network"] for letter in (await client.get(f"{letters.PATH}?network=lora")).json()] == ["lora"]
    assert [letter["id"] for letter in (await client.get(f"{letters.PATH}?before=3&limit=1")).json()] == [2]


async def test_after_the_mend_letters_go_through_and_the_others_stay(
    client: httpx.AsyncClient, store: Store, dead: list[Arrival]
) -> None:
    before = (await client.post(f"{letters.PATH}/replay")).json()
    assert (before["replayed"], count(store)) == (0, 1)
    add_device(store, "pm1")
    after = (await client.post(f"{letters.PATH}/replay")).json()
    assert (after["replayed"], after["stored"], count(store)) == (2, 3, 3)
    [left] = [letter for letter in (await client.get(letters.PATH)).json() if letter["replayed"] is None]
    assert (left["payload"], after["unusable"]) == ("{", [left["id"]])


async def test_a_replay_twice_stores_nothing_twice(
    client: httpx.AsyncClient, store: Store, dead: list[Arrival]
) -> None:
    add_device(store, "pm1")
    for _ in range(2):
        await client.post(f"{letters.PATH}/replay", json={"ids": [1, 2, 99]})
    assert count(store) == 3


@pytest.mark.parametrize(
    ("method", "address", "body"),
    [
        ("GET", "?colour=red", None),
        ("GET", "?limit=many", None),
        ("POST", "/replay", "{"),
        ("POST", "/replay", '{"all": true}'),
    ],
)
async def test_an_order_that_means_nothing_is_refused(
    client: httpx.AsyncClient, method: str, address: str, body: str | None
) -> None:
    answer = await client.request(method, letters.PATH + address, content=body)
    assert answer.status_code == 400
    assert answer.json()["remedy"]
