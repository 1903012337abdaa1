"""Dead letters can be looked at, and go through once what was wrong has been mended."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from starlette.applications import Starlette
from starlette.requests import Request

from placette import letters, replaying
from placette.api import Access, mount
from placette.intake import MessageIntake
from placette.model.arrivals import Arrival, DeadLetter
from placette.model.entities import Datastream, ObservedProperty, Sensor, Thing
from placette.replaying import Replaying
from placette.store import Store, catalogue, inbox


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
    replaying = Replaying(store, MessageIntake(store), lambda arrival: frozenset({arrival.network}))
    app = Starlette(routes=mount(letters.routes(store, replaying.replay), AdminGate()))
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
        ("GET", "?state=lost", None),
        ("POST", "/replay", '{"all": true}'),
        ("POST", "/mend", '{"id": 1, "payload_base64": "?"}'),
        ("POST", "/mend-all", '{"find": ""}'),
    ],
)
async def test_an_order_that_means_nothing_is_refused(
    client: httpx.AsyncClient, dead: list[Arrival], method: str, address: str, body: str | None
) -> None:
    answer = await client.request(method, letters.PATH + address, content=body)
    assert answer.status_code == 400
    assert answer.json()["remedy"]


async def test_letters_are_counted_by_cause(client: httpx.AsyncClient, dead: list[Arrival]) -> None:
    most, other = (await client.get(f"{letters.PATH}/causes")).json()
    assert (most["what"], most["count"], most["ids"]) == ("'…' has no datastream for pm1", 2, [2, 1])
    assert most["example"] == "'ROT-01' has no datastream for pm1"
    found = (await client.get(letters.PATH, params={"cause": other["cause"]})).json()
    assert [letter["network"] for letter in found] == ["lora"]


async def test_a_cause_is_mended_shown_before_and_replayed(
    client: httpx.AsyncClient, store: Store, dead: list[Arrival]
) -> None:
    cause = (await client.get(f"{letters.PATH}/causes")).json()[0]["cause"]
    order = {"cause": cause, "find": '"pm1"', "by": '"pm10"'}
    preview = (await client.post(f"{letters.PATH}/mend-all", json=order | {"dry_run": True})).json()
    assert (preview["letters"], preview["changed"]) == (2, 2)
    assert preview["examples"][1]["mended_payload"] == '{"values": {"pm10": 3}}'
    assert not (await client.get(f"{letters.PATH}/1")).json().get("mended_payload")
    await client.post(f"{letters.PATH}/mend-all", json=order)
    report = (await client.post(f"{letters.PATH}/replay", json={"cause": cause})).json()
    assert (report["replayed"], report["failed"], count(store)) == (2, 0, 2)
    done = (await client.get(letters.PATH, params={"cause": cause, "state": "replayed"})).json()
    assert [letter["id"] for letter in done] == [2, 1]


async def test_one_letter_is_mended_and_goes_through(
    client: httpx.AsyncClient, store: Store, dead: list[Arrival]
) -> None:
    order = {"id": 3, "payload": '{"values": {"pm10": 7}}'}
    mended = (await client.post(f"{letters.PATH}/mend", json=order)).json()
    assert (mended["payload"], mended["mended_payload"]) == ("{", order["payload"])
    assert (await client.post(f"{letters.PATH}/replay", json={"ids": [3]})).json()["stored"] == 1
    undone = (await client.post(f"{letters.PATH}/mend", json={"id": 3})).json()
    assert "mended_payload" not in undone
    assert undone["replayed"]


async def test_bytes_that_are_no_text_are_base64(client: httpx.AsyncClient, store: Store) -> None:
    await MessageIntake(store)([msgspec.structs.replace(frame(""), payload=b"\xff\x00")])
    assert (await client.get(f"{letters.PATH}/1")).json()["payload_base64"] == "/wA="
    mended = await client.post(f"{letters.PATH}/mend", json={"id": 1, "payload_base64": "/wE="})
    assert mended.json()["mended_payload_base64"] == "/wE="


async def test_dismissed_letters_are_hidden_until_they_are_brought_back(
    client: httpx.AsyncClient, dead: list[Arrival]
) -> None:
    assert (await client.post(f"{letters.PATH}/dismiss", json={"network": "lora"})).json() == {"letters": 1}
    assert len((await client.get(f"{letters.PATH}/causes")).json()) == 1
    assert (await client.post(f"{letters.PATH}/replay")).json()["failed"] == 2
    [hidden] = (await client.get(f"{letters.PATH}?state=dismissed")).json()
    assert (hidden["id"], hidden["dismissed"] is None) == (3, False)
    assert (await client.post(f"{letters.PATH}/dismiss", json={"restore": True})).json() == {"letters": 1}


async def test_letters_are_exported_whole(client: httpx.AsyncClient, dead: list[Arrival]) -> None:
    answer = await client.get(f"{letters.PATH}/export?state=waiting")
    lines = [msgspec.json.decode(line) for line in answer.text.splitlines()]
    assert [line["id"] for line in lines] == [3, 2, 1]
    assert lines[2]["payload"] == '{"values": {"pm1": 3}}'
    assert "attachment" in answer.headers["content-disposition"]


async def test_only_the_letters_of_a_codec_are_tried(client: httpx.AsyncClient, dead: list[Arrival]) -> None:
    assert (await client.post(f"{letters.PATH}/replay", json={"codec": "lora"})).json()["unusable"] == [3]


async def test_letters_of_files_are_not_replayed(client: httpx.AsyncClient, store: Store) -> None:
    await inbox.keep(store, [DeadLetter(arrival=frame("{}", inbox.FILES), what="the value is not a number")])
    assert (await client.post(f"{letters.PATH}/replay", json={"ids": [1]})).json()["failed"] == 0
    assert (await client.get(f"{letters.PATH}/1")).json()["what"] == "the value is not a number"


async def test_what_is_too_much_for_one_order_is_left(
    client: httpx.AsyncClient, dead: list[Arrival], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "PIECE", 1)
    monkeypatch.setattr(replaying, "MOST", 2)
    report = (await client.post(f"{letters.PATH}/replay")).json()
    assert (report["failed"], report["left"], report["unusable"], report["next"]) == (2, 1, [3, 2], 2)


async def test_a_letter_that_is_gone_is_not_found(client: httpx.AsyncClient) -> None:
    assert (await client.get(f"{letters.PATH}/99")).status_code == 404
    assert (await client.post(f"{letters.PATH}/mend", json={"id": 99})).status_code == 404
