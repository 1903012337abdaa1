from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placette.harmonise.networks import FORMATS
from placette.model.arrivals import Arrival
from placette.model.errors import BadInput

NOON = 1_782_907_200_000_000


@pytest.mark.parametrize(
    ("line", "device", "fields"),
    [
        ("air,device=mast-1 pm10=17.5 1782907200000000000", "mast-1", {"pm10": 17.5}),
        ("air,site=a,device=m no2=1e2,o3=-.5 1782907200000000000", "m", {"no2": 100.0, "o3": -0.5}),
        ("n,device=m count=12i,total=9223372036854775808u 1782907200000000000", "m", {"count": 12, "total": 2**63}),
        ("d,device=m a=t,b=FALSE,c=true 1782907200000000000", "m", {"a": True, "b": False, "c": True}),
        (r'd,device=m\ 1\,2 s="a, b=\"c\" \\",v=1 1782907200000000000', "m 1,2", {"s": 'a, b="c" \\', "v": 1.0}),
        ('d,device=m s="two\nlines" 1782907200000000000', "m", {"s": "two\nlines"}),
        (r"d\ e,device=m f\=g=1 1782907200000000000", "m", {"f=g": 1.0}),
        ('d,device=m s="" 1782907200000000000', "m", {"s": ""}),
    ],
)
def test_a_line_is_one_uplink(reading: Any, line: str, device: str, fields: dict[str, Any]) -> None:
    [uplink] = reading("influx", line.encode())
    assert (uplink.device, uplink.fields, uplink.device_time) == (device, fields, NOON)
    assert not uplink.fault


@pytest.mark.parametrize(
    ("options", "query", "time"),
    [
        ({}, "", "1782907200000000001"),
        ({"precision": "us"}, "", "1782907200000000"),
        ({"precision": "ms"}, "", "1782907200000"),
        ({"precision": "s"}, "", "1782907200"),
        ({}, "?precision=ms", "1782907200000"),
        ({"precision": "s"}, "?db=city&precision=u", "1782907200000000"),
        ({}, "?precision=h", "495252"),
    ],
)
def test_the_precision_is_the_writer_s_or_the_network_s(reading: Any, options: Any, query: str, time: str) -> None:
    channel = "/api/networks/loggers/write" + query
    [uplink] = reading("influx", f"air,device=m v=1 {time}".encode(), channel=channel, options=options)
    assert uplink.device_time == NOON


def test_a_line_without_time_leaves_the_time_to_others(reading: Any) -> None:
    [uplink] = reading("influx", b"air,device=m v=1")
    assert uplink.device_time is None


def test_the_device_is_the_tag_that_the_network_names(reading: Any) -> None:
    line = b"mast7,deveui=AA,host=gw v=1"
    assert [
        reading("influx", line, options={"device": tag})[0].device for tag in ("deveui", "host", "measurement")
    ] == [
        "AA",
        "gw",
        "mast7",
    ]


def test_fields_may_stand_under_their_measurement(reading: Any) -> None:
    [uplink] = reading("influx", b"cpu,device=m usage=3", options={"nested": True})
    assert uplink.fields == {"cpu": {"usage": 3.0}}


def test_good_lines_are_used_and_bad_ones_are_named(reading: Any) -> None:
    text = b"# made by hand\r\na,device=m v=1\r\n\r\na v=2\na,device=m v=\na,device=m v=3\n"
    uplinks = reading("influx", text)
    assert [uplink.fields for uplink in uplinks if not uplink.fault] == [{"v": 1.0}, {"v": 3.0}]
    assert [uplink.fault.partition(" — ")[0] for uplink in uplinks if uplink.fault] == [
        "the line has no tag 'device' (line 2)",
        "'' is no value (line 3)",
    ]


@pytest.mark.parametrize("line", ["a", "a,device=m", 'a,device=m v="x', "a,device=m v=1 noon", "a,device=m v=NaN 1 2"])
def test_a_line_that_is_none_has_a_fault(reading: Any, line: str) -> None:
    assert [bool(uplink.fault) for uplink in reading("influx", line.encode())] == [True]


def test_what_is_no_text_is_refused(reading: Any) -> None:
    with pytest.raises(BadInput):
        reading("influx", b"\xff\xfe")


@given(st.text(max_size=80))
def test_no_text_makes_the_reader_fall(text: str) -> None:
    arrival = Arrival(network="x", channel="c", payload=text.encode("utf-8", "replace"), received_time=0)
    for uplink in FORMATS["influx"].reader({})(arrival):
        assert uplink.fault or uplink.fields
