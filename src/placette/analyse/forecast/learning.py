"""From a panel to what a global model learns from, and from its answers back to quantiles of the panel.

Examples are drawn at random over origins, leads and series. The loss of every learner is the pinball on the logarithmic
scale, weighted by what a unit of it is worth on the series' own scale in seasonal errors: so the fit aims at the scaled
quantile loss. Newer examples weigh more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import msgspec
import numpy as np

from placette.analyse.forecast import features
from placette.analyse.forecast.terms import Floats, Panel

FITTED = (0.1, 0.3, 0.5, 0.7, 0.9)
"""The levels learnt; those between are taken by linear interpolation."""

Answer = Callable[[Floats], Floats]
"""Features (examples × features) → quantiles of the target at the levels ``FITTED`` (examples × levels)."""


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """How many examples are drawn, and how fast old ones fade."""

    examples: Annotated[int, msgspec.Meta(ge=1_000, le=2_000_000)] = 60_000
    leads: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 20
    """How often one value is asked on average at most, from different origins: more is learnt by heart."""
    half_life_weeks: Annotated[float, msgspec.Meta(ge=1, le=1_000)] = 52.0
    seed: int = 1


class Lesson(msgspec.Struct, frozen=True, kw_only=True):
    """Features (examples × features), the target of each (logarithmic, minus its base) and its weight."""

    given: Floats
    target: Floats
    weight: Floats


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
    worth = np.exp(np.minimum(centre, target + 2)) / data.spread[asked.series]
    age = (len(panel.values) - asked.step) / panel.week
    weight = np.clip(worth / worth.mean(), 0.02, 20) * 0.5 ** (age / drawing.half_life_weeks)
    return Lesson(given=features.table(data, asked, centre), target=target - centre, weight=weight / weight.mean())


def answered(answer: Answer, panel: Panel, horizon: int, levels: Floats) -> Floats:
    """Return the quantiles of the steps after the panel (horizon × series × levels), in order of their levels."""
    data = features.scaled(panel)
    count = panel.values.shape[1]
    lead, series = np.divmod(np.arange(horizon * count), count)
    asked = features.Examples(origin=np.full(len(lead), len(panel.values)), lead=lead, series=series)
    centre = features.base(data, asked)
    fitted = np.sort(answer(features.table(data, asked, centre)), axis=1) + centre[:, None]
    between = np.stack([np.interp(levels, FITTED, row) for row in fitted])
    return data.back(between, series[:, None]).reshape(horizon, count, len(levels))


def _draw(panel: Panel, horizon: int, drawing: Drawing) -> features.Examples:
    """Draw any series, any lead, any origin after the first weeks; seeded."""
    chance = np.random.default_rng(drawing.seed)
    length, count = panel.values.shape
    first = min(4 * panel.week, length // 3)
    size = min(drawing.examples, drawing.leads * max(0, length - first) * count)
    step = chance.integers(first, length, size)
    lead = np.minimum(chance.integers(0, horizon, size), step - first)
    return features.Examples(origin=step - lead, lead=lead, series=chance.integers(0, count, size))
