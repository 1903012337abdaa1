"""The record of former issues beside what came: who was better, we or the naive; how honest intervals and chances were.

Judged is the first day after each issue of midnight (the first week of daily series). The naive repeats the last day or
the last week, whichever did better on that very record: whoever is not better than both is not shown.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from placette.analyse.exceedance import isotonic, judging
from placette.analyse.exceedance.probability import exceeding
from placette.analyse.forecast import naive, scores
from placette.analyse.forecast.terms import Panel
from placette.services.forecast.keeping import Kept
from placette.services.forecast.terms import (
    GLOBAL,
    HIGH,
    LEVELS,
    LOW,
    MEDIAN,
    NAIVE,
    NONE,
    PROFILE,
    SHOWN,
    Board,
    Curve,
    Floats,
    Ints,
    LastDay,
    Limit,
    Method,
    Reason,
    Standing,
    Step,
    ThresholdScore,
)

LEAST_VALUES = 48
"""Values that must have come before anybody is called better."""
LEARNT_DAYS = 28
"""Days of history from which on the model of all series speaks for one."""
LEAST_DAYS: dict[Step, int] = {"hour": 2, "day": 7}
"""Days of history from which on anything is said."""
SILENT_DAYS = 3
"""A series that has said nothing for so long is not forecast."""
CONTEXT_WEEKS = 8
"""How far back the naive looks for its spread."""
_LEVELS = np.array(LEVELS)


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """What came of former issues, all arrays (issues × steps × series …), NaN where nothing did; ``first`` per issue.

    ``naive`` is the better of the two naives, series by series; ``replayed`` says which issues were made afterwards.
    """

    first: Ints
    actual: Floats
    made: Floats
    naive: Floats
    replayed: tuple[bool, ...]


def seasonal(panel: Panel, horizon: int, season: int) -> Floats:
    """Return the naive of one season, never below zero where the past never was."""
    context = CONTEXT_WEEKS * panel.week
    first = max(0, len(panel.values) - context - season)
    panel = msgspec.structs.replace(
        panel,
        values=panel.values[first:],
        known=panel.known[first:],
        start_s=int(panel.clock(np.array([first]))[0]),
    )
    made = naive.seasonal_naive(panel, horizon, _LEVELS, season, context)
    low = np.where(np.isnan(panel.values), np.inf, panel.values).min(axis=0, initial=np.inf)
    return np.asarray(np.maximum(made, np.minimum(low, 0.0)[None, :, None]))


def best_seasonal(panel: Panel, horizon: int) -> Floats:
    """Return of each series the naive, daily or weekly, that erred less over the last weeks."""
    daily, weekly = (seasonal(panel, horizon, season) for season in (panel.season, panel.week))
    recent = panel.values[-CONTEXT_WEEKS * panel.week :]
    errors = [_apart(recent, season) for season in (panel.season, panel.week)]
    return np.asarray(np.where((errors[1] < errors[0])[None, :, None], weekly, daily))


def _apart(values: Floats, season: int) -> Floats:
    change = np.abs(values[season:] - values[:-season])
    there = ~np.isnan(change)
    count = there.sum(axis=0)
    return np.asarray(np.where(count > 0, np.where(there, change, 0).sum(axis=0) / np.maximum(count, 1), np.inf))


def past_of(panel: Panel, record: Sequence[Kept], keys: Sequence[int], steps: int) -> Past | None:
    """Return what came of the record's issues that lie inside the panel; ``None`` when there are none."""
    found = []
    for kept in record:
        origin = (kept.start_s - panel.start_s) // panel.step_s
        if 2 * panel.week <= origin < len(panel.values):
            found.append((origin, kept))
    if not found:
        return None
    made = np.stack([_padded(aligned(kept, kept.final, keys), steps) for _, kept in found])
    actual = np.stack([_padded(panel.values[origin : origin + steps], steps) for origin, _ in found])
    naives = [
        np.stack([seasonal(panel.until(origin), steps, season) for origin, _ in found])
        for season in dict.fromkeys((panel.season, panel.week))
    ]
    losses = np.stack([_mean(scores.pinball(actual, each, _LEVELS).mean(axis=-1)) for each in naives])
    better = np.argmin(np.where(np.isnan(losses), np.inf, losses), axis=0)
    chosen = np.stack([naives[which][:, :, series] for series, which in enumerate(better)], axis=2)
    return Past(
        first=np.array([origin for origin, _ in found]),
        actual=actual,
        made=made,
        naive=chosen,
        replayed=tuple(kept.replayed for _, kept in found),
    )


def aligned(kept: Kept, data: bytes, keys: Sequence[int]) -> Floats:
    """Return stored quantiles for these series, NaN for one that the issue did not have."""
    stored = kept.array(data)
    place = {key: number for number, key in enumerate(kept.keys)}
    out = np.full((stored.shape[0], len(keys), stored.shape[2]), np.nan)
    for series, key in enumerate(keys):
        if key in place:
            out[:, series] = stored[:, place[key]]
    return out


def method_of(panel: Panel, step: Step) -> tuple[list[Method], list[Reason], Ints]:
    """Return the rung of the ladder of each series, why it is not the highest, and its days of history."""
    there = ~np.isnan(panel.values)
    days = np.zeros(panel.values.shape[1], np.int64)
    methods: list[Method] = []
    reasons: list[Reason] = []
    for series in range(panel.values.shape[1]):
        rows = np.flatnonzero(there[:, series])
        days[series] = len(np.unique(rows // panel.day))
        silent = not len(rows) or len(panel.values) - rows[-1] > SILENT_DAYS * panel.day
        short = days[series] < LEARNT_DAYS
        if days[series] < LEAST_DAYS[step]:
            methods.append(NONE)
            reasons.append("no_history")
        elif silent:
            methods.append(NONE)
            reasons.append("silent")
        else:
            methods.append(PROFILE if short else GLOBAL)
            reasons.append("short_history" if short else "")
    return methods, reasons, days


def board_of(
    panel: Panel, past: Past | None, keys: Sequence[int], limits: Sequence[Sequence[Limit]], step: Step
) -> Board:
    """Return the scoreboard; what training took is added by who trained."""
    methods, reasons, days = method_of(panel, step)
    if past is None:
        return Board(
            standings=[
                Standing(datastream=key, method=method, shown=method in SHOWN, reason=reason, history_days=int(count))
                for key, method, reason, count in zip(keys, methods, reasons, days, strict=True)
            ]
        )
    curves, chances = _chances(panel, past, limits)
    standings = []
    for series, key in enumerate(keys):
        scored = _scored(past, series)
        method, reason = methods[series], reasons[series]
        if method in (GLOBAL, PROFILE) and _worse(scored):
            method, reason = NAIVE, "worse_than_naive"
        standing = Standing(
            datastream=key,
            method=method,
            shown=method in SHOWN,
            reason=reason,
            history_days=int(days[series]),
            thresholds=chances[series],
            last_day=_last_day(panel, past, series) if step == "hour" else None,
        )
        standings.append(msgspec.structs.replace(standing, **scored))
    return Board(
        standings=standings,
        curves=curves,
        issues=len(past.first),
        replayed=sum(past.replayed),
        coverage_by_hour=_by_hour(panel, past) if step == "hour" else [],
    )


def without_model(board: Board) -> Board:
    """Return the board of a server that cannot learn the model: what it would have said came from past weeks alone."""
    standings = [
        msgspec.structs.replace(each, method=PROFILE, reason="without_lightgbm") if each.method == GLOBAL else each
        for each in board.standings
    ]
    return msgspec.structs.replace(board, standings=standings)


def _scored(past: Past, series: int) -> dict[str, float | int | None]:
    actual, made, other = past.actual[..., series], past.made[..., series, :], past.naive[..., series, :]
    there = ~(np.isnan(actual) | np.isnan(made[..., 0]))
    if not there.any():
        return {"values": 0}
    y = actual[there]
    ours, theirs = made[there], other[there]
    return {
        "values": len(y),
        "loss": _round(scores.pinball(y, ours, _LEVELS).mean()),
        "naive_loss": _round(scores.pinball(y, theirs, _LEVELS).mean()),
        "error": _round(np.abs(y - ours[:, MEDIAN]).mean()),
        "naive_error": _round(np.abs(y - theirs[:, MEDIAN]).mean()),
        "coverage": _round(scores.coverage(y, ours[:, LOW], ours[:, HIGH])),
    }


def _worse(scored: dict[str, float | int | None]) -> bool:
    """Say whether the naive did better, by pinball loss or by absolute error, on values enough to say so."""
    loss, naive_loss = scored.get("loss"), scored.get("naive_loss")
    error, naive_error = scored.get("error"), scored.get("naive_error")
    if (scored["values"] or 0) < LEAST_VALUES or None in (loss, naive_loss, error, naive_error):
        return False
    return bool(loss > naive_loss or error > naive_error)  # type: ignore[operator]  # none of them is None


def _last_day(panel: Panel, past: Past, series: int) -> LastDay | None:
    """Return the newest issue whose whole day has come."""
    whole = np.flatnonzero(past.first + panel.day <= len(panel.values))
    if not len(whole):
        return None
    issue, day = int(whole[np.argmax(past.first[whole])]), slice(0, panel.day)
    y, ours = past.actual[issue, day, series], past.made[issue, day, series]
    theirs = past.naive[issue, day, series, MEDIAN]
    both = ~(np.isnan(y) | np.isnan(ours[:, 0]))
    if not both.any():
        return None
    return LastDay(
        start=int(panel.clock(past.first[issue : issue + 1])[0]),
        actual=_listed(y),
        median=_listed(ours[:, MEDIAN]),
        low=_listed(ours[:, LOW]),
        high=_listed(ours[:, HIGH]),
        naive=_listed(theirs),
        error=_round(np.abs(y - ours[:, MEDIAN])[both].mean()),
        naive_error=_round(np.abs(y - theirs)[both].mean()),
        coverage=_round(scores.coverage(y[both], ours[both, LOW], ours[both, HIGH])),
    )


def _chances(
    panel: Panel, past: Past, limits: Sequence[Sequence[Limit]]
) -> tuple[list[Curve], list[list[ThresholdScore]]]:
    """Return the calibration of each threshold over all series, and each series' score by curves of other days."""
    owners: dict[str, list[tuple[int, float]]] = {}
    for series, several in enumerate(limits):
        for limit in several:
            owners.setdefault(limit.key, []).append((series, limit.value))
    curves: list[Curve] = []
    scored: list[list[ThresholdScore]] = [[] for _ in limits]
    issues = np.repeat(np.arange(len(past.first)), past.actual.shape[1])
    for key, members in owners.items():
        told = [exceeding(past.made[..., series, :], _LEVELS, value).ravel() for series, value in members]
        came = [_event(past.actual[..., series], value).ravel() for series, value in members]
        days = np.tile(issues, len(members))
        curve = isotonic.fit(np.concatenate(told), np.concatenate(came))
        bent = isotonic.left_out(np.concatenate(told), np.concatenate(came), days)
        bins = judging.reliability(np.concatenate(came), bent)
        rows = [(each.forecast, each.came, each.count) for each in bins]
        curves.append(Curve(key=key, forecast=curve.forecast, came=curve.came, bins=rows))
        for (series, value), chance, event in zip(members, np.split(bent, len(members)), came, strict=True):
            usual = _usual(panel, past, series, value)
            judged = judging.judge(event, chance, usual)
            if judged is not None:
                scored[series].append(ThresholdScore(key=key, **msgspec.structs.asdict(judged)))
    return curves, scored


def _usual(panel: Panel, past: Past, series: int, value: float) -> Floats:
    """Return how often the threshold was passed at these hours of the week before the record began."""
    slots = np.arange(len(panel.values)) % panel.week
    before = slice(0, int(past.first.min()))
    often = judging.climatology(_event(panel.values[before, series], value), slots[before], panel.week)
    steps = past.first[:, None] + np.arange(past.actual.shape[1])
    return np.asarray(often[steps % panel.week].ravel())


def _event(actual: Floats, value: float) -> Floats:
    return np.where(np.isnan(actual), np.nan, (actual > value).astype(np.float64))


def _by_hour(panel: Panel, past: Past) -> list[float | None]:
    """Return the coverage of the 80 % interval for each hour of the day, over all series."""
    inside = (past.actual >= past.made[..., LOW]) & (past.actual <= past.made[..., HIGH])
    there = ~(np.isnan(past.actual) | np.isnan(past.made[..., 0]))
    hours = panel.clock(past.first[:, None] + np.arange(past.actual.shape[1])) % 86_400 // 3_600
    found: list[float | None] = []
    for hour in range(24):
        mine = there[hours == hour]
        found.append(_round(inside[hours == hour][mine].mean()) if mine.any() else None)
    return found


def _padded(rows: Floats, steps: int) -> Floats:
    missing = np.full((max(0, steps - len(rows)), *rows.shape[1:]), np.nan)
    return np.concatenate([rows[:steps], missing])


def _mean(losses: Floats) -> Floats:
    """Return the mean over issues and steps of each series, NaN where nothing came."""
    there = ~np.isnan(losses)
    count = there.sum(axis=(0, 1))
    return np.asarray(np.where(count > 0, np.where(there, losses, 0).sum(axis=(0, 1)) / np.maximum(count, 1), np.nan))


def _listed(values: Floats) -> list[float | None]:
    return [None if np.isnan(value) else _round(value) for value in values]


def _round(value: float | np.floating) -> float:
    return float(f"{float(value):.5g}")
