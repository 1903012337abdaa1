"""Counting by Wi-Fi against the people really in a room: poor, yet better than knowing nothing; docs/wifi.md tells."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from benchmarks import wifi_score


@pytest.mark.slow
def test_the_count_beats_telling_the_mean_of_other_days(shared_data: Path) -> None:
    captures = wifi_score.read(shared_data.parent)
    scores = {(each.method, each.gated): each for each in wifi_score.score(captures)}
    naive = wifi_score.naive(captures)
    table = wifi_score.table_of([*scores.values(), naive], captures)
    assert table.count("\n") == 4 + len(scores)
    case_1, cdrc, rate = (scores[method, False] for method in wifi_score.METHODS)
    assert case_1.mae < 0.7 * naive.mae
    assert rate.mae < 0.8 * naive.mae
    assert cdrc.mae < naive.mae
    assert all(each.correlation > 0.4 for each in scores.values())
    assert all(each.empty_mae < 3 for each in scores.values())


def test_the_people_of_an_interval_are_weighted_by_time_not_by_frames() -> None:
    start = 1_000 * wifi_score.SLOT_US
    noisy = [wifi_score.Frame(start + second, "f8:77:b8:00:00:2a", -50.0, 10.0) for second in range(1000)]
    quiet = [wifi_score.Frame(start + 150_000_000, "f8:77:b8:00:00:2a", -50.0, 0.0)]
    before = [wifi_score.Frame(start - 1, "f8:77:b8:00:00:2a", -50.0, 0.0)]
    after = [wifi_score.Frame(start + wifi_score.SLOT_US, "f8:77:b8:00:00:2a", -50.0, 0.0)]
    people = wifi_score.people_in([*before, *noisy, *quiet, *after])
    assert people == {1_000: 5.0}


def test_a_room_counted_exactly_has_no_error() -> None:
    table = {
        (day, gate): wifi_score.Series(np.arange(5.0), np.arange(5.0) * 4) for day in "ab" for gate in wifi_score.GATES
    }
    assert wifi_score._ratio(table, ["a", "b"], -120.0) == 0.25
