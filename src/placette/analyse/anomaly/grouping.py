"""From alarms of single hours to anomalies: where each began and ended, which way it went, how far, how rare it was."""

from __future__ import annotations

import msgspec
import numpy as np

from placette.analyse.anomaly.charts import CHARTS, WINDOWS, Scores
from placette.analyse.anomaly.terms import Bools, Floats, Ints, Settings

_SHORT = frozenset({"jump", "surge", "peak", "level", "apart", "amount", "hours"})
TWO_SIDED = _SHORT | {"bulk", "day", "alone", "week"}
_BESIDE = 1.5
_WILD = 1.5
_REFERENCE = 0.75
"""Scales by which an hour must deviate to belong to an anomaly; half of 1.5, the least that is worth finding."""


class Anomaly(msgspec.Struct, frozen=True, kw_only=True):
    """Hours are places in the table: ``start`` to ``end`` (included), ``seen`` the hour in which it was first noticed.

    ``rarity`` is the share of days with an hour as strange (all charts together), ``rarest`` that of each chart alone.
    ``direction`` is 1, -1, or 0 where neither; ``size`` its mean deviation in scales. ``ongoing`` says whether the last
    hour still alarmed.
    """

    series: int
    start: int
    end: int
    seen: int
    rarity: float
    chart: str
    rarest: dict[str, float]
    direction: int
    size: float
    ongoing: bool


def anomalies(
    scores: Scores, rarity: Floats, rare: Floats, which: Ints, limit: float, settings: Settings
) -> list[Anomaly]:
    """Return the anomalies of all series in the order of time.

    ``rarity`` is charts × hours × series, ``rare`` and ``which`` (hours × series) what all charts say together; an hour
    alarms where ``rare`` is at most ``limit``.
    """
    found = []
    for series in range(rare.shape[1]):
        alarms = np.flatnonzero(rare[:, series] <= limit)
        for hours in _groups(alarms, settings.joined_h):
            found.append(_anomaly(scores, rarity, rare, which, hours, series))  # noqa: PERF401  # reads better so
    return sorted(_joined(found, settings.joined_h), key=lambda one: (one.start, one.series))


def until(one: Anomaly, rarity: Floats, hour: int) -> Anomaly:
    """Return the anomaly as it was known at an hour: what came later is left out."""
    end = min(one.end, max(hour, one.start))
    part = rarity[:, one.start : hour + 1, one.series]
    rarest = {name: float(part[place].min(initial=1.0)) for place, name in enumerate(CHARTS)}
    return msgspec.structs.replace(one, end=end, rarest=rarest, ongoing=True)


def clusters(alarms: Bools, apart: int) -> int:
    """Return how many separate alarms there are in a table (hours × series).

    >>> clusters(np.array([[1, 0], [0, 0], [1, 0], [0, 1]], bool), apart=1)
    3
    """
    return sum(len(_groups(np.flatnonzero(column), apart)) for column in alarms.T)


def _groups(hours: Ints, apart: int) -> list[Ints]:
    return np.split(hours, np.flatnonzero(np.diff(hours) > apart) + 1) if len(hours) else []


def _anomaly(scores: Scores, rarity: Floats, rare: Floats, which: Ints, hours: Ints, series: int) -> Anomaly:
    rarest = hours[int(np.argmin(rare[hours, series]))]
    chart = CHARTS[which[rarest, series]]
    sign = float(scores.signs[which[rarest, series], rarest, series])
    first, last = int(hours[0]), int(hours[-1])
    if chart in _SHORT:  # what leaned one way is over when nothing leans any more, though charts of scatter go on
        leaning = [int(hour) for hour in hours if CHARTS[which[hour, series]] in _SHORT]
        last = leaning[-1]
    start, _ = _traced(scores, first, CHARTS[which[first, series]], series)
    begin, end = _traced(scores, last, CHARTS[which[last, series]], series)
    start, end = min(start, begin if begin <= first else start), max(end, start)
    if chart in _SHORT:
        start, end = _reached(scores.residuals[:, series] * sign, start, end)
    return Anomaly(
        series=series,
        start=start,
        end=end,
        seen=first,
        rarity=float(rare[rarest, series]),
        chart=chart,
        rarest={name: float(rarity[place, hours, series].min()) for place, name in enumerate(CHARTS)},
        direction=int(sign) if chart in TWO_SIDED else 0,
        size=_size(scores.residuals[start : end + 1, series]),
        ongoing=int(hours[-1]) >= len(rare) - 1,
    )


def _reached(deviations: Floats, start: int, end: int) -> tuple[int, int]:
    """Return the hours of an anomaly with those before and after that deviate the same way without a break."""
    while start > 0 and deviations[start - 1] >= _BESIDE:
        start -= 1
    while end < len(deviations) - 1 and deviations[end + 1] >= _BESIDE:
        end += 1
    return start, end


def _traced(scores: Scores, hour: int, chart: str, series: int) -> tuple[int, int]:
    """Return the part of a chart's window, up to ``hour``, that made it alarm: where the deviations add up to most."""
    if WINDOWS[chart] == 1:
        return hour, hour
    if chart == "still":
        return hour - int(scores.runs[hour, series]), hour
    begin = max(0, hour - WINDOWS[chart] + 1)
    if chart == "noisy":
        first, last = _heaviest(np.nan_to_num(np.clip(np.abs(scores.steps[begin : hour + 1, series]), 0, 8) - _WILD))
        return begin + first, begin + last
    if chart not in TWO_SIDED:
        return begin, hour
    sign = float(scores.signs[CHARTS.index(chart), hour, series])
    part = np.nan_to_num(np.clip(scores.residuals[begin : hour + 1, series] * sign, -8, 8) - _REFERENCE)
    first, last = _heaviest(part)
    return begin + first, begin + last


def _heaviest(gains: Floats) -> tuple[int, int]:
    """Return first and last place of the part with the largest sum.

    >>> _heaviest(np.array([-1.0, 2, -1, 3, -4, 1]))
    (1, 3)
    """
    sums = np.concatenate([[0.0], np.cumsum(gains)])
    lowest = np.minimum.accumulate(sums)
    last = int(np.argmax(sums[1:] - lowest[:-1]))
    return int(np.argmin(sums[: last + 1])), last


def _size(residuals: Floats) -> float:
    known = residuals[~np.isnan(residuals)]
    return float(np.clip(known, -30, 30).mean()) if len(known) else 0.0


def _joined(found: list[Anomaly], apart: int) -> list[Anomaly]:
    """Join anomalies of one series that overlap or nearly touch."""
    joined: list[Anomaly] = []
    for one in sorted(found, key=lambda each: (each.series, each.start)):
        before = joined[-1] if joined else None
        if before is None or before.series != one.series or one.start > before.end + apart:
            joined.append(one)
            continue
        rarer = one if one.rarity < before.rarity else before
        joined[-1] = msgspec.structs.replace(
            rarer,
            start=min(before.start, one.start),
            end=max(before.end, one.end),
            seen=min(before.seen, one.seen),
            rarest={name: min(before.rarest[name], one.rarest[name]) for name in CHARTS},
            ongoing=before.ongoing or one.ongoing,
        )
    return joined
