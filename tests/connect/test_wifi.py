"""Wi-Fi networks of a city over a real server and a real store, with a clock of the test's own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import msgspec
import pytest
import uvicorn
from starlette.applications import Starlette

from placette import city, wifi
from placette.access import Tokens
from placette.api import mount
from placette.connect.private_body import PrivateProtocol
from placette.model.entities import Origin
from placette.model.errors import Busy
from placette.model.wifi import SLOT_US, time_class
from placette.publish.city_sync import sync
from placette.store import Store
from placette.wifi import Counting, Wifi

START = 5_967_752 * SLOT_US
SECRET = 's3cret/with"quote'
POINT = "00:18:0a:13:dd:b0"
MODELS = """
[scanner]
kind = "counter"
names = { fr = "Scanner", en = "Scanner" }
every_s = 300
quantities = [
  { property = "pedestrians", key = "people", minimum = 0, maximum = 9000 },
  { property = "wifi-devices", key = "devices", minimum = 0, maximum = 9000 },
  { property = "bluetooth-devices", key = "bluetooth", minimum = 0, maximum = 9000 },
]
"""
PROPERTY = '\n[{0}]\nnames = {{ fr = "{0}", en = "{0}" }}\ndefinition = "urn:x:{0}"\nunit = "1"\n'
NETWORK = """
[square]
kind = "wifi"
names = { fr = "Wi-Fi", en = "Wi-Fi" }
token_env = "A_SECRET"
options = { validator_env = "A_VALIDATOR", opt_out_env = "A_KEY", rssi_at_least_dbm = -80, smallest = 3 }
"""
RATIO = (
    '[[calibration]]\ndevice = "S-1"\ntime_class = "{}"\nbasis = "devices"\n'
    "ratio = 2.0\nlower = 1.5\nupper = 2.5\nsessions = 3\nminutes = 90\n"
)


class Clock:
    """A clock that stands still until it is set."""

    now = START

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A city with one scanner."""
    for name, value in (("A_SECRET", SECRET), ("A_VALIDATOR", "valid-1"), ("A_KEY", "key")):
        monkeypatch.setenv(name, value)
    made = tmp_path / "city"
    city.scaffold("Petite", made)
    row = (made / "things.csv").read_text().splitlines()[1].split(",")
    (made / "things.csv").write_text(
        "id,model,place,longitude,latitude,network,network_id\n"
        f"S-1,scanner,{row[2]},{row[3]},{row[4]},square,{POINT}\nS-2,scanner,{row[2]},{row[3]},{row[4]},square,\n"
    )
    for name, text in (
        ("models.toml", MODELS),
        ("properties.toml", PROPERTY.format("wifi-devices") + PROPERTY.format("bluetooth-devices")),
        ("networks.toml", NETWORK),
    ):
        with (made / name).open("a") as file:
            file.write(text)
    zone = ZoneInfo(city.read(made).zone)
    (made / "wifi-calibration.toml").write_text(RATIO.format(time_class(START, zone)))
    return made


@pytest.fixture
async def square(
    folder: Path, tmp_path: Path, free_port: int, until: Any
) -> AsyncIterator[tuple[Wifi, Clock, httpx.AsyncClient, Store]]:
    """Its Wi-Fi network, the clock, a client and the store."""
    found = city.read(folder)
    clock = Clock()
    store = Store.open(tmp_path / "store.duckdb")
    sync(store, found, Origin.MEASURED)
    network = Wifi(store, found, tmp_path, now=clock)
    app = Starlette(routes=mount(network.routes(), Tokens(tmp_path)))
    private: Any = PrivateProtocol
    config = uvicorn.Config(
        app, port=free_port, log_level="warning", lifespan="off", http=private, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{free_port}", trust_env=False) as client:
        yield network, clock, client, store
    server.should_exit = True
    await serving
    store.close()


def frames(count: int, *, first: int = 0, sensor: str = POINT, **more: Any) -> dict[str, Any]:
    at = START / 1e6 + 10
    return {
        "secret": SECRET,
        "sensor": sensor,
        "frames": [
            {"time": at, "mac": f"f8:77:b8:00:{number // 256:02x}:{number % 256:02x}", **more}
            for number in range(first, first + count)
        ],
    }


async def told(square: tuple[Wifi, Clock, httpx.AsyncClient, Store]) -> dict[str, Any]:
    network, clock, _, store = square
    clock.now = START + SLOT_US + 120_000_000
    await network.counting["square"].close(store)
    streams = {each.id: code for code, each in store.directory.by_code.items()}
    rows = (await store.query("SELECT datastream_id, result, extra FROM observation ORDER BY ALL")).to_pylist()
    return {streams[row["datastream_id"]]: row["result"] for row in rows}


def test_a_calibrated_figure_is_said_to_be_modelled(square: Any) -> None:
    directory = square[3].directory.by_code
    origins = square[3].query_now("SELECT id, properties->>'origin' AS origin FROM datastream").to_pylist()
    found = {row["id"]: row["origin"] for row in origins}
    assert found[directory["S-1/pedestrians"].id] == "modelled"
    assert found[directory["S-1/wifi-devices"].id] == "measured"


async def test_meraki_asks_for_the_validator(square: Any) -> None:
    answer = await square[2].get("/api/wifi/square")
    assert (answer.status_code, answer.text) == (200, "valid-1")
    assert (await square[2].get("/api/wifi/aa:bb:cc:dd:ee:ff")).status_code == 404


async def test_frames_become_counts_and_people(square: Any) -> None:
    square[1].now = START + 20_000_000
    assert (await square[2].post("/api/wifi/square", json=frames(40))).status_code == 204
    assert (await square[2].post("/api/wifi/square", json=frames(20, first=30))).status_code == 204
    assert (await square[2].post("/api/wifi/square", json=frames(12, sensor="S-2"))).status_code == 204
    assert await told(square) == {
        "S-1/wifi-devices": 50, "S-1/pedestrians": 100, "S-1/bluetooth-devices": None,
        "S-2/wifi-devices": 12, "S-2/bluetooth-devices": None,
    }  # fmt: skip


async def test_requests_sent_at_once_are_answered_one_after_the_other(square: Any) -> None:
    square[1].now = START + 20_000_000
    host, port = str(square[2].base_url).removeprefix("http://").split(":")
    bodies = [json.dumps(frames(20, first=20 * number)).encode() for number in range(3)]
    head = "{} /api/wifi/square HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\nConnection: {}\r\n\r\n"
    sent = b"".join(head.format("POST", len(body), "keep-alive").encode() + body for body in bodies)
    reader, writer = await asyncio.open_connection(host, int(port.rstrip("/")))
    writer.write(sent + head.format("GET", 0, "close").encode())
    answers = await reader.read()
    writer.close()
    assert answers.count(b"HTTP/1.1 204 No Content") == 3
    assert answers.endswith(b"valid-1")
    assert (await told(square))["S-1/wifi-devices"] == 60


def meraki_3(kind: str, records: list[dict[str, Any]]) -> dict[str, Any]:
    location = {"time": "2026-09-25T08:40:10Z", "lat": 43.5, "rssiRecords": records}
    client = {"clientMac": "F8:77:B8:00:00:01", "locations": [location], "manufacturer": None}
    return {"version": "3.0", "secret": SECRET, "type": kind, "data": {"networkId": "N_1", "observations": [client]}}


def test_the_moment_of_the_samples_is_that_of_the_interval() -> None:
    moment = datetime.fromisoformat("2026-09-25T08:40:10Z").timestamp() * 1e6
    assert START <= moment < START + SLOT_US


NEAR = {"apMac": POINT, "rssi": -50}
FAR = {"apMac": "00:18:0a:00:00:99", "rssi": -70}
LATEST = {
    "secret": SECRET, "type": "WiFi", "data": {"observations": [
        {"clientMac": "f8:77:b8:00:00:01", "locations": [],
         "latestRecord": {"time": "2026-09-25T08:40:10Z", "nearestApMac": POINT, "nearestApRssi": "-60"}}]},
}  # fmt: skip
VERSION_2 = {
    "version": "2.0", "secret": SECRET, "type": "DevicesSeen", "data": {"apMac": POINT, "apTags": [], "observations": [
        {"clientMac": "f8:77:b8:00:00:01", "seenTime": "2026-09-25T08:40:10Z", "seenEpoch": 1790325610, "rssi": 40},
        {"clientMac": "da:77:b8:00:00:01", "seenTime": "2026-09-25T08:40:10Z", "seenEpoch": None, "rssi": 40}]},
}  # fmt: skip


@pytest.mark.parametrize(
    ("body", "counted"),
    [
        (VERSION_2, (1, 1, 0)),
        (VERSION_2 | {"type": "BluetoothDevicesSeen", "version": "2.1"}, (0, 0, 2)),
        (meraki_3("WiFi", [NEAR, FAR]), (1, 0, 0)),
        (meraki_3("Bluetooth", [FAR, NEAR]), (0, 0, 1)),
        (meraki_3("WiFi", [FAR | {"rssi": -40}, NEAR]), None),
        (meraki_3("WiFi", [NEAR | {"rssi": -81}]), None),
        (LATEST, (1, 0, 0)),
        (frames(1, rssi=-79), (1, 0, 0)),
        (frames(1, rssi="-90"), None),
        (frames(1) | {"sensor": "S-9"}, None),
        ({"secret": SECRET, "sensor": "S-2", "frames": [{"mac": "01:00:5e:00:00:01"}, {"mac": 5}]}, None),
    ],
)
async def test_every_form_is_counted_at_the_sensor_that_heard_best(square: Any, body: Any, counted: Any) -> None:
    square[1].now = START + 20_000_000
    counting = square[0].counting["square"]
    answer = await square[2].post("/api/wifi/square", json=body)
    assert answer.status_code == 204, answer.text
    found = counting._counter.close(START + 2 * SLOT_US)
    assert [tuple(round(v.value) for v in (c.fixed, c.randomised, c.bluetooth)) for c in found] == (
        [counted] if counted else []
    )


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (frames(1) | {"secret": "wrong"}, 403),
        ({key: value for key, value in frames(1).items() if key != "secret"}, 401),
        (frames(1) | {"secret": ""}, 403),
        (frames(1) | {"secret": None}, 403),
        ({"secret": SECRET, "type": "Zigbee", "data": {}}, 400),
        ({"secret": SECRET}, 400),
        ([], 400),
    ],
)
async def test_what_cannot_be_used_is_refused_and_counted(square: Any, body: Any, status: int) -> None:
    answer = await square[2].post("/api/wifi/square", json=body)
    assert answer.status_code == status
    assert set(answer.json()) >= {"what", "where", "remedy"}
    counting = square[0].counting["square"]
    assert counting.door.refused.total() == counting.health.received == 1
    assert counting.health.problem == answer.json()["what"]
    assert await told(square) == {}


async def test_who_objects_is_left_out(square: Any, tmp_path: Path) -> None:
    square[1].now = START + 20_000_000
    answer = await square[2].post("/api/wifi/square/opt-out", json={"mac": "F8-77-B8-00-00-00"})
    assert answer.json() == {"kept": True}
    [line] = (tmp_path / "wifi-opt-out.square").read_text().split()
    assert "f877b8" not in line
    assert (tmp_path / "wifi-opt-out.square").stat().st_mode & 0o777 == 0o600
    wifi.objections(tmp_path, "square", "key").add(bytearray.fromhex("f877b8000001"))  # as the command does
    await square[0].counting["square"].close(square[3])
    await square[2].post("/api/wifi/square", json=frames(40))
    assert (await told(square))["S-1/wifi-devices"] == 38
    assert square[0].counting["square"].dropped["objected"] == 2


async def test_frames_out_of_their_time_are_counted_and_dropped(square: Any) -> None:
    square[1].now = START + 3 * SLOT_US
    await square[2].post("/api/wifi/square", json=frames(5))
    assert square[0].counting["square"].dropped == {"too late: the salt of its interval is destroyed": 5}


async def test_counts_wait_for_a_store_that_cannot_take_them(square: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    network, clock, client, store = square
    clock.now = START + 20_000_000
    await client.post("/api/wifi/square", json=frames(40))
    clock.now = START + 2 * SLOT_US

    async def full(_: object) -> None:
        raise Busy("full")

    with monkeypatch.context() as patched:
        patched.setattr(store, "append_rows", full)
        with pytest.raises(Busy):
            await network.counting["square"].close(store)
    assert (await told(square))["S-1/wifi-devices"] == 40


async def test_case_2_tells_visitors_stays_and_flows(square: Any, folder: Path, tmp_path: Path) -> None:
    _, clock, _, store = square
    found = city.read(folder)
    legal = {"controller": "V", "notice_url": "https://a.fr/n", "opt_out_url": "https://a.fr/o", "opt_out_env": "A_KEY"}
    network = msgspec.structs.replace(found.networks["square"], options={"case": 2, "late_s": 0, **legal})
    keys = {"pedestrians": "visitors", "wifi-devices": "dwell", "bluetooth-devices": "flows"}
    scanner = found.models["scanner"]
    quantities = tuple(msgspec.structs.replace(each, key=keys[each.property]) for each in scanner.quantities)
    models = found.models | {"scanner": msgspec.structs.replace(scanner, quantities=quantities)}
    counting = Counting(msgspec.structs.replace(found, models=models), network, tmp_path, now=clock)
    for step, heard in enumerate((range(40), range(15, 60))):
        clock.now = START + step * SLOT_US
        await counting.close(store)
        for sensor in ("S-1", "S-2")[: step + 1]:
            for number in heard:
                counting.take(sensor, None, bytearray([0, 1, 2, 3, 4, number]), rssi_dbm=None, bluetooth=False)
    clock.now = START + 24 * 3_600_000_000
    await counting.close(store)
    streams = {each.id: code for code, each in store.directory.by_code.items()}
    rows = (await store.query("SELECT * FROM observation ORDER BY datastream_id, phenomenon_time")).to_pylist()
    told = [(streams[row["datastream_id"]], row["result"] or json.loads(row["result_json"] or "null")) for row in rows]
    stays = {"5–15 min": 25, "15–30 min": None, "30–60 min": None, ">60 min": None}
    assert sorted(told, key=str) == sorted(
        [
            ("S-1/pedestrians", 40), ("S-1/pedestrians", 20), ("S-2/pedestrians", 45),
            ("S-1/wifi-devices", {"≤5 min": 35, **stays}),
            ("S-2/wifi-devices", {"≤5 min": 45, **stays, "5–15 min": None}),
            ("S-1/bluetooth-devices", {"S-2": 45}), ("S-2/bluetooth-devices", {"S-1": 45}),
        ],
        key=str,
    )  # fmt: skip


def test_without_its_secret_the_door_stays_closed(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("A_SECRET")
    store = Store.open(tmp_path / "store.duckdb")
    try:
        assert Wifi(store, city.read(folder), tmp_path).counting == {}
    finally:
        store.close()
    assert "no shared secret" in caplog.text


def test_one_job_ends_the_intervals_of_each_network(square: Any) -> None:
    assert [job.key for job in square[0].jobs()] == ["wifi:square"]
