"""Many times of the same stations: one variogram, each time's own variance, stations that fall silent."""

from __future__ import annotations

import numpy as np
import pytest

from placette.analyse.kriging.area import beyond
from placette.analyse.kriging.cross import one_by_one
from placette.analyse.kriging.pooled import foretell, learn, left_out, refusal
from placette.analyse.kriging.predict import Sites


def hours(count: int = 15, times: int = 12, seed: int = 3) -> tuple[Sites, np.ndarray]:
    chance = np.random.default_rng(seed)
    at = chance.uniform(0, 2000, (count, 2))
    shape = np.sin(at[:, 0] / 500) + np.cos(at[:, 1] / 500)
    return Sites(at), 20 + shape * chance.uniform(0.5, 3, (times, 1)) + chance.normal(0, 0.05, (times, count))


def test_scaling_and_shifting_a_time_changes_nothing_but_its_own_map() -> None:
    stations, values = hours()
    learned = learn(stations, values)
    moved = values.copy()
    moved[3] = 5 * moved[3] - 40
    again = learn(stations, moved)
    assert learned is not None
    assert again is not None
    assert again.variogram.range_m == pytest.approx(learned.variogram.range_m)
    cells = Sites(np.array([[700.0, 900.0], [1200.0, 1100.0]]))
    one, other = foretell(stations, values, learned, cells), foretell(stations, moved, again, cells)
    assert other.values[3] == pytest.approx(5 * one.values[3] - 40)
    assert other.errors[3] == pytest.approx(5 * one.errors[3])
    assert other.values[2] == pytest.approx(one.values[2])


def test_a_silent_station_changes_the_hours_of_its_silence_alone() -> None:
    stations, values = hours()
    silent = values.copy()
    silent[5:8, 2] = np.nan
    learned = learn(stations, values)
    assert learned is not None
    cells = Sites(stations.positions[2:3] + 40.0)
    full, partly = (foretell(stations, each, learned, cells) for each in (values, silent))
    same = np.isclose(full.errors, partly.errors).ravel()
    assert same.tolist() == [True] * 5 + [False] * 3 + [True] * 4
    assert (partly.errors[5:8] > full.errors[5:8]).all()


def test_leaving_out_in_closed_form_is_leaving_out() -> None:
    stations, values = hours()
    learned = learn(stations, values)
    assert learned is not None
    found, errors = left_out(stations, values[:1], learned.method, learned.variogram)
    slow = one_by_one(stations, values[0], learned.variogram, learned.method)
    assert found[0] == pytest.approx(slow.values)
    assert errors[0] == pytest.approx(values[0].std(ddof=1) * slow.errors)


def test_times_that_make_no_map_are_left_out_of_learning_and_of_the_map() -> None:
    stations, values = hours(9)
    values[0], values[1, 2:] = 21.0, np.nan
    assert [refusal(stations, row) for row in values[:3]] == ["constant", "too_few_stations", None]
    learned = learn(stations, values)
    assert learned is not None
    assert learned.checked.times == 10
    found = foretell(stations, values, learned, stations)
    assert np.isnan(found.values[:2]).all()
    assert not np.isnan(found.values[2:]).any()
    assert learn(stations, values[:2]) is None


def test_nothing_is_told_beyond_hull_and_range() -> None:
    stations, values = hours()
    learned = learn(stations, values)
    assert learned is not None
    cells = Sites(np.random.default_rng(0).uniform(-9_000, 9_000, (500, 2)))
    known = ~np.isnan(foretell(stations, values[:1], learned, cells).values[0])
    assert (known == (beyond(stations.positions, cells.positions) <= learned.variogram.reach_m)).all()


def test_stations_in_two_heaps_are_borne() -> None:
    chance = np.random.default_rng(1)
    at = np.concatenate([chance.normal(0, 1, (6, 2)), chance.normal(5_000, 1, (6, 2))])
    learned = learn(Sites(at), chance.normal(20, 1, (3, 12)))
    assert learned is not None
    assert np.isfinite(learned.checked.rmse)
