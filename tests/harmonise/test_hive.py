"""The compact payload of our own hives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placette.harmonise import hive
from placette.harmonise.codecs.hive import Hive
from placette.model.errors import BadInput

WHOLE = hive.Reading(
    session=0xA5,
    counter=513,
    time=1_782_907_200,
    battery=3.86,
    pm10=24.3,
    pm2_5=11.2,
    no2=18.4,
    o3=-0.7,
    temperature=-3.25,
    humidity=81.5,
    sound_level=62.5,
    flags=("mains", "restarted"),
)
PACKED = "01a502016a4501400000c100f3007000b8fff9febba37d11"


def test_a_reading_has_the_bytes_of_its_specification() -> None:
    assert hive.encode(WHOLE).hex() == PACKED
    assert hive.read(bytes.fromhex(PACKED)) == WHOLE


def test_what_was_not_measured_is_none() -> None:
    found = hive.read(hive.encode(hive.Reading(counter=1)))
    assert found == hive.Reading(counter=1)


@pytest.mark.parametrize(
    ("sent", "read"),
    [(-500.0, -327.67), (500.0, 327.67), (21.004, 21.0), (-0.004, 0.0)],
)
def test_temperatures_are_rounded_and_cut_to_their_range(sent: float, read: float) -> None:
    assert hive.read(hive.encode(hive.Reading(temperature=sent))).temperature == read


@pytest.mark.parametrize("payload", ["", "02", "0100", PACKED[:-2]])
def test_other_bytes_are_refused(payload: str) -> None:
    with pytest.raises(BadInput, match="hive payload"):
        hive.read(bytes.fromhex(payload))


def test_a_later_version_may_append() -> None:
    decoded = Hive().decode(bytes.fromhex(PACKED) + b"\x00\x01", None, 0)
    assert decoded.fields["pm10"] == 24.3
    assert decoded.warnings


def test_the_codec_gives_fields_and_time() -> None:
    fields = Hive().decode(bytes.fromhex(PACKED), None, 0).fields
    assert fields["time"] == "2026-07-01T12:00:00Z"
    assert fields["flags"]["restarted"] is True
    assert fields["flags"]["fan_failure"] is False


def test_without_a_clock_the_age_tells_the_time() -> None:
    packed = hive.encode(hive.Reading(age_min=90, pm10=1.0))
    assert Hive().decode(packed, None, 1_782_907_200_000_000).fields["time"] == "2026-07-01T10:30:00Z"
    assert hive.uplink("A", packed, 1_782_907_200_000_000).device_time == 1_782_901_800_000_000


VALUE = st.none() | st.floats(-50, 200)


@given(pm10=VALUE, no2=VALUE, temperature=VALUE, humidity=st.none() | st.floats(0, 100), counter=st.integers(0, 65535))
def test_what_is_packed_is_read_within_half_a_step(
    pm10: float | None, no2: float | None, temperature: float | None, humidity: float | None, counter: int
) -> None:
    sent = hive.Reading(counter=counter, pm10=pm10, no2=no2, temperature=temperature, humidity=humidity)
    found = hive.read(hive.encode(sent))
    assert found.counter == counter
    for name, half in (("no2", 0.05), ("temperature", 0.005), ("humidity", 0.25)):
        was, now = getattr(sent, name), getattr(found, name)
        assert (was is None) == (now is None)
        assert was is None or abs(was - now) <= half * 1.001
    assert pm10 is None or found.pm10 == pytest.approx(max(pm10, 0), abs=0.0501)


@given(st.binary(max_size=40))
def test_any_bytes_are_a_reading_or_a_clear_refusal(payload: bytes) -> None:
    try:
        found = hive.read(payload)
    except BadInput:
        return
    assert 0 <= found.counter <= 0xFFFF
