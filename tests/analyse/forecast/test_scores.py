"""Scores against worked values (scoringrules 0.8, and by hand)."""

from __future__ import annotations

import numpy as np
import pytest

from placette.analyse.forecast import scores


@pytest.mark.parametrize(
    ("actual", "forecast", "level", "loss"),
    [(10, 8, 0.9, 1.8), (10, 8, 0.1, 0.2), (8, 10, 0.9, 0.2), (8, 8, 0.5, 0.0)],
)
def test_pinball_of_one_value(actual: float, forecast: float, level: float, loss: float) -> None:
    assert scores.pinball([actual], [[forecast]], [level])[0, 0] == pytest.approx(loss)


def test_a_sure_forecast_scores_its_absolute_error() -> None:
    levels = np.arange(1, 10) / 10
    sure = np.repeat([[7.0], [3.0]], 9, axis=1)
    assert scores.sql([5.0, 5.0], sure, levels, 2.0) == pytest.approx([1.0, 1.0])
    assert scores.wql([5.0, 5.0], sure, levels) == pytest.approx(scores.wape([5.0, 5.0], [7.0, 3.0]))


def test_missing_values_count_nowhere() -> None:
    assert scores.wape([10.0, np.nan], [8.0, 100.0]) == pytest.approx(0.2)
    assert scores.seasonal_error([[1.0], [np.nan], [4.0], [5.0]], 2) == pytest.approx([3.0])
    assert scores.coverage([np.nan, 1.0], [0, 0], [2, 2]) == 1


def test_a_small_mean_is_floored() -> None:
    assert scores.wape([0.1, 0.1], [0.6, 0.6], floor=1.0) == pytest.approx(0.5)


@pytest.mark.parametrize(("fair", "expected"), [(False, 0.375), (True, 1 / 6)])
def test_crps_of_an_ensemble(fair: bool, expected: float) -> None:
    assert scores.crps_ensemble(2.5, [1, 2, 3, 4], fair=fair) == pytest.approx(expected)
