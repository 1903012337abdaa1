"""Whole days in the worker: the chances of the days ahead, and how those of former days did (``whole_days``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from placette.analyse.exceedance import judging as exceedance
from placette.analyse.forecast.terms import Panel
from placette.services.forecast import judging
from placette.services.forecast.keeping import Kept
from placette.services.forecast.terms import (
    DAY_KEY,
    NAIVE,
    Ask,
    Board,
    Curve,
    Floats,
    Ints,
    Method,
    ThresholdScore,
)
from placette.services.forecast.whole_days import HOURS, Judged, chances, days_ahead, judged, of_day, ranks, ways_of

Days = Mapping[tuple[int, int], Mapping[str, float]]
"""By the step a whole day begins with, and the series: the chance of each threshold, as it was counted."""


class Former(msgspec.Struct, frozen=True, kw_only=True):
    """Former days of the series that have thresholds of days (``series``, of the ask's)."""

    series: tuple[int, ...]
    groups: tuple[str, ...]
    first: Ints
    actual: Floats
    made: Floats
    rank: Floats


def former(ask: Ask, panel: Panel, record: Sequence[Kept], methods: Sequence[Method]) -> Former | None:
    """Return what is known of former days, ``None`` when nothing is.

    Where the naive stands in for the forecast, it is the naive's days.
    """
    mine = [series for series, limits in enumerate(ask.day_limits) if limits]
    if not mine or panel.day != HOURS:
        return None
    some = msgspec.structs.replace(panel, values=panel.values[:, mine])
    past = judging.past_of(some, record, [ask.keys[series] for series in mine], HOURS)
    if past is None:
        return None
    stands_in = np.array([methods[series] == NAIVE for series in mine])
    made = np.where(stands_in[None, None, :, None], past.naive, past.made)
    return Former(
        series=tuple(mine),
        groups=tuple(ask.groups[series] for series in mine),
        first=past.first,
        actual=past.actual,
        made=made,
        rank=ranks(past.actual, made),
    )


def ahead(ask: Ask, panel: Panel, published: Floats, known: Former | None) -> Days:
    """Return the chances of the whole local days among the steps that are published."""
    if known is None:
        return {}
    steps = np.arange(len(panel.values), len(panel.values) + len(published))
    local = panel.clock(steps) // 3_600
    found: dict[tuple[int, int], dict[str, float]] = {}
    for place, series in enumerate(known.series):
        ways = ways_of(known.rank, known.groups, place)
        limits = ask.day_limits[series]
        for _, rows in days_ahead(local):
            told = chances(published[rows, series], ways, limits)
            if not np.isnan(told).any():
                found[int(rows[0]), series] = {
                    limit.key: round(chance, 4) for limit, chance in zip(limits, told, strict=True)
                }
    return found


def judge(board: Board, ask: Ask, panel: Panel, known: Former | None) -> Board:
    """Return the board with the curves and scores of whole days, their keys as in ``DAY_KEY``."""
    if known is None:
        return board
    limits = [ask.day_limits[series] for series in known.series]
    curves = list(board.curves)
    scores: dict[int, list[ThresholdScore]] = {}
    for one in judged(known.actual, known.made, known.rank, known.groups, limits):
        key, bent, curve = DAY_KEY.format(one.key), one.bent(), one.curve()
        reliability = exceedance.reliability(one.came.ravel(), bent.ravel())
        bins = [(each.forecast, each.came, each.count) for each in reliability]
        curves.append(Curve(key=key, forecast=curve.forecast, came=curve.came, bins=bins))
        for row, place in enumerate(one.series):
            usual = np.full(bent.shape[1], _usual(ask, panel, known, one, place))
            told = exceedance.judge(one.came[row], bent[row], usual)
            if told is not None:
                score = ThresholdScore(key=key, **msgspec.structs.asdict(told))
                scores.setdefault(ask.keys[known.series[place]], []).append(score)
    standings = [
        msgspec.structs.replace(each, thresholds=[*each.thresholds, *scores.get(each.datastream, [])])
        for each in board.standings
    ]
    return msgspec.structs.replace(board, curves=curves, standings=standings)


def _usual(ask: Ask, panel: Panel, known: Former, one: Judged, place: int) -> float:
    """Return the share of the days before the record began that passed the threshold."""
    series = known.series[place]
    limit = next(each for each in ask.day_limits[series] if each.key == one.key)
    end = int(known.first.min())
    begin = end - end // HOURS * HOURS
    day = of_day(panel.values[begin:end, series].reshape(-1, HOURS), limit.of)
    day = day[~np.isnan(day)]
    return float((day > limit.value).mean()) if len(day) else 0.5
