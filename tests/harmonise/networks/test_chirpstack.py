from __future__ import annotations

from typing import Any

import pytest
from chirpstack_api.integration import integration_pb2 as messages
from google.protobuf import json_format
from tests.harmonise.networks.test_lorawan import UP, chirpstack

from placette.model.errors import BadInput, PlacetteError, Unprocessable

DEVICE = {"deviceInfo": {"devEui": "24e124136b502217"}, "deduplicationId": "d-1", "time": "2026-07-01T10:00:00Z"}


def topic(event: str) -> str:
    return f"application/17/device/24e124136b502217/event/{event}"


@pytest.mark.parametrize("changes", [{}, {"fCnt": 0}, {"object": None}, {"rxInfo": None, "txInfo": None}])
def test_protobuf_and_json_are_the_same_uplink(reading: Any, changes: dict[str, Any]) -> None:
    event = chirpstack(**changes)
    packed = json_format.ParseDict(event, messages.UplinkEvent()).SerializeToString()
    assert reading("chirpstack", packed, channel=UP) == reading("chirpstack", event, channel=UP)


def test_the_event_stands_in_the_address_when_it_comes_over_http(reading: Any) -> None:
    [uplink] = reading("chirpstack", chirpstack(), channel="/api/networks/lora?event=up")
    assert uplink.event == "up"


EVENTS = {
    "join": ({"devAddr": "00189440"}, {"event": "join", "session": "00189440"}),
    "status": ({"margin": 10, "batteryLevel": 75.5}, {"event": "status", "battery_percent": 75.5}),
    "location": ({"location": {"latitude": 43.5, "longitude": 5.4}}, {"fields": {"latitude": 43.5, "longitude": 5.4}}),
    "log": ({"level": "ERROR", "code": "OTAA", "description": "DevNonce"}, {"event": "log"}),
    "ack": ({"acknowledged": True, "fCntDown": 3}, {"event": "other"}),
}


@pytest.mark.parametrize("kind", EVENTS)
def test_other_events_say_what_they_are(reading: Any, kind: str) -> None:
    more, expected = EVENTS[kind]
    [uplink] = reading("chirpstack", DEVICE | more, channel=topic(kind))
    assert uplink.device == "24E124136B502217"
    assert {name: getattr(uplink, name) for name in expected} == expected


@pytest.mark.parametrize("more", [{"externalPowerSource": True}, {"batteryLevelUnavailable": True}])
def test_a_device_without_battery_has_no_battery_level(reading: Any, more: dict[str, Any]) -> None:
    [uplink] = reading("chirpstack", DEVICE | more, channel=topic("status"))
    assert uplink.battery_percent is None


def test_what_a_gateway_sent_is_passed_over(reading: Any) -> None:
    assert reading("chirpstack", DEVICE | {"gatewayId": "0016c001f153a14c"}, channel=topic("txack")) == []


def test_a_device_is_found_in_the_topic_when_the_event_lacks_it(reading: Any) -> None:
    [uplink] = reading("chirpstack", chirpstack(deviceInfo=None), channel=UP)
    assert uplink.device == "24E124136B502217"


REFUSED = {
    "version 3": ({"applicationID": "17", "devEUI": "JOEkE2tQIhc="}, UP, Unprocessable),
    "an unknown event": (DEVICE, topic("dance"), Unprocessable),
    "no event at all": (DEVICE, "/api/networks/lora", BadInput),
    "no device": ({"fCnt": 1}, "/api/networks/lora?event=up", BadInput),
    "a payload that is no base64": (chirpstack(data="§§"), UP, BadInput),
    "neither JSON nor protobuf": (b"\xff\xff\xff\xff", UP, BadInput),
    "JSON cut short": (b'{"devAddr": "00', UP, BadInput),
    "a wrong type": (chirpstack(fCnt="many"), UP, BadInput),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_used_is_refused_with_its_reason(
    reading: Any, case: tuple[Any, str, type[PlacetteError]]
) -> None:
    payload, channel, error = case
    with pytest.raises(error) as caught:
        reading("chirpstack", payload, channel=channel)
    assert caught.value.what
