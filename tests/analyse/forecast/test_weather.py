"""Weather means the same in every city: what it does is learnt in one and serves in another, and is told apart."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from placette.analyse.contributions.parts import explained
from placette.analyse.forecast import scores, system, weather
from placette.analyse.forecast.boosted import Boosted
from placette.analyse.forecast.features import Examples
from placette.analyse.forecast.learning import Drawing
from placette.analyse.forecast.neural import Neural
from placette.analyse.forecast.prior import Learning, Prior, learn
from placette.analyse.forecast.terms import DAY_S, LEVELS, Panel

LEVEL = np.array(LEVELS)
QUICK = system.Settings(
    drawing=Drawing(examples=1_500), tuned=Boosted(trees=10, leaves=7), taught=Neural(steps=50, rate=0.0005)
)
KINDS = ("temperature", "")


@cache
def town(seed: int, size: float, days: int = 364) -> Panel:
    """Two daily counters that rise with the warmth of the day, which wanders; the second covariate means nothing."""
    chance = np.random.default_rng(seed)
    warmth = 15 + 4 * np.convolve(chance.standard_normal(days + 4), np.ones(5) / 2, "valid")[:days]
    values = size * np.exp(0.08 * (warmth[:, None] - 15)) * chance.lognormal(0, 0.05, (days, 2)) * [1, 3]
    known = np.stack([warmth, chance.standard_normal(days)], axis=1)
    return Panel(values=values, start_s=4 * DAY_S, step_s=DAY_S, known=known, kinds=KINDS)


@cache
def taught() -> Prior:
    settings = Learning(
        examples=4_000,
        pieces=2,
        trees=Boosted(trees=60, leaves=15, steps_in_leaf=0),
        networks=Neural(width=24, networks=1, steps=800),
    )
    return learn([town(1, 100), town(2, 5_000)], 14, settings)


def lost(kinds: tuple[str, ...]) -> float:
    """Return the loss of ten weeks of a third town, a fortnight ahead, by what the others taught alone."""
    whole = Panel(values=town(3, 700).values, start_s=4 * DAY_S, step_s=DAY_S, known=town(3, 700).known, kinds=kinds)
    past = whole.until(70, 14)
    trained = system.Trained(answers=[taught().trees], settings=QUICK)
    made = system.members_of(trained, past, 14, LEVEL)[0]
    return float(scores.sql(whole.values[70:84], made, LEVEL, scores.seasonal_error(past.values, 7)).mean())


def test_what_warmth_does_elsewhere_serves_a_town_that_is_told_its_own() -> None:
    assert lost(KINDS) < 0.8 * lost(("", ""))


def test_each_kind_has_its_columns_whether_known_or_not() -> None:
    panel, asked = town(1, 100), Examples(origin=np.array([50]), lead=np.array([3]), series=np.array([0]))
    columns = np.array(weather.told(panel, asked))[:, 0]
    assert len(columns) == len(weather.SUBJECTS) * weather.PER_SUBJECT
    assert columns[0] == pytest.approx(panel.known[53, 0])
    assert np.isnan(columns[weather.PER_SUBJECT :]).all()


def test_water_in_the_air_follows_from_temperature_and_humidity() -> None:
    days = 60
    known = np.stack([np.full(days, 20.0), np.full(days, 50.0)], axis=1)
    panel = Panel(values=np.ones((days, 1)), start_s=0, step_s=DAY_S, known=known, kinds=("temperature", "humidity"))
    columns = weather.told(panel, Examples(origin=np.array([40]), lead=np.array([0]), series=np.array([0])))
    assert columns[weather.SUBJECTS.index(weather.VAPOUR) * weather.PER_SUBJECT][0] == pytest.approx(8.6, abs=0.1)


def test_the_weather_that_a_prior_looked_at_is_told_among_the_contributions() -> None:
    whole = town(3, 700)
    past = whole.until(140, 14)
    trained = system.train(past, 14, QUICK, taught())
    made = system.members_of(trained, past, 14, LEVEL)[0]
    warmest = int(whole.known[140:154, 0].argmax())
    told = explained(
        trained, past, np.array([warmest]), np.array([0]), made[warmest, :1, 4], ["weather_temperature", "noise"]
    )
    effect = dict(zip(told.keys, told.effects[0], strict=True))
    assert told.base[0] + told.effects[0].sum() == pytest.approx(made[warmest, 0, 4])
    assert effect["weather_temperature"] == max(effect.values())
