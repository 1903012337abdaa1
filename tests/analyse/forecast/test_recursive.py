"""Days by recursion: on made-up days of which the answer is known."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from placette.analyse.forecast import naive
from placette.analyse.forecast.recursive import LEAST_DAYS, Recursive, recursive
from placette.analyse.forecast.terms import DAY_S, QUANTILES, Floats, Panel

LEVEL = np.array(QUANTILES)
MEDIAN = QUANTILES.index(0.5)
AHEAD = 14


def days(*series: Floats, known: Floats | None = None) -> Panel:
    values = np.stack(series, axis=1)
    ahead = np.empty((len(values) + AHEAD, 0)) if known is None else known[:, None]
    return Panel(values=values, start_s=4 * DAY_S, step_s=DAY_S, known=ahead)


def week(length: int, noise: float = 0.05, seed: int = 1) -> Floats:
    """Days of 100, Sundays of 50."""
    usual = np.where(np.arange(length) % 7 == 6, 50.0, 100.0)
    return np.asarray(usual * np.random.default_rng(seed).lognormal(0, noise, length))


def test_quantiles_come_in_order_and_know_the_sunday() -> None:
    forecast = recursive(days(week(210), 8 * week(210, seed=2)), AHEAD, LEVEL)
    assert forecast.shape == (AHEAD, 2, len(LEVEL))
    assert (np.diff(forecast, axis=-1) >= 0).all()
    assert forecast[:7, 0, MEDIAN] == pytest.approx([100.0] * 6 + [50.0], rel=0.1)
    assert forecast[:7, 1, MEDIAN] == pytest.approx([800.0] * 6 + [400.0], rel=0.1)


def test_an_odd_last_day_fades_and_the_spread_grows() -> None:
    chance, level = np.random.default_rng(5), [0.0]
    for _ in range(363):
        level.append(0.8 * level[-1] + chance.normal(0, 0.1))
    level[-1] = 1.0
    forecast = recursive(days(100 * np.exp(np.array(level))), AHEAD, LEVEL)[:, 0]
    assert forecast[0, MEDIAN] > 1.5 * forecast[-1, MEDIAN]
    spread = np.log(forecast[:, -1] / forecast[:, 0])
    assert spread[-1] > 1.2 * spread[0]


def test_it_learns_what_a_covariate_known_ahead_does() -> None:
    rain = (np.random.default_rng(3).random(210 + AHEAD) < 0.3).astype(float)
    forecast = recursive(days(week(210) * (1 - 0.5 * rain[:210]), known=rain), AHEAD, LEVEL)[:, 0, MEDIAN]
    dry = np.where(np.arange(AHEAD) % 7 == 6, 50.0, 100.0)
    share = forecast / dry
    assert share[rain[210:] == 1].mean() < 0.75 * share[rain[210:] == 0].mean()


def test_it_remembers_the_same_day_of_last_year() -> None:
    quiet = week(364 * 2 + 14)
    quiet[358:372] *= 0.3
    past = days(quiet[: 364 * 2 - 6])
    years = recursive(past, AHEAD, LEVEL, Recursive(own_ridge=1.0, ridge=1.0))[:, 0, MEDIAN]
    without = recursive(past, AHEAD, LEVEL, Recursive(own_ridge=1.0, ridge=1.0, year_after=10_000))[:, 0, MEDIAN]
    assert years.mean() < without.mean()


def test_a_series_without_any_value_is_missing_and_spoils_no_other() -> None:
    forecast = recursive(days(week(98), np.full(98, np.nan)), AHEAD, LEVEL)
    assert np.isnan(forecast[:, 1]).all()
    assert forecast[:6, 0, MEDIAN] == pytest.approx(100.0, rel=0.15)


def test_a_constant_series_forecasts_itself() -> None:
    forecast = recursive(days(np.full(100, 7.0)), AHEAD, LEVEL)
    assert forecast == pytest.approx(7.0)


def test_gaps_leave_a_forecast_close_to_that_without_them() -> None:
    broken = week(210)
    broken[80:95] = np.nan
    broken[-3:] = np.nan
    forecast = recursive(days(broken, week(210)), AHEAD, LEVEL)[..., MEDIAN]
    assert forecast[:, 0] == pytest.approx(forecast[:, 1], rel=0.15)


@pytest.mark.parametrize("length", [10, LEAST_DAYS - 1])
def test_below_four_weeks_the_profile_answers(length: int) -> None:
    past = days(week(length))
    assert recursive(past, AHEAD, LEVEL).tolist() == naive.profile(past, AHEAD, LEVEL).tolist()


@pytest.mark.parametrize("length", [LEAST_DAYS, 45, 60])
def test_from_four_weeks_on_all_quantiles_are_there(length: int) -> None:
    assert np.isfinite(recursive(days(week(length)), AHEAD, LEVEL)).all()


def test_a_covariate_missing_tomorrow_leaves_a_forecast() -> None:
    rain = np.ones(210 + AHEAD)
    rain[::3] = 0.0
    rain[212:] = np.nan
    past = days(week(210), known=rain)
    nothing = msgspec.structs.replace(past, known=np.full((210 + AHEAD, 1), np.nan))
    assert np.isfinite(recursive(past, AHEAD, LEVEL)).all()
    assert np.isfinite(recursive(nothing, AHEAD, LEVEL)).all()
