"""What other cities teach: trees and networks learnt once from many panels, for series with little past of their own.

Only features free of scale are seen: no name, and of covariates the weather alone. Each panel is learnt from twice:
whole, and in pieces of ten to fifty weeks, as if it had just been hung, half of them as if nothing were known of the
weather.
"""

from __future__ import annotations

import msgspec
import numpy as np

from placette.analyse.forecast import boosted, learning, neural
from placette.analyse.forecast.terms import Panel


class Prior(msgspec.Struct, frozen=True, kw_only=True):
    """What was learnt from the panels of others, for one step length."""

    trees: boosted.Boosters
    networks: neural.Networks


class Learning(msgspec.Struct, frozen=True, kw_only=True):
    """How much is drawn from each panel and how finely it is learnt."""

    examples: int = 16_000
    """From a panel of six series; a panel of many gives more, by the root."""
    pieces: int = 6
    trees: boosted.Boosted = boosted.Boosted(trees=300, leaves=63, least_in_leaf=120, steps_in_leaf=0)
    networks: neural.Neural = neural.Neural(width=128, steps=12_000, rate=0.002, decay=0.02)
    seed: int = 1


def learn(panels: list[Panel], horizon: int, settings: Learning | None = None) -> Prior:
    """Learn from panels of one step length to forecast up to ``horizon`` steps."""
    chosen = settings or Learning()
    lesson = together([one for panel in panels for one in _lessons(panel, horizon, chosen)])
    return Prior(trees=boosted.fit(lesson, chosen.trees), networks=neural.fit(lesson, chosen.networks))


def together(lessons: list[learning.Lesson]) -> learning.Lesson:
    """Return one lesson of several, of their shared features alone."""
    shared = lessons[0].shared
    weight = np.concatenate([one.weight for one in lessons])
    return learning.Lesson(
        given=np.concatenate([one.given[:, :shared] for one in lessons]),
        shared=shared,
        target=np.concatenate([one.target for one in lessons]),
        weight=np.minimum(weight, 8.0),
        per_step=float(np.mean([one.per_step for one in lessons])),
    )


def _lessons(panel: Panel, horizon: int, chosen: Learning) -> list[learning.Lesson]:
    chance = np.random.default_rng(chosen.seed)
    size = int(chosen.examples * np.sqrt(min(panel.values.shape[1], 30) / 6))
    made = []
    for number in range(chosen.pieces + 1):
        piece = _piece(panel, chance) if number else panel
        drawing = learning.Drawing(
            examples=max(1_000, size // (4 if number else 1)), half_life_weeks=500, seed=chosen.seed + number
        )
        try:
            made.append(learning.lesson(piece, horizon, drawing))
        except ValueError:  # this piece is a gap
            continue
    return made


def _piece(panel: Panel, chance: np.random.Generator) -> Panel:
    length = min(int(chance.integers(10 * panel.week, 50 * panel.week)), len(panel.values))
    first = int(chance.integers(0, len(panel.values) - length + 1))
    values = panel.values[first : first + length]
    return Panel(
        values=values[:, np.isnan(values).mean(axis=0) < 0.5],
        start_s=panel.start_s + first * panel.step_s,
        step_s=panel.step_s,
        known=panel.known[first : first + length],
        kinds=panel.kinds if chance.random() < 0.5 else (),
    )
