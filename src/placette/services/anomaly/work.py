"""What the worker process does: looks at a table, and says of each anomaly what it is, why, and how it looks."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterator

import numpy as np

from placette.analyse.anomaly import causes, evidence
from placette.analyse.anomaly.charts import Scores
from placette.analyse.anomaly.detect import Looked, look
from placette.analyse.anomaly.grouping import Anomaly
from placette.analyse.anomaly.terms import DAY
from placette.services.anomaly.terms import Around, Asked, Candidate, Floats, Found, Kind, Proof, Told

BAND = 2.33
"""Scales on either side of the expected: 98 of 100 good hours lie within."""
MOST_DAYS = 3650.0
UNDECIDED = 0.3, 0.9
"""Of known anomalies said to be faults with a probability in between, two in five were: neither word is said."""
_BEFORE_H, _AFTER_H, _MOST_H = 36, 12, 96
_WORKED_H = 48
_FLAGGED = 0.3
_FLAG_ODDS = 3.0
"""How much likelier a fault is where quality control doubts a third of the values too (practice, not fitted)."""
_WORKED_ODDS = 5.0
_REHUNG_ODDS = 30.0
"""How much likelier a fault is that begins within two days of work at the device; one that lasts a day (practice)."""
_STRANGE_DEVICES = 2
_STRANGE_SHARE = 0.3
_AROUND_ODDS = 10.0
"""How much likelier an event is where two devices near by, and three in ten, were strange too (practice)."""
_SURELY_STUCK = 0.01
_HELD_H, _DOUBTED_H, _HELD_RARE, _HELD_SHARE = 24, 6, 0.05, 0.95
"""One value for a day and a night, or for six hours that quality control doubts too, where that is rare, is a stuck
sensor: at least so probable (practice)."""
_ALIKE, _ALIKE_SHARE, _ALIKE_MOST, _CLOCKS_MOST = 2, 0.3, 0.2, 0.5
"""What two other sensors of a kind, and three in ten, show at the same time is the city's and not the sensors': a fault
so probable at most, where clocks seem wrong the second, since a network can set all of them (practice)."""
_MARKET_HOURS = range(6, 15)


def work(asked: Asked) -> Told:
    """Return what is abnormal in the judged hours."""
    began = time.process_time()
    looked = look(asked.watched, asked.settings, asked.first)
    recent = [one for one in looked.anomalies if one.end >= asked.first]
    found = [_found(asked, looked, one, others) for one, others in zip(recent, alike(asked, recent), strict=True)]
    return Told(found=found, looked_at=looked.looked_at.tolist(), cpu_s=time.process_time() - began)


def alike(asked: Asked, found: list[Anomaly]) -> list[tuple[int, int]]:
    """Return in how many other series of its kind each has its like (same chart, begun within a day), of how many."""
    kinds = asked.watched.kinds
    size, together = Counter(kinds), defaultdict(list)
    for one in found:
        together[kinds[one.series], one.chart].append((one.series, one.start))
    counts = []
    for one in found:
        kind = kinds[one.series]
        begun = {series for series, start in together[kind, one.chart] if abs(start - one.start) <= DAY}
        counts.append((len(begun - {one.series}), size[kind] - 1))
    return counts


def _found(asked: Asked, looked: Looked, one: Anomaly, others: tuple[int, int]) -> Found:
    seen = evidence.evidence(asked.watched, looked.scores, one)
    shapes = causes.shapes(evidence.features(asked.watched, one, seen))
    flagged = _mean(asked.flagged[one.start : one.end + 1, one.series])
    chances = held(causes.pointed(shapes, one.direction), seen, one, flagged)
    around = asked.around[one.series]
    context, names = _context(asked, around, one)
    fault = _adjusted(causes.is_fault(chances, seen), seen, one, flagged, context)
    fault = min(fault, _at_most(seen, one, others, context))
    chances = _weighed(chances, fault)
    listed = tuple(
        Candidate(key=each.key, confidence=each.confidence, fault=each.fault, name=names.get(each.key, ""))
        for each in causes.causes(chances, seen, context)
    )
    peak = _peak(looked.scores, one)
    first, picture = _picture(asked, looked.scores, one)
    observed, expected, low, high = _hour(asked, looked.scores, peak, one.series)
    return Found(
        series=one.series,
        start=one.start,
        end=one.end,
        seen=one.seen,
        peak=peak,
        kind=kind_of(fault),
        fault=round(fault, 3),
        score=round(min(1 / max(one.rarity, 1e-9), MOST_DAYS), 1),
        chart=one.chart,
        direction=one.direction,
        observed=observed,
        expected=expected,
        low=low,
        high=high,
        ongoing=one.ongoing,
        causes=listed,
        evidence=tuple(_proofs(seen, one, context, flagged, others)),
        first=first,
        picture=picture,
    )


def kind_of(fault: float) -> Kind:
    """Return what an anomaly is called that is a fault with this probability.

    >>> [kind_of(share) for share in (0.1, 0.5, 0.95)]
    ['event', 'undecided', 'fault']
    """
    return "event" if fault < UNDECIDED[0] else "fault" if fault >= UNDECIDED[1] else "undecided"


def held(
    chances: dict[str, float], seen: evidence.Evidence, one: Anomaly, flagged: float = float("nan")
) -> dict[str, float]:
    """Return the shapes' probabilities; the regression alone doubts a long stillness among values that are usual.

    ``flagged`` is the share of its values that quality control doubts, NaN where nothing is known of that.
    """
    stuck, least = chances["stuck"], _DOUBTED_H if flagged >= _FLAGGED else _HELD_H
    if seen.longest_run + 1 < least or one.rarest["still"] > _HELD_RARE or stuck >= _HELD_SHARE:
        return chances
    factor = (1 - _HELD_SHARE) / (1 - stuck)
    return {shape: share * factor for shape, share in chances.items()} | {"stuck": _HELD_SHARE}


def _adjusted(fault: float, seen: evidence.Evidence, one: Anomaly, flagged: float, context: causes.Context) -> float:
    """Return the probability of a fault with what the regression cannot have seen: flags, work, devices near by."""
    odds = fault / max(1 - fault, 1e-9)
    if flagged >= _FLAGGED:  # false for NaN: nothing is known of flags
        odds *= _FLAG_ODDS
    if context.worked_on:
        odds *= _WORKED_ODDS if seen.hours < DAY else _REHUNG_ODDS
    shared = seen.strange >= max(_STRANGE_DEVICES, _STRANGE_SHARE * seen.around)
    if shared and one.rarest["still"] > _SURELY_STUCK:
        odds /= _AROUND_ODDS
    return odds / (1 + odds)


def _at_most(seen: evidence.Evidence, one: Anomaly, others: tuple[int, int], context: causes.Context) -> float:
    """Return how probable a fault is at most of what other sensors of its kind show at the same time."""
    shared = others[0] >= max(_ALIKE, _ALIKE_SHARE * others[1])
    if not shared or context.worked_on or seen.impossible or one.rarest["still"] <= _SURELY_STUCK:
        return 1.0
    return _CLOCKS_MOST if one.chart == "clock" else _ALIKE_MOST


def _weighed(chances: dict[str, float], fault: float) -> dict[str, float]:
    """Return the shapes' probabilities so that faults and events together are as probable as flags make them."""
    known = 1 - chances.get(causes.UNKNOWN, 0.0)
    event = sum(chances[shape] for shape in causes.EVENTS)
    of_event, of_fault = (1 - fault) * known / max(event, 1e-9), fault * known / max(known - event, 1e-9)
    factors = dict.fromkeys(causes.EVENTS, of_event) | {causes.UNKNOWN: 1.0}
    return {shape: share * factors.get(shape, of_fault) for shape, share in chances.items()}


def _context(asked: Asked, around: Around, one: Anomaly) -> tuple[causes.Context, dict[str, str]]:
    """Return what is known beside the series, and the names of the days concerned."""
    days = range(asked.watched.first_day + one.start // DAY, asked.watched.first_day + one.end // DAY + 1)
    names: dict[str, str] = {}
    for day in days:
        names = around.named_days.get(day, {}) | names
    warmth, rain, wind = (_strongest(column[one.start : one.end + 1]) for column in asked.weather.T)
    context = causes.Context(
        family=around.family,
        by_day=any(hour % DAY in _MARKET_HOURS for hour in range(one.start, one.end + 1)),
        holiday=names.get("holiday", ""),
        market=names.get("market", ""),
        event=names.get("event", ""),
        warmth=warmth,
        rain=rain,
        wind=wind,
        worked_on=any(abs(hour - one.start) <= _WORKED_H for hour in around.worked),
        battery_low=around.battery_low,
    )
    return context, names


def _strongest(column: Floats) -> float:
    known = column[~np.isnan(column)]
    return float(known[np.argmax(np.abs(known))]) if len(known) else 0.0


def _proofs(
    seen: evidence.Evidence, one: Anomaly, context: causes.Context, flagged: float, others: tuple[int, int]
) -> list[Proof]:
    """Return what speaks for or against, in the order in which it is told."""
    return [*_beside(seen, others), *_shape(seen, one), *_device(seen, context, flagged), *_day(context)]


def _beside(seen: evidence.Evidence, others: tuple[int, int]) -> Iterator[Proof]:
    if seen.impossible:
        yield Proof(key="impossible", count=seen.impossible)
    if seen.neighbours:
        key = "followed" if seen.moved else "not_followed"
        yield Proof(key=key, count=seen.moved, of=seen.neighbours, value=round(seen.moved_by, 1))
    else:
        yield Proof(key="no_neighbours")
    if seen.strange:
        yield Proof(key="around", count=seen.strange, of=seen.around)
    if others[0] >= _ALIKE:
        yield Proof(key="alike", count=others[0], of=others[1])


def _shape(seen: evidence.Evidence, one: Anomaly) -> Iterator[Proof]:
    if abs(seen.peak) >= 2 and one.direction:
        yield Proof(key="peak", value=round(abs(seen.peak), 1))
    if one.rarest["still"] < 0.05 and seen.longest_run >= 2:
        yield Proof(key="run", count=seen.longest_run + 1)
    if seen.shift:
        yield Proof(key="shift", count=abs(seen.shift), value=float(np.sign(seen.shift)))
    if seen.abrupt >= 4:
        yield Proof(key="abrupt", value=round(seen.abrupt, 1))
    if seen.roughness >= 0.8 or seen.roughness <= -1:
        yield Proof(key="rough" if seen.roughness > 0 else "smooth", value=round(2 ** abs(seen.roughness), 1))


def _device(seen: evidence.Evidence, context: causes.Context, flagged: float) -> Iterator[Proof]:
    if seen.missing_before >= 3:
        yield Proof(key="silence", count=seen.missing_before)
    if flagged >= _FLAGGED:
        yield Proof(key="flagged", value=round(flagged, 2))
    if context.worked_on:
        yield Proof(key="worked_on")
    if context.battery_low:
        yield Proof(key="battery_low")


def _day(context: causes.Context) -> Iterator[Proof]:
    for key in ("event", "market", "holiday"):
        if name := getattr(context, key):
            yield Proof(key=key, name=name)
    warmth = "warm" if context.warmth > 0 else "cold"
    for key, value in ((warmth, context.warmth), ("rain", context.rain), ("wind", context.wind)):
        if abs(value) > 2:
            yield Proof(key=key, value=round(abs(value), 1))


def _peak(scores: Scores, one: Anomaly) -> int:
    part = np.abs(scores.residuals[one.start : one.end + 1, one.series])
    return one.start + (int(np.nanargmax(part)) if (~np.isnan(part)).any() else 0)


def _hour(asked: Asked, scores: Scores, hour: int, series: int) -> tuple[float | None, ...]:
    """Return observed, expected, low and high of an hour, in the unit of the series; not below zero if it never was."""
    model = scores.expected
    middle, scale = model.middle[hour : hour + 1, series], model.slow_scale[hour : hour + 1, series]
    band = (model.back(middle + side * BAND * scale, series)[0] for side in (0, -1, 1))
    never_below = asked.watched.counted[series] or not (asked.watched.values[:, series] < 0).any()
    floor = 0.0 if never_below else -np.inf
    values = (asked.watched.values[hour, series], *(max(float(each), floor) for each in band))
    return tuple(None if np.isnan(each) else float(f"{each:.5g}") for each in values)


def _picture(asked: Asked, scores: Scores, one: Anomaly) -> tuple[int, tuple[tuple[float | None, ...], ...]]:
    """Return the hours around an anomaly; of a long one, those around its beginning."""
    first = max(0, one.start - _BEFORE_H)
    last = min(len(asked.watched.values), max(one.end, one.seen) + 1 + _AFTER_H, first + _MOST_H)
    return first, tuple(_hour(asked, scores, hour, one.series) for hour in range(first, last))


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
