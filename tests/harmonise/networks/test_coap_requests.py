"""What a CoAP request's path and content format say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placette.harmonise import hive
from placette.harmonise.networks import coap
from placette.harmonise.networks import hive as hive_topic
from placette.model import times
from placette.model.arrivals import Arrival
from placette.model.errors import PlacetteError
from placette.model.uplinks import Uplink

NOW = times.micros("2026-07-01T12:00:00Z")
PACKED = hive.encode(hive.Reading(session=3, counter=9, time=1782907200, temperature=21.5))


def read(channel: str, payload: bytes) -> list[Uplink]:
    return coap.read(Arrival(network="street", channel=channel, payload=payload, received_time=NOW))


@pytest.mark.parametrize(
    ("channel", "payload", "fields"),
    [
        ("s/A;ct=110", b'[{"n":"temperature","u":"Cel","v":21}]', {"temperature": 21.0}),
        ("s/A/3303/0;ct=110", b'[{"n":"5700","v":21}]', {"temperature": 21.0}),
        ("s/A;ct=112", bytes.fromhex("81a2006174020a"), {"t": 10.0}),
        ("s/A/3303/0/5700;ct=0", b"21.5", {"temperature": 21.5}),
        ("s/A/3435/0/5;ct=0", b"true", {"container_full": True}),
        ("s/A/3/0/0;ct=0", b"Maker", {"3_0_0": "Maker"}),
        ("s/A;ct=50", b'{"values":{"temperature":21.5,"door":"open"}}', {"temperature": 21.5, "door": "open"}),
    ],
)
def test_each_content_format_is_read(channel: str, payload: bytes, fields: dict[str, Any]) -> None:
    (uplink,) = read(channel, payload)
    assert (uplink.device, uplink.fields) == ("A", fields)


def test_a_frame_may_say_when() -> None:
    (uplink,) = read("s/A;ct=50", b'{"time":"2026-07-01T11:00:00Z","values":{"pm10":1}}')
    assert uplink.device_time == NOW - 3_600_000_000


@pytest.mark.parametrize("channel", ["s/A;ct=42", "s/A", "street/A;ct=42;id=4"])
def test_bytes_go_to_the_devices_codec(channel: str) -> None:
    (uplink,) = read(channel, b"\x02\x03")
    assert (uplink.device, uplink.payload, uplink.fields) == ("A", b"\x02\x03", None)


def test_a_hive_tells_its_time_and_its_repetitions() -> None:
    (by_coap,) = read("s/A;ct=42", PACKED)
    (by_mqtt,) = hive_topic.read(Arrival(network="m", channel="hive/A/up", payload=PACKED, received_time=NOW))
    assert by_coap == by_mqtt
    assert (by_coap.deduplication, by_coap.device_time) == ("A/03/9", 1782907200_000000)


def test_the_devices_own_number_tells_repetitions() -> None:
    (uplink,) = read("s/A;ct=110;id=17", b'[{"n":"t","v":1}]')
    assert uplink.deduplication == "A/17/0"


@pytest.mark.parametrize(
    ("channel", "payload"),
    [
        ("s/;ct=42", b"1"),
        ("s/A;ct=0", b"21"),
        ("s/A/3303/0/5700;ct=0", b"nan"),
        ("s/A/3303/0/5700;ct=0", b"\xff"),
        ("s/A;ct=50", b'{"values":{"a":[1]}}'),
        ("s/A;ct=50", b'{"time":"soon","values":{}}'),
    ],
)
def test_what_cannot_be_used_is_refused(channel: str, payload: bytes) -> None:
    with pytest.raises(PlacetteError):
        read(channel, payload)


@given(st.text(max_size=30), st.sampled_from(["0", "42", "50", "110", "112", "x", ""]), st.binary(max_size=80))
def test_any_request_is_uplinks_or_a_clear_refusal(path: str, content_format: str, payload: bytes) -> None:
    try:
        found = read(f"s/{path};ct={content_format}", payload)
    except PlacetteError:
        return
    assert all(isinstance(each, Uplink) for each in found)
