"""From a panel to what a global model learns from, and from its answers back to quantiles of the panel.

Examples are drawn at random over origins, leads and series. The target is the value on its scale minus its base, in
the unit of the series. The loss of every learner is its pinball, weighted by what a unit is worth on the series' own
values in seasonal errors: so the fit aims at the scaled quantile loss. Newer examples weigh more.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import NormalDist
from typing import Annotated

import msgspec
import numpy as np

from placette.analyse.forecast import features
from placette.analyse.forecast.terms import Floats, Ints, Panel

FITTED = (0.05, 0.15, 0.3, 0.5, 0.7, 0.85, 0.95)
"""The levels learnt; those between are taken along the normal distribution through their neighbours."""

Answer = Callable[[Floats], Floats]
"""Features (examples × features) → quantiles of the target at the levels ``FITTED`` (examples × levels)."""

FURTHEST = 30.0
"""Targets further from their base than this many units are taken for this far."""


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """How many examples are drawn, and how fast old ones fade."""

    examples: Annotated[int, msgspec.Meta(ge=1_000, le=2_000_000)] = 40_000
    leads: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 20
    """How often one value is asked on average at most, from different origins: more is learnt by heart."""
    half_life_weeks: Annotated[float, msgspec.Meta(ge=1, le=1_000)] = 52.0
    seed: int = 1


class Lesson(msgspec.Struct, frozen=True, kw_only=True):
    """Features (examples × features; the first ``shared`` are free of scale), the target of each and its weight."""

    given: Floats
    shared: int
    target: Floats
    weight: Floats
    per_step: float
    """Examples drawn per step of the past: what happened at one step is one piece of news, however often asked."""


def lesson(panel: Panel, horizon: int, drawing: Drawing) -> Lesson:
    """Draw examples of up to ``horizon`` steps ahead; raises ``ValueError`` below fifty usable ones."""
    data = features.scaled(panel)
    asked = _draw(panel, horizon, drawing)
    centre = features.base(data, asked)
    target = data.at(asked.step, asked.series)
    usable = ~np.isnan(target) & ~np.isnan(centre)
    if usable.sum() < 50:
        raise ValueError("too few values to learn from")
    asked = features.Examples(origin=asked.origin[usable], lead=asked.lead[usable], series=asked.series[usable])
    centre, target = centre[usable], target[usable]
    unit = data.unit(asked.origin, asked.series)
    given, shared = given_of(data, asked, centre, unit)
    steepness = data.scale.some(asked.series).steepness(np.minimum(centre, target + 2))
    worth = _even(steepness / data.spread[asked.series])
    age = (len(panel.values) - asked.step) / panel.week
    weight = _even(worth * unit) * 0.5 ** (age / drawing.half_life_weeks)
    return Lesson(
        given=given,
        shared=shared,
        target=np.clip((target - centre) / unit, -FURTHEST, FURTHEST),
        weight=weight / weight.mean(),
        per_step=len(target) / len(panel.values),
    )


class Questions(msgspec.Struct, frozen=True, kw_only=True):
    """All steps after a panel, asked of every series: their features, and the way back to the panel's scale."""

    data: features.Scaled
    series: Ints
    given: Floats
    centre: Floats
    unit: Floats
    horizon: int

    @classmethod
    def of(cls, panel: Panel, horizon: int, only: Ints | None = None) -> Questions:
        """Ask for ``horizon`` steps after the panel, of all series or ``only`` some."""
        data = features.scaled(panel, only)
        lead, series = np.divmod(np.arange(horizon * len(data.columns)), len(data.columns))
        asked = features.Examples(origin=np.full(len(lead), len(panel.values)), lead=lead, series=series)
        centre = features.base(data, asked)
        unit = data.unit(asked.origin, series)
        given, _ = given_of(data, asked, centre, unit)
        return cls(data=data, series=series, given=given, centre=centre, unit=unit, horizon=horizon)

    def quantiles(self, answered: Floats, levels: Floats) -> Floats:
        """Return what a learner answered (examples × ``FITTED``) as quantiles of the steps after the panel.

        Horizon × series × levels, in order of their levels.
        """
        target = between(np.sort(answered, axis=1), levels) * self.unit[:, None] + self.centre[:, None]
        return self.data.back(target, self.series[:, None]).reshape(self.horizon, -1, len(levels))


def between(fitted: Floats, levels: Floats) -> Floats:
    """Return quantiles at ``levels`` from those at ``FITTED`` (examples × levels), along the normal distribution.

    >>> between(np.array([[-1.645, -1.036, -0.524, 0, 0.524, 1.036, 1.645]]), np.array([0.1, 0.5])).round(2).tolist()
    [[-1.28, 0.0]]
    """
    have, wanted = (np.array([NormalDist().inv_cdf(float(q)) for q in some]) for some in (FITTED, levels))
    right = np.clip(np.searchsorted(have, wanted), 1, len(have) - 1)
    share = (wanted - have[right - 1]) / (have[right] - have[right - 1])
    return np.asarray(fitted[:, right - 1] * (1 - share) + fitted[:, right] * share)


def given_of(data: features.Scaled, asked: features.Examples, centre: Floats, unit: Floats) -> tuple[Floats, int]:
    """Return all features of examples, and how many of them, the first, are free of scale."""
    shared = features.table(data, asked, centre, unit)
    return np.concatenate([shared, features.own(data, asked)], axis=1), shared.shape[1]


def _even(weight: Floats) -> Floats:
    return np.asarray(np.clip(weight / weight.mean(), 0.02, 20))


def _draw(panel: Panel, horizon: int, drawing: Drawing) -> features.Examples:
    """Draw any series, any lead, any origin after the first weeks; seeded."""
    chance = np.random.default_rng(drawing.seed)
    length, count = panel.values.shape
    first = min(4 * panel.week, length // 3)
    size = min(drawing.examples, drawing.leads * max(0, length - first) * count)
    step = chance.integers(first, length, size)
    lead = np.minimum(chance.integers(0, horizon, size), step - first)
    return features.Examples(origin=step - lead, lead=lead, series=chance.integers(0, count, size))
