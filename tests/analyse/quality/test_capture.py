"""Means are stated only where enough was captured."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from placette.analyse.quality.capture import CaptureRule, by_span, hourly_means, least_share, running_means

OLD = CaptureRule(
    statistic="year",
    least_share=0.9,
    valid_from=date(2008, 6, 11),
    valid_to=date(2026, 12, 11),
    source="",
    confirmed=False,
)
NEW = CaptureRule(statistic="year", least_share=0.85, valid_from=date(2026, 12, 11), source="", confirmed=True)


@pytest.mark.parametrize(("day", "share"), [(date(2026, 12, 10), 0.9), (date(2026, 12, 11), 0.85)])
def test_the_rule_in_force_on_the_day_counts(day: date, share: float) -> None:
    assert least_share((OLD, NEW), "year", day) == share


def test_no_rule_in_force_is_said() -> None:
    with pytest.raises(LookupError, match="2001-01-01"):
        least_share((OLD, NEW), "year", date(2001, 1, 1))


@pytest.mark.parametrize(("minutes", "valid"), [(44, False), (45, True), (60, True)])
def test_an_hour_needs_forty_five_minutes(minutes: int, valid: bool) -> None:
    times = np.arange(minutes) * 60_000_000
    _, means = hourly_means(times, np.full(minutes, 5.0), 60, 0.75)
    assert (means.tolist() == [5.0]) is valid


@pytest.mark.parametrize(("hours", "valid"), [(5, False), (6, True), (8, True)])
def test_eight_hours_need_six(hours: int, valid: bool) -> None:
    values = np.full(8, np.nan)
    values[:hours] = 3
    assert (running_means(values, 0.75)[-1] == 3) == valid


@pytest.mark.parametrize(("hours", "largest"), [(17, None), (18, 17.0), (24, 23.0)])
def test_a_day_of_eight_hour_means_needs_eighteen(hours: int, largest: float | None) -> None:
    values = np.full(24, np.nan)
    values[:hours] = np.arange(hours)
    found = by_span(values, np.zeros(24, np.int64), np.array([24.0]), 0.75, largest=True)[0]
    assert np.isnan(found) if largest is None else found == largest
