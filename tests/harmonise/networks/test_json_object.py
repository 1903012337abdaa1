from __future__ import annotations

from typing import Any

import msgspec
import pytest

from placette.harmonise.networks import FORMATS
from placette.model import times
from placette.model.arrivals import Arrival
from placette.model.errors import BadInput

NOON = times.micros("2026-07-01T12:00:00Z")

SHAPES = {
    "flat": ({"dev": "a-1", "t": 1.5}, {"device": "dev"}, {"dev": "a-1", "t": 1.5}),
    "nested": ({"d": {"id": "a-1"}, "v": {"t": 1.5}}, {"device": "d.id", "values": "v"}, {"t": 1.5}),
    "a name with a dot": ({"d.id": "a-1", "v": {"t": 1.5}}, {"device": "d.id", "values": "v"}, {"t": 1.5}),
    "into a list": ({"dev": "a-1", "v": [{}, {"t": 1.5}]}, {"device": "dev", "values": "v.1"}, {"t": 1.5}),
    "pairs": (
        {"dev": "a-1", "v": [{"n": "t", "v": 1.5}, {"n": "h", "v": None}]},
        {"device": "dev", "values": "v", "name": "n", "value": "v"},
        {"t": 1.5, "h": None},
    ),
    "items": (
        {"dev": "a-1", "rows": [{"v": {"t": 1.5}}]},
        {"device": "dev", "items": "rows", "values": "v"},
        {"t": 1.5},
    ),
    "a list of messages": ([{"dev": "a-1", "v": {"t": 1.5}}], {"device": "dev", "values": "v"}, {"t": 1.5}),
}


@pytest.mark.parametrize("case", SHAPES.values(), ids=SHAPES)
def test_options_say_where_things_are(reading: Any, case: tuple[Any, dict[str, Any], dict[str, Any]]) -> None:
    payload, options, fields = case
    [uplink] = reading("json", payload, options=options)
    assert (uplink.device, uplink.fields, uplink.fault) == ("a-1", fields, "")


@pytest.mark.parametrize(
    ("topic", "channel"),
    [
        ("sensors/{device}/data", "sensors/a-1/data"),
        ("+/sensors/{device}/#", "aix/sensors/a-1/data/now"),
        ("{device}", "a-1"),
        ("x{device}", "/api/networks/json?device=a-1"),
        ("x{device}", "/api/networks/json?device=%61-1&event=up"),
    ],
)
def test_the_topic_or_the_address_may_name_the_device(reading: Any, topic: str, channel: str) -> None:
    [uplink] = reading("json", {"t": 1.5}, channel=channel, topics=[topic])
    assert uplink.device == "a-1"


@pytest.mark.parametrize(
    ("unit", "written"),
    [
        ("iso", "2026-07-01T14:00:00+02:00"),
        ("s", 1782907200),
        ("s", 1782907200.0),
        ("s", "1782907200"),
        ("ms", 1782907200000),
        ("us", 1782907200000000),
        ("ns", 1782907200000000999),
    ],
)
def test_times_are_read_as_the_options_say(reading: Any, unit: str, written: Any) -> None:
    options = {"device": "d", "time": "at", "time_unit": unit, "values": "v"}
    [uplink] = reading("json", {"d": "a", "at": written, "v": {}}, options=options)
    assert uplink.device_time == NOON


def test_counter_identifier_and_units_are_taken(reading: Any) -> None:
    options = {"device": "d", "counter": "n", "id": "m.id", "values": "v", "name": "k", "value": "x", "unit": "u"}
    sent = {"d": 7, "n": 12, "m": {"id": 99}, "v": [{"k": "t", "x": 1, "u": "Cel"}]}
    [uplink] = reading("json", sent, options=options)
    assert (uplink.device, uplink.counter, uplink.deduplication, uplink.units) == ("7", 12, "99", {"t": "Cel"})


def test_a_bad_part_does_not_cost_the_good_ones(reading: Any) -> None:
    options = {"device": "d", "time": "at", "values": "v"}
    sent = [{"d": "a", "v": {"t": 1}}, {"v": {}}, {"d": "a", "at": 3, "v": {}}, {"d": "a", "v": 3}]
    uplinks = reading("json", sent, options=options)
    assert [each.fault.partition(" — ")[0] for each in uplinks] == [
        "",
        "there is no device at 'd' ([1] d)",
        "the time is no text ([2] at)",
        "there is no object at 'v' ([3] v)",
    ]


@pytest.mark.parametrize("payload", [b"3", b"{", b"\xff", {"rows": 3}])
def test_what_is_no_such_message_is_refused(reading: Any, payload: Any) -> None:
    with pytest.raises(BadInput):
        reading("json", payload, options={"device": "d", "items": "rows"})


WRONG = {
    "an unknown option": ("json", {"devise": "d"}, "devise"),
    "half a pair": ("json", {"name": "n"}, "belong together"),
    "a wrong type": ("json", {"device": 3}, "Expected `str`"),
    "an unknown unit": ("json", {"time_unit": "weeks"}, "weeks"),
    "an unknown precision": ("influx", {"precision": "days"}, "days"),
    "options where there are none": ("ngsi", {"device": "d"}, "the options are: none"),
}


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_wrong_options_are_said_before_anything_is_connected(case: tuple[str, dict[str, Any], str]) -> None:
    name, options, word = case
    [fault] = FORMATS[name].check(options)
    assert word in fault
    with pytest.raises(BadInput):
        FORMATS[name].reader(options)


def test_good_options_have_no_fault() -> None:
    assert FORMATS["influx"].check({"device": "deveui", "precision": "s"}) == []


def test_filters_are_the_network_s_topics_or_the_format_s() -> None:
    assert FORMATS["json"].filters({}, ["a/{device}/b"]) == ("a/+/b",)
    assert FORMATS["chirpstack"].filters({}) == ("application/+/device/+/event/+",)


@pytest.mark.parametrize(("sent", "expected"), [({"t": 1.5}, 0), ({"t": 1.5, "at": "2026-07-01T12:00:00Z"}, 1)])
def test_a_message_that_a_broker_had_kept_counts_when_it_tells_its_time(sent: Any, expected: int) -> None:
    read = FORMATS["json"].reader({"time": "at"}, ["{device}"])
    kept = Arrival(network="x", channel="a-1", payload=msgspec.json.encode(sent), received_time=NOON, retained=True)
    assert len(read(kept)) == expected
