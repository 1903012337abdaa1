"""Whether a rhythm has changed from one period to another, in level and in shape, and whether chance would do as much.

The weeks of both periods are shuffled between them in blocks: when the rhythm is the same, a shuffled distance is as
large as the true one about as often as not (Fisher's permutation test; Good 2005, Permutation, Parametric and Bootstrap
Tests). Weeks of one season are alike: compare the same season of two years, or the test finds the season.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta

from placette.analyse.cycles.series import Floats, LocalSeries

FEWEST_WEEKS = 4
"""Weeks of each period at the least: with three and three, chance alone gives a tenth."""
_LEAST_CAPTURE = 0.75
"""Share of its hours that a week needs."""


class ChangeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """``shuffles``: how often; ``block``: weeks that stay together, since one week is like the next."""

    shuffles: Annotated[int, Meta(ge=99, le=100_000)] = 999
    block: Annotated[int, Meta(ge=1, le=13)] = 2
    seed: Annotated[int, Meta(ge=0)] = 1


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Level: relative change of the mean. Shape: root mean square distance of weekly shapes, as a share of the mean.

    ``level_p`` and ``shape_p`` are the shares of shuffles that change as much; ``largest`` is the hour of the week,
    Monday 0 h first, whose share of the mean changed most, and ``by`` how much.
    """

    weeks: tuple[int, int]
    level: float
    level_p: float
    shape: float
    shape_p: float
    largest: int
    by: float


class TooFewWeeks(msgspec.Struct, frozen=True):
    """No comparison: weeks with enough values in each period."""

    weeks: tuple[int, int]


def compare(before: LocalSeries, after: LocalSeries, settings: ChangeSettings | None = None) -> Change | TooFewWeeks:
    """Compare the weekly rhythm of two periods.

    For quantities with a natural zero: the shape is taken as a share of the mean. A mean of 0 gives no shape.

    >>> random = np.random.default_rng(1)
    >>> week = np.tile(np.r_[np.ones(8), np.full(12, 9.0), np.ones(4)], 7)
    >>> later = np.roll(week, 2)
    >>> one, two = (LocalSeries(96, 1, random.poisson(np.tile(each, 10)).astype(float)) for each in (week, later))
    >>> found = compare(one, two)
    >>> found.weeks, found.shape_p < 0.05, found.level_p > 0.05, found.largest % 24 in {8, 9, 20, 21}
    ((10, 10), True, True, True)
    """
    chosen = settings or ChangeSettings()
    one, two = _weeks(before), _weeks(after)
    counts = (len(one), len(two))
    if min(counts) < FEWEST_WEEKS:
        return TooFewWeeks(counts)
    weeks = np.vstack([one, two])
    first = _choices(counts, chosen)
    level, shape, moved = _distances(first, weeks)
    as_much = [int((np.abs(each) >= abs(each[0]) * (1 - 1e-9)).sum()) / len(first) for each in (level, shape)]
    largest = int(np.nanargmax(np.abs(moved[0])))
    return Change(
        weeks=counts,
        level=float(level[0]),
        level_p=as_much[0],
        shape=float(shape[0]),
        shape_p=as_much[1],
        largest=largest,
        by=float(moved[0, largest]),
    )


def _weeks(series: LocalSeries) -> Floats:
    """Return the weeks from Monday that have enough values: weeks × steps."""
    per_week = 168 // series.hours
    start = (96 - series.start) % 168 // series.hours
    whole = series.values[start : start + (len(series.values) - start) // per_week * per_week].reshape(-1, per_week)
    kept: Floats = whole[(~np.isnan(whole)).mean(axis=1) >= _LEAST_CAPTURE]
    return kept


def _choices(counts: tuple[int, int], settings: ChangeSettings) -> npt.NDArray[np.bool_]:
    """Return which weeks make the first period: in truth (first row), then in each shuffle."""
    first, second = np.arange(counts[0]), counts[0] + np.arange(counts[1])
    blocks = [part for weeks in (first, second) for part in np.array_split(weeks, -(-len(weeks) // settings.block))]
    random = np.random.default_rng(settings.seed)
    found = np.zeros((1 + settings.shuffles, sum(counts)), np.bool_)
    found[0, first] = True
    for row in found[1:]:
        mixed = np.concatenate([blocks[place] for place in random.permutation(len(blocks))])
        row[mixed[: counts[0]]] = True
    return found


def _distances(first: npt.NDArray[np.bool_], weeks: Floats) -> tuple[Floats, Floats, Floats]:
    """Return per choice the relative change of the level, the distance of shapes, and how each step's share moved."""
    one, two = _means(first, weeks), _means(~first, weeks)
    before, after = np.nanmean(one, axis=1), np.nanmean(two, axis=1)
    level = np.divide(after, before, where=before != 0, out=np.ones_like(before)) - 1
    moved = _shares(two, after) - _shares(one, before)
    return level, np.sqrt(np.nanmean(moved**2, axis=1)), moved


def _means(chosen: npt.NDArray[np.bool_], weeks: Floats) -> Floats:
    """Return the mean weeks of each choice, NaN in steps without a value: choices × steps."""
    there = ~np.isnan(weeks)
    weight = chosen.astype(np.float64)
    count = weight @ there
    found: Floats = np.where(count > 0, weight @ np.where(there, weeks, 0.0) / np.maximum(count, 1), np.nan)
    return found


def _shares(weeks: Floats, level: Floats) -> Floats:
    found: Floats = np.where(level[:, None] != 0, weeks / np.where(level == 0, 1, level)[:, None] - 1, 0.0)
    return found
