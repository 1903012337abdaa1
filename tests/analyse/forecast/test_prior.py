"""What other cities taught: it packs small, serves a sensor hung yesterday, and is where learning starts."""

from __future__ import annotations

import pickle
from functools import cache

import numpy as np
import pytest

from placette.analyse.forecast import scores, system
from placette.analyse.forecast.boosted import Boosted, Boosters
from placette.analyse.forecast.learning import Drawing, Questions
from placette.analyse.forecast.naive import profile
from placette.analyse.forecast.neural import Neural
from placette.analyse.forecast.packing import packed, unpacked
from placette.analyse.forecast.prior import Learning, Prior, learn
from placette.analyse.forecast.terms import DAY_S, HOUR_S, LEVELS, Floats, Panel

LEVEL = np.array(LEVELS)
QUICK = system.Settings(
    drawing=Drawing(examples=2_000), tuned=Boosted(trees=10, leaves=7), taught=Neural(steps=50, rate=0.0005)
)


@cache
def town(seed: int, weeks: int = 12) -> Panel:
    """Three counters with a day, a quiet weekend and a level that wanders from day to day."""
    chance = np.random.default_rng(seed)
    steps = np.arange(weeks * 168)
    day = 1.2 + np.sin((steps % 24 - 8) / 24 * 2 * np.pi)
    quiet = np.where(steps // 24 % 7 >= 5, 0.5, 1.0)
    level = np.exp(0.2 * np.repeat(chance.standard_normal(weeks * 7).cumsum(), 24))
    values = np.outer(day * quiet * level, [20, 90, 700]) * chance.lognormal(0, 0.05, (len(steps), 3))
    return Panel(values=values, start_s=4 * DAY_S, step_s=HOUR_S, known=np.empty((len(steps), 0)))


@pytest.fixture(scope="module")
def taught() -> Prior:
    settings = Learning(
        examples=3_000,
        trees=Boosted(trees=40, leaves=15, steps_in_leaf=0),
        networks=Neural(width=24, networks=1, steps=400),
    )
    return learn([town(1), town(2)], 48, settings)


def lost(panel: Panel, quantiles: Floats) -> float:
    actual = panel.values[-48:]
    return float(scores.sql(actual, quantiles, LEVEL, scores.seasonal_error(panel.values[:-48], 24)).mean())


def test_it_serves_ten_days_of_history_better_than_their_profile(taught: Prior) -> None:
    served, plain = [], []
    for whole in map(town, range(3, 7)):
        past = Panel(values=whole.values[-288:-48], start_s=whole.start_s, step_s=HOUR_S, known=np.empty((240, 0)))
        trained = system.train(past, 48, QUICK, taught)
        served.append(lost(whole, system.foresee(trained, past, 48, LEVEL, []).quantiles))
        plain.append(lost(whole, profile(past, 48, LEVEL)))
    assert np.mean(served) < 0.7 * np.mean(plain)


def test_a_sensor_of_yesterday_has_a_forecast(taught: Prior) -> None:
    past = town(3).until(30)
    made = system.foresee(system.train(past, 24, QUICK, taught), past, 24, LEVEL, []).quantiles
    assert np.isfinite(made).all()


def test_parts_are_the_tuned_ones_the_prior_ones_recursion_and_profile(taught: Prior) -> None:
    past = town(3).until(11 * 168)
    trained = system.train(past, 48, QUICK, taught)
    assert len(system.members_of(trained, past, 48, LEVEL)) == 6
    assert {len(each) for each in trained.tried} == {6}


def test_contributions_sum_to_what_the_trees_say_prior_included(taught: Prior) -> None:
    past = town(3).until(8 * 168)
    shipped = unpacked(packed(taught))
    answer = system.train(past, 48, QUICK, shipped).answers[0]
    assert isinstance(answer, Boosters)
    given = Questions.of(past, 48).given
    assert answer.contributions(given, 0.5).sum(axis=1) == pytest.approx(answer(given)[:, 3], abs=1e-6)


def test_a_packed_prior_says_the_same_and_is_small(taught: Prior) -> None:
    data = packed(taught)
    again, given = unpacked(data), np.random.default_rng(1).normal(size=(50, taught.trees.features))
    assert len(data) < len(pickle.dumps(taught)) / 3
    assert np.abs(again.trees(given) - taught.trees(given)).mean() < 0.01
    assert again.networks(given) == pytest.approx(taught.networks(given), abs=0.05)
