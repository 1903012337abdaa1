"""The Milesight layout against the published examples: what is exact, and that the rest is known with its reason."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from milesight_figures import REASONS, Score, score


@pytest.fixture(scope="module")
def found(shared_data: Path) -> Score:
    return score(shared_data / "lorawan" / "milesight_codec_vectors.jsonl")


def test_95_percent_of_the_values_of_the_devices_covered_are_exact(found: Score) -> None:
    exact, total = found.exact(found.covered)
    assert len(found.covered) == 82
    assert exact >= 0.95 * total


def test_every_value_that_is_not_exact_has_its_reason(found: Score) -> None:
    assert set(found.inexact) == set(REASONS)


def test_most_devices_are_exact_altogether(found: Score) -> None:
    assert len(found.values) - len(found.inexact) == 76
