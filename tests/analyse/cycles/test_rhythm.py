"""Rhythms: injected ones are found again, noise has none, and cities show what is known of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.analyse.cycles import real

from placette.analyse.cycles.rhythm import Rhythm, rhythms, strength, take_apart
from placette.analyse.cycles.series import LocalSeries

MONDAY = 96
HOURS = np.arange(24 * 1200)
WAVES = {
    "day": 3 * np.sin(2 * np.pi * (HOURS - 2) / 24),
    "week": 2 * np.sin(2 * np.pi * (HOURS - 66) / 168),
    "year": 5 * np.cos(2 * np.pi * (HOURS - 30 * 24) / 8765.82),
}


def _found(series: LocalSeries) -> dict[str, Rhythm]:
    return {each.name: each for each in rhythms(series)}


def _noisy(seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=len(HOURS))


def test_injected_rhythms_are_found_with_their_strength_and_shape_through_a_long_gap() -> None:
    values = 20 + sum(WAVES.values()) + _noisy()
    values[5000:7000] = np.nan
    found = _found(LocalSeries(MONDAY, 1, values))
    truth = {name: wave.var() / (wave.var() + 1) for name, wave in WAVES.items()}
    assert {name: each.strength for name, each in found.items()} == pytest.approx(truth, abs=0.04)
    assert found["day"].peak in {7, 8, 9}
    assert abs(found["week"].peak - 108) < 8
    assert abs(found["year"].peak - 34) < 6
    assert [np.ptp(found[name].shape) for name in ("day", "year")] == pytest.approx([6, 10], rel=0.06)


@pytest.mark.parametrize("days", [10, 60, 400, 1100])
def test_noise_has_the_strength_that_chance_gives(days: int) -> None:
    for each in rhythms(LocalSeries(MONDAY, 1, _noisy()[: 24 * days])):
        assert each.strength == pytest.approx(each.chance, abs=0.06)


def test_outliers_hardly_move_a_rhythm() -> None:
    values = WAVES["day"][: 24 * 120] + 0.2 * _noisy()[: 24 * 120]
    spoilt = values.copy()
    spoilt[np.random.default_rng(4).choice(len(values), 30, replace=False)] += 200
    clean, robust = (_found(LocalSeries(MONDAY, 1, each))["day"].shape for each in (values, spoilt))
    assert np.abs(clean - robust).max() < 0.2


@pytest.mark.parametrize(
    ("days", "hours", "names"),
    [(5, 1, []), (10, 1, ["day"]), (40, 1, ["day", "week"]), (40, 24, ["week"]), (800, 24, ["week", "year"])],
)
def test_a_rhythm_needs_enough_of_its_cycles(days: int, hours: int, names: list[str]) -> None:
    values = _noisy()[: days * 24 // hours]
    assert [each.name for each in rhythms(LocalSeries(MONDAY, hours, values))] == names  # type: ignore[arg-type]


@pytest.mark.parametrize("values", [np.full(24 * 60, 7.0), np.full(24 * 60, np.nan)])
def test_a_series_without_variation_or_values_has_no_rhythm(values: np.ndarray) -> None:
    assert [each.strength for each in rhythms(LocalSeries(MONDAY, 1, values))] == [0, 0]


def test_parts_add_up_to_the_values() -> None:
    values = 20 + WAVES["day"] + _noisy()
    values[100:150] = np.nan
    parts = take_apart(LocalSeries(MONDAY + 50, 1, values))
    total = parts.trend + sum(parts.seasons.values()) + parts.rest
    assert np.nan_to_num(total, nan=-1) == pytest.approx(np.nan_to_num(values, nan=-1))


def test_strength_is_never_negative() -> None:
    assert strength(np.array([1.0, -1]), np.array([-1.0, 1])) == 0


def test_a_station_of_commuters_lives_by_the_day_and_the_week(shared_data: Path) -> None:
    found = _found(real.melbourne(shared_data, "Flagstaff Station"))
    assert found["day"].strength > 0.8
    assert found["week"].strength > 0.8
    assert found["day"].peak == 8
    assert found["week"].trough // 24 in {5, 6}


def test_noise_of_dublin_follows_the_day_more_than_the_week_or_the_year(shared_data: Path) -> None:
    found = _found(real.dublin(shared_data, "BlessingtonBasin12"))
    assert found["day"].strength > 0.5
    assert found["week"].chance < found["week"].strength < 0.2
    assert found["day"].trough in {2, 3, 4}


@pytest.mark.parametrize("quantity", ["pm10", "no2"])
def test_air_of_aix_is_worst_in_winter(shared_data: Path, quantity: str) -> None:
    year = _found(real.aix(shared_data, quantity, 24))["year"]
    assert year.strength > 0.08 > 10 * year.chance
    assert year.peak < 60
    assert 90 < year.trough < 220


def test_particles_of_aix_are_most_in_the_evening(shared_data: Path) -> None:
    day = _found(real.aix(shared_data, "pm10", 1))["day"]
    assert day.strength > 3 * day.chance
    assert day.peak in {20, 21, 22}
