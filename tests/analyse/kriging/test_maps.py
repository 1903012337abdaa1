"""Maps of cities: what is refused, what is masked, how good and how honest they are where loggers hung."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.analyse.kriging import heat

from placette.analyse.kriging.cross import leave_one_out, score
from placette.analyse.kriging.maps import Map, Refusal, choose, map_of, prepare
from placette.analyse.kriging.predict import Sites

NIGHTS = 12


def _field(count: int, seed: int = 3) -> tuple[Sites, np.ndarray]:
    random = np.random.default_rng(seed)
    at = random.uniform(0, 1000, (count, 2))
    return Sites(at), np.sin(at[:, 0] / 250) + np.cos(at[:, 1] / 250)


@pytest.mark.parametrize(
    ("at", "values", "refusal"),
    [
        (np.eye(9, 2), np.arange(9.0), Refusal("too_few_stations", 3)),
        (_field(7)[0].positions, np.arange(7.0), Refusal("too_few_stations", 7)),
        (_field(9)[0].positions, [1.0, *[np.nan] * 8], Refusal("too_few_stations", 1)),
        (_field(9)[0].positions, np.full(9, 21.5), Refusal("constant", 9)),
        (np.column_stack([np.arange(9.0), 2 * np.arange(9.0)]), np.arange(9.0), Refusal("one_line", 9)),
    ],
)
def test_what_cannot_be_mapped_is_refused_with_its_reason(at: np.ndarray, values: np.ndarray, refusal: Refusal) -> None:
    assert map_of(Sites(at), values, Sites(np.zeros((1, 2)))) == refusal


def test_cells_beyond_the_hull_and_what_stations_reach_are_not_known() -> None:
    stations, values = _field(40)
    found = map_of(stations, values, Sites(np.array([[500.0, 500], [9000, 500]])))
    assert isinstance(found, Map)
    assert found.known.tolist() == [True, False]
    assert np.isnan(found.values).tolist() == np.isnan(found.errors).tolist() == [False, True]


def test_the_error_grows_away_from_stations() -> None:
    stations, values = _field(40)
    gap = max(np.random.default_rng(1).uniform(200, 800, (500, 2)).tolist(), key=lambda at: _nearest(stations, at))
    found = map_of(stations, values, Sites(np.array([stations.positions[0] + 1.0, gap])))
    assert isinstance(found, Map)
    assert found.errors[0] < found.errors[1]


def _nearest(stations: Sites, at: list[float]) -> float:
    return float(np.hypot(*(stations.positions - np.array(at)).T).min())


def test_a_covariate_that_explains_is_taken_and_one_that_never_changes_is_not() -> None:
    stations, values = _field(40)
    height = np.random.default_rng(5).normal(size=(40, 1))
    cells = Sites(stations.positions[:2], np.array([[1.0], [np.nan]]))
    taken = map_of(Sites(stations.positions, height), values + 5 * height[:, 0], cells)
    left = map_of(Sites(stations.positions, np.ones((40, 1))), values, cells)
    assert isinstance(taken, Map)
    assert isinstance(left, Map)
    assert (taken.covariates_used, left.covariates_used) == (True, False)
    assert taken.known.tolist() == [True, False]


def test_collinear_covariates_are_not_used() -> None:
    stations, values = _field(40)
    one = np.arange(40.0)
    found = map_of(Sites(stations.positions, np.column_stack([one, 2 * one])), values, stations)
    assert isinstance(found, Map)
    assert not found.covariates_used


@pytest.mark.parametrize("wave", [1, 2])
def test_nights_of_bern_are_told_better_than_by_the_mean_and_errors_are_honest(shared_data: Path, wave: int) -> None:
    city = heat.bern(shared_data / "heat", wave)
    rmse, skill, coverage = _nightly(city.sites, heat.nights(city, {6, 7, 8, 9}, 6)[:NIGHTS])
    assert rmse < 1.2
    assert skill > 0.4
    assert 0.92 < coverage < 0.98


def test_nights_of_berlin_are_hard_with_23_stations_yet_errors_are_honest(shared_data: Path) -> None:
    city = heat.berlin(shared_data / "heat")
    rmse, skill, coverage = _nightly(city.sites, heat.nights(city, {6, 7, 8}, 50)[:NIGHTS])
    assert rmse < 1.6
    assert skill > 0
    assert 0.9 < coverage < 0.99


def _nightly(sites: Sites, hours: np.ndarray) -> tuple[float, float, float]:
    """Return the RMSE in K, the skill and the coverage over hours, errors widened by what other stations show."""
    wrong, plain, inside = [], [], []
    for hour in hours:
        stations, values = prepare(sites, hour)
        best = choose(stations, values)
        found = leave_one_out(stations, values, best.variogram, best.method)
        ratio = (found.values - values) / found.errors
        count = len(values)
        by_others = np.sqrt(((ratio**2).sum() - ratio**2) / (count - 1))
        wrong.append(found.values - values)
        plain.append((values - values.mean()) * count / (count - 1))
        inside.append(np.abs(ratio) <= 1.96 * np.maximum(1, by_others))
    error = np.concatenate(wrong)
    skill = 1 - (error**2).mean() / (np.concatenate(plain) ** 2).mean()
    return float(np.sqrt((error**2).mean())), float(skill), float(np.concatenate(inside).mean())


def test_scores_of_a_map_are_those_of_its_stations_left_out() -> None:
    stations, values = _field(30)
    found = map_of(stations, values, stations)
    assert isinstance(found, Map)
    usable, means = prepare(stations, values)
    assert found.score == score(means, leave_one_out(usable, means, found.variogram, found.method), found.widened)
