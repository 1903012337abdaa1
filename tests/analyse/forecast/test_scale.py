"""The scale of the models: there and back, its steepness, and values it never saw."""

import numpy as np
import pytest

from placette.analyse.forecast.scale import Scale

VALUES = np.stack(
    [
        np.random.default_rng(1).lognormal(3, 1, 200),
        np.random.default_rng(2).normal(4, 9, 200),  # degrees, below zero too
        np.random.default_rng(3).poisson(0.3, 200).astype(float),
    ],
    axis=1,
)


def test_there_and_back_is_the_same_value() -> None:
    scale = Scale.of(VALUES)
    assert scale.back(scale.there(VALUES)) == pytest.approx(VALUES, abs=1e-9)


def test_a_series_of_usual_size_lies_about_zero_whatever_its_unit() -> None:
    grams, tons = (Scale.of(VALUES[:, :1] * factor).there(VALUES[:, :1] * factor) for factor in (1e6, 1))
    assert grams == pytest.approx(tons, abs=1e-4)
    assert np.median(tons) == pytest.approx(0.0, abs=0.1)


def test_its_steepness_is_what_a_small_step_is_worth() -> None:
    scale = Scale.of(VALUES)
    z = scale.there(VALUES)
    step = 1e-6
    assert (scale.back(z + step) - scale.back(z)) / step == pytest.approx(scale.steepness(z), rel=1e-3)


def test_it_lies_between_values_and_logarithms() -> None:
    scale = Scale.of(VALUES[:, :1])
    low, middle, high = scale.there(np.array([[10.0], [100.0], [1_000.0]])).ravel()
    assert 1.2 < (high - middle) / (middle - low) < 10


def test_what_is_lower_than_ever_seen_lies_at_its_end_and_missing_stays_missing() -> None:
    scale = Scale.of(VALUES)
    ends = scale.there(np.array([[-1e6, -1e6, -1e6], [np.nan, np.nan, np.nan]]))
    assert np.isfinite(ends[0]).all()
    assert np.isnan(ends[1]).all()


def test_a_series_that_never_spoke_has_a_scale() -> None:
    scale = Scale.of(np.full((10, 1), np.nan))
    assert scale.back(scale.there(np.array([[3.0]]))) == pytest.approx(3.0)


def test_some_series_in_any_shape() -> None:
    scale = Scale.of(VALUES)
    z = np.zeros((4, 5))
    assert scale.some(np.array([2, 0, 1, 1])[:, None]).back(z).shape == (4, 5)
