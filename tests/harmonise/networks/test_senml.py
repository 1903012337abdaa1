"""SenML: the examples of RFC 8428, its rules for base fields and time, and whatever bytes may come."""

from __future__ import annotations

import json
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from placette.harmonise.networks import lwm2m, senml
from placette.model import times
from placette.model.arrivals import Arrival
from placette.model.errors import PlacetteError
from placette.model.uplinks import Uplink

NOW = times.micros("2026-07-01T12:00:00Z")


def arrival(payload: bytes | list[Any], channel: str = "senml/AIX-RUC-01/up") -> Arrival:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return Arrival(network="street", channel=channel, payload=body, received_time=NOW)


def read(pack: bytes | list[Any]) -> list[Uplink]:
    return senml.read(arrival(pack))


def test_one_value_of_the_rfc() -> None:  # section 5.1.1
    (uplink,) = read([{"n": "urn:dev:ow:10e2073a01080063", "u": "Cel", "v": 23.1}])
    assert (uplink.device, uplink.fields, uplink.units) == ("10e2073a01080063", {"value": 23.1}, {"value": "Cel"})
    assert uplink.device_time is None


MULTIPLE = [
    {"bn": "urn:dev:ow:10e2073a01080063:", "n": "voltage", "u": "V", "v": 120.1},
    {"n": "current", "u": "A", "v": 1.2},
]
SERIES = [
    {
        "bn": "urn:dev:ow:10e2073a0108006:",
        "bt": 1.276020076001e9,
        "bu": "A",
        "bver": 5,
        "n": "voltage",
        "u": "V",
        "v": 120.1,
    },
    {"n": "current", "t": -5, "v": 1.2},
    {"n": "current", "t": -4, "v": 1.3},
    {"n": "current", "t": -3, "v": 1.4},
    {"n": "current", "t": -2, "v": 1.5},
    {"n": "current", "t": -1, "v": 1.6},
    {"n": "current", "v": 1.7},
]


def test_several_values_of_the_rfc_are_one_message() -> None:  # section 5.1.2
    (uplink,) = read(MULTIPLE)
    assert uplink.fields == {"voltage": 120.1, "current": 1.2}
    assert uplink.units == {"voltage": "V", "current": "A"}


def test_the_series_of_the_rfc_is_resolved_to_its_times() -> None:  # sections 5.1.2 and 5.1.4
    found = read(SERIES)
    base = round(1.276020076001e9 * 1e6)
    assert {(each.device_time, (each.fields or {}).get("current")) for each in found} == {
        (base + seconds * 1_000_000, value)
        for seconds, value in zip(range(-5, 1), (1.2, 1.3, 1.4, 1.5, 1.6, 1.7), strict=True)
    }
    assert next(each for each in found if each.device_time == base).fields == {"voltage": 120.1, "current": 1.7}


def test_positions_of_the_rfc() -> None:  # section 5.1.3
    pack = [
        {"bn": "urn:dev:ow:10e2073a01080063", "bt": 1.320067464e9, "bu": "%RH", "v": 20},
        {"u": "lon", "v": 24.30621},
        {"u": "lat", "v": 60.07965},
        {"t": 60, "v": 20.3},
    ]
    first, second = read(pack)
    assert first.device == second.device == "10e2073a01080063"
    assert second.fields == {"value": 20.3}
    assert second.units == {"value": "%"}


def test_several_devices_in_one_pack_of_the_rfc() -> None:  # section 5.1.5
    pack = [
        {"bn": "2001:db8::2/", "bt": 1.320078429e9, "n": "temperature", "u": "Cel", "v": 25.2},
        {"n": "humidity", "u": "%RH", "v": 30},
        {"bn": "2001:db8::1/", "n": "temperature", "u": "Cel", "v": 12.3},
        {"n": "humidity", "u": "%RH", "v": 67},
    ]
    found = {each.device: each.fields for each in read(pack)}
    assert found == {
        "2001:db8::2": {"temperature": 25.2, "humidity": 30.0},
        "2001:db8::1": {"temperature": 12.3, "humidity": 67.0},
    }


def test_json_and_cbor_say_the_same() -> None:
    assert read(
        cbor2.dumps(
            [{-2: "urn:dev:ow:10e2073a01080063:", 0: "voltage", 1: "V", 2: 120.1}, {0: "current", 1: "A", 2: 1.2}]
        )
    ) == read(MULTIPLE)


def test_the_cbor_of_the_rfc() -> None:  # section 6: the series of 5.1.2 with its numeric labels
    labels = {"bver": -1, "bn": -2, "bt": -3, "bu": -4, "n": 0, "u": 1, "v": 2, "t": 6}
    packed = cbor2.dumps([{labels[key]: value for key, value in record.items()} for record in SERIES])
    assert packed[:2].hex() == "87a7"
    assert read(packed) == read(SERIES)


def test_decimal_fractions_are_numbers() -> None:
    (uplink,) = read(bytes.fromhex("81a2006174 02c48221196ab3".replace(" ", "")))  # 273.15 (RFC 8949, 3.4.4)
    assert uplink.fields == {"t": 273.15}


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([{"bn": "d:", "bv": 20.0, "n": "a", "v": 1.5}], {"a": 21.5}),
        ([{"bn": "d:", "bv": 20.0}, {"n": "a"}], {"a": 20.0}),
        ([{"bn": "d:", "n": "a", "vb": False}], {"a": False}),
        ([{"bn": "d:", "n": "a", "vs": "open"}], {"a": "open"}),
        ([{"bn": "d:", "n": "a", "vd": "aGkgCg"}], {"a": "aGkgCg"}),
        ([{"bn": "d:", "bs": 100, "n": "e", "u": "W", "v": 5, "s": 7}], {"e": 5.0, "e_sum": 107.0}),
        ([{"bn": "d:", "n": "noise", "u": "Bspl", "v": 6.5}], {"noise": 65.0}),
        ([{"bn": "d:", "n": "a", "v": 1, "colour": "blue", "ut": 60}], {"a": 1.0}),
    ],
)
def test_values_are_resolved(records: list[Any], expected: dict[str, Any]) -> None:
    (uplink,) = read(records)
    assert (uplink.device, uplink.fields) == ("d", expected)


def test_a_sum_is_in_unit_seconds() -> None:
    (uplink,) = read([{"bn": "d:", "n": "e", "u": "W", "s": 7}])
    assert uplink.units == {"e_sum": "W.s"}


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"t": -5}, NOW - 5_000_000),
        ({"t": 60}, NOW + 60_000_000),
        ({"t": 2**28 - 1}, NOW + (2**28 - 1) * 1_000_000),
        ({"t": 2**28}, 2**28 * 1_000_000),
        ({"t": 1782907200.25}, 1782907200_250000),
        ({}, None),
    ],
)
def test_small_times_are_relative(record: dict[str, Any], expected: int | None) -> None:
    (uplink,) = read([{"bn": "d:", "n": "a", "v": 1} | record])
    assert uplink.device_time == expected


def test_objects_of_lwm2m_have_names_and_units() -> None:
    pack = [
        {"bn": "/3303/0/", "n": "5700", "v": 21.5},
        {"bn": "/3304/0/", "n": "5700", "v": 40},
        {"bn": "/3435/1/", "n": "2", "v": 83},
        {"bn": "/3/0/", "n": "9", "v": 77},
    ]
    (uplink,) = read(pack)
    assert uplink.device == "AIX-RUC-01"
    assert uplink.fields == {"temperature": 21.5, "humidity": 40.0, "fill_level_1": 83.0, "battery_percent": 77.0}
    assert uplink.units["temperature"] == "Cel"
    assert uplink.battery_percent == 77.0


def test_a_sensor_states_its_own_unit() -> None:
    pack = [{"bn": "/3303/0/", "n": "5701", "vs": "K"}, {"n": "5700", "v": 294.65}]
    (uplink,) = read(pack)
    assert (uplink.fields, uplink.units) == ({"temperature": 294.65}, {"temperature": "K"})


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"{}",
        b"[1]",
        b'[{"n":"a_","v":1',
        b"\x81\x01",
        b"\x82\xa1",
        [{"n": "a", "v": "1"}],
        [{"n": "a", "v": True}],
        [{"n": "é", "v": 1}],
        [{"n": "a", "v": 1, "vs": "b"}],
        [{"n": "a", "v": 1, "must_": 1}],
        [{"n": "a", "v": 1, "bver": 11}],
        [{"n": "a", "v": 1, "bver": "10"}],
        [{"n": "a", "v": 1, "t": 1e14}],
        [{"n": "x" * 300, "v": 1}],
        bytes.fromhex("81a200617402c5821b00000000ffffffff01"),  # a bigfloat of 512 MB
        bytes.fromhex("81a200617402c4821b00000000ffffffff01"),
    ],
)
def test_what_is_no_senml_is_refused(bad: Any) -> None:
    with pytest.raises(PlacetteError):
        read(bad)


def test_a_pack_without_a_device_is_refused() -> None:
    with pytest.raises(PlacetteError, match="names no device"):
        senml.read(arrival([{"n": "temperature", "v": 1}], channel="senml"))


@pytest.mark.parametrize("channel", ["a/b/AIX-RUC-01/up", "/api/networks/gateway?event=up&device=AIX-RUC-01"])
def test_the_channel_names_the_device_where_the_pack_does_not(channel: str) -> None:
    (uplink,) = senml.read(arrival([{"n": "temperature", "v": 1}], channel))
    assert uplink.device == "AIX-RUC-01"


def test_an_address_without_device_names_none() -> None:
    with pytest.raises(PlacetteError, match="names no device"):
        senml.read(arrival([{"n": "temperature", "v": 1}], "/api/networks/gateway"))


def test_a_pack_of_too_many_records_is_refused() -> None:
    with pytest.raises(PlacetteError, match="records in one pack"):
        read([{"n": "a", "v": 1}] * (senml.MAX_RECORDS + 1))


@given(
    st.one_of(
        st.binary(max_size=200), st.binary(max_size=200).map(b"\x81".__add__), st.text(max_size=80).map(str.encode)
    )
)
def test_any_bytes_are_uplinks_or_a_clear_refusal(payload: bytes) -> None:
    try:
        found = senml.read(arrival(payload))
    except PlacetteError:
        return
    assert all(isinstance(each, Uplink) for each in found)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
RECORD = st.dictionaries(
    st.sampled_from(["bn", "bt", "bu", "bv", "bs", "bver", "n", "u", "v", "vs", "vb", "vd", "s", "t", "ut", "x"]),
    JSON_VALUES | st.sampled_from(["/3303/0/5700", "urn:dev:mac:0024befffe804ff1", 1.5, -5, 10, "a"]),
)


@given(st.lists(RECORD, max_size=4), st.booleans())
def test_any_records_are_uplinks_or_a_clear_refusal(pack: list[Any], binary: bool) -> None:
    try:
        found = senml.read(arrival(cbor2.dumps(pack) if binary else json.dumps(pack).encode()))
    except PlacetteError:
        return
    for uplink in found:
        json.dumps(uplink.fields, allow_nan=False)


def test_the_table_of_objects_is_whole() -> None:
    table = lwm2m.table()
    rows = [row for of in table.objects.values() for row in of.values()] + list(table.sensors.values())
    assert all(row.name.replace("_", "a").isalnum() for row in rows)
    assert lwm2m.resource(lwm2m.Path("3428", "0", "3")) == lwm2m.Resource("pm2_5", "ug/m3")
