"""Ranks among the largest scores of past days: right in number, beyond the largest, with a short past."""

from __future__ import annotations

import numpy as np
import pytest

from placette.analyse.anomaly import tail


@pytest.mark.parametrize("shape", ["normal", "heavy", "even"])
def test_so_many_days_alarm_as_are_allowed_whatever_the_distribution(shape: str) -> None:
    chance = np.random.default_rng(4)
    days, series = 900, 6
    size = (days * 24, series)
    draws = {"normal": chance.normal, "heavy": chance.standard_cauchy, "even": chance.uniform}
    values = np.abs(draws[shape](size=size))[None]
    found = tail.ranks(values, ("x",) * series, remembered=365, least=14, first=400 * 24)
    rare = found.rarity[0, 400 * 24 :].reshape(-1, 24, series).min(axis=1)
    for allowed in (0.1, 1 / 30):
        assert (rare <= allowed).mean() == pytest.approx(allowed, rel=0.35)


def test_a_score_beyond_all_is_rarer_than_any_seen() -> None:
    values = np.abs(np.random.default_rng(1).normal(size=(1, 300 * 24, 1)))
    values[0, -1] = 50
    values[0, -2] = 6
    found = tail.ranks(values, ("x",), remembered=365, least=14).rarity[0, -2:, 0]
    assert found[1] < found[0] < 1 / 250


def test_a_series_with_a_short_past_borrows_from_its_kind() -> None:
    values = np.abs(np.random.default_rng(1).normal(size=(1, 300 * 24, 3)))
    values[0, : 260 * 24, 0] = np.nan
    values[0, -1] = 5.5
    kinds = ("a", "a", "b")
    found = tail.ranks(values, kinds, remembered=365, least=14).rarity[0, -1]
    assert found[0] == pytest.approx(found[1], rel=0.6)


def test_nothing_is_said_before_enough_days() -> None:
    values = np.ones((1, 10 * 24, 1))
    found = tail.ranks(values, ("x",), remembered=365, least=14)
    assert (found.rarity == 1).all()
    assert not found.looked_at.any()


def test_one_strange_day_among_quiet_ones_does_not_make_the_next_usual() -> None:
    """A microphone that stood still for five hours once is still strange when it stands still for a day."""
    values = np.zeros((1, 300 * 24, 1))
    values[0, 100 * 24] = 7.5
    values[0, -1] = 36
    assert tail.ranks(values, ("x",), remembered=365, least=14).rarity[0, -1, 0] < 1 / 2_000
