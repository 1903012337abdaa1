"""How rare a score is: its rank among the largest of each past day, so that false alarms can be counted beforehand.

Scores of neighbouring hours are much alike, the largest of each day hardly. Ranked among the daily maxima of the year
before, a score has a p-value that holds whatever its distribution, as long as days are exchangeable (split conformal
prediction: Vovk, Gammerman and Shafer 2005; inductive conformal anomaly detection: Laxhammar and Falkman 2015, Annals
of Mathematics and Artificial Intelligence 74, 67): so many days out of a hundred have an hour as strange. Beyond the
tenth largest the rank is coarse; there a generalised Pareto tail goes on (Siffer et al. 2017, KDD, 1067).
"""

from __future__ import annotations

import msgspec
import numpy as np

from placette.analyse.anomaly.terms import Bools, Floats, Ints, by_day

_SHAPE = 0.15
"""Shape of the tail: heavier than the exponential, since the strangest day is yet to come."""
_TAIL = 0.1
_ENOUGH = 120
"""Days of its own below which a series borrows those of its kind."""
_STEP = 7


class Ranks(msgspec.Struct, frozen=True, kw_only=True):
    """The rarity of every hour (charts × hours × series): share of days with an hour as strange; 1 where unknown.

    ``looked_at`` (series) says whether a series has enough days behind it for anything to be said at the end.
    """

    rarity: Floats
    looked_at: Bools


def ranks(values: Floats, kinds: tuple[str, ...], *, remembered: int, least: int, first: int = 0) -> Ranks:
    """Return how rare each score is; ``values`` is charts × hours × series, hours before ``first`` are not judged."""
    charts, hours, series = values.shape
    rarity = np.ones(values.shape)
    daily = np.stack([_daily(chart) for chart in values])  # charts × days × series
    families = {kind: np.flatnonzero(np.array(kinds) == kind) for kind in set(kinds)}
    days = daily.shape[1]
    enough = np.zeros(series, np.bool_)
    for day in range(0, days, _STEP):
        last = min(day + _STEP, days) * 24
        if last <= first:
            continue
        before = daily[:, max(0, day - remembered) : max(0, day - 1)]
        number = np.count_nonzero(~np.isnan(before), axis=1)  # charts × series
        ready = number >= least
        enough = ready[0]
        part = slice(max(day * 24, first), min(last, hours))
        for one in np.flatnonzero(ready.any(axis=0)).tolist():
            mine = before[:, :, one]
            if number[:, one].max() < _ENOUGH:
                lent = before[:, :, families[kinds[one]]].reshape(charts, -1)
                mine = np.concatenate([mine, lent], axis=1)
            found = _rarity(values[:, part, one], mine)
            rarity[:, part, one] = np.where(ready[:, one, None], found, 1.0)
    return Ranks(rarity=rarity, looked_at=enough)


def _daily(scores: Floats) -> Floats:
    """Return the largest score of each day, NaN where it has none."""
    days = by_day(scores)
    largest = np.where(np.isnan(days), -np.inf, days).max(axis=1)
    return np.where(np.isneginf(largest), np.nan, largest)


def _rarity(found: Floats, past: Floats) -> Floats:
    """Return the rarity of scores (charts × hours) among past ones (charts × days)."""
    rare = np.ones(found.shape)
    for chart, (now, before) in enumerate(zip(found, past, strict=True)):
        known = np.sort(before[~np.isnan(before)])
        if len(known) < 5:
            continue
        above = len(known) - np.searchsorted(known, now)
        rank = (1 + above) / (len(known) + 1)
        start = known[int((1 - _TAIL) * (len(known) - 1))]
        over = known[known > start] - start
        mean = float(over.mean()) if len(over) else 0.0
        share = max(len(over), 1) / (len(known) + 1)  # less than a tenth where most days have one and the same score
        width = max(mean * (1 - _SHAPE), 1e-6 * max(abs(start), 1.0))
        with np.errstate(invalid="ignore"):
            beyond = share * (1 + _SHAPE * np.maximum(now - start, 0) / width) ** (-1 / _SHAPE)
            smooth = np.where(above < 10, np.minimum(beyond, 11 / (len(known) + 1)), rank)
        rare[chart] = np.where(np.isnan(now), 1.0, smooth)
    return rare


def any_of(rarity: Floats, shares: Floats) -> tuple[Floats, Ints]:
    """Return the rarity of an hour by all charts together, and which chart says so (Bonferroni with shares).

    ``shares`` (charts) add up to one: how much of the allowed false alarms each chart may spend.

    >>> rare, which = any_of(np.array([[0.01], [0.3]]), np.array([0.5, 0.5]))
    >>> float(rare[0]), int(which[0])
    (0.02, 0)
    """
    spent = rarity / shares.reshape(-1, *[1] * (rarity.ndim - 1))
    return np.minimum(spent.min(axis=0), 1.0), np.argmin(spent, axis=0)
