"""Case 2: the CDRC's procedure step by step, stays, flows, and the end of the day's salt."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from placette.harmonise.wifi.days import DAY_US, MARGIN_US, DayCount, Days, day_in
from placette.harmonise.wifi.level import fill_gaps, smooth
from placette.harmonise.wifi.slots import SlotCount
from placette.model.wifi import SLOT_US

PARIS = ZoneInfo("Europe/Paris")


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=PARIS).timestamp() * 1e6)


MIDNIGHT = at("2026-03-10T00:00")
TEN = at("2026-03-10T10:00")


def address(number: int, *, randomised: bool = False) -> bytearray:
    return bytearray([0x02 if randomised else 0x00, 1, *number.to_bytes(4)])


class Street:
    """A counter with a clock that follows the frames."""

    def __init__(self) -> None:
        self.salts: list[bytearray] = []
        self.days = Days(self._fill, late_us=0, started=0, day=day_in(PARIS))
        self.slots: list[SlotCount] = []
        self.ended: list[DayCount] = []

    def _fill(self, buffer: bytearray) -> None:
        buffer[:] = bytes([len(self.salts) + 1]) * len(buffer)
        self.salts.append(buffer)

    def hear(self, time: int, fixed: list[int], randomised: int = 0, sensor: str = "A") -> None:
        self.until(time)
        for number in fixed:
            assert self.days.take(sensor, time, address(number), now=time) == ""
        for number in range(randomised):
            made_up = address(time // SLOT_US % 1000 * 1000 + number, randomised=True)
            assert self.days.take(sensor, time, made_up, now=time) == ""

    def until(self, time: int) -> None:
        slots, days = self.days.close(time)
        self.slots += slots
        self.ended += days


def test_who_was_there_before_is_counted_once_and_the_randomised_follow_the_ratio() -> None:
    street = Street()
    street.hear(TEN, [1, 2, 3, 4], 8)
    street.hear(TEN + SLOT_US, [1, 2, 5, 6], 8)
    street.hear(TEN + 2 * SLOT_US, [1, 2, 5, 7], 8)
    street.until(TEN + 3 * SLOT_US)
    assert [count.visitors.value for count in street.slots if count.visitors] == [4 + 8, 2 + 0.5 * 8, 1 + 0.25 * 8]
    assert [count.fixed.value for count in street.slots] == [4, 4, 4]
    bounds = street.slots[1].visitors
    assert bounds is not None
    assert 2 <= bounds.lower < bounds.value < bounds.upper <= 10


def test_a_device_that_comes_back_after_an_interval_counts_again() -> None:
    street = Street()
    for step, present in enumerate(([1], [2], [1])):
        street.hear(TEN + step * SLOT_US, present)
    street.until(TEN + 3 * SLOT_US)
    assert [count.visitors.value for count in street.slots if count.visitors] == [1, 1, 1]


def test_without_fixed_addresses_the_ratio_is_that_of_the_day() -> None:
    street = Street()
    street.hear(TEN, [1, 2])
    street.hear(TEN + SLOT_US, [1, 2])
    street.hear(TEN + 2 * SLOT_US, [], 8)
    street.until(TEN + 3 * SLOT_US)
    assert street.slots[-1].visitors is not None
    assert street.slots[-1].visitors.value == 0.5 * 8


def test_gaps_below_half_an_hour_are_filled_and_longer_ones_are_not() -> None:
    street = Street()
    for step in (0, 1, 2, 3, 9, 10, 17):
        street.hear(TEN + step * SLOT_US, [1000 * step + number for number in range(20)])
    street.until(TEN + 18 * SLOT_US)
    filled = [(count.start - TEN) // SLOT_US for count in street.slots if count.imputed]
    assert filled == [4, 5, 6, 7, 8]
    values = [count.visitors.value for count in street.slots if count.imputed and count.visitors]
    assert values == pytest.approx([20] * 5)


def test_stays_become_a_histogram_and_never_more() -> None:
    street = Street()
    stays = {1: 1, 2: 2, 3: 4, 4: 8, 5: 14}
    for step in range(14):
        street.hear(TEN + step * SLOT_US, [number for number, length in stays.items() if step < length])
    street.until(MIDNIGHT + DAY_US)
    assert [day.dwell for day in street.ended] == [(1, 1, 1, 1, 1)]


def test_who_was_heard_at_two_places_in_a_day_is_a_flow() -> None:
    street = Street()
    street.hear(TEN, list(range(100)), sensor="A")
    street.hear(TEN + 3 * SLOT_US, list(range(60, 160)), sensor="B")
    street.until(MIDNIGHT + DAY_US)
    assert {day.sensor: round(flow.value) for day in street.ended for flow in day.flows.values()} == {"A": 40, "B": 40}


def test_the_salt_ends_with_the_local_day() -> None:
    street = Street()
    street.hear(at("2026-03-10T23:58"), [1])
    assert any(street.salts[0])
    street.until(at("2026-03-10T23:59") - 1)
    assert any(street.salts[0])
    minute = at("2026-03-10T23:59")
    assert street.days.take("A", minute, address(1), now=minute).startswith("between two days")
    street.until(minute)
    assert not any(street.salts[0])
    assert street.slots[-1].partial
    assert street.days.take("A", minute, address(1), now=minute).startswith("between two days")
    assert len(street.salts) == 1
    street.hear(at("2026-03-11T00:01"), [1])
    assert len(street.salts) == 2
    assert street.days.take("A", at("2026-03-10T23:59"), address(1), now=at("2026-03-11T00:01")).startswith("too late")


@pytest.mark.parametrize(("day", "hours"), [("2026-03-10", [24]), ("2026-03-29", [23]), ("2026-10-25", [24, 1])])
def test_no_day_is_longer_than_24_hours(day: str, hours: list[int]) -> None:
    midnight = at(f"{day}T00:00")
    spans, time = [], midnight
    for _ in hours:
        start, end = day_in(PARIS)(time)
        assert start == time
        spans.append((end + MARGIN_US - start) / 3_600e6)
        assert end - start < DAY_US
        time = end + MARGIN_US
    assert spans == hours
    assert datetime.fromtimestamp(time / 1e6, PARIS).hour == 0


def test_smoothing_follows_the_level_and_leaves_the_ends() -> None:
    values = np.array([np.nan, 10, 12, np.nan, np.nan, 18, 20, np.nan])
    filled = fill_gaps(values, 5)
    assert np.isnan(filled[[0, 7]]).all()
    assert 12 <= filled[3] < filled[4] <= 18
    assert np.array_equal(fill_gaps(values, 1), values, equal_nan=True)


def test_the_smoother_agrees_with_the_exact_solution_of_least_squares() -> None:
    """With Var η = q·Var ε the smoothed level minimises Σ(y-μ)² + Σ(Δμ)²/q: a linear system solved directly."""
    values = np.array([3.0, 5.0, np.nan, 4.0, 9.0, 8.0, np.nan, 7.0])
    from placette.harmonise.wifi import level

    q = 0.5
    count = len(values)
    known = ~np.isnan(values)
    steps = np.diff(np.eye(count), axis=0)
    exact = np.linalg.solve(np.diag(known.astype(float)) + steps.T @ steps / q, np.where(known, values, 0.0))
    ratios, level._RATIOS = level._RATIOS, np.array([q])
    try:
        assert smooth(values) == pytest.approx(exact)
    finally:
        level._RATIOS = ratios
