"""How much wider or narrower the bands of a property must be, tracked from day to day by how many values they missed.

Conformal shifts learn from the last weeks as if all their days were alike. An episode such as desert dust is not: the
band of 80 % then misses half of what comes, for days, and two weeks of record outvote it. So each property's bands have
one more factor: after each day its logarithm rises by ``GAIN`` times the share missed too many, or falls by the share
missed too few. Whatever the weather does, such a tracker misses one value in five in the long run (Gibbs and Candès
2021, NeurIPS 34; as quantile tracking on a multiplicative scale, Angelopoulos et al. 2023, NeurIPS 36).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from placette.analyse.forecast.terms import Panel
from placette.services.forecast.judging import aligned
from placette.services.forecast.keeping import Kept
from placette.services.forecast.terms import HIGH, LOW, MEDIAN, Floats, Step

GAIN: dict[Step, float] = {"hour": 0.6, "day": 0.3}
"""How fast it answers. A day of hours tells more than the seven daily forecasts that end with a day."""
MISSED = 0.2
"""The share outside of the 80 % band that is asked for."""
BOUNDS = (-0.7, 1.4)
"""From half to four times the width, as logarithms."""


def factors(panel: Panel, record: Sequence[Kept], keys: Sequence[int], groups: Sequence[str], step: Step) -> Floats:
    """Return the logarithm of each series' factor: that of the issue before, moved by what came on the last whole day.

    ``groups`` names each series' property; those of one have one factor. 0 where nothing was ever issued.
    """
    end = len(panel.values) - int(panel.clock(np.array([len(panel.values)]))[0] % 86_400 // panel.step_s)
    start = end - panel.day
    told = [((kept.start_s - panel.start_s) // panel.step_s, kept) for kept in record]
    told = sorted(((origin, kept) for origin, kept in told if origin <= start), key=lambda each: each[0])
    out = np.zeros(len(groups))
    if not told:
        return out
    missed = [
        _missed(panel.values[start:end], aligned(kept, kept.final, keys)[start - origin : end - origin])
        for origin, kept in told[-7:]
        if end - origin <= kept.steps
    ]
    newest = told[-1][1].widened
    for group in dict.fromkeys(groups):
        mine = [series for series, each in enumerate(groups) if each == group]
        shares = np.concatenate([each[:, mine].ravel() for each in missed]) if missed else np.empty(0)
        shares = shares[~np.isnan(shares)]
        moved = GAIN[step] * (shares.mean() - MISSED) if len(shares) else 0.0
        out[mine] = np.clip(newest.get(group, 0.0) + moved, *BOUNDS)
    return out


def _missed(actual: Floats, made: Floats) -> Floats:
    """Return 1 for each value outside of its 80 % band, 0 inside, NaN where either is missing."""
    there = ~(np.isnan(actual) | np.isnan(made[..., 0]))
    outside = (actual < made[..., LOW]) | (actual > made[..., HIGH])
    return np.where(there, outside.astype(np.float64), np.nan)


def widened(panel: Panel, quantiles: Floats, logarithms: Floats) -> Floats:
    """Return quantiles (steps × series × levels) as many times as far from their median.

    They never lie below zero where the past never was.
    """
    median = quantiles[..., MEDIAN : MEDIAN + 1]
    found = median + (quantiles - median) * np.exp(logarithms)[None, :, None]
    low = np.where(np.isnan(panel.values), np.inf, panel.values).min(axis=0, initial=np.inf)
    return np.asarray(np.maximum(found, np.where(low >= 0, 0.0, -np.inf)[None, :, None]))
