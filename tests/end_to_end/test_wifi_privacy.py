"""A real city counts thousands of frames; afterwards no address is on its disk, in its log or in its memory."""

from __future__ import annotations

import gzip
import json
import os
import re
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import httpx
import pytest

from placette import city, control

SECRET = "a-secret-of-the-network"
DAY_S = 86_400
TWO_SLOTS_S = 600
PATIENCE_S = 300
DRIVER = Path(__file__).with_name("wifi_driver.py")
BUSY, QUIET = "PET-WIF-01", "PET-WIF-02"
FEW = 4
ACCESS_POINT = "00:18:0a:13:dd:b0"
PREFIXES = 12
PER_PREFIX = 256
BLOCK, OVERLAP = 1 << 20, 64

MODELS = """
[wifi-counter]
kind = "counter"
names = { fr = "Compteur Wi-Fi", en = "Wi-Fi counter" }
every_s = 300
quantities = [
  { property = "wifi-devices", key = "devices", minimum = 0, maximum = 100000 },
  { property = "wifi-fixed", key = "fixed", minimum = 0, maximum = 100000 },
  { property = "wifi-randomised", key = "randomised", minimum = 0, maximum = 100000 },
]
"""
PROPERTY = """
[wifi-{key}]
names = {{ fr = "{key}", en = "{key}" }}
definition = "urn:example:{key}"
unit = "1"
combine = "sum"
"""
NETWORK = """
[square]
kind = "wifi"
names = {{ fr = "Wi-Fi", en = "Wi-Fi" }}
token_env = "TEST_WIFI_SECRET"
options = {{ validator_env = "TEST_WIFI_VALIDATOR", opt_out_env = "TEST_WIFI_OPT_OUT", late_s = 240{case} }}
"""
CASE_2 = ', case = 2, controller = "Ville", notice_url = "https://a.fr/n", opt_out_url = "https://a.fr/o"'


class Living(NamedTuple):
    """A running city: its process, data, address, log, how far ahead its counters are, and when frames were heard."""

    process: subprocess.Popen[bytes]
    data: Path
    url: str
    log: Path
    ahead: Path
    heard_at: float


def prefixes() -> list[bytes]:
    """Return five-byte beginnings that are new in every run: half of them of randomised addresses."""
    made = [bytearray(secrets.token_bytes(5)) for _ in range(PREFIXES)]
    for number, prefix in enumerate(made):
        prefix[0] = prefix[0] & 0xFC | (0x02 if number % 2 else 0)
    return [bytes(prefix) for prefix in made]


def addresses(prefix: bytes) -> list[str]:
    return [(prefix + bytes([last])).hex(":") for last in range(PER_PREFIX)]


def needles(prefix: bytes) -> list[bytes]:
    """Return every way an address of this beginning could be written."""
    texts = [prefix.hex(separator) for separator in ":-"] + [prefix.hex()]
    dotted = f"{prefix[:2].hex()}.{prefix[2:4].hex()}.{prefix[4:].hex()}"
    whole = [text.encode() for text in (*texts, dotted)]
    return [prefix, prefix[::-1], *whole, *(text.upper() for text in whole)]


@pytest.fixture(params=["", CASE_2], ids=["case 1", "case 2"])
def living(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Living]:
    """A city with one Wi-Fi network, whose counters are at the noon of yesterday until the test sets them ahead."""
    folder = tmp_path_factory.mktemp("wifi")
    home = folder / "city"
    city.scaffold("Petite", home)
    place = json.loads((home / "places.geojson").read_text())["features"][0]
    longitude, latitude = place["geometry"]["coordinates"]
    with (home / "models.toml").open("a") as file:
        file.write(MODELS)
    with (home / "properties.toml").open("a") as file:
        file.write("".join(PROPERTY.format(key=key) for key in ("devices", "fixed", "randomised")))
    (home / "networks.toml").write_text(NETWORK.format(case=request.param))  # no broker of this machine is asked
    lines = [
        f"{code},wifi-counter,{place['properties']['key']},{longitude},{latitude},square,{name}\n"
        for code, name in ((BUSY, ACCESS_POINT.upper()), (QUIET, QUIET))
    ]
    (home / "things.csv").write_text("id,model,place,longitude,latitude,network,network_id\n" + "".join(lines))
    environment = os.environ | {
        "TEST_WIFI_SECRET": SECRET,
        "TEST_WIFI_VALIDATOR": "the-validator",
        "TEST_WIFI_OPT_OUT": "a-key",
        "PYTHONUNBUFFERED": "1",
    }
    log, data, ahead = folder / "log", folder / "data", folder / "ahead"
    today = int(time.time()) // DAY_S * DAY_S
    shift = today - DAY_S // 2 - int(time.time())
    ahead.write_text(str(shift))
    serve = [sys.executable, DRIVER, ahead, "serve", "--city", home, "--data", data, "--port", "0"]
    with log.open("wb") as out, subprocess.Popen(serve, stdout=out, stderr=out, env=environment) as process:
        deadline = time.monotonic() + PATIENCE_S
        while (running := control.find(data)) is None:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        try:
            yield Living(process, data, running.url, log, ahead, time.time() + shift)
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


def meraki_2(macs: list[str], at: float, *, secret: str = SECRET, version: str = "2.1") -> dict[str, Any]:
    seen = [
        {"clientMac": mac, "seenEpoch": int(at), "seenTime": "2016-09-24T00:06:23Z", "rssi": 40, "ssid": None}
        for mac in macs
    ]
    return {
        "version": version,
        "secret": secret,
        "type": "DevicesSeen",
        "data": {"apMac": ACCESS_POINT, "observations": seen},
    }


def meraki_3(macs: list[str], at: float) -> dict[str, Any]:
    moment = datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
    records = [{"apMac": ACCESS_POINT, "rssi": -50}, {"apMac": "00:18:0a:00:00:01", "rssi": -80}]
    seen = [
        {
            "clientMac": mac,
            "locations": [{"time": moment, "rssiRecords": records}],
            "latestRecord": {"time": moment, "nearestApMac": ACCESS_POINT, "nearestApRssi": "-50"},
        }
        for mac in macs
    ]
    return {
        "version": "3.0",
        "secret": SECRET,
        "type": "WiFi",
        "data": {"networkId": "N_1", "observations": seen},
    }


def plain(macs: list[str], at: float) -> dict[str, Any]:
    frames = [{"time": at, "mac": mac.replace(":", "-").upper(), "rssi": -60} for mac in macs]
    return {"secret": SECRET, "sensor": ACCESS_POINT, "frames": frames}


def odd(macs: list[str], at: float) -> Iterator[tuple[bytes, dict[str, str]]]:
    """Yield bodies with addresses where none should be, and bodies that cannot be used."""
    good = json.dumps(meraki_2(macs, at)).encode()
    yield good[: len(good) // 2], {}
    yield good.replace(b'"observations"', b'"observ'), {}
    yield good + b"}", {}
    yield b"\xff\xfe" + good, {}
    yield gzip.compress(good), {"Content-Encoding": "gzip"}
    yield json.dumps(meraki_2(macs, at, secret=macs[0])).encode(), {}
    yield json.dumps(meraki_2(macs, at, version=macs[1])).encode(), {}
    yield json.dumps({macs[2]: macs[3], "secret": SECRET, "type": macs[4], "data": {macs[5]: macs[6]}}).encode(), {}
    yield json.dumps({"secret": SECRET, "sensor": macs[7], "frames": [{"mac": macs[8], "time": macs[9]}]}).encode(), {}
    yield json.dumps({"secret": SECRET, "sensor": macs[10], "frames": [{"mac": macs[11]}] * 50}).encode(), {}
    observations = [{"clientMac": [macs[12]], "ssid": macs[13], "seenEpoch": macs[14]}]
    yield json.dumps({"secret": SECRET, "type": "BLE", "data": {"observations": observations}}).encode(), {}
    yield json.dumps({"secret": SECRET, "type": "WiFi", "data": macs[15]}).encode(), {}
    yield json.dumps({"data": macs}).encode(), {}
    yield json.dumps(macs).encode(), {}
    yield f'"{macs[16]}"'.encode(), {}
    yield b"[" * 50_000 + macs[17].encode(), {}
    yield b"".join(f"{mac} ".encode() for mac in macs) * 2_000, {}


def cut(url: str, macs: list[str]) -> None:
    """Begin a body and go away."""
    host, port = re.fullmatch(r"http://(.+):(\d+)", url).groups()  # type: ignore[union-attr]
    body = json.dumps(meraki_2(macs, 0)).encode()
    with socket.create_connection((host, int(port))) as wire:
        head = f"POST /api/wifi/square HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        wire.sendall(head.encode() + body[: len(body) // 2])


def send_everything(living: Living, known: list[bytes]) -> int:
    """Send frames in every form and fault; returns how many different devices should be counted."""
    at = living.heard_at
    path = f"{living.url}/api/wifi/square"
    with httpx.Client(trust_env=False, timeout=60) as client:
        forms = (meraki_2, meraki_3, plain, meraki_3)
        for number, prefix in enumerate(known[:8]):
            answer = client.post(path, json=forms[number % 4](addresses(prefix), at))
            assert answer.status_code == 204, answer.text
        pieces = (piece.encode() for piece in json.JSONEncoder().iterencode(plain(addresses(known[0]), at)))
        assert client.post(path, content=pieces).status_code == 204
        refused: set[int] = set()
        for prefix in known[8:]:
            for content, headers in odd(addresses(prefix), at):
                answer = client.post(path, content=content, headers=headers)
                refused.add(answer.status_code)
                assert not any(needle in answer.content for needle in needles(prefix))
            cut(living.url, addresses(prefix))
            assert client.post(f"{living.url}/api/wifi/other", json=plain(addresses(prefix), at)).status_code == 404
            assert client.post(f"{path}/elsewhere", json=plain(addresses(prefix), at)).status_code == 404
            assert client.post(f"{path}/opt-out", json={"mac": addresses(prefix)[0]}).json() == {"kept": True}
            assert client.post(f"{path}/opt-out", json={"mac": addresses(prefix)[1:]}).status_code == 400
        assert refused == {204, 400, 401, 403, 413, 415}
    return PREFIXES * PER_PREFIX  # of the odd ones, those of an odd version are counted as well


def send_elsewhere(living: Living, prefix: bytes) -> None:
    """Send addresses where memory is not ours to clean, request line and headers: disk and log must not have them."""
    mac = addresses(prefix)[0]
    with httpx.Client(trust_env=False, headers={"X-Mac": mac, "User-Agent": mac}) as client:
        for path in (f"/api/wifi/{mac}", f"/api/wifi/square?mac={mac}", f"/api/wifi/{mac}/opt-out", f"/{mac}"):
            client.get(living.url + path)
            client.post(living.url + path, content=b"{")


def end_the_interval(living: Living) -> None:
    """Set the counters' clock ahead, past all that waits for frames that come late."""
    new = living.ahead.with_suffix(".new")
    new.write_text(str(int(living.ahead.read_text()) + TWO_SLOTS_S))
    new.replace(living.ahead)


def told(living: Living, sensor: str = BUSY) -> dict[str, Any] | None:
    """Return the count of all devices, once the interval has been told."""
    latest = httpx.get(
        f"{living.url}/v1.1/Datastreams?$filter=properties/code eq '{sensor}/wifi-devices'&$expand=Observations",
        trust_env=False,
    ).json()["value"][0]["Observations"]
    return latest[0] if latest else None


def memory(pid: int) -> Iterator[tuple[str, bytes]]:
    """Yield what has ever been written of every writable region of a process, in overlapping blocks."""
    with Path(f"/proc/{pid}/mem").open("rb") as held:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, rights, *_ = line.split()
            if not rights.startswith("rw"):
                continue
            start, end = (int(edge, 16) for edge in span.split("-"))
            for at in range(start, end, BLOCK):
                try:
                    held.seek(at)
                    content = held.read(min(BLOCK + OVERLAP, end - at))
                except (OSError, OverflowError):
                    break
                if content.count(0) < len(content):
                    yield line, content


@pytest.mark.slow
def test_no_address_is_left_on_disk_in_the_log_or_in_memory(living: Living) -> None:
    known = prefixes()
    validator = httpx.get(f"{living.url}/api/wifi/square", trust_env=False)
    assert validator.text == "the-validator"
    expected = send_everything(living, known)
    [elsewhere, *_] = prefixes()
    send_elsewhere(living, elsewhere)
    few = plain(addresses(known[0])[:FEW], living.heard_at) | {"sensor": QUIET}
    assert httpx.post(f"{living.url}/api/wifi/square", json=few, trust_env=False).status_code == 204
    assert told(living) is None, "nothing is told before the interval is over"
    end_the_interval(living)
    deadline = time.monotonic() + PATIENCE_S
    while (count := told(living)) is None:
        assert time.monotonic() < deadline, living.log.read_text()
        time.sleep(0.5)
    assert count["result"] == pytest.approx(expected, rel=0.05)
    hidden = told(living, QUIET)
    assert hidden is not None
    assert (hidden.get("result"), hidden["parameters"]) == (None, {"fewerThan": 10})
    assert count["parameters"]["lower"] <= count["result"] <= count["parameters"]["upper"]

    pattern = re.compile(b"|".join(re.escape(needle) for prefix in known for needle in needles(prefix)))
    control_pattern = re.compile(re.escape(SECRET.encode()))
    found, control_found = [], 0
    for region, content in memory(living.process.pid):
        hits = pattern.finditer(content)
        found += [f"{region}: {content[max(0, hit.start() - 40) : hit.end() + 20]!r}" for hit in hits]
        control_found += len(control_pattern.findall(content))
    assert control_found, "the search of the memory finds nothing at all"
    assert found[:5] == []

    pattern = re.compile(b"|".join(re.escape(needle) for prefix in (*known, elsewhere) for needle in needles(prefix)))
    files = [file for file in living.data.rglob("*") if file.is_file()]
    assert any(file.name.endswith(".duckdb") for file in files)
    for file in (*files, living.log):
        assert not pattern.search(file.read_bytes()), file
    living.process.terminate()
    living.process.wait(PATIENCE_S)
    for file in [*living.data.rglob("*"), living.log]:
        assert not file.is_file() or not pattern.search(file.read_bytes()), file
    with duckdb.connect(str(living.data / "placette.duckdb"), read_only=True) as store:
        letters = store.execute("SELECT count(*) FROM dead_letter").fetchone()
    assert letters == (0,)
