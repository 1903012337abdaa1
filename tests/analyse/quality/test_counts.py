"""Faults put into real counts are found, and real counts are mostly left alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.csv
import pytest

from placette.analyse.quality.counts import examine, hourly, outliers, stuck, too_long_at_zero

HOUR = 3_600_000_000


@pytest.fixture(scope="module")
def queen_street(shared_data: Path) -> np.ndarray:
    """Hourly counts of 210 Queen Street, Auckland, 2019–2024; a counting day begins at six."""
    table = pyarrow.csv.read_csv(shared_data / "pedestrian" / "auckland_hourly_2019_2024.csv.gz")
    return table.column("210 Queen Street").cast("float64").to_numpy()


def weeks(count: int) -> np.ndarray:
    """A quiet square: nobody from midnight to six, then a wave by day that chance moves."""
    hours = np.arange(count * 168)
    expected = np.where(hours % 24 < 6, 0, 60 + 40 * np.sin(hours % 24 / 24 * 2 * np.pi))
    return np.random.default_rng(5).poisson(expected).astype(float)


@pytest.mark.parametrize(("hours", "value"), [(24, 0), (72, 0), (12, 40), (12, 733)])
def test_a_dead_and_a_stuck_counter_are_found_in_real_counts(
    queen_street: np.ndarray, hours: int, value: float
) -> None:
    for start in range(168 * 60, len(queen_street) - 168, 168 * 29 + 11):
        faulty = queen_street.copy()
        faulty[start : start + hours] = value
        assert (examine(faulty)[start : start + hours] == 3).all()


def test_real_counts_are_mostly_good(queen_street: np.ndarray) -> None:
    flags = examine(queen_street)
    assert 0.02 < (flags == 3).mean() < 0.06  # Christmas, lockdowns and parades are no week like any other
    assert too_long_at_zero(queen_street).sum() < 10
    assert not stuck(queen_street).any()


def test_what_chance_brings_is_good_and_ten_times_as_many_is_not() -> None:
    counts = weeks(20)
    assert (examine(counts) == 3).mean() < 0.002
    counts[15 * 168 + 12] *= 10
    assert examine(counts)[15 * 168 + 12] == 3


def test_one_passer_by_in_the_night_is_chance_unless_the_plain_rule_is_asked_for() -> None:
    counts = weeks(12)
    counts[10 * 168 + 2] = 1
    assert not outliers(counts)[10 * 168 + 2]
    assert outliers(counts, chance=False)[10 * 168 + 2]


def test_a_long_outage_teaches_nothing() -> None:
    counts = weeks(20)
    counts[10 * 168 + 8 : 10 * 168 + 32] = 0
    counts[12 * 168 + 8 : 12 * 168 + 32] = 0
    found = too_long_at_zero(counts)
    assert found[10 * 168 + 8 : 10 * 168 + 32].all()
    assert found[12 * 168 + 8 : 12 * 168 + 32].all()


def test_an_hour_half_seen_is_missing() -> None:
    times = np.array([0, 300, 600, 900, 1200, 1500, 1800, 2100, 2400, 3600, 3900]) * 1_000_000
    hours, sums = hourly(times, np.ones(len(times)), every_s=300)
    assert hours.tolist() == [0, HOUR]
    assert sums[0] == 9
    assert np.isnan(sums[1])
    assert examine(sums)[1] == 9


def test_no_counts_are_no_fault() -> None:
    assert examine(np.empty(0)).tolist() == []
    assert hourly(np.empty(0, np.int64), np.empty(0), 300)[0].tolist() == []
    assert pc.is_null(examine(np.full(2000, np.nan)).tolist()).true_count == 0
