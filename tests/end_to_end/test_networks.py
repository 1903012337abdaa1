"""Every network into a real city: through a real Mosquitto or over HTTP, to the observations of ``/v1.1``."""

from __future__ import annotations

import base64
import gzip
import json
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from chirpstack_api.integration import integration_pb2 as messages
from google.protobuf import json_format
from tests.connect.conftest import Mosquitto
from tests.connect.test_talq import GATEWAY, NIL, lamp, level
from tests.end_to_end.served import PATIENCE_S, free_port, observations, origin, served, wait_until, write_city
from tests.harmonise.networks.test_lorawan import chirpstack, things

from placette.connect.talq.registry import Registry

pytestmark = pytest.mark.broker

EUI = "24E124136B502217"
NORMAL = "24E124136B502299"
URN = "urn:ngsi-ld:AirQualityObserved:centre-1"
MODELS = """
[climate]
kind = "air"
names = { fr = "Climat", en = "Climate" }
every_s = 600
quantities = [
  { property = "temperature", minimum = -30, maximum = 60, absent = 0 },
  { property = "humidity", minimum = 0, maximum = 100 },
]

[normal-climate]
kind = "air"
names = { fr = "Climat normalisé", en = "Normalised climate" }
every_s = 600
quantities = [{ property = "temperature", field = "air.temperature", minimum = -30, maximum = 60 }]

[no2-station]
kind = "air"
names = { fr = "Station", en = "Station" }
every_s = 600
quantities = [{ property = "no2", field = "NO2", minimum = 0, maximum = 1000 }]

[dust-logger]
kind = "air"
names = { fr = "Poussières", en = "Dust" }
every_s = 600
quantities = [{ property = "pm10", field = "dust.pm10", sent_unit = "mg/m3", minimum = 0, maximum = 1000 }]

[gate]
kind = "counter"
names = { fr = "Portique", en = "Gate" }
every_s = 600
quantities = [{ property = "pedestrians", field = "in", minimum = 0, maximum = 1000 }]

[lamp]
kind = "light"
names = { fr = "Lampe", en = "Lamp" }
every_s = 600
quantities = [
  { property = "dimming", minimum = 0, maximum = 100 },
  { property = "power", minimum = 0, maximum = 500 },
]
"""
NETWORKS = """
[lora]
kind = "mqtt"
format = "chirpstack"
names = {{ fr = "ChirpStack", en = "ChirpStack" }}
host = "127.0.0.1"
port = {port}

[ttn]
kind = "mqtt"
format = "the_things_stack"
topics = ["v3/places@ttn/devices/+/up"]
names = {{ fr = "TTN", en = "TTN" }}
host = "127.0.0.1"
port = {port}

[ttn-normal]
kind = "mqtt"
format = "the_things_stack"
topics = ["v3/normal@ttn/devices/+/up", "v3/normal@ttn/devices/+/up/normalized"]
options = {{ normalized = true }}
names = {{ fr = "TTN, normalisé", en = "TTN, normalised" }}
host = "127.0.0.1"
port = {port}

[ttn-normal-http]
kind = "http"
format = "the_things_stack"
options = {{ normalized = true }}
names = {{ fr = "TTN, normalisé", en = "TTN, normalised" }}

[gates]
kind = "mqtt"
format = "json"
topics = ["gates/{{device}}/count"]
options = {{ time = "at", time_unit = "s", values = "d" }}
names = {{ fr = "Portiques", en = "Gates" }}
host = "127.0.0.1"
port = {port}

[lora-http]
kind = "http"
format = "chirpstack"
names = {{ fr = "ChirpStack", en = "ChirpStack" }}

[ttn-http]
kind = "http"
format = "the_things_stack"
names = {{ fr = "TTN", en = "TTN" }}

[loggers]
kind = "http"
format = "influx"
options = {{ device = "unit", nested = true }}
names = {{ fr = "Enregistreurs", en = "Loggers" }}

[street]
kind = "http"
names = {{ fr = "Rue", en = "Street" }}

[lights]
kind = "http"
format = "talq"
names = {{ fr = "Éclairage", en = "Lighting" }}

[broker]
kind = "http"
format = "ngsi"
names = {{ fr = "Orion", en = "Orion" }}
"""


def addresses() -> tuple[str, str]:
    """Return the addresses that a gateway and its lamp 17 are given, in every run."""
    registry = Registry("lights", Path("not there"))
    gateway = registry.add(NIL, GATEWAY)["address"]
    return gateway, registry.add(gateway, lamp("17"))["address"]


DEVICES = f"""id,model,place,longitude,latitude,network,network_id
V-CLI-01,climate,centre,0,0,lora,{EUI}
V-NOR-01,normal-climate,centre,0,0,ttn-normal,{NORMAL}
V-NO2-01,no2-station,centre,0,0,broker,{URN}
V-DUS-01,dust-logger,centre,0,0,loggers,"mast,7"
V-GAT-01,gate,centre,0,0,gates,north
V-LGT-01,lamp,centre,0,0,lights,{addresses()[1]}
"""


class Living(NamedTuple):
    """A running city, and the broker its networks are on."""

    url: str
    client: httpx.Client
    broker: Mosquitto

    def observed(self, code: str, property_: str) -> list[tuple[str, Any]]:
        """Return time and result of each observation of a device's property, oldest first."""
        found = observations(self.client, f"{code}/{property_}")
        return [(each["phenomenonTime"], each["result"]) for each in found]

    def letters(self, network: str) -> list[str]:
        """Return the reasons of what could not be used of a network."""
        return [each["what"] for each in self.client.get("/api/dead-letters", params={"network": network}).json()]


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    """A city with eleven networks, all of them connected."""
    folder = tmp_path_factory.mktemp("networks")
    broker = Mosquitto(folder, free_port())
    broker.start()
    write_city(folder / "city", models=MODELS, networks=NETWORKS.format(port=broker.port), things=DEVICES)
    with served(folder / "city", folder / "data") as city:
        wait_until(city.connected, (folder / "log").read_text)
        yield Living(str(city.client.base_url), city.client, broker)
    broker.stop()


def publish(living: Living, folder: Path, topic: str, payload: bytes | dict[str, Any]) -> None:
    file = folder / "message"
    file.write_bytes(payload if isinstance(payload, bytes) else json.dumps(payload).encode())
    command = ["mosquitto_pub", "-p", str(living.broker.port), "-q", "1", "-t", topic, "-f", str(file)]
    subprocess.run(command, check=True, timeout=PATIENCE_S)


def post(living: Living, path: str, payload: Any, **headers: str) -> httpx.Response:
    content = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return living.client.post(f"/api/networks/{path}", content=content, headers=headers)


def frame(make: Callable[..., dict[str, Any]], minute: int, **values: Any) -> dict[str, Any]:
    """Return a frame of a device that sends every minute, as either network server writes it."""
    at = f"2026-07-01T10:{minute:02}:00.123456789Z"
    data = base64.b64encode(bytes([minute, 1])).decode()
    if make is chirpstack:
        heard = [{"gatewayId": "0016c001f153a14c", "gwTime": at, "rssi": -97, "snr": 3.5}]
        return chirpstack(fCnt=minute, time=at, data=data, object=values, rxInfo=heard)
    heard = [{"gateway_ids": {"eui": "0016C001F153A14C"}, "time": at, "rssi": -97, "snr": 3.5}]
    decoded = {name: value for name, value in values.items() if value}
    return things(f_cnt=minute or None, frm_payload=data, decoded_payload=decoded, rx_metadata=heard)


def test_a_frame_is_one_observation_whichever_way_it_comes(living: Living, tmp_path: Path) -> None:
    up, ttn = f"application/17/device/{EUI.lower()}/event/up", "v3/places@ttn/devices/rotonde-3/up"
    values = {"temperature": 0, "humidity": 50.5}
    publish(living, tmp_path, up, frame(chirpstack, 0, **values))
    publish(living, tmp_path, ttn, frame(things, 0, **values))
    packed = json_format.ParseDict(frame(chirpstack, 1, temperature=21.5, humidity=51), messages.UplinkEvent())
    publish(living, tmp_path, up, packed.SerializeToString())
    publish(living, tmp_path, ttn, frame(things, 2, **values))
    publish(living, tmp_path, f"application/17/device/{EUI.lower()}/event/txack", {"downlinkId": 1})
    wait_until(lambda: len(living.observed("V-CLI-01", "temperature")) == 3, lambda: living.letters("ttn"))
    for path, sent in (("lora-http?event=up", chirpstack), ("ttn-http", things)):
        again = post(living, path, frame(sent, 2, **values))
        assert (again.status_code, again.json()["repeated"], again.json()["reasons"]) == (200, 1, [])
    new = post(living, "lora-http?event=up", packed.SerializeToString(), **{"Content-Type": "application/octet-stream"})
    assert new.json()["repeated"] == 1
    assert post(living, "lora-http?event=up", frame(chirpstack, 3, temperature=22, humidity=1)).json()["stored"] == 2
    assert living.observed("V-CLI-01", "temperature") == [
        ("2026-07-01T10:00:00.123456Z", 0),
        ("2026-07-01T10:01:00.123456Z", 21.5),
        ("2026-07-01T10:02:00.123456Z", 0),
        ("2026-07-01T10:03:00.123456Z", 22),
    ]
    assert living.letters("lora") == living.letters("ttn") == []


def normal(minute: int, *measurements: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what The Things Stack sends of one frame: the uplink, and each of its normalised measurements."""
    made = frame(things, minute, temperature=1)
    made["end_device_ids"] |= {"device_id": "normal-1", "dev_eui": NORMAL}
    message = made.pop("uplink_message") | ({"normalized_payload": [*measurements]} if measurements else {})
    copies = [{"uplink_normalized": message | {"normalized_payload": each}} for each in measurements]
    return [made | each for each in ({"uplink_message": message}, *copies)]


def test_normalised_measurements_are_read_and_never_doubled_with_their_uplink(living: Living, tmp_path: Path) -> None:
    topic = "v3/normal@ttn/devices/normal-1/up"
    times = ["2026-07-01T10:00:00Z", "2026-07-01T10:10:00Z"]
    readings = [{"time": at, "air": {"temperature": 20.5 + place}} for place, at in enumerate(times)]
    whole, *copies = normal(11, *readings)
    publish(living, tmp_path, topic, whole)
    for copy in copies:
        publish(living, tmp_path, f"{topic}/normalized", copy)
    wait_until(lambda: len(living.observed("V-NOR-01", "temperature")) == 2, lambda: living.letters("ttn-normal"))
    assert living.observed("V-NOR-01", "temperature") == list(zip(times, (20.5, 21.5), strict=True))
    passed = post(living, "ttn-normal-http", whole).json()
    assert (passed["stored"], passed["repeated"], passed["dead"]) == (0, 0, 0)
    assert post(living, "ttn-normal-http", copies[0]).json()["repeated"] == 1
    assert living.letters("ttn-normal") == []
    [alone] = normal(12)
    odd = normal(13, {"soil": {"moisture": 40}})[1]
    for unusable in (alone, odd):
        assert post(living, "ttn-normal-http", unusable).json()["dead"] == 1
    assert len(living.letters("ttn-normal-http")) == 2
    assert len(living.observed("V-NOR-01", "temperature")) == 2


def test_plain_json_over_a_broker_becomes_observations(living: Living, tmp_path: Path) -> None:
    publish(living, tmp_path, "gates/north/count", {"at": 1782907200, "d": {"in": 12, "out": 9}})
    wait_until(lambda: living.observed("V-GAT-01", "pedestrians"), lambda: living.letters("gates"))
    assert living.observed("V-GAT-01", "pedestrians")[0] == ("2026-07-01T12:00:00Z", 12)


def test_a_frame_of_ours_may_be_posted(living: Living) -> None:
    frame_ = {"time": "2026-07-01T13:00:00Z", "values": {"pedestrians": 4}}
    assert post(living, "street?device=V-GAT-01", frame_).json()["stored"] == 1
    assert ("2026-07-01T13:00:00Z", 4) in living.observed("V-GAT-01", "pedestrians")


def test_line_protocol_becomes_observations(living: Living) -> None:
    lines = b"dust,unit=mast\\,7 pm10=0.0175 1782907200\ndust,unit=mast\\,7 pm10=0.02,pm1=1 1782907260\n"
    token = living.client.headers["Authorization"].removeprefix("Bearer ")
    written = post(
        living,
        "loggers/api/v2/write?org=o&bucket=b&precision=s",
        gzip.compress(lines),
        **{"Content-Encoding": "gzip", "Authorization": f"Token {token}"},
    )
    assert written.status_code == 204
    assert living.observed("V-DUS-01", "pm10") == [("2026-07-01T12:00:00Z", 17.5), ("2026-07-01T12:01:00Z", 20)]
    bad = post(living, "loggers/write?precision=s", b"dust,unit=mast\\,7 pm10=0.03 1782907320\ndust pm10=1\n")
    assert bad.status_code == 204
    assert living.observed("V-DUS-01", "pm10")[2:] == [("2026-07-01T12:02:00Z", 30)]
    assert living.letters("loggers")[0].startswith("the line has no tag 'unit' (line 2)")


def test_notifications_of_a_context_broker_become_observations(living: Living) -> None:
    entity = {"id": URN, "type": "AirQualityObserved"}
    linked = {"NO2": {"type": "Property", "value": 22.5, "unitCode": "GQ", "observedAt": "2026-07-01T12:00:00Z"}}
    second = {"NO2": {"type": "Number", "value": 0.023, "metadata": {"unitCode": {"type": "Text", "value": "GP"}}}}
    at = {"TimeInstant": {"type": "DateTime", "value": "2026-07-01T12:10:00.00Z"}}
    notification = {"id": "urn:n:1", "type": "Notification", "subscriptionId": "urn:s:1"}
    assert post(living, "broker", {**notification, "data": [{**entity, **linked}]}).json()["stored"] == 1
    assert post(living, "broker", {"subscriptionId": "5f", "data": [{**entity, **second, **at}]}).json()["stored"] == 1
    assert living.observed("V-NO2-01", "no2") == [
        ("2026-07-01T12:00:00Z", 22.5),
        ("2026-07-01T12:10:00Z", pytest.approx(23)),
    ]


def test_a_talq_gateway_begins_and_its_lamps_become_observations(living: Living) -> None:
    gateway, light = addresses()

    def call(method: str, path: str, body: Any, client: str = gateway) -> httpx.Response:
        asked = {"clientAddress": client, "talqRequestId": str(uuid.uuid4())}
        headers = {"talq-api-version": "2.7.1"}
        return living.client.request(method, f"/talq/lights{path}", json=body, params=asked, headers=headers)

    assert call("POST", "/devices", [GATEWAY], NIL).json()[0]["address"] == gateway
    assert call("POST", "/device-classes", [{"name": "Lamp"}]).status_code == 201
    assert call("POST", "/devices", [lamp("17")]).json()[0]["address"] == light
    assert call("PATCH", f"/devices/{light}", {"functions": [level(80)]}).status_code == 200
    measured = {"type": "AttributeFloat", "value": 0.042, "timestamp": "2026-07-01T12:15:00Z"}
    data = {"type": "AttributeLogData", "srcAddress": f"{light}/meter-01", "attributeName": "totalPower"}
    entry = {"data": data | {"attributeValue": measured}}
    unasked = {"data": {"type": "EventLogData", "srcAddress": light, "eventType": "lampFailure", "startEndFlag": True}}
    assert call("POST", "/log-reports", {"address": "5f3c", "entries": [entry, unasked]}).status_code == 201
    assert living.observed("V-LGT-01", "dimming") == [("2026-07-01T12:00:00Z", 80)]
    assert living.observed("V-LGT-01", "power") == [("2026-07-01T12:15:00Z", 42)]
    came = origin(living.client, observations(living.client, "V-LGT-01/power")[0])
    assert (came["network"], came["device"], came["clock"], came["mapping"]) == ("lights", light, "device", "lamp")
    assert came["channel"].startswith("/talq/lights/log-reports")
    assert came["bytes_kept"]
    assert living.letters("lights") == []


def test_what_cannot_be_used_is_kept_and_says_why(living: Living) -> None:
    stranger = {"id": "urn:ngsi-ld:Other:1", "type": "Other", "NO2": 3}
    answer = post(living, "broker", {"subscriptionId": "5f", "data": [stranger]})
    assert (answer.status_code, answer.json()["dead"]) == (200, 1)
    assert "no device of the city is called" in answer.json()["reasons"][0]
    assert living.letters("broker") == answer.json()["reasons"]


def test_a_neighbour_s_devices_are_one_line_of_the_health_page(living: Living) -> None:
    for number in range(5):
        eui = f"70B3D5499000000{number}"
        post(living, "ttn-http", {"end_device_ids": {"dev_eui": eui}, "uplink_message": {"f_port": 1}})
    reasons = living.client.get("/api/health").json()["dead_letter_reasons"]
    assert [each for each in reasons if each["count"] == 5] == [
        {"what": "no device of the city is called '…' by its network", "count": 5}
    ]
