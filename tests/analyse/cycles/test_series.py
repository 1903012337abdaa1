"""Series by the clocks of the city, over the nights when these change."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import numpy as np
import pytest

from placette.analyse.cycles.series import days_of, local_series
from placette.model.times import micros

PARIS = ZoneInfo("Europe/Paris")
HOUR = 3_600_000_000


@pytest.mark.parametrize(
    ("first", "values", "day"),
    [
        ("2026-03-28T23:00:00Z", 23, [0, 1, np.nan, *range(2, 23)]),
        ("2026-10-24T22:00:00Z", 25, [0, 1, 2.5, *range(4, 25)]),
        ("2026-06-30T22:00:00Z", 24, list(range(24))),
    ],
)
def test_days_have_24_hours_by_the_clock_whatever_they_last(first: str, values: int, day: list[float]) -> None:
    times = micros(first) + HOUR * np.arange(values)
    dates, days = days_of(local_series(times, np.arange(float(values)), PARIS))
    assert len(dates) == 1
    assert days[0].tolist() == pytest.approx(day, nan_ok=True)


def test_no_values_are_an_empty_series() -> None:
    assert len(local_series(np.array([0, HOUR]), [np.nan, np.nan], PARIS).values) == 0
