"""Probabilities of passing a threshold: from quantiles, bent to the record, judged beside the climatology."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from placette.analyse.exceedance import isotonic, judging
from placette.analyse.exceedance.probability import exceeding

LEVELS = np.arange(1, 20) / 20
NORMAL = np.array([NormalDist(50, 10).inv_cdf(float(level)) for level in LEVELS])


@pytest.mark.parametrize("threshold", [30.0, 35.0, 45.0, 50.0, 58.0, 66.0, 72.0])
def test_quantiles_of_a_normal_give_its_probabilities(threshold: float) -> None:
    expected = 1 - NormalDist(50, 10).cdf(threshold)
    assert float(exceeding(NORMAL, LEVELS, threshold)) == pytest.approx(expected, abs=0.02)


@given(st.lists(st.floats(-1e6, 1e6), min_size=5, max_size=5), st.floats(-1e6, 1e6), st.floats(0, 1e6))
def test_a_higher_threshold_is_never_more_probable(values: list[float], threshold: float, more: float) -> None:
    quantiles, levels = np.sort(values), np.array([0.1, 0.3, 0.5, 0.7, 0.9])
    low, high = (float(exceeding(quantiles, levels, each)) for each in (threshold, threshold + more))
    assert 0 <= high <= low <= 1


def test_no_forecast_has_no_probability() -> None:
    assert np.isnan(exceeding(np.full(19, np.nan), LEVELS, 3.0))


def test_too_sure_probabilities_are_bent_to_what_came() -> None:
    chance = np.random.default_rng(5)
    real = chance.random(4_000)
    told = np.clip(0.5 + 2 * (real - 0.5), 0, 1)  # half of the world is called sure
    came = (chance.random(4_000) < real).astype(float)
    curve = isotonic.fit(told, came)
    bent = curve(told)
    assert np.mean((bent - came) ** 2) < np.mean((told - came) ** 2) - 0.01
    assert (np.diff(curve.came) >= 0).all()
    assert np.mean(np.abs(bent - real)) < 0.05


def test_few_events_bend_nothing() -> None:
    assert isotonic.fit([0.1] * 100, [0] * 99 + [1]) == isotonic.Curve()
    assert isotonic.Curve()([0.3]).tolist() == [0.3]


def test_a_day_is_judged_by_a_curve_that_has_not_seen_it() -> None:
    told, came = np.repeat([0.2, 0.8], 100), np.tile([0.0, 1.0], 100)
    days = np.repeat(np.arange(20), 10)
    changed = came.copy()
    changed[:10] = 1 - changed[:10]
    ours, others = (isotonic.left_out(told, each, days)[:10] for each in (came, changed))
    assert np.array_equal(ours, others)


def test_a_climatology_repeated_has_no_skill_and_knowing_has_all() -> None:
    came = np.tile([1.0, 0.0], 50)
    half = np.full(100, 0.5)
    nothing, everything = judging.judge(came, half, half), judging.judge(came, came, half)
    assert nothing is not None
    assert everything is not None
    assert (nothing.skill, everything.skill) == (0.0, 1.0)


def test_what_never_came_and_was_never_told_leaves_no_skill_to_have() -> None:
    judged = judging.judge([0, 0], [0, 0], [0, 0])
    assert judged is not None
    assert judged.skill is None
    assert judging.judge([np.nan], [0.5], [0.5]) is None
