"""A TALQ gateway begins, announces what it has and reports what it measures, through a real server."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from placette.connect.talq import TalqRoutes
from placette.model.arrivals import Arrival
from placette.model.errors import Busy
from placette.model.networks import Taken

NIL = "00000000-0000-0000-0000-000000000000"
NOON = "2026-07-01T12:00:00Z"
GATEWAY = {
    "address": NIL,
    "name": "gateway-1",
    "class": "GatewayClass",
    "functions": [
        {
            "id": "gateway-01",
            "type": "GatewayFunction",
            "gatewayUri": {"type": "AttributeUri", "value": "https://gateway.example/talq"},
            "vendor": {"type": "AttributeString", "value": "Lumières"},
        }
    ],
}
LAMP_CLASS = {
    "name": "Lamp",
    "functions": [
        {"functionId": "lamp-01", "type": "LampActuatorFunction", "attributes": [{"name": "actualLightState"}]},
        {"functionId": "basic", "type": "BasicFunction", "attributes": [{"name": "assetId"}]},
    ],
}


def lamp(name: str, **more: Any) -> dict[str, Any]:
    functions = [
        {"id": "basic", "type": "BasicFunction", "assetId": {"type": "AttributeString", "value": f"EP-{name}"}},
        {"id": "lamp-01", "type": "LampActuatorFunction"},
    ]
    return {"address": NIL, "name": name, "class": "Lamp", "functions": functions} | more


def level(percent: int) -> dict[str, Any]:
    state = {"type": "AttributeLevelState", "value": {"type": "LevelState", "level": percent}, "timestamp": NOON}
    return {"id": "lamp-01", "type": "LampActuatorFunction", "actualLightState": state}


class Taking:
    """Takes arrivals, or raises what it is told to."""

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        self.error: Exception | None = None

    async def __call__(self, arrivals: Sequence[Arrival]) -> Taken:
        if self.error is not None:
            raise self.error
        self.arrivals += arrivals
        return Taken(stored=1)


class Gateway:
    """A gateway as the protocol wants it: version, sender and request ids on every call."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.address = NIL
        self.version = "2.7.1"

    async def call(self, method: str, path: str, body: Any = None, **parameters: Any) -> httpx.Response:
        asked = {"clientAddress": self.address, "talqRequestId": str(uuid.uuid4())} | parameters
        given = {key: value for key, value in asked.items() if value is not None}
        headers = {"talq-api-version": self.version} if self.version else {}
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        return await self.client.request(method, f"/talq/lights{path}", content=content, params=given, headers=headers)

    async def begin(self) -> None:
        """Announce itself, and take the address that it is given."""
        answer = await self.call("POST", "/devices", [GATEWAY])
        assert answer.status_code == 201, answer.text
        self.address = answer.json()[0]["address"]


@pytest.fixture
def taking() -> Taking:
    return Taking()


@pytest.fixture
async def client(taking: Taking, tmp_path: Path, asking: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a running server."""
    async with asking(TalqRoutes(["lights"], taking, tmp_path / "talq", limit=100_000).routes()) as made:
        yield made


@pytest.fixture
async def gateway(client: httpx.AsyncClient) -> Gateway:
    """A gateway that has begun."""
    made = Gateway(client)
    await made.begin()
    return made


async def test_a_gateway_is_given_its_address_and_ours(client: httpx.AsyncClient) -> None:
    gateway = Gateway(client)
    answer = await gateway.call("POST", "/devices", [GATEWAY])
    assert answer.status_code == 201
    [kept] = answer.json()
    [function] = kept["functions"]
    assert function["gatewayAddress"]["value"] == kept["address"] != NIL
    assert uuid.UUID(function["cmsAddress"]["value"]).int
    assert function["vendor"] == GATEWAY["functions"][0]["vendor"]


async def test_the_whole_beginning_goes_through(gateway: Gateway) -> None:
    assert (await gateway.call("POST", "/device-classes", [{"name": "GatewayClass"}])).status_code == 201
    uri = {"id": "gateway-01", "type": "GatewayFunction", "gatewayUri": {"type": "AttributeUri", "value": "https://g2"}}
    assert (await gateway.call("PATCH", f"/devices/{gateway.address}", {"functions": [uri]})).status_code == 200
    services = [{"name": "DataCollectService"}, {"name": "ControlService"}]
    assert (await gateway.call("POST", "/services", services)).json() == services
    assert (await gateway.call("POST", "/device-classes", [LAMP_CLASS])).status_code == 201
    assert (await gateway.call("POST", "/device-classes", [])).status_code == 201
    answer = await gateway.call("POST", "/devices", [lamp("17"), lamp("18")])
    addresses = [each["address"] for each in answer.json()]
    assert len(set(addresses)) == 2
    assert [
        each["address"] for each in (await gateway.call("GET", "/devices", deviceClasses="Lamp")).json()
    ] == addresses
    known = (await gateway.call("GET", f"/devices/{gateway.address}/gateway-01/gatewayUri")).json()
    assert known["value"] == "https://g2"
    assert (await gateway.call("GET", "/groups")).json() == []


async def test_a_log_report_is_handed_over_as_it_came(gateway: Gateway, taking: Taking) -> None:
    report = b'{"address": "5f3c", "entries": []}'
    assert (await gateway.call("POST", "/log-reports", report)).status_code == 201
    [arrival] = taking.arrivals
    assert (arrival.network, arrival.channel, arrival.payload) == ("lights", "/talq/lights/log-reports", report)


async def test_readings_in_device_updates_are_handed_over_and_announcements_are_not(
    gateway: Gateway, taking: Taking
) -> None:
    [kept] = (await gateway.call("POST", "/devices", [lamp("17")])).json()
    assert taking.arrivals == []
    answer = await gateway.call("PATCH", f"/devices/{kept['address']}", {"functions": [level(80)]})
    assert answer.status_code == 200
    [sent] = msgspec.json.decode(taking.arrivals[0].payload)
    assert (sent["address"], sent["functions"]) == (kept["address"], [level(80)])
    function = (await gateway.call("GET", f"/devices/{kept['address']}/lamp-01")).json()
    assert function["actualLightState"]["value"]["level"] == 80


async def test_a_gateway_that_begins_anew_finds_its_devices(
    gateway: Gateway, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    [kept] = (await gateway.call("POST", "/devices", [lamp("17")])).json()
    again = Gateway(client)
    await again.begin()
    assert again.address == gateway.address
    [found] = (await again.call("POST", "/devices", [lamp("17")])).json()
    assert found["address"] == kept["address"]
    restarted = TalqRoutes(["lights"], Taking(), tmp_path / "talq")._networks["lights"].registry
    assert restarted.is_gateway(gateway.address)
    assert restarted.device(kept["address"])["functions"] == kept["functions"]


async def test_put_replaces_functions_and_patch_adds_them(gateway: Gateway) -> None:
    [kept] = (await gateway.call("POST", "/devices", [lamp("17")])).json()
    more = {"id": "meter-01", "type": "ElectricalMeterFunction"}
    await gateway.call("PATCH", "/devices", [{"address": kept["address"], "functions": [more]}])
    path = f"/devices/{kept['address']}"
    ids = [each["id"] for each in (await gateway.call("GET", path)).json()["functions"]]
    assert ids == ["basic", "lamp-01", "meter-01"]
    await gateway.call("PUT", path, kept | {"functions": [more]})
    assert [each["id"] for each in (await gateway.call("GET", path)).json()["functions"]] == ["meter-01"]


async def test_a_gateway_that_goes_takes_its_devices_with_it(gateway: Gateway) -> None:
    [kept] = (await gateway.call("POST", "/devices", [lamp("17")])).json()
    assert (await gateway.call("DELETE", f"/devices/{gateway.address}")).status_code == 200
    assert (await gateway.call("GET", f"/devices/{kept['address']}")).status_code == 403


async def test_pages_of_devices_say_where_they_are(gateway: Gateway) -> None:
    await gateway.call("POST", "/devices", [lamp(str(number)) for number in range(5)])
    answer = await gateway.call("GET", "/devices", offset="2", limit="3")
    assert [each["name"] for each in answer.json()] == ["1", "2", "3"]
    assert answer.headers["pagination-totalCount"] == "6"


REFUSED: dict[str, tuple[str, str, Any, dict[str, Any], int, str]] = {
    "no sender": ("GET", "/devices", None, {"clientAddress": None}, 400, "parameterMissing"),
    "a sender that is no UUID": ("GET", "/devices", None, {"clientAddress": "x"}, 400, "parameterValueNotValid"),
    "no request id": ("POST", "/services", [], {"talqRequestId": None}, 400, "parameterMissing"),
    "a stranger": ("GET", "/devices", None, {"clientAddress": str(uuid.uuid4())}, 403, "genericError"),
    "no JSON": ("POST", "/devices", b"<", {}, 400, "payloadError"),
    "no array": ("POST", "/devices", {}, {}, 400, "payloadError"),
    "no name": ("POST", "/devices", [{"class": "Lamp"}], {}, 400, "payloadError"),
    "functions that are none": ("POST", "/devices", [lamp("1", functions=[3])], {}, 400, "payloadError"),
    "an address of its own": ("POST", "/devices", [lamp("1", address=str(uuid.uuid4()))], {}, 400, "payloadError"),
    "two of one name": ("POST", "/devices", [lamp("1"), lamp("1")], {}, 409, "resourceConflict"),
    "a lamp without gateway": ("POST", "/devices", [lamp("1")], {"clientAddress": NIL}, 400, "payloadError"),
    "an unknown device": ("PATCH", f"/devices/{uuid.uuid4()}", {"functions": []}, {}, 404, "resourceNotFound"),
    "an unknown class": ("PUT", "/device-classes/Nix", {"name": "Nix"}, {}, 404, "resourceNotFound"),
    "a logger": ("GET", f"/logger-configs/{uuid.uuid4()}", None, {}, 404, "resourceNotFound"),
    "a group": ("GET", f"/groups/{uuid.uuid4()}", None, {}, 404, "resourceNotFound"),
    "a wrong page": ("GET", "/devices", None, {"offset": "-1"}, 400, "parameterValueNotValid"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
async def test_what_the_protocol_does_not_allow_is_refused_in_its_words(
    gateway: Gateway, case: tuple[str, str, Any, dict[str, Any], int, str]
) -> None:
    method, path, body, parameters, status, key = case
    answer = await gateway.call(method, path, body, **parameters)
    assert (answer.status_code, [each["key"] for each in answer.json()]) == (status, [key])


@pytest.mark.parametrize(("version", "key"), [("", "headerMissing"), ("3.0.0", "headerValueNotValid")])
async def test_the_version_must_be_one_of_ours(gateway: Gateway, version: str, key: str) -> None:
    gateway.version = version
    assert (await gateway.call("GET", "/devices")).json()[0]["key"] == key


async def test_an_older_gateway_sends_no_request_ids(gateway: Gateway) -> None:
    gateway.version = "2.4.1"
    assert (await gateway.call("POST", "/services", [], talqRequestId=None)).status_code == 201


async def test_a_report_that_is_not_durable_is_to_be_sent_again(gateway: Gateway, taking: Taking) -> None:
    taking.error = Busy("the queue is full")
    assert (await gateway.call("POST", "/log-reports", b"{}")).status_code == 503


async def test_strangers_and_unknown_networks_are_refused(gateway: Gateway, client: httpx.AsyncClient) -> None:
    assert (await client.get("/talq/nowhere/devices")).status_code == 404
    del client.headers["Authorization"]
    assert (await gateway.call("GET", "/devices")).status_code == 401
