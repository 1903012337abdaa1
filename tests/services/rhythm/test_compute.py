"""What is said of a rhythm: on real streets and squares, and on everything that a bad series may be."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from tests.analyse.cycles import real

from placette.analyse.cycles.series import Floats, LocalSeries
from placette.model.public_holidays import public_holidays
from placette.services.rhythm import Moved, Shifted, Told
from placette.services.rhythm.compute import rhythm_of

NO_DAYS: dict[str, frozenset[date]] = {
    kind: frozenset() for kind in ("public_holiday", "school_holiday", "market", "event", "closing")
}
MONDAY_2024 = int((np.datetime64("2024-01-01") - np.datetime64("1970-01-01")).astype(int)) * 24
"""1 January 2024 was a Monday."""


def told(values: Floats, combine: str = "sum", start: int = MONDAY_2024, **days: frozenset[date]) -> Told:
    return rhythm_of(LocalSeries(start, 1, values), combine, NO_DAYS | days, None, 0)


def street(days: int, seed: int = 1) -> Floats:
    """Passers-by of a street: two peaks, quieter Sundays, chance."""
    hours = np.arange(days * 24)
    bells = 40 * np.exp(-(((hours % 24 - 12) / 2) ** 2)) + 90 * np.exp(-(((hours % 24 - 18) / 2) ** 2))
    shape = np.where(hours // 24 % 7 == 6, 0.4, 1.0) * (5 + bells)
    return np.random.default_rng(seed).poisson(shape).astype(float)


def test_a_year_of_quay_street_has_a_strong_day_and_is_fullest_in_the_afternoon(shared_data: Path) -> None:
    series = real.auckland(shared_data, "107 Quay Street").between("2023-01-01", "2023-12-31")
    found = rhythm_of(series, "sum", NO_DAYS, None, 0)
    assert found.strength["day"] is not None
    assert found.strength["week"] is not None
    assert 0.6 < found.strength["day"] < 0.9 > found.strength["week"] > 0.2
    assert found.strength["year"] is None
    assert found.lacking["year"].needed > found.lacking["year"].days == 365
    assert [each.key for each in found.strongest_periods][:2] == ["day", "week"]
    assert 0.6 < found.strongest_periods[0].share < 0.8
    assert found.week_count == 53
    busiest = np.unravel_index(np.argmax(np.array(found.week, float)), (7, 24))
    assert 12 <= busiest[1] <= 18
    assert len(found.days) == 365
    assert len(found.course) == 12


def test_two_years_of_dublin_noise_have_a_yearly_strength_and_their_quietest_hour_at_night(shared_data: Path) -> None:
    series = real.dublin(shared_data, "BlessingtonBasin12").between("2016-01-01", "2018-06-30")
    found = rhythm_of(series, "energetic", NO_DAYS, None, 1)
    assert found.strength["year"] is not None
    assert all(np.argmin(np.array(row, float)) in range(1, 7) for row in found.week)
    comparison = found.change[0]
    assert isinstance(comparison, Shifted)
    assert comparison.against == "year_before"
    assert abs(comparison.after - comparison.before) < 3
    mean = np.mean(list(found.days.values()))
    assert np.nanmean(series.values) < mean < np.nanmax(series.values)


def test_ten_days_have_a_week_table_but_no_strength_of_week_or_year() -> None:
    found = told(street(10))
    assert found.strength["day"] is not None
    assert (found.strength["week"], found.strength["year"]) == (None, None)
    assert {name: (lack.key, lack.days, lack.needed) for name, lack in found.lacking.items()} == {
        "week": ("too_short", 10, 28),
        "year": ("too_short", 10, 730),
        "change": ("too_short", 10, 70),
    }
    assert found.week_count == 2
    assert found.week_days == (2, 2, 2, 1, 1, 1, 1)
    assert all(value is not None for row in found.week for value in row)
    assert {each.day_type: (each.days, len(each.hours)) for each in found.profiles} == {
        "weekday": (8, 24),
        "saturday": (1, 0),
        "sunday": (1, 0),
    }


def test_a_gap_leaves_its_cells_empty_and_is_told() -> None:
    values = street(28).reshape(28, 24)
    values[np.arange(28) % 7 == 2] = np.nan
    values[4, :10] = np.nan
    found = told(values.ravel())
    assert found.week[2] == (None,) * 24
    assert found.week_days[2] == 0
    assert found.captured == pytest.approx(1 - (4 * 24 + 10) / (28 * 24), abs=1e-3)
    assert "2024-01-03" not in found.days
    assert "2024-01-05" not in found.days
    assert found.strength["day"] is not None
    assert found.strength["day"] > 0.8


def test_a_short_gap_makes_no_small_day() -> None:
    values = np.full(24 * 14, 10.0)
    values[30:34] = np.nan
    assert set(told(values).days.values()) == {240.0}


def test_a_constant_series_has_no_rhythm() -> None:
    found = told(np.full(24 * 800, 7.0), "mean")
    assert found.constant
    assert found.strength == {"day": 0.0, "week": 0.0, "year": 0.0}
    assert found.strongest_periods == ()
    assert found.peak == {}
    assert not any(isinstance(each, Moved) for each in found.change)


def test_noise_has_no_strongest_periods() -> None:
    noise = np.random.default_rng(1).normal(50, 5, 24 * 200)
    assert told(noise, "mean").strongest_periods == ()


@pytest.mark.parametrize("values", [np.full(400, np.nan), np.empty(0)])
def test_without_values_nothing_is_told(values: Floats) -> None:
    found = told(values)
    assert found.lacking["day"].key == "no_values"
    assert found.week == ()
    assert found.first is None


def test_counts_below_zero_are_left_out_and_told_and_temperatures_are_not() -> None:
    values = street(28)
    values[[0, 100, 200]] = -5
    found = told(values)
    assert found.left_out == 3
    assert min(value for row in found.week for value in row if value is not None) >= 0
    assert told(values, "mean").left_out == 0


def test_the_days_on_which_the_clocks_change_are_whole_days() -> None:
    start = int((np.datetime64("2026-03-23") - np.datetime64("1970-01-01")).astype(int)) * 24
    values = np.full(24 * 14, 10.0)
    values[6 * 24 + 2] = np.nan  # 29 March 2026, 2 h: the hour that spring leaves out
    found = told(values, start=start)
    assert found.days["2026-03-29"] == 240.0
    assert found.constant


def test_types_of_days_tell_markets_on_saturdays_from_those_on_weekdays() -> None:
    first = date(2024, 1, 1)
    every = [first + timedelta(days=after) for after in range(56)]
    markets = frozenset(day for day in every if day.weekday() in (1, 5))
    school = frozenset(day for day in every if date(2024, 2, 12) <= day <= date(2024, 2, 18))
    found = told(street(56), market=markets, school_holiday=school, event=frozenset({date(2024, 1, 6)}))
    assert {each.day_type: each.days for each in found.profiles} == {
        "weekday": 28,
        "market": 8,
        "sunday": 8,
        "market_saturday": 7,
        "school_holiday": 4,
        "event": 1,
    }
    assert found.day_types["2024-01-06"] == ("market", "event")


def test_a_weekday_of_which_school_holidays_are_not_known_is_a_type_of_its_own() -> None:
    known = (date(2024, 1, 15), date(2025, 8, 31))
    found = rhythm_of(LocalSeries(MONDAY_2024, 1, street(28)), "sum", NO_DAYS, known, 0)
    assert {each.day_type: each.days for each in found.profiles} == {
        "weekday": 10,
        "unknown": 10,
        "saturday": 4,
        "sunday": 4,
    }


def test_a_daily_series_has_no_hours() -> None:
    values = 100 + 20 * (np.arange(800) % 7 == 5) + np.random.default_rng(1).normal(0, 3, 800)
    found = rhythm_of(LocalSeries(MONDAY_2024, 24, values), "mean", NO_DAYS, None, 1)
    assert found.week == ()
    assert found.strength["day"] is None
    assert found.lacking["day"].key == "daily"
    assert found.strength["week"] is not None
    assert found.strength["week"] > 0.7
    assert found.strongest_periods[0].key == "week"
    assert found.lacking["change"].key == "daily"


def test_a_peak_that_moves_is_told_with_its_week() -> None:
    values = street(7 * 40).reshape(-1, 24)
    values[7 * 22 :] = np.roll(values[7 * 22 :], 1, axis=1)
    moved = [each for each in told(values.ravel()).change if isinstance(each, Moved) and each.days == "weekdays"]
    assert moved
    assert all(each.by == pytest.approx(1, abs=0.2) and each.since == "2024-06-03" for each in moved)


def test_a_street_that_does_not_change_is_not_told_to() -> None:
    found = [told(street(7 * 40, seed)).change for seed in range(8)]
    assert not any(isinstance(each, Moved) for several in found for each in several)


def test_a_street_with_more_people_is_told_to_have_changed_since_a_year() -> None:
    values = street(7 * 64)
    values[-7 * 24 * 9 :] *= 1.5
    comparison = told(values).change[0]
    assert isinstance(comparison, Shifted)
    assert comparison.against == "year_before"
    assert comparison.level == pytest.approx(0.5, abs=0.03)
    assert comparison.level_p < 0.05


def test_public_holidays_of_aix_air_are_told_apart(shared_data: Path) -> None:
    series = real.aix(shared_data, "pm10", 1)
    holidays = frozenset(day for year in range(2017, 2021) for day in public_holidays(year))
    found = rhythm_of(series, "mean", NO_DAYS | {"public_holiday": holidays}, None, 1)
    profile = next(each for each in found.profiles if each.day_type == "public_holiday")
    assert profile.days > 30
    assert all(
        low <= middle <= high
        for low, middle, high in zip(profile.low, profile.hours, profile.high, strict=True)
        if low is not None and middle is not None and high is not None
    )
