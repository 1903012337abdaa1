"""What an hour should have been: holidays go like Sundays, levels are followed, the weather helps."""

from __future__ import annotations

import msgspec
import numpy as np
from tests.analyse.anomaly.conftest import made

from placette.analyse.anomaly.expected import expected
from placette.analyse.anomaly.neighbours import followed
from placette.analyse.anomaly.terms import Settings, Watched

SETTINGS = Settings()


def miss(watched: Watched, hours: slice) -> float:
    """Return the median error of the expectation over some hours, relative."""
    model = expected(watched, SETTINGS)
    back = model.back(model.middle[hours, 0], 0)
    return float(np.nanmedian(np.abs(back / watched.values[hours, 0] - 1)))


def test_an_ordinary_day_is_expected_within_what_chance_leaves(street: Watched) -> None:
    assert miss(street, slice(-7 * 24, None)) < 0.12


def test_a_holiday_goes_like_a_sunday() -> None:
    watched = made()
    day = 150
    while watched.day_classes()[day] >= 5:
        day += 1
    hours = slice(day * 24, day * 24 + 24)
    values = watched.values.copy()
    values[hours] = np.round(values[hours] * 1.6)
    watched = msgspec.structs.replace(watched, values=values)
    known = msgspec.structs.replace(watched, holidays=frozenset({watched.first_day + day}))
    assert miss(known, hours) < 0.15 < miss(watched, hours)


def test_a_new_level_is_followed_within_days() -> None:
    watched = made()
    values = watched.values.copy()
    values[-21 * 24 :] = np.round(values[-21 * 24 :] * 1.5)
    after = msgspec.structs.replace(watched, values=values)
    assert miss(after, slice(-21 * 24, -20 * 24)) > 0.25
    assert miss(after, slice(-7 * 24, None)) < 0.15


def test_weather_moves_what_is_expected() -> None:
    watched = made()
    rain = (np.random.default_rng(8).uniform(size=len(watched.values)) < 0.15).astype(float)
    values = np.round(watched.values * np.where(rain > 0, 0.6, 1)[:, None])
    blind = msgspec.structs.replace(watched, values=values)
    aware = msgspec.structs.replace(blind, weather=rain[:, None])
    wet = np.flatnonzero(rain[-28 * 24 :]) + len(rain) - 28 * 24
    off = [float(np.nanmedian(np.abs(expected(each, SETTINGS).slow[wet, 0]))) for each in (blind, aware)]
    assert off[1] < 0.5 * off[0]


def test_the_hour_that_spring_leaves_out_is_nothing_special() -> None:
    watched = made()
    values = watched.values.copy()
    values[-5 * 24 + 2] = np.nan
    after = expected(msgspec.structs.replace(watched, values=values), SETTINGS)
    assert np.isnan(after.fast[-5 * 24 + 2]).all()
    assert np.isfinite(after.fast[-5 * 24 + 3 :]).all()


def test_neighbours_take_away_what_is_common(street: Watched) -> None:
    model = expected(street, SETTINGS)
    slow = model.slow / model.slow_scale
    found = followed(slow, street, SETTINGS)
    late = slice(-28 * 24, None)
    assert np.nanstd(found.alone[late]) < 0.9 * np.nanstd(slow[late])


def test_what_stands_too_far_away_is_no_neighbour(street: Watched) -> None:
    model = expected(street, SETTINGS)
    far = msgspec.structs.replace(street, positions=np.arange(4)[:, None] * np.array([[5_000.0, 0.0]]))
    found = followed(model.slow / model.slow_scale, far, SETTINGS)
    assert not found.weights.any()
