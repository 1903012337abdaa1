"""Contributions sum to the forecast minus its base, and the part that moved a series is the one that is named."""

from __future__ import annotations

import numpy as np
import pytest

from placette.analyse.contributions.parts import explained
from placette.analyse.forecast import system
from placette.analyse.forecast.boosted import Boosted
from placette.analyse.forecast.learning import Drawing
from placette.analyse.forecast.neural import Neural
from placette.analyse.forecast.terms import HOUR_S, Floats, Panel

QUICK = system.Settings(
    drawing=Drawing(examples=3_000), boosted=Boosted(trees=30), neural=Neural(steps=100, networks=1)
)
LEVELS = np.arange(1, 20) / 20
WEEK = 168


@pytest.fixture(scope="module")
def made() -> tuple[system.Trained, Panel, Floats]:
    """Eight weeks of two counters whose days of event are twice as full, and such a day ahead; the trees' forecast."""
    chance = np.random.default_rng(3)
    steps = np.arange(8 * WEEK + 24)
    event = (chance.random(len(steps) // 24) < 0.3).repeat(24).astype(float)
    event[-24:] = 1
    day = 60 + 50 * np.sin((steps % 24 - 8) / 24 * 2 * np.pi)
    values = np.stack([day, 5 * day], axis=1) * (1 + event)[:, None] * chance.lognormal(0, 0.05, (len(steps), 2))
    panel = Panel(values=values[: 8 * WEEK], start_s=4 * 86_400, step_s=HOUR_S, known=event[:, None])
    trained = system.train(panel, 24, QUICK)
    return trained, panel, system.members_of(trained, panel, 24, LEVELS)[0][:, :, 9]


def test_contributions_sum_to_the_forecast_minus_its_base(made: tuple[system.Trained, Panel, Floats]) -> None:
    trained, panel, median = made
    leads, series = np.array([3, 14, 20]), np.array([0, 1, 1])
    forecast = median[leads, series] * np.array([1.0, 1.1, 0.9])  # what correction makes of it is explained as well
    told = explained(trained, panel, leads, series, forecast, ["event"])
    assert told.effects.sum(axis=1) == pytest.approx(forecast - told.base)


def test_an_event_that_doubles_a_day_is_named(made: tuple[system.Trained, Panel, Floats]) -> None:
    trained, panel, median = made
    told = explained(trained, panel, np.array([14]), np.array([0]), median[14, :1], ["event"])
    effects = dict(zip(told.keys, told.effects[0].tolist(), strict=True))
    assert effects["event"] > 0
    assert effects["event"] == max(value for key, value in effects.items() if key != "rhythm")


def test_too_short_a_past_is_its_rhythm_alone() -> None:
    panel = Panel(values=np.tile([[1.0], [3.0]], (24, 1)), start_s=0, step_s=HOUR_S, known=np.empty((49, 0)))
    trained = system.Trained(answers=[], settings=QUICK)
    told = explained(trained, panel, np.array([0]), np.array([0]), np.array([3.0]), [])
    assert told.effects.sum() == pytest.approx(3.0 - told.base[0])
    assert told.keys[0] == "rhythm"
    assert told.effects[0, 1:] == pytest.approx(0)
