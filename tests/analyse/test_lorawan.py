"""LoRaWAN: published airtimes, the limits of the bands, the balance of a battery."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placette.analyse import lorawan
from placette.model.errors import BadInput

AIRTIMES = [
    # payload, SF, kHz, overhead, ms: The Things Network's calculator (EU868, 13 bytes of overhead), Semtech's (none)
    (10, 7, 125, 13, 61.7),
    (10, 8, 125, 13, 113.2),
    (10, 9, 125, 13, 205.8),
    (10, 10, 125, 13, 370.7),
    (10, 11, 125, 13, 823.3),
    (10, 12, 125, 13, 1482.8),
    (51, 12, 125, 13, 2793.5),
    (51, 12, 125, 0, 2465.8),
]


@pytest.mark.parametrize(("size", "factor", "bandwidth", "overhead", "expected_ms"), AIRTIMES)
def test_airtimes_are_the_published_ones(
    size: int, factor: int, bandwidth: int, overhead: int, expected_ms: float
) -> None:
    frame = lorawan.Frame(bytes=size, spreading_factor=factor, bandwidth_khz=bandwidth, overhead=overhead)
    assert round(lorawan.airtime_s(frame) * 1000, 1) == expected_ms


FRAMES = st.builds(
    lorawan.Frame,
    bytes=st.integers(0, 241),
    spreading_factor=st.integers(7, 12),
    bandwidth_khz=st.sampled_from([125, 250, 500]),
    coding_rate=st.integers(5, 8),
)


@given(FRAMES)
def test_more_bytes_never_take_less_time(frame: lorawan.Frame) -> None:
    longer = lorawan.made(lorawan.Frame, {"bytes": frame.bytes + 1, "spreading_factor": frame.spreading_factor})
    same = lorawan.made(lorawan.Frame, {"bytes": frame.bytes, "spreading_factor": frame.spreading_factor})
    assert lorawan.airtime_s(longer) >= lorawan.airtime_s(same) > 0


@pytest.mark.parametrize(
    ("frequency", "duty_cycle"),
    [(863.0, 0.001), (867.1, 0.01), (868.1, 0.01), (868.8, 0.001), (869.525, 0.1), (869.8, 0.01)],
)
def test_each_frequency_has_the_duty_cycle_of_its_band(frequency: float, duty_cycle: float) -> None:
    assert lorawan.band(frequency).duty_cycle == duty_cycle


@pytest.mark.parametrize("frequency", [862.9, 868.65, 869.3, 870.0])
def test_a_frequency_between_the_bands_is_refused(frequency: float) -> None:
    with pytest.raises(BadInput, match="lies in no band"):
        lorawan.band(frequency)


def test_the_most_messages_just_fill_the_duty_cycle() -> None:
    frame = lorawan.Frame(bytes=24, spreading_factor=9)
    most = lorawan.load(frame, 1).most_per_day
    assert lorawan.load(frame, most).share <= 1 < lorawan.load(frame, most + 1).share


def test_a_battery_of_known_load_lasts_its_charge() -> None:
    device = lorawan.Device(
        messages_per_day=24,
        capacity_mah=1_000,
        sleep_ua=0,
        measure_ma=10,
        measure_s=15,
        transmit_ma=0,
        receive_ma=0,
        usable_percent=100,
        temperature_percent=100,
        self_discharge_percent=0,
    )
    assert lorawan.life(device, 0.1).days == pytest.approx(1_000)  # 24 x 15 s of 10 mA are 1 mA·h a day


def test_self_discharge_alone_empties_a_battery() -> None:
    device = lorawan.Device(
        messages_per_day=0.001,
        sleep_ua=0,
        measure_ma=0,
        transmit_ma=0,
        receive_ma=0,
        usable_percent=100,
        temperature_percent=100,
        self_discharge_percent=10,
    )
    assert lorawan.life(device, 0.1).years == pytest.approx(10)


def test_a_device_that_draws_nothing_lasts_for_ever() -> None:
    nothing = lorawan.Device(sleep_ua=0, measure_ma=0, transmit_ma=0, receive_ma=0, self_discharge_percent=0)
    assert math.isinf(lorawan.life(nothing, 0.1).days)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (lorawan.Frame, {"spreading_factor": 6}),
        (lorawan.Frame, {"bytes": "many"}),
        (lorawan.Frame, {"sf": 9}),
        (lorawan.Device, {"usable_percent": 101}),
        (lorawan.Device, {"capacity_mah": "nan"}),
        (lorawan.Device, {"capacity_mah": 0}),
    ],
)
def test_bounds_are_kept(kind: type[lorawan.Frame], values: dict[str, object]) -> None:
    with pytest.raises(BadInput):
        lorawan.made(kind, values)


def test_a_day_is_not_longer_than_a_day() -> None:
    with pytest.raises(BadInput, match="awake"):
        lorawan.life(lorawan.Device(messages_per_day=86_400, measure_s=10), 1.0)
