"""Lighthouse on the three pages. Performance hangs on the machine's other work, so the benchmark measures it instead."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.web.conftest import World

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_accessibility_best_practices_and_seo_reach_95(
    world: World, lighthouse: Callable[..., dict[tuple[str, str, str], int]]
) -> None:
    scores = lighthouse(
        world.url, categories="accessibility,best-practices,seo", pages="/fr/,/en/places/rotonde,/fr/health", devices="phone"
    )
    assert len(scores) == 9
    assert {which: score for which, score in scores.items() if score < 95} == {}
