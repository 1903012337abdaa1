"""What docs/forecasting.md promises of broken, moved, short and missing series, with the prior that is shipped."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from placette import pretrained
from placette.analyse.forecast import system
from placette.analyse.forecast.boosted import Boosted
from placette.analyse.forecast.learning import Drawing
from placette.analyse.forecast.neural import Neural
from placette.analyse.forecast.terms import DAY_S, HOUR_S, QUANTILES, Floats, Panel

LEVEL = np.array(QUANTILES)
MEDIAN = QUANTILES.index(0.5)
QUICK = system.Settings(
    drawing=Drawing(examples=3_000), tuned=Boosted(trees=20, leaves=7), taught=Neural(steps=50, rate=0.0005)
)


@cache
def square(days: int = 70) -> Floats:
    """One counter with a day, a quiet weekend and noise (hours)."""
    chance = np.random.default_rng(7)
    steps = np.arange(days * 24)
    day = 60 + 50 * np.sin((steps % 24 - 8) / 24 * 2 * np.pi)
    quiet = np.where(steps // 24 % 7 >= 5, 0.6, 1.0)
    return np.asarray(day * quiet * chance.lognormal(0, 0.1, len(steps)))


def panel(*series: Floats, known: Floats | None = None) -> Panel:
    values = np.stack(series, axis=1)
    return Panel(
        values=values,
        start_s=4 * DAY_S,
        step_s=HOUR_S,
        known=np.empty((len(values) + 24, 0)) if known is None else known,
    )


def made(given: Panel, horizon: int = 24) -> Floats:
    trained = system.train(given, horizon, QUICK, pretrained.prior(HOUR_S))
    return system.foresee(trained, given, horizon, LEVEL, []).quantiles


@cache
def usual() -> Floats:
    return made(panel(square()))[:, 0, MEDIAN]


def test_gaps_leave_a_forecast_close_to_that_without_them() -> None:
    broken = square().copy()
    broken[200:260] = np.nan
    broken[-30:] = np.nan
    forecast = made(panel(broken))[:, 0]
    assert (np.diff(forecast, axis=-1) >= 0).all()
    assert forecast[:, MEDIAN] == pytest.approx(usual(), rel=0.35)


@pytest.mark.parametrize("value", [0.0, 12.0, -4.0])
def test_a_constant_series_forecasts_itself(value: float) -> None:
    forecast = made(panel(square(), np.full(len(square()), value)))[:, 1]
    assert forecast[:, MEDIAN] == pytest.approx(np.full(24, value), abs=0.15)


def test_ten_days_of_history_find_the_day_again() -> None:
    whole = square(days=11)
    forecast = made(panel(whole[:240]))[:, 0, MEDIAN]
    assert np.corrcoef(forecast, whole[240:])[0, 1] > 0.9


def test_a_sensor_moved_ten_days_ago_is_forecast_where_it_is_now() -> None:
    moved = square().copy()
    moved[-240:] *= 3
    ratio = made(panel(moved))[:, 0, MEDIAN].mean() / usual().mean()
    assert 2 < ratio < 3.5


def test_negative_counts_bound_the_forecast_and_spoil_nothing() -> None:
    wrong = square().copy()
    wrong[500] = -3.0
    forecast = made(panel(wrong))[:, 0]
    assert forecast.min() >= -3
    assert forecast[:, MEDIAN] == pytest.approx(usual(), rel=0.35)


def test_the_hour_that_spring_leaves_out_is_forecast_like_any_other() -> None:
    spring = square().copy()
    spring[-22] = np.nan  # 02:00 of the last day
    forecast = made(panel(spring), 48)[:, 0]
    assert np.isfinite(forecast).all()
    assert forecast[:24, MEDIAN] == pytest.approx(usual(), rel=0.35)


def test_a_covariate_missing_tomorrow_leaves_a_forecast() -> None:
    weather = np.sin(np.arange(len(square()) + 24) / 50)[:, None]
    weather[len(square()) :] = np.nan
    assert np.isfinite(made(panel(square(), known=weather))).all()


def test_all_levels_come_in_order() -> None:
    forecast = made(panel(square()))
    assert forecast.shape == (24, 1, 19)
    assert (np.diff(forecast, axis=-1) >= 0).all()
