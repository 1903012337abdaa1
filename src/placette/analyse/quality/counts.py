"""Checks of hourly counts: too long at zero, stuck, far from the same hour of the weeks before, hours half seen.

A count is never spiky like a temperature: a market day is ten times a Tuesday night. Every hour is therefore compared
with the same hour of the week (0–167) in the weeks before it. Counts are floats, NaN where missing, one per hour
without gaps in the time axis.
"""

from __future__ import annotations

import math

import numpy as np

from placette.analyse.quality import qartod
from placette.analyse.quality.qartod import Bools, Flags, Floats, Times

WEEK = 168
_HOUR_US = 3_600_000_000
_NORMAL = 1.4826


def examine(counts: Floats, weeks: int = 8) -> Flags:
    """Return the flag of every hour: suspect where any check of this file speaks, missing where there is no count.

    >>> week = np.tile([0.0] * 6 + [40.0, 90.0] * 9, 7)
    >>> counts = np.concatenate([week + (number % 3) * (week > 0) for number in range(10)])
    >>> counts[9 * 168 + 10] = 900
    >>> np.flatnonzero(examine(counts) == 3).tolist()
    [1522]
    """
    flags = np.where(np.isnan(counts), qartod.MISSING, qartod.GOOD)
    for found in (outliers(counts, weeks), too_long_at_zero(counts), stuck(counts)):
        flags[found] = qartod.SUSPECT
    return flags


def outliers(counts: Floats, weeks: int = 8, deviations: float = 6.0, *, chance: bool = True) -> Bools:
    """Say which hours lie further than ``deviations`` · 1.4826 · MAD from the median of the same hour of the week.

    Looks at the ``weeks`` before; with half of them missing nothing is said. With ``chance`` the spread is taken for
    that of counting alone (the square root of the median, 1 at the least) where the MAD is smaller: eight equal nights
    have a MAD of 0, and one passer-by would stand out.
    """
    rows = -(-len(counts) // WEEK)
    table = np.full((rows, WEEK), np.nan)
    table.ravel()[: len(counts)] = counts
    found = np.zeros(table.shape, np.bool_)
    for row in range(weeks, rows):
        before = table[row - weeks : row]
        enough = np.count_nonzero(~np.isnan(before), axis=0) * 2 > weeks
        middle = np.nanmedian(before[:, enough], axis=0)
        spread = _NORMAL * np.nanmedian(np.abs(before[:, enough] - middle), axis=0)
        if chance:
            spread = np.maximum(spread, np.sqrt(np.maximum(middle, 1)))
        found[row, enough] = np.abs(table[row, enough] - middle) > deviations * spread
    return found.ravel()[: len(counts)]


def too_long_at_zero(counts: Floats, times: float = 2.0) -> Bools:
    """Say which hours belong to a run of zeros at least ``times`` as long as any seen before at its hours of the week.

    The longest earlier run that covered one of the run's hours of the week counts; runs found too long are not learnt
    from. Nothing is said within the first four weeks, nor of a single hour.
    """
    found = np.zeros(len(counts), np.bool_)
    longest = np.zeros(WEEK, np.int64)
    for start, end in _runs(counts == 0):
        hours = np.arange(start, end) % WEEK
        allowed = times * max(int(longest[hours].max()), 1)
        if end - start >= allowed and start >= 4 * WEEK:
            found[start:end] = True
        else:
            longest[hours] = np.maximum(longest[hours], end - start)
    return found


def stuck(counts: Floats, odds: float = 1e-6) -> Bools:
    """Say which hours belong to a run of one value, not zero, that chance would bring with less than ``odds``.

    Two hours of a steady stream of people have the same count λ with a probability of about 1/(2√(πλ)) (two equal
    Poisson variables); a run of n with its (n − 1)th power.
    """
    found = np.zeros(len(counts), np.bool_)
    same = np.zeros(len(counts) + 1, np.bool_)
    same[1:-1] = (counts[1:] == counts[:-1]) & (counts[1:] > 0)
    for start, end in _runs(same[1:]):
        chance = 1 / (2 * math.sqrt(math.pi * counts[start]))
        if chance ** (end - start) < odds:
            found[start : end + 1] = True
    return found


def hourly(times: Times, counts: Floats, every_s: float, least_share: float = 0.75) -> tuple[Times, Floats]:
    """Return the full hours (their starts, µs UTC, without gaps) and their sums, NaN where too little was captured.

    An hour of which less than ``least_share`` of the expected counts arrived is missing.

    >>> quarters = np.array([0, 1, 2, 3, 4, 5]) * 900_000_000
    >>> hourly(quarters, np.array([3.0, 4, 5, 6, 7, 8]), every_s=900)
    (array([         0, 3600000000]), array([18., nan]))
    """
    there = ~np.isnan(counts)
    if not there.any():
        return np.empty(0, np.int64), np.empty(0)
    hour = times[there] // _HOUR_US
    first = int(hour.min())
    size = int(hour.max()) - first + 1
    arrived = np.bincount(hour - first, minlength=size)
    enough = arrived >= least_share * max(1.0, 3600 / every_s)
    sums = np.where(enough, np.bincount(hour - first, counts[there], size), np.nan)
    return (np.arange(size, dtype=np.int64) + first) * _HOUR_US, sums


def _runs(where: Bools) -> list[tuple[int, int]]:
    """Return start and end (exclusive) of every run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], where, [False]]).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
