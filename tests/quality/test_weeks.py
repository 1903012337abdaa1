"""Hours of the week are those of the city's clocks, through the nights that change them."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import numpy as np
import pytest
from tests.quality.conftest import CHECKS, HOUR, Make, flags, put

from placette.quality.plans import Plans
from placette.quality.weeks import bad_hours, local_hours, review_counts
from placette.store import Store

PARIS = "Europe/Paris"
START = 1_754_863_200 // 3_600
"""Monday 11 August 2025, midnight in Paris; clocks go back in the eleventh week, on 26 October."""
HOURS = START + np.arange(13 * 168)


def market(zone: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Nobody at night, many from eight o'clock to seven in the evening by the clocks of a zone."""
    clock = local_hours(HOURS, ZoneInfo(zone)) % 24
    counts = np.random.default_rng(3).poisson(60, len(HOURS)).astype(float)
    return np.where((clock >= 8) & (clock < 19), counts, 0)


@pytest.mark.parametrize(("zone", "blamed"), [(PARIS, False), ("UTC", True)])
def test_a_market_opens_by_the_clock_also_after_the_change(store: Store, make: Make, zone: str, blamed: bool) -> None:
    datastream = make("COUNT", "pedestrians", "{person}", every_s=3600)
    put(store, datastream, HOURS * HOUR, market(PARIS))
    found = review_counts(store, Plans(store, CHECKS, zone), START * HOUR, int(HOURS[-1] + 1) * HOUR)
    assert found == flags(store, datastream).count(3)
    assert (found > 0) == blamed


def test_the_hour_that_comes_twice_is_judged_once_and_the_missing_one_not() -> None:
    counts = market(PARIS)
    walls = local_hours(HOURS, ZoneInfo(PARIS))
    [again] = np.flatnonzero(np.diff(walls) == 0) + 1
    counts[again - 1 : again + 1] = 900
    assert bad_hours(HOURS, walls, counts) == [HOURS[again - 1]]


def test_walls_of_an_hour_and_a_half_keep_their_weeks() -> None:
    assert set(local_hours(HOURS, ZoneInfo("Asia/Kolkata")) - HOURS) == {5}
