"""Peaks that move and peaks that stay; months of a rhythm."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from tests.analyse.cycles import real

from placette.analyse.cycles.course import course
from placette.analyse.cycles.peaks import GROUPS, moves
from placette.analyse.cycles.rhythm import take_apart
from placette.analyse.cycles.series import LocalSeries, days_of, weekday_of

STREETS = ["150 K Road", "188 Quay Street Lower Albert (EW)", "30 Queen Street"]


@cache
def auckland(data: Path, street: str) -> LocalSeries:
    """Return twenty months of a street."""
    return real.auckland(data, street).between("2023-01-01", "2024-08-31")


def moved_on(series: LocalSeries, group: str, day: str, hours: int) -> LocalSeries:
    """Return the series with the days of a group shifted by whole hours from a day on."""
    dates, days = days_of(series)
    found = days.copy()
    which = np.isin(weekday_of(dates), GROUPS[group]) & (dates >= np.datetime64(day))
    found[which] = np.roll(found[which], hours, axis=1)
    return LocalSeries(int(dates[0].astype(np.int64)) * 24, 1, found.ravel())


@pytest.mark.parametrize("street", STREETS)
@pytest.mark.parametrize("hours", [-1, 1])
def test_an_hour_put_into_the_weekdays_of_a_real_street_is_found(shared_data: Path, street: str, hours: int) -> None:
    found = [
        each
        for each in moves(moved_on(auckland(shared_data, street), "weekdays", "2024-03-04", hours))
        if each.days == "weekdays"
    ]
    assert found
    assert found[0].by == pytest.approx(hours, abs=0.35)
    assert abs((found[0].since - date(2024, 3, 4)).days) <= 14


@pytest.mark.parametrize("street", STREETS)
def test_a_street_in_which_nothing_moved_keeps_its_peaks(shared_data: Path, street: str) -> None:
    assert moves(auckland(shared_data, street)) == []


def test_gaps_cost_weeks_and_nothing_more() -> None:
    hours = np.arange(24 * 7 * 40)
    bell = 50 * np.exp(-(((hours % 24 - np.where(hours < 24 * 7 * 20, 18, 19.5)) / 2) ** 2))
    values = np.random.default_rng(1).poisson(5 + bell).astype(float)
    values[24 * 70 : 24 * 91] = np.nan
    values[::97] = np.nan
    found = moves(LocalSeries(96, 1, values))
    assert found
    assert all(each.by == pytest.approx(1.5, abs=0.2) for each in found)


@pytest.mark.parametrize("values", [np.full(24 * 300, np.nan), np.full(24 * 300, 3.0), np.ones(24 * 20), np.empty(0)])
def test_nothing_moves_in_what_does_not_vary_or_is_short(values: np.ndarray) -> None:
    assert moves(LocalSeries(96, 1, values)) == []


def test_months_with_less_than_two_weeks_of_values_are_not_told() -> None:
    values = np.sin(np.arange(24 * 90) / 24 * 2 * np.pi)
    values[24 * 31 : 24 * 50] = np.nan
    series = LocalSeries(0, 1, values)
    assert [each.month for each in course(series, take_apart(series))] == ["1970-01", "1970-03"]
