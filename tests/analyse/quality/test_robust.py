"""Qn is that of its definition, whatever the number of values."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from placette.analyse.quality.robust import _CONSISTENT, _small_sample, qn, student_quantile


@given(st.lists(st.integers(-9, 9), min_size=2, max_size=25))
def test_qn_is_the_kth_smallest_distance_of_all_pairs(values: list[int]) -> None:
    half = len(values) // 2 + 1
    distances = sorted(abs(one - other) for one, other in combinations(values, 2))
    expected = distances[half * (half - 1) // 2 - 1] * _CONSISTENT * _small_sample(len(values))
    padded = np.array([*values, np.nan], np.float64)[:, None]
    assert qn(padded)[0] == pytest.approx(expected)


def test_qn_of_fewer_than_two_values_is_unknown() -> None:
    assert np.isnan(qn(np.array([[1.0, np.nan], [np.nan, np.nan]]))).all()


@pytest.mark.parametrize(("probability", "freedom"), [(0.0, 3), (1.0, 3), (0.5, 0)])
def test_there_is_no_quantile_outside_of_the_distribution(probability: float, freedom: int) -> None:
    with pytest.raises(ValueError, match="no quantile"):
        student_quantile(probability, freedom)
