"""Typical days, tables and change: what cities are known for, and what their holidays do."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest
from tests.analyse.cycles import real

from placette.analyse.cycles.change import Change, ChangeSettings, TooFewWeeks, compare
from placette.analyse.cycles.days import QUANTILES, day_types, typical_days
from placette.analyse.cycles.series import LocalSeries, weekday_of
from placette.analyse.cycles.tables import calendar, heat_map
from placette.model.public_holidays import public_holidays

MONDAY = 96
FRENCH = {day for year in range(2017, 2021) for day in public_holidays(year)}


def test_a_special_day_goes_before_a_holiday_and_a_holiday_before_a_sunday() -> None:
    days = np.array(["2026-07-13", "2026-07-14", "2026-08-15", "2026-11-01"], "datetime64[D]")
    special = {"event": {date(2026, 7, 14)}, "market": {date(2026, 7, 14), date(2026, 7, 13)}}
    assert day_types(days, public_holidays(2026), special=special).tolist() == [
        "market",
        "event",
        "public_holiday",
        "public_holiday",
    ]


@pytest.mark.parametrize("station", ["Flagstaff Station", "Southern Cross Station"])
def test_weekdays_of_a_station_peak_at_eight_and_at_five_and_weekends_are_still(
    shared_data: Path, station: str
) -> None:
    days = typical_days(real.melbourne(shared_data, station))
    busiest = set(days["weekday"].median.argsort()[-2:].tolist())
    assert busiest == {8, 17}
    assert days["saturday"].median.sum() < 0.25 * days["weekday"].median.sum()


def test_quantiles_of_a_day_are_in_order(shared_data: Path) -> None:
    days = typical_days(real.melbourne(shared_data, "Melbourne Central"))
    assert next(iter(days)) == "weekday"
    for day in days.values():
        assert len(day.quantiles) == len(QUANTILES)
        assert (np.diff(day.quantiles, axis=0) >= 0).all()


@pytest.mark.parametrize("sensor", ["107 Quay Street", "297 Queen Street", "183 K Road"])
def test_shopping_and_water_front_of_auckland_are_fullest_on_saturday(shared_data: Path, sensor: str) -> None:
    table = calendar(real.auckland(shared_data, sensor).between("2023-01-01", "2024-12-31"))
    weekday = weekday_of(table.dates)
    assert np.argmax([np.nanmedian(table.totals[weekday == each]) for each in range(7)]) == 5


def test_air_of_aix_is_cleaner_on_sundays_and_public_holidays(shared_data: Path) -> None:
    days = typical_days(real.aix(shared_data, "no2", 24), FRENCH)
    assert days["public_holiday"].days > 35
    assert days["sunday"].median < 0.8 * days["weekday"].median
    assert days["public_holiday"].median < 0.85 * days["weekday"].median


def test_the_heat_map_shows_the_week_of_a_station(shared_data: Path) -> None:
    table = heat_map(real.melbourne(shared_data, "Flagstaff Station"))
    assert np.unravel_index(table.medians.argmax(), (7, 24))[1] == 8
    assert table.medians[:5, 8].min() > 5 * table.medians[5:, 8].max()
    assert table.counts.min() > 60


def test_a_heat_map_of_a_daily_series_is_refused() -> None:
    with pytest.raises(ValueError, match="hourly"):
        heat_map(LocalSeries(MONDAY, 24, np.zeros(10)))


def test_streets_of_auckland_fell_with_the_pandemic_and_then_stayed(shared_data: Path) -> None:
    street = real.auckland(shared_data, "45 Queen Street")
    before, after, later = (
        street.between(*span)
        for span in (("2019-01-28", "2019-12-15"), ("2023-01-30", "2023-12-17"), ("2024-01-29", "2024-12-15"))
    )
    fallen, stayed = compare(before, later), compare(after, later)
    assert isinstance(fallen, Change)
    assert isinstance(stayed, Change)
    assert (round(fallen.level, 2), fallen.level_p) == (-0.48, 0.001)
    assert stayed.level_p > 0.5


def test_periods_without_change_are_called_changed_as_often_as_they_should() -> None:
    random = np.random.default_rng(3)
    week = np.tile(np.r_[np.ones(8), np.full(12, 9.0), np.ones(4)], 7 * 24)
    found = []
    for _ in range(200):
        busy = np.repeat(np.exp(0.2 * random.normal(size=24)), 168)
        weeks = random.poisson(week * busy).astype(np.float64).reshape(2, -1)
        change = compare(*(LocalSeries(MONDAY, 1, half) for half in weeks), ChangeSettings(shuffles=99))
        assert isinstance(change, Change)
        found.append((change.level_p <= 0.05, change.shape_p <= 0.05))
    assert np.mean(found, axis=0) == pytest.approx([0.05, 0.05], abs=0.045)


@pytest.mark.parametrize(("days", "weeks"), [(20, (2, 2)), (60, (8, 2))])
def test_too_few_weeks_are_no_comparison(days: int, weeks: tuple[int, int]) -> None:
    one, two = LocalSeries(MONDAY, 1, np.ones(24 * days)), LocalSeries(MONDAY, 1, np.ones(24 * 20))
    assert compare(one, two) == TooFewWeeks(weeks)


def test_counts_of_nothing_but_zero_have_not_changed() -> None:
    empty = LocalSeries(MONDAY, 1, np.zeros(168 * 6))
    found = compare(empty, empty)
    assert isinstance(found, Change)
    assert (found.level, found.shape, found.level_p, found.shape_p) == (0, 0, 1, 1)
