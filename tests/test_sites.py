"""Sites over HTTP: installed once, replaced, retired, photographed, labelled; strangers see what is public."""

from __future__ import annotations

import asyncio
import csv
import io
import re
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from tests.model.test_pictures import jpeg

from placette import city as cities
from placette import sites
from placette.access import Tokens
from placette.api import Access, mount
from placette.fielddesk import FieldDesk
from placette.fieldwork import FieldWork
from placette.harmonise.uplinks import unknown
from placette.model.arrivals import Arrival, DeadLetter
from placette.model.entities import Origin
from placette.model.times import iso
from placette.publish.city_sync import sync
from placette.store import Store, inbox
from placette.web.pages.field import short

AIX = Path(__file__).resolve().parents[1] / "cities" / "aix"
NOON = 1_780_000_000_000_000
CODE = "AIX-ROT-AIR-01"
NEW = {
    "model": "hive",
    "network": "street-mqtt",
    "place": "rotonde",
    "longitude": 5.4454,
    "latitude": 43.5263,
    "device": "LW:D0:70B3D57ED0000000:70B3D57ED0000009:00010002",
    "address": "Kiosque",
}


class Desk:
    """A city, its desk and a clock set by hand, behind its routes."""

    def __init__(self, folder: Path) -> None:
        self.store = Store.open(folder / "placette.duckdb")
        self.now = NOON
        city = cities.read(AIX)
        sync(self.store, city, Origin.MEASURED)
        work = FieldWork(self.store, city, city.devices, Origin.MEASURED, clock=lambda: self.now)
        work.settle()
        self.desk = FieldDesk(self.store, work, folder, self.replay, lambda: self.now)
        self.replayed: list[int] = []
        self.tokens = Tokens(folder)
        routes = [*sites.routes(self.desk, self.tokens, lambda _: "https://p.example"), short()]
        self.app = Starlette(routes=mount(routes, self.tokens))

    async def replay(self, choice: inbox.Choice) -> None:
        self.replayed += choice.ids

    def client(self, token: str = "") -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.AsyncClient(transport=httpx.ASGITransport(app=self.app), base_url="http://x", headers=headers)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
async def client(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    async with desk.client(desk.tokens.create("field", Access.WRITE)) as opened:
        yield opened


@pytest.fixture
async def stranger(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    async with desk.client() as opened:
        yield opened


async def test_a_scanned_device_gets_the_next_code_of_its_place(client: httpx.AsyncClient, desk: Desk) -> None:
    answer = await client.post("/api/sites", json=NEW)
    said = answer.json()
    assert (answer.status_code, said["state"], said["device"]) == (201, "installed", "70B3D57ED0000009")
    assert re.fullmatch(r"AIX-ROT-AIR-0[2-9]", said["code"])
    assert desk.store.directory.by_code[f"{said['code']}/no2"].place == "rotonde"


async def test_an_order_sent_twice_is_done_once(client: httpx.AsyncClient, desk: Desk) -> None:
    order = NEW | {"key": "phone-1"}
    first, second = await asyncio.gather(*(client.post("/api/sites", json=order) for _ in range(2)))
    assert first.json() == second.json()
    assert len((await client.get("/api/sites?place=rotonde")).json()) == 1 + sum(
        device.place == "rotonde" for device in cities.read(AIX).devices
    )
    other = await client.post("/api/sites", json=order | {"device": "70B3D57ED000000A"})
    assert other.status_code == 409


async def test_what_a_device_sent_before_it_was_told_is_read_again(client: httpx.AsyncClient, desk: Desk) -> None:
    for device in ("70b3d57ed0000009", "70b3d57ed000000a"):
        arrival = Arrival(
            network="street-mqtt", channel="up", payload=device.encode(), received_time=time.time_ns() // 1000
        )
        inbox.keep_new_now(desk.store, [DeadLetter(arrival=arrival, what=unknown(device), remedy="install it")])
    await client.post("/api/sites", json=NEW)
    assert desk.replayed == [1]


async def test_an_order_told_later_counts_from_when_it_was_done(client: httpx.AsyncClient, desk: Desk) -> None:
    desk.now += 3_600_000_000
    done_at = iso(NOON + 60_000_000)
    answer = await client.post(f"/api/sites/{CODE}/replace", json={"device": "70B3D57ED0000001", "done_at": done_at})
    assert answer.json()["state"] == "replaced"
    devices = (await client.get(f"/api/sites/{CODE}")).json()["devices"]
    assert [(each["device"], each["since"]) for each in devices][-1] == ("70B3D57ED0000001", done_at)
    assert devices[0]["until"] == done_at


async def test_a_site_is_retired_with_its_reason(client: httpx.AsyncClient) -> None:
    answer = await client.post(f"/api/sites/{CODE}/retire", json={"note": "road works"})
    assert answer.json()["state"] == "retired"
    event = (await client.get(f"/api/sites/{CODE}")).json()["events"][0]
    assert (event["state"], event["note"]) == ("retired", "road works")
    assert len((await client.get("/api/sites?state=retired")).json()) == 1


async def test_a_stranger_sees_the_life_of_a_site_and_nothing_more(
    client: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    await client.post(f"/api/sites/{CODE}/replace", json={"device": "70B3D57ED0000001", "note": "ask Mrs Martin"})
    said = (await stranger.get(f"/api/sites/{CODE}")).text
    assert '"replaced"' in said
    assert "Martin" not in said
    assert "70B3D57ED0000001" not in said
    for method, path in (("GET", ""), ("POST", ""), ("POST", f"/{CODE}/retire"), ("GET", f"/{CODE}/first-frame")):
        assert (await stranger.request(method, f"/api/sites{path}")).status_code == 401


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"model": "unicorn"}, 400, "no model"),
        ({"longitude": 2.35, "latitude": 48.85}, 400, "outside the city"),
        ({"longitude": 43.5263, "latitude": 5.4454}, 400, "swap"),
        ({"device": "two words"}, 400, "spaces"),
        ({"code": "../etc"}, 400, "code"),
        ({"device": CODE, "code": "AIX-NEW-01"}, 409, "hangs at"),
        ({"done_at": "yesterday"}, 400, "time"),
        ({"surprise": 1}, 400, "surprise"),
    ],
)
async def test_an_order_that_cannot_be_done_says_why(
    client: httpx.AsyncClient, change: dict[str, Any], status: int, words: str
) -> None:
    answer = await client.post("/api/sites", json=NEW | change)
    assert (answer.status_code, words in answer.text) == (status, True), answer.text


async def test_the_first_frame_tells_signal_battery_and_values(client: httpx.AsyncClient, desk: Desk) -> None:
    waiting = (await client.get(f"/api/sites/{CODE}/first-frame", params={"since": iso(NOON)})).json()
    assert waiting["received"] is False
    _heard(desk.store, NOON + 5_000_000)
    said = (await client.get(f"/api/sites/{CODE}/first-frame", params={"since": iso(NOON)})).json()
    assert (said["received"], said["rssi_dbm"], said["snr_db"], said["spreading_factor"]) == (True, -97.0, 7.0, 9)
    assert (said["gateway"], said["battery_percent"], said["received_at"]) == ("roof", 61.0, iso(NOON + 5_000_000))
    assert (await client.get(f"/api/sites/{CODE}/first-frame?since=x")).status_code == 400


def _heard(store: Store, at: int) -> None:
    arrival = Arrival(network="street-mqtt", channel="x", payload=b"", received_time=at)

    def write(con: Any) -> None:
        con.execute("INSERT INTO arrival VALUES (1, ?, ?, make_timestamp(?))", [arrival.network, arrival.channel, at])
        con.execute(
            "INSERT INTO uplink (arrival_id, thing_code, device, event, time, clock, gateway, gateways, rssi_dbm,"
            " snr_db, spreading_factor, battery_percent)"
            " VALUES (1, ?, ?, 'up', make_timestamp(?), 'gateway', 'roof', 1, -97, 7, 9, 61)",
            [CODE, CODE, at],
        )

    store.change_now(write)


async def test_a_photo_is_kept_without_its_position_and_served_locked(client: httpx.AsyncClient, desk: Desk) -> None:
    taken = jpeg(orientation=1, gps=True)
    first = await client.post(f"/api/sites/{CODE}/photos", content=taken)
    again = await client.post(f"/api/sites/{CODE}/photos", content=taken)
    assert first.json() == again.json()
    answer = await client.get(first.json()["photo"])
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "immutable" in answer.headers["cache-control"]
    assert b"GPSLATITUDE" not in answer.content
    assert (await client.get(f"/api/sites/{CODE}")).json()["photos"] == [first.json()["photo"]]


@pytest.mark.parametrize(
    ("code", "content", "status"),
    [(CODE, b"<svg onload=alert(1)>", 415), ("AIX-0", jpeg(), 404), (CODE, b"\xff" * (8 * 2**20 + 1), 413)],
)
async def test_what_is_no_photo_of_a_site_is_refused(
    client: httpx.AsyncClient, code: str, content: bytes, status: int
) -> None:
    assert (await client.post(f"/api/sites/{code}/photos", content=content)).status_code == status


@pytest.mark.parametrize("name", ["..%2f..%2fplacette.duckdb", "x.jpg", "%2e%2e"])
async def test_a_photo_is_no_way_to_other_files(client: httpx.AsyncClient, name: str) -> None:
    assert (await client.get(f"/api/sites/{CODE}/photos/{name}")).status_code == 404


async def test_a_label_leads_to_the_device(stranger: httpx.AsyncClient) -> None:
    label = await stranger.get(f"/api/sites/{CODE}/label.svg?lang=fr")
    assert label.headers["content-type"] == "image/svg+xml"
    assert CODE in label.text
    assert "Ruche" in label.text
    lead = await stranger.get(f"/t/{CODE}")
    assert (lead.status_code, lead.headers["location"]) == (302, f"/fr/things/{CODE}")


async def test_the_city_folder_gets_what_the_field_declared(client: httpx.AsyncClient) -> None:
    code = (await client.post("/api/sites", json=NEW | {"address": 'Kiosque, "nord"'})).json()["code"]
    text = (await client.get("/api/things.csv")).text
    rows = list(csv.DictReader(io.StringIO(text)))
    row = rows[-1]
    assert (row["id"], row["network_id"], row["address"]) == (code, "70B3D57ED0000009", 'Kiosque, "nord"')
    assert text.startswith((AIX / "things.csv").read_text())
