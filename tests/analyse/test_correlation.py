"""Correlation against numpy and scipy, and what it does with gaps, ties, constants and rhythms."""

from __future__ import annotations

import numpy as np
import pytest

from placette.analyse.correlation import ranks, spearman, together, without_profile

stats = pytest.importorskip("scipy.stats")
GENERATOR = np.random.default_rng(11)
SHARED = GENERATOR.normal(size=400)
VALUES = np.column_stack([SHARED + GENERATOR.normal(size=400) for _ in range(3)] + [np.round(SHARED)])


def gapped(share: float = 0.2) -> np.ndarray:
    return np.where(np.random.default_rng(3).random(VALUES.shape) < share, np.nan, VALUES)


def test_pearson_is_that_of_numpy() -> None:
    found = together(VALUES).coefficient
    assert np.allclose(found, np.corrcoef(VALUES.T), atol=1e-12)


@pytest.mark.parametrize("share", [0.0, 0.2])
@pytest.mark.parametrize(("method", "reference"), [("pearson", "pearsonr"), ("spearman", "spearmanr")])
def test_gaps_leave_the_common_steps(method: str, reference: str, share: float) -> None:
    values = gapped(share)
    found = together(values, method)  # type: ignore[arg-type]
    for one, other in [(0, 1), (2, 3)]:
        both = np.isfinite(values[:, one]) & np.isfinite(values[:, other])
        expected = getattr(stats, reference)(values[both, one], values[both, other]).statistic
        assert found.count[one, other] == both.sum()
        assert found.coefficient[one, other] == pytest.approx(expected, abs=1e-9)


def test_ranks_are_those_of_scipy() -> None:
    assert np.array_equal(ranks(VALUES[:, 3]), stats.rankdata(VALUES[:, 3]))


def test_large_values_keep_their_digits() -> None:
    moved = VALUES * 1e-3 + 1e6
    assert np.allclose(together(moved).coefficient, np.corrcoef(VALUES.T), atol=1e-6)


def test_the_interval_of_independent_values_is_fishers() -> None:
    found = together(VALUES)
    expected = stats.pearsonr(VALUES[:, 0], VALUES[:, 1]).confidence_interval(0.95)
    assert (found.low[0, 1], found.high[0, 1]) == pytest.approx(expected, abs=0.01)


def test_values_that_follow_each_other_say_less() -> None:
    walks = np.cumsum(np.random.default_rng(5).normal(size=(500, 2)), axis=0)
    found, shuffled = together(walks), together(np.random.default_rng(5).permutation(walks))
    assert (found.high - found.low)[0, 1] > 3 * (shuffled.high - shuffled.low)[0, 1]


def test_who_follows_is_found_by_its_sign() -> None:
    series = np.random.default_rng(8).normal(size=300)
    found = together(np.column_stack([series[5:], series[:-5]]), most_lag=10)
    assert (found.lag[0, 1], found.lag[1, 0]) == (5, -5)
    assert found.lagged[0, 1] == pytest.approx(1)


def test_nothing_is_said_of_constants_and_of_too_few_common_steps() -> None:
    few = np.full((100, 3), np.nan)
    few[:, 0] = np.arange(100)
    few[:, 1] = 7.0
    few[:20, 2] = np.arange(20) ** 2
    found = together(few)
    assert np.isnan(found.coefficient[0, 1])
    assert np.isnan(found.coefficient[0, 2])
    assert found.count[0, 2] == 20


@pytest.mark.parametrize("profile", ["day", "week"])
def test_rhythms_correlate_everything_until_they_are_taken_out(profile: str) -> None:
    generator = np.random.default_rng(9)
    hours = np.arange(24 * 7 * 12)
    rhythm = 10 * np.sin(hours / 24 * 2 * np.pi)
    values = np.column_stack([rhythm + generator.normal(size=len(hours)) for _ in range(2)])
    assert together(values).coefficient[0, 1] > 0.95
    left = without_profile(values, 0, 3600, profile)  # type: ignore[arg-type]
    assert abs(together(left).coefficient[0, 1]) < 0.1


def test_a_step_seen_once_is_not_taken_for_a_profile() -> None:
    assert np.isnan(without_profile(np.arange(30.0)[:, None], 0, 3600, "week")).all()


def test_spearman_of_empty_pairs_is_nothing() -> None:
    assert np.isnan(spearman(np.array([[1.0, np.nan], [np.nan, 2.0]]))[0, 1])
