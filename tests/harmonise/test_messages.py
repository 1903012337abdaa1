"""Messages from networks become observations or dead letters that say what to do."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placette.harmonise.messages import MessageReader
from placette.model.arrivals import Arrival
from placette.model.times import micros

READER = MessageReader()
RECEIVED = micros("2026-07-01T12:00:05Z")


def arrival(channel: str, payload: bytes | str, *, retained: bool = False) -> Arrival:
    data = payload if isinstance(payload, bytes) else payload.encode()
    return Arrival(network="street", channel=channel, payload=data, received_time=RECEIVED, retained=retained)


def up(payload: bytes | str, thing: str = "ROT-01", *, retained: bool = False) -> Arrival:
    return arrival(f"devices/{thing}/up", payload, retained=retained)


def test_a_frame_gives_one_observation_per_value(directory: Any) -> None:
    frame = '{"time": "2026-07-01T12:00:00Z", "values": {"pm10": 0, "door": false}, "quality": 1}'
    got = READER.read([up(frame)], directory)
    assert [(row.datastream_id, row.result, row.result_json, row.quality) for row in got.rows] == [
        (1, 0.0, None, 1),
        (2, None, "false", 1),
    ]
    assert {row.phenomenon_time for row in got.rows} == {micros("2026-07-01T12:00:00Z")}
    assert got.origins == [0, 0]
    assert not got.dead


@pytest.mark.parametrize("query", ["device=ROT-01", "event=up&device=ROT%2D01"])
def test_a_frame_may_be_posted_to_an_address_that_names_the_device(directory: Any, query: str) -> None:
    [row] = READER.read([arrival(f"/api/networks/street?{query}", '{"values": {"pm10": 17}}')], directory).rows
    assert (row.datastream_id, row.result) == (1, 17)


def test_a_frame_without_time_is_of_the_moment_it_came(directory: Any) -> None:
    [row] = READER.read([up('{"values": {"pm10": 17}}')], directory).rows
    assert row.phenomenon_time == RECEIVED


def test_a_value_the_device_did_not_get_is_missing(directory: Any) -> None:
    [row] = READER.read([up('{"values": {"pm10": null}}')], directory).rows
    assert (row.result, row.result_json, row.quality) == (None, None, 9)


def test_the_good_values_of_a_frame_with_an_unknown_key_are_kept(directory: Any) -> None:
    got = READER.read([up('{"values": {"pm10": 17, "pm1": 3}}')], directory)
    assert [row.datastream_id for row in got.rows] == [1]
    [dead] = got.dead
    assert "no datastream for pm1" in dead.what
    assert "replay" in dead.remedy


@pytest.mark.parametrize(
    ("payload", "says"),
    [
        ("{", "truncated"),
        ("[]", "object"),
        ('{"values": {"pm10": NaN}}', "malformed"),
        ('{"values": {"pm10": 1e999}}', "range"),
        ('{"values": {"pm10": [1]}}', "got `array`"),
        ('{"values": {}}', "no values"),
        ('{"value": {"pm10": 1}}', "value"),
        ('{"values": {"pm10": 1}, "time": "0001-01-01T00:00:00Z"}', "1900"),
        ('{"values": {"pm10": 1}, "time": "9999-01-01T00:00:00Z"}', "1900"),
        ('{"values": {"pm10": 1}, "time": 1782907200}', "time"),
        ('{"values": {"pm10": 1}, "quality": 5}', "quality"),
        (b'{"values": {"pm\xe9": 1}}', "UTF-8"),
        (b"[" * 10_000, "got `array`"),
        (b'{"values": ' + b"[" * 10_000, "got `array`"),
    ],
)
def test_an_unusable_frame_is_kept_with_its_reason(directory: Any, payload: bytes | str, says: str) -> None:
    got = READER.read([up(payload)], directory)
    [dead] = got.dead
    assert not got.rows
    assert says in f"{dead.what} {dead.where}"
    assert dead.remedy
    assert dead.where.startswith("devices/ROT-01/up")
    assert dead.arrival.payload == (payload if isinstance(payload, bytes) else payload.encode())


def test_an_unknown_device_and_an_unknown_topic_are_dead_letters(directory: Any) -> None:
    got = READER.read([up('{"values": {"pm10": 1}}', "NO-99"), arrival("elsewhere", "{}")], directory)
    assert ["declare the device" in got.dead[0].remedy, "no reader" in got.dead[1].what] == [True, True]


@pytest.mark.parametrize(
    ("topic", "channel", "read"),
    [
        ("devices/{code}/up", "devices/ROT-01/up", True),
        ("devices/{code}/up", "gateway-7/devices/ROT-01/up", True),
        ("application/+/device/{code}", "application/+/device/ROT-01", True),
        ("lora.wan/{code}", "lora.wan/ROT-01", True),
        ("lora.wan/{code}", "loraxwan/ROT-01", False),
        ("lora.wan/{code}", "devices/ROT-01/up", False),
    ],
)
def test_a_network_says_where_its_frames_are(directory: Any, topic: str, channel: str, read: bool) -> None:
    got = MessageReader({"street": topic}).read([arrival(channel, '{"values": {"pm10": 1}}')], directory)
    assert bool(got.rows) is read


@pytest.mark.parametrize("topic", ["v1.1/Datastreams(3)/Observations", "city/v1.1/Observations", "v1.0/Observations"])
def test_sensorthings_creates_are_read(directory: Any, topic: str) -> None:
    [row] = READER.read([arrival(topic, '{"result": "open", "Datastream": {"@iot.id": 3}}')], directory).rows
    assert (row.datastream_id, row.result_json, row.phenomenon_time) == (3, '"open"', RECEIVED)


def test_what_a_server_published_itself_is_passed_over(directory: Any) -> None:
    echo = '{"@iot.id": 5, "@iot.selfLink": "http://x/v1.1/Observations(5)", "result": 1}'
    got = READER.read([arrival("v1.1/Datastreams(3)/Observations", echo)], directory)
    assert (got.rows, got.dead) == ([], [])


@pytest.mark.parametrize(
    "kept",
    [
        up('{"values": {"pm10": 17}}', retained=True),
        arrival("v1.1/Datastreams(3)/Observations", '{"result": 1}', retained=True),
    ],
)
def test_a_retained_message_without_time_is_no_measurement_of_now(directory: Any, kept: Arrival) -> None:
    got = READER.read([kept], directory)
    assert (got.rows, got.dead) == ([], [])


def test_a_retained_message_with_its_time_is_one(directory: Any) -> None:
    kept = up('{"time": "2026-07-01T12:00:00Z", "values": {"pm10": 17}}', retained=True)
    assert len(READER.read([kept], directory).rows) == 1


@given(
    st.sampled_from(["devices/ROT-01/up", "v1.1/Observations", "v1.1/Datastreams(1)/Observations"])
    | st.text(max_size=30),
    st.binary(max_size=100) | st.sampled_from([b'{"values":', b'{"values":{"pm10":1}}', b'{"result":1}']),
)
def test_nothing_is_ever_raised(directory: Any, channel: str, payload: bytes) -> None:
    got = READER.read([arrival(channel, payload)], directory)
    assert len(got.rows) == len(got.origins)
