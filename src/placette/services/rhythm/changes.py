"""What has changed in a rhythm: the last weeks against the same weeks a year before, and peaks that have moved."""

from __future__ import annotations

from typing import Literal

import numpy as np

from placette.analyse.cycles.change import FEWEST_WEEKS, TooFewWeeks, compare
from placette.analyse.cycles.peaks import moves
from placette.analyse.cycles.series import LocalSeries
from placette.services.rhythm.answer import Lack, Moved, Shifted

WEEKS = 8
"""Weeks compared with as many: fewer, and chance alone changes much; more, and the season does."""
_YEAR_WEEKS = 52
_WEEK_H = 168


def changes(series: LocalSeries) -> tuple[tuple[Shifted | Moved, ...], Lack | None]:
    """Return what has changed in an hourly series, the comparison of weeks first, or why it cannot be told."""
    if series.hours != 1:
        return (), Lack(key="daily")
    weeks = len(series.values) // _WEEK_H
    compared = _compared(series, weeks)
    if compared is None:
        return (), Lack(key="too_short", days=len(series.values) // 24, needed=(2 * FEWEST_WEEKS + 2) * 7)
    moved = (
        Moved(
            days=each.days,  # type: ignore[arg-type]  # the keys of peaks.GROUPS
            hour=round(each.hour, 2),
            by=round(each.by, 2),
            since=each.since.isoformat(),
            p=each.p,
            weeks=each.weeks,
        )
        for each in moves(series)
    )
    return (compared, *moved), None


def _compared(series: LocalSeries, weeks: int) -> Shifted | None:
    """Compare the last eight weeks with those of a year before, else the second half of the series with the first."""
    if weeks >= _YEAR_WEEKS + FEWEST_WEEKS + 1:
        length = min(WEEKS, weeks - _YEAR_WEEKS - 1)
        end = len(series.values)
        after = _part(series, end - (length + 1) * _WEEK_H, end)
        before = _part(series, end - (length + 1 + _YEAR_WEEKS) * _WEEK_H, end - _YEAR_WEEKS * _WEEK_H)
        found = _shifted(before, after, "year_before")
        if found is not None:
            return found
    length = min(WEEKS, (weeks - 1) // 2) + 1
    middle = len(series.values) - length * _WEEK_H
    return _shifted(
        _part(series, middle - length * _WEEK_H, middle), _part(series, middle, len(series.values)), "weeks_before"
    )


def _part(series: LocalSeries, first: int, last: int) -> LocalSeries:
    first = max(0, first)
    return LocalSeries(series.start + first, 1, series.values[first : max(first, last)])


def _shifted(
    before: LocalSeries, after: LocalSeries, against: Literal["year_before", "weeks_before"]
) -> Shifted | None:
    found = compare(before, after) if before.values.size and after.values.size else TooFewWeeks((0, 0))
    if isinstance(found, TooFewWeeks) or not np.isfinite(found.level):
        return None
    return Shifted(
        against=against,
        since=str(after.times[0].astype("datetime64[D]")),
        weeks=found.weeks,
        before=round(float(np.nanmean(before.values)), 4),
        after=round(float(np.nanmean(after.values)), 4),
        level=round(found.level, 4),
        level_p=found.level_p,
        shape_p=found.shape_p,
        hour=found.largest,
        by=round(found.by, 4),
    )
