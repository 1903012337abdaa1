"""Days and hours by recursion: made up, so that the answer is known."""

from __future__ import annotations

import pickle

import msgspec
import numpy as np
import pytest

from placette.analyse.forecast.recursive import LEAST_DAYS, Recursive, Told, fit
from placette.analyse.forecast.terms import DAY_S, HOUR_S, QUANTILES, Floats, Panel

LEVEL = np.array(QUANTILES)
MEDIAN = QUANTILES.index(0.5)
AHEAD = 14
TWO_DAYS = 48


FREE = Told(lags=14, stretches=(28, 56), own_ridge=1.0, paths=300)
"""What a series has of its own counts at once."""


def days(*series: Floats, known: Floats | None = None) -> Panel:
    values = np.stack(series, axis=1)
    ahead = np.empty((len(values) + AHEAD, 0)) if known is None else known[:, None]
    return Panel(values=values, start_s=4 * DAY_S, step_s=DAY_S, known=ahead)


def ahead_of(panel: Panel, settings: Recursive | None = None, steps: int = AHEAD) -> Floats:
    learnt = fit(panel, settings)
    assert learnt is not None
    return learnt(panel, steps, LEVEL)


def week(length: int, noise: float = 0.05, seed: int = 1) -> Floats:
    """Days of 100, Sundays of 50."""
    usual = np.where(np.arange(length) % 7 == 6, 50.0, 100.0)
    return np.asarray(usual * np.random.default_rng(seed).lognormal(0, noise, length))


def test_quantiles_come_in_order_and_know_the_sunday() -> None:
    forecast = ahead_of(days(week(210), 8 * week(210, seed=2)))
    assert forecast.shape == (AHEAD, 2, len(LEVEL))
    assert (np.diff(forecast, axis=-1) >= 0).all()
    assert forecast[:7, 0, MEDIAN] == pytest.approx([100.0] * 6 + [50.0], rel=0.1)
    assert forecast[:7, 1, MEDIAN] == pytest.approx([800.0] * 6 + [400.0], rel=0.1)


def test_an_odd_last_day_fades_and_the_spread_grows() -> None:
    chance, level = np.random.default_rng(5), [0.0]
    for _ in range(363):
        level.append(0.8 * level[-1] + chance.normal(0, 0.1))
    level[-1] = 1.0
    forecast = ahead_of(days(100 * np.exp(np.array(level))))[:, 0]
    assert forecast[0, MEDIAN] > 1.5 * forecast[-1, MEDIAN]
    spread = np.log(forecast[:, -1] / forecast[:, 0])
    assert spread[-1] > 1.2 * spread[0]


def test_it_learns_what_a_covariate_known_ahead_does() -> None:
    rain = (np.random.default_rng(3).random(210 + AHEAD) < 0.3).astype(float)
    forecast = ahead_of(days(week(210) * (1 - 0.5 * rain[:210]), known=rain))[:, 0, MEDIAN]
    dry = np.where(np.arange(AHEAD) % 7 == 6, 50.0, 100.0)
    share = forecast / dry
    assert share[rain[210:] == 1].mean() < 0.75 * share[rain[210:] == 0].mean()


def test_it_remembers_the_same_day_of_last_year() -> None:
    quiet = week(364 * 2 + 14)
    quiet[358:372] *= 0.3
    past = days(quiet[: 364 * 2 - 6])
    years = ahead_of(past, Recursive(days=FREE, ridge=1.0))[:, 0, MEDIAN]
    without = ahead_of(past, Recursive(days=FREE, ridge=1.0, year_after=10_000))[:, 0, MEDIAN]
    assert years.mean() < without.mean()


def test_a_series_without_any_value_is_missing_and_spoils_no_other() -> None:
    forecast = ahead_of(days(week(98), np.full(98, np.nan)))
    assert np.isnan(forecast[:, 1]).all()
    assert forecast[:6, 0, MEDIAN] == pytest.approx(100.0, rel=0.15)


def test_a_constant_series_forecasts_itself() -> None:
    forecast = ahead_of(days(np.full(100, 7.0)))
    assert forecast == pytest.approx(7.0)


def test_gaps_leave_a_forecast_close_to_that_without_them() -> None:
    broken = week(210)
    broken[80:95] = np.nan
    broken[-3:] = np.nan
    forecast = ahead_of(days(broken, week(210)))[..., MEDIAN]
    assert forecast[:, 0] == pytest.approx(forecast[:, 1], rel=0.15)


@pytest.mark.parametrize("length", [10, LEAST_DAYS - 1])
def test_below_four_weeks_nothing_is_learnt(length: int) -> None:
    assert fit(days(week(length))) is None


@pytest.mark.parametrize("length", [LEAST_DAYS, 45, 60])
def test_from_four_weeks_on_all_quantiles_are_there(length: int) -> None:
    assert np.isfinite(ahead_of(days(week(length)))).all()


def test_a_covariate_missing_tomorrow_leaves_a_forecast() -> None:
    rain = np.ones(210 + AHEAD)
    rain[::3] = 0.0
    rain[212:] = np.nan
    past = days(week(210), known=rain)
    nothing = msgspec.structs.replace(past, known=np.full((210 + AHEAD, 1), np.nan))
    assert np.isfinite(ahead_of(past)).all()
    assert np.isfinite(ahead_of(nothing)).all()


def hours(*series: Floats, known: Floats | None = None) -> Panel:
    values = np.stack(series, axis=1)
    ahead = np.empty((len(values) + TWO_DAYS, 0)) if known is None else known[:, None]
    return Panel(values=values, start_s=4 * DAY_S, step_s=HOUR_S, known=ahead)


def round_the_clock(length: int, noise: float = 0.05, seed: int = 1) -> Floats:
    """Hours of 100, those of the night of 20."""
    usual = np.where(np.arange(length) % 24 < 6, 20.0, 100.0)
    return np.asarray(usual * np.random.default_rng(seed).lognormal(0, noise, length))


def test_hours_know_the_night_and_come_in_order() -> None:
    forecast = ahead_of(hours(round_the_clock(60 * 24), 8 * round_the_clock(60 * 24, seed=2)), steps=TWO_DAYS)
    assert (np.diff(forecast, axis=-1) >= 0).all()
    assert forecast[:, 0, MEDIAN] == pytest.approx(np.where(np.arange(TWO_DAYS) % 24 < 6, 20.0, 100.0), rel=0.15)
    assert forecast[:, 1, MEDIAN] == pytest.approx(8 * forecast[:, 0, MEDIAN], rel=0.15)


def test_an_odd_last_hour_fades_and_a_restless_night_is_told_from_a_calm_day() -> None:
    chance, level = np.random.default_rng(5), [0.0]
    for hour in range(1, 100 * 24):
        level.append(0.9 * level[-1] + chance.normal(0, 0.2 if hour % 24 < 6 else 0.02))
    level += [level[-1] * 0.9**k + 1.5 for k in range(6)]
    forecast = ahead_of(hours(100 * np.exp(np.array(level))), steps=TWO_DAYS)[:, 0]
    assert forecast[0, MEDIAN] > 1.5 * forecast[-1, MEDIAN]
    widths = np.log(forecast[:, -1] / forecast[:, 0])
    assert widths[23] > 1.3 * widths[16]  # five o'clock in the morning, ten in the evening


def test_hours_learn_what_a_covariate_known_ahead_does() -> None:
    length = 60 * 24
    rain = (np.random.default_rng(3).random(length + TWO_DAYS) < 0.3).astype(float)
    past = hours(round_the_clock(length) * (1 - 0.5 * rain[:length]), known=rain)
    share = ahead_of(past, steps=TWO_DAYS)[:, 0, MEDIAN] / np.where(np.arange(TWO_DAYS) % 24 < 6, 20.0, 100.0)
    assert share[rain[length:] == 1].mean() < 0.75 * share[rain[length:] == 0].mean()


def test_one_series_of_many_is_forecast_as_among_all() -> None:
    past = hours(*(round_the_clock(40 * 24, seed=seed) for seed in range(20)))
    learnt = fit(past)
    assert learnt is not None
    some = learnt(past, TWO_DAYS, LEVEL, np.array([18, 3]))
    assert some == pytest.approx(learnt(past, TWO_DAYS, LEVEL)[:, [18, 3]])


def test_what_was_learnt_is_kept_and_serves_a_later_past() -> None:
    past = hours(round_the_clock(60 * 24))
    learnt = pickle.loads(pickle.dumps(fit(past.until(40 * 24))))  # noqa: S301  # our own
    later = learnt(past, TWO_DAYS, LEVEL)[:, 0, MEDIAN]
    assert later == pytest.approx(ahead_of(past, steps=TWO_DAYS)[:, 0, MEDIAN], rel=0.15)


def test_a_value_lower_than_any_before_is_taken_as_the_lowest() -> None:
    past = hours(round_the_clock(60 * 24))
    learnt = fit(past)
    assert learnt is not None
    below = past.values.copy()
    below[-2:] = -500.0
    assert np.isfinite(learnt(msgspec.structs.replace(past, values=below), TWO_DAYS, LEVEL)).all()


def test_a_series_that_begins_after_learning_is_missing_and_spoils_no_other() -> None:
    usual, late = round_the_clock(60 * 24), round_the_clock(60 * 24, seed=2)
    learnt = fit(hours(usual[: 40 * 24], np.full(40 * 24, np.nan)))
    assert learnt is not None
    forecast = learnt(hours(usual, late), TWO_DAYS, LEVEL)
    assert np.isnan(forecast[:, 1]).all()
    assert np.isfinite(forecast[:, 0]).all()


def test_no_path_leaves_what_was_ever_seen() -> None:
    rising = 100 * np.exp(np.arange(60 * 24) ** 3 / (60 * 24) ** 3 * 5)
    learnt = fit(hours(rising, round_the_clock(60 * 24)))
    assert learnt is not None
    explosive = msgspec.structs.replace(learnt, slopes=learnt.slopes * 3)
    assert np.isfinite(explosive(hours(rising, round_the_clock(60 * 24)), TWO_DAYS, LEVEL)).all()
