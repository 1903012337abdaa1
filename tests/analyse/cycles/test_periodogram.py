"""The periodogram against SciPy's where there are gaps, and Fisher's test against noise and known periods."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.analyse.cycles import real

from placette.analyse.cycles.periodogram import fisher, periodogram


def test_with_gaps_it_is_the_periodogram_of_scipy() -> None:
    signal = pytest.importorskip("scipy.signal")
    random = np.random.default_rng(1)
    values = random.normal(size=301)
    values[random.choice(301, 90, replace=False)] = np.nan
    found, there = periodogram(values), ~np.isnan(values)
    centred = values[there] - values[there].mean()
    reference = signal.lombscargle(np.flatnonzero(there), centred, 2 * np.pi / found.periods)
    assert found.power == pytest.approx(reference / (centred**2).sum() * (there.sum() - 1))


def test_white_noise_is_called_a_rhythm_as_often_as_it_should() -> None:
    random = np.random.default_rng(2)
    chances = np.array([periodogram(random.normal(size=200)).p_value for _ in range(400)])
    assert (chances < 0.05).mean() == pytest.approx(0.05, abs=0.03)
    assert (chances < 0.5).mean() == pytest.approx(0.5, abs=0.08)


@pytest.mark.parametrize(
    ("g", "ordinates", "chance"),
    [(0.53584, 10, 0.01), (0.0, 10, 1.0), (1.0, 10, 0.0), (0.001, 1000, 1.0), (0.0007, 20_000, 0.0164)],
)
def test_fishers_law_holds_from_ten_ordinates_to_thousands(g: float, ordinates: int, chance: float) -> None:
    assert fisher(g, ordinates) == pytest.approx(chance, abs=2e-4)


def test_a_constant_series_has_no_period() -> None:
    found = periodogram(np.full(50, 3.0))
    assert (found.g, found.p_value) == (0, 1)


def test_too_few_values_are_refused_with_their_number() -> None:
    with pytest.raises(ValueError, match="5 values; 8 are needed"):
        periodogram([1, 2, np.nan, 3, 4, 5, np.nan])


@pytest.mark.parametrize("sensor", ["Flagstaff Station", "Melbourne Central"])
def test_pedestrians_have_a_period_of_a_day(shared_data: Path, sensor: str) -> None:
    found = periodogram(real.melbourne(shared_data, sensor).values)
    assert found.strongest == pytest.approx(24, rel=1e-3)
    assert found.p_value < 1e-12


def test_nitrogen_dioxide_of_aix_has_a_period_of_a_year_and_of_a_week(shared_data: Path) -> None:
    found = periodogram(real.aix(shared_data, "no2", 24).values)
    assert found.strongest == pytest.approx(365.25, rel=0.01)
    assert found.periods[(found.periods < 20) * found.power == found.power[found.periods < 20].max()] == pytest.approx(
        7, rel=0.01
    )
