"""Our forecaster on a made-up task: it sees nothing of a window before that window, and learns again as told."""

from __future__ import annotations

from functools import cache

import msgspec
import numpy as np
import pytest

from placette.analyse.forecast import system
from placette.analyse.forecast.boosted import Boosted
from placette.analyse.forecast.learning import Drawing
from placette.analyse.forecast.neural import Neural
from placette.analyse.forecast.terms import DAY_S, Panel
from placette.benchmarking.rolling import Made, rolled
from placette.benchmarking.tasks import Task

QUICK = system.Settings(drawing=Drawing(examples=1_000), boosted=Boosted(trees=10), neural=Neural(steps=50, networks=1))
DAYS = Task(key="days", bench="fev", published="days", source="", step_s=DAY_S, horizon=14, windows=3, season=7)


@cache
def city(last: float = 1.0) -> Panel:
    """Three daily series; the days of the last window are multiplied."""
    chance = np.random.default_rng(5)
    days = np.arange(140)
    values = np.outer(np.where(days % 7 < 5, 100.0, 40.0), [1, 2, 5]) * chance.lognormal(0, 0.1, (140, 3))
    values[-14:] *= last
    return Panel(values=values, start_s=4 * DAY_S, step_s=DAY_S, known=np.empty((140, 0)))


@cache
def run(last: float = 1.0) -> Made:
    return rolled(DAYS, city(last), QUICK)


def test_every_window_has_its_forecast() -> None:
    assert [made.shape for made in run().final] == [(14, 3, 9)] * 3
    assert all((np.diff(made, axis=-1) >= 0).all() for made in run().final)


def test_what_comes_after_an_origin_changes_nothing_before_it() -> None:
    assert np.array_equal(run().final, run(3.0).final)


def test_it_learns_again_when_a_week_has_passed() -> None:
    assert run().trainings == 3  # windows of a fortnight
    short = msgspec.structs.replace(DAYS, horizon=3, windows=4)
    assert rolled(short, city(), QUICK).trainings == 2  # at the first, and nine days later


def test_a_regular_week_is_found_again() -> None:
    actual = city().values[-14:]
    assert np.abs(run().final[-1][..., 4] / actual - 1).mean() < 0.2


@pytest.mark.parametrize("part", [0, 1, 2])
def test_parts_are_kept_for_their_own_scores(part: int) -> None:
    assert np.isfinite(run().parts[-1][part]).all()
