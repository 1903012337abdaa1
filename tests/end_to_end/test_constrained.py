"""Constrained devices into a real city: CoAP, and our own hive on MicroPython by each of its three ways to send."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import pty
import socket
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import aiocoap
import cbor2
import httpx
import pytest
from tests.connect.conftest import Mosquitto
from tests.end_to_end.served import PATIENCE_S, free_port, observations, served, wait_until, write_city
from tests.examples.conftest import Board, micropython

pytestmark = pytest.mark.broker

TOKEN = "sesame-42"
EUI = "24E124136B502299"
MODELS = """
[hive]
kind = "air"
names = { fr = "Ruche", en = "Hive" }
every_s = 600
codec = "hive"
time_field = "time"
quantities = [
  { property = "temperature", minimum = -30, maximum = 60 },
  { property = "humidity", minimum = 0, maximum = 100 },
  { property = "pm10", minimum = 0, maximum = 1000 },
  { property = "no2", sent_unit = "[ppb]", minimum = 0, maximum = 1000 },
]

[climate]
kind = "air"
names = { fr = "Climat", en = "Climate" }
every_s = 600
quantities = [
  { property = "temperature", minimum = -30, maximum = 60 },
  { property = "humidity", minimum = 0, maximum = 100 },
]
"""
NETWORKS = """
[tiny]
kind = "coap"
names = {{ fr = "Petits", en = "Tiny" }}
host = "127.0.0.1"
port = {udp}
token_env = "PLACETTE_COAP_TOKEN"

[locked]
kind = "coap"
names = {{ fr = "Protégés", en = "Locked" }}
host = "127.0.0.1"
port = {locked}
options = {{ oscore = true }}

[hives]
kind = "mqtt"
format = "hive"
names = {{ fr = "Ruches", en = "Hives" }}
host = "127.0.0.1"
port = {tcp}

[lora]
kind = "mqtt"
format = "chirpstack"
names = {{ fr = "LoRaWAN", en = "LoRaWAN" }}
host = "127.0.0.1"
port = {tcp}
"""
DEVICES = f"""id,model,place,longitude,latitude,network,network_id
V-CLI-01,climate,centre,0,0,tiny,
V-CLI-02,climate,centre,0,0,tiny,0024befffe804ff1
V-CLI-03,climate,centre,0,0,locked,
V-HIV-01,hive,centre,0,0,tiny,hive-coap
V-HIV-02,hive,centre,0,0,hives,hive-mqtt
V-HIV-03,hive,centre,0,0,hives,hive-patient
V-HIV-04,hive,centre,0,0,lora,{EUI}
"""


class Living(NamedTuple):
    """A running city, its broker, the ports of its two CoAP doors and a device's key to the second."""

    client: httpx.Client
    broker: Mosquitto
    udp: int
    locked: int
    key: dict[str, str]

    def observed(self, code: str) -> list[Any]:
        """Return the results of a device's property, oldest first."""
        return [each["result"] for each in observations(self.client, code)]


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    """A city with a CoAP door and two networks on a broker."""
    folder = tmp_path_factory.mktemp("constrained")
    udp, locked = free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_DGRAM)
    broker = Mosquitto(folder, free_port())
    broker.start()
    networks = NETWORKS.format(tcp=broker.port, udp=udp, locked=locked)
    home, data = folder / "city", folder / "data"
    write_city(home, models=MODELS, networks=networks, things=DEVICES)
    made = [sys.executable, "-m", "placette", "coap", "key", "V-CLI-03", "--network", "locked", "--data", data]
    key = json.loads(subprocess.run(made, capture_output=True, check=True, timeout=PATIENCE_S).stdout)
    with served(home, data, {"PLACETTE_COAP_TOKEN": TOKEN}) as city:
        wait_until(city.connected, (folder / "log").read_text)
        yield Living(city.client, broker, udp, locked, key)
    broker.stop()


@pytest.fixture
def board(tmp_path: Path) -> Board:
    """A hive on MicroPython's Unix port."""
    return Board(tmp_path / "hive", micropython())


def post(living: Living, path: str, payload: bytes, content_format: int) -> str:
    """POST by aiocoap's own client and return the code and the words of the answer."""

    async def ask() -> str:
        context = await aiocoap.Context.create_client_context(transports=["udp6"])
        try:
            uri = f"coap://127.0.0.1:{living.udp}/{path}"
            message = aiocoap.Message(code=aiocoap.POST, uri=uri, payload=payload, content_format=content_format)
            response = await asyncio.wait_for(context.request(message).response, PATIENCE_S)
            return f"{response.code} {response.payload.decode()}"
        finally:
            await context.shutdown()

    return asyncio.run(ask())


def test_senml_in_json_cbor_and_text_is_stored_when_it_is_answered(living: Living) -> None:
    asked = f"?token={TOKEN}"
    pack = json.dumps([{"bn": "/3303/0/", "n": "5700", "bt": 1782907200, "v": 21.5}]).encode()
    assert post(living, f"s/V-CLI-01{asked}", pack, 110).startswith("2.04")
    binary = cbor2.dumps([{-2: "urn:dev:mac:0024befffe804ff1/", -3: 1782907200, 0: "humidity", 1: "/", 2: 0.4}])
    assert post(living, f"tiny/any{asked}", binary, 112).startswith("2.04")
    assert post(living, f"s/V-CLI-01/3303/0/5700{asked}&id=9", b"22.25", 0).startswith("2.04")
    assert post(living, f"s/V-CLI-01/3303/0/5700{asked}&id=9", b"22.25", 0).startswith("2.04")
    assert living.observed("V-CLI-01/temperature") == [21.5, 22.25]
    assert living.observed("V-CLI-02/humidity") == [40]


def test_a_devices_own_key_protects_what_it_sends(living: Living, tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text(json.dumps(living.key))

    async def ask(path: str) -> str:
        context = await aiocoap.Context.create_client_context(transports=["oscore", "udp6"])
        root = f"coap://127.0.0.1:{living.locked}/"
        context.client_credentials.load_from_dict({f"{root}*": {"oscore": {"basedir": f"{tmp_path}/"}}})
        try:
            message = aiocoap.Message(code=aiocoap.POST, uri=root + path, payload=b"19.5", content_format=0)
            response = await asyncio.wait_for(context.request(message).response, PATIENCE_S)
            return str(response.code)
        finally:
            await context.shutdown()

    assert asyncio.run(ask("s/V-CLI-03/3303/0/5700")).startswith("2.04")
    assert living.observed("V-CLI-03/temperature") == [19.5]


def test_many_records_come_in_blocks(living: Living) -> None:
    day = [{"n": "humidity", "u": "%RH", "t": 1782820800 + 60 * minute, "v": minute % 100} for minute in range(600)]
    pack = json.dumps([{"bn": "V-CLI-01/"}, *day]).encode()
    assert len(pack) > 20_000
    assert post(living, f"s/V-CLI-01?token={TOKEN}", pack, 110).startswith("2.04")
    assert (
        living.client.get(
            "/v1.1/Observations",
            params={"$filter": "Datastream/properties/code eq 'V-CLI-01/humidity'", "$count": "true", "$top": "0"},
        ).json()["@iot.count"]
        == 600
    )


@pytest.mark.parametrize(
    ("path", "payload", "said"),
    [
        ("s/V-CLI-01", b"[]", "4.01"),
        (f"s/V-CLI-01?token={TOKEN}", b'[{"n":"x_","v":1,"y_":2}]', "4.00"),
        (f"s/V-CLI-09?token={TOKEN}", b'[{"n":"temperature","v":1}]', "4.04"),
        (f"s/V-CLI-01?token={TOKEN}", b"[" + b" " * 70_000 + b"]", "4.13"),
    ],
)
def test_the_answer_says_what_is_wrong(living: Living, path: str, payload: bytes, said: str) -> None:
    assert post(living, path, payload, 110).startswith(said)


def test_a_hive_sends_over_coap(living: Living, board: Board) -> None:
    board.configure(device="hive-coap", send={"by": "coap", "host": "127.0.0.1", "port": living.udp, "token": TOKEN})
    assert board.rounds(1) == "0 frames wait\n"
    assert living.observed("V-HIV-01/temperature") == [21.5]
    assert living.observed("V-HIV-01/no2") == [pytest.approx(18.4 * 1.9127, abs=0.05)]  # ppb to ug/m3 at 293 K


def test_a_hive_sends_over_mqtt(living: Living, board: Board) -> None:
    board.configure(device="hive-mqtt", send={"by": "mqtt", "host": "127.0.0.1", "port": living.broker.port})
    assert board.rounds(1) == "0 frames wait\n"
    wait_until(lambda: living.observed("V-HIV-02/pm10") == [24.3])


def test_a_hive_keeps_what_it_cannot_send_and_sends_it_later(living: Living, board: Board) -> None:
    nobody = free_port()
    away = {"by": "mqtt", "host": "127.0.0.1", "port": nobody}
    board.configure(device="hive-patient", send=away, queue={"file": "queue.bin", "most": 2})
    for waiting in (1, 2, 2):
        assert board.rounds(1).endswith(f"{waiting} frames wait\n")
        second = int(time.time())  # a frame's time is in whole seconds: two of one second would be one observation
        wait_until(lambda second=second: int(time.time()) > second)
    board.configure(device="hive-patient", send=away | {"port": living.broker.port})
    assert board.rounds(1) == "0 frames wait\n"
    wait_until(lambda: len(living.observed("V-HIV-03/temperature")) == 3)


def test_a_frame_that_is_sent_again_is_one_observation(living: Living, board: Board) -> None:
    before = len(living.observed("V-HIV-01/temperature"))
    nobody = {"by": "coap", "host": "127.0.0.1", "port": free_port(socket.SOCK_DGRAM)}
    board.configure(device="hive-coap", send=nobody, queue={"file": "queue.bin", "most": 1})
    for _ in range(2):  # the second frame has a number that no other board of this name has used
        assert "1 frames wait" in board.run("main.py", "hive.json", "1").stdout
    kept = (board.folder / "queue.bin").read_bytes()
    board.configure(device="hive-coap", send={"by": "coap", "host": "127.0.0.1", "port": living.udp, "token": TOKEN})
    again = "from hive import cycle\ncycle.Hive(cycle.read_config('hive.json'))._send(lambda: None)\n"
    (board.folder / "again.py").write_text(again)
    for _ in range(2):
        (board.folder / "queue.bin").write_bytes(kept)
        assert board.run("again.py").returncode == 0
        assert (board.folder / "queue.bin").read_bytes() == b""
    assert len(living.observed("V-HIV-01/temperature")) == before + 1


class Modem(threading.Thread):
    """A LoRaWAN modem on a real terminal line: hands each frame to the network server's MQTT topic."""

    def __init__(self, living: Living) -> None:
        super().__init__(daemon=True)
        self._ours, theirs = pty.openpty()
        tty.setraw(theirs)
        self.device = os.ttyname(theirs)
        self._theirs = theirs
        self._broker = living.broker

    def run(self) -> None:
        line = b""
        while not line.endswith(b"\n"):
            line += os.read(self._ours, 256)
        _, _, sent = line.decode().strip().partition("=")
        port, _, payload = sent.partition(":")
        message = {
            "deviceInfo": {"devEui": EUI.lower()},
            "devAddr": "01d3257c",
            "fCnt": 1,
            "fPort": int(port),
            "data": base64.b64encode(bytes.fromhex(payload)).decode(),
        }
        self._broker.publish(f"application/1/device/{EUI.lower()}/event/up", json.dumps(message))
        os.write(self._ours, b"OK\r\n+EVT:SEND_CONFIRMED_OK\r\n")


def test_a_hive_sends_by_a_lorawan_modem(living: Living, board: Board) -> None:
    modem = Modem(living)
    modem.start()
    board.configure(device="hive-lora", send={"by": "lorawan", "file": modem.device})
    assert board.rounds(1) == "0 frames wait\n"
    modem.join(PATIENCE_S)
    wait_until(lambda: living.observed("V-HIV-04/humidity") == [40])
