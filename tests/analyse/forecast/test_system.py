"""The forecaster on made-up cities: what it must learn, and what it does with too little, too even or broken series."""

from __future__ import annotations

import pickle
from functools import cache

import numpy as np
import pytest

from placette.analyse.forecast import features, learning, scores, system
from placette.analyse.forecast.boosted import Boosted
from placette.analyse.forecast.learning import Drawing
from placette.analyse.forecast.naive import profile, seasonal_naive
from placette.analyse.forecast.neural import Neural
from placette.analyse.forecast.terms import DAY_S, HOUR_S, LEVELS, Floats, Panel

QUICK = system.Settings(
    drawing=Drawing(examples=3_000), boosted=Boosted(trees=30), neural=Neural(steps=200, networks=1)
)
LEVEL = np.array(LEVELS)
MONDAY = 4 * DAY_S  # 1970-01-05


@cache
def street(weeks: int = 8) -> Panel:
    """Two counters with a day, a quiet weekend, noise, and a covariate that halves the counts."""
    chance = np.random.default_rng(3)
    steps = np.arange((weeks + 1) * 168)
    day = 60 + 50 * np.sin((steps % 24 - 8) / 24 * 2 * np.pi)
    rain = (chance.random(len(steps) // 24) < 0.3).repeat(24).astype(float)
    quiet = np.where(steps // 24 % 7 >= 5, 0.5, 1.0)
    values = np.stack([day, 8 * day], axis=1) * (quiet * (1 - 0.5 * rain))[:, None]
    values *= chance.lognormal(0, 0.05, values.shape)
    return Panel(values=values[: weeks * 168], start_s=MONDAY, step_s=HOUR_S, known=rain[:, None])


def made(panel: Panel, horizon: int = 24) -> Floats:
    return system.foresee(system.train(panel, horizon, QUICK), panel, horizon, LEVEL, []).quantiles


def test_quantiles_come_in_order_and_shape() -> None:
    forecast = made(street())
    assert forecast.shape == (24, 2, 9)
    assert (np.diff(forecast, axis=-1) >= 0).all()


def test_it_learns_what_a_covariate_known_ahead_does() -> None:
    past = street().until(7 * 168, 168)
    actual = street().values[7 * 168 :]
    scale = scores.seasonal_error(past.values, 24)

    def lost(quantiles: Floats) -> float:
        return float(scores.sql(actual, quantiles, LEVEL, scale).mean())

    trained = system.train(past, 168, QUICK)
    learnt = system.members_of(trained, past, 168, LEVEL)[0]
    assert lost(learnt) < 0.6 * lost(profile(past, 168, LEVEL)) < lost(seasonal_naive(past, 168, LEVEL))


@pytest.mark.parametrize("value", [0.0, 5.0, -3.0])
def test_a_constant_series_forecasts_itself(value: float) -> None:
    panel = Panel(values=np.full((500, 1), value), start_s=0, step_s=HOUR_S, known=np.empty((500, 0)))
    assert made(panel) == pytest.approx(np.full((24, 1, 9), value), abs=0.05)


def test_three_days_of_history_are_served_by_the_profile() -> None:
    panel = street().until(72)
    few = Panel(values=panel.values[:, :1], start_s=MONDAY, step_s=HOUR_S, known=np.empty((72, 0)))
    assert np.isfinite(made(few.until(30))).all()


def test_a_series_without_past_is_nan_and_spoils_no_other() -> None:
    values = np.concatenate([street().values, np.full((len(street().values), 1), np.nan)], axis=1)
    forecast = made(Panel(values=values, start_s=MONDAY, step_s=HOUR_S, known=street().known))
    assert np.isnan(forecast[:, 2]).all()
    assert np.isfinite(forecast[:, :2]).all()


def test_gaps_and_a_covariate_missing_tomorrow_leave_a_forecast() -> None:
    values, known = street().values.copy(), street().known.copy()
    values[200:260] = np.nan
    values[-30:] = np.nan
    known[len(values) :] = np.nan
    assert np.isfinite(made(Panel(values=values, start_s=MONDAY, step_s=HOUR_S, known=known))).all()


def test_days_are_forecast_like_hours() -> None:
    whole = street().values.reshape(-1, 24, 2).sum(axis=1)
    panel = Panel(values=whole, start_s=MONDAY, step_s=DAY_S, known=np.empty((len(whole), 0)))
    forecast = made(panel, 7)[:, 0, 4]
    assert forecast[5:].mean() < forecast[:5].mean()


def test_the_record_widens_what_was_too_sure() -> None:
    panel = street()
    origin = len(panel.values) - 24
    sure = np.repeat(panel.values[origin - 24 : origin, :, None], 9, axis=2) + np.linspace(-0.1, 0.1, 9)
    settings = system.Settings()
    issued = system.Issued(origin=origin, parts=[], quantiles=sure)
    shift = system.correction(panel, [issued], LEVEL, settings)
    wider = system.corrected(panel, sure, shift)
    assert (np.diff(wider, axis=-1) >= 0).all()
    assert (wider[..., -1] - wider[..., 0]).mean() > (sure[..., -1] - sure[..., 0]).mean()


def test_the_same_seed_gives_the_same_forecast() -> None:
    assert np.array_equal(made(street(3)), made(street(3)))


def test_what_was_learnt_can_be_kept_and_sent_to_a_worker() -> None:
    panel = street(3)
    trained = system.train(panel, 24, QUICK)
    again = pickle.loads(pickle.dumps(trained))  # noqa: S301  # our own
    there, here = (system.foresee(one, panel, 24, LEVEL, []).quantiles for one in (again, trained))
    assert np.array_equal(there, here)


def test_each_feature_has_a_subject_that_explanations_name() -> None:
    panel = street(3)
    asked = features.Examples(origin=np.array([300]), lead=np.array([3]), series=np.array([0]))
    data = features.scaled(panel)
    given, shared = learning.given_of(data, asked, np.zeros(1), np.ones(1))
    assert len(features.subjects(1)) == given.shape[1]
    assert features.subjects(1)[shared:][:2] == ["series", "season"]
