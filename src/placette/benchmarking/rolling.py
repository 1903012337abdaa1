"""Our forecaster on a task, window by window, as it would run on a live city.

It learns again when its past has grown by a quarter, and corrects itself by its own former forecasts of the same task:
at each origin all of that lies in the past.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np

from placette.analyse.forecast import system
from placette.analyse.forecast.prior import Prior
from placette.analyse.forecast.terms import LEVELS, Floats, Panel
from placette.benchmarking.tasks import Task

GROWTH = 1.25
"""The past grown by this factor is learnt again; a tenth costs twice the time."""
RECORD = 8
"""Former forecasts that the correction looks at."""


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """The forecasts of each window (horizon × series × levels): ours, before correction, and of each part alone."""

    final: list[Floats]
    plain: list[Floats]
    parts: list[list[Floats]]
    trainings: int


def rolled(
    task: Task,
    panel: Panel,
    settings: system.Settings,
    prior: Prior | None = None,
    told: Callable[[int], None] = lambda _window: None,
    asked: tuple[float, ...] = LEVELS,
) -> Made:
    """Forecast all windows of a task; ``told`` hears the number of each window done."""
    levels, learnt_at, trainings = np.array(asked), 0, 0
    trained = system.Trained(answers=[], settings=settings)
    made = Made(final=[], plain=[], parts=[], trainings=0)
    record: list[system.Issued] = []
    for number, cut in enumerate(task.cuts(len(panel.values)), 1):
        now = panel.until(cut, task.horizon)
        if cut >= learnt_at * GROWTH:
            trained, learnt_at, trainings = (system.train(now, task.horizon, settings, prior), cut, trainings + 1)
        issued = system.foresee(trained, now, task.horizon, levels, record[-RECORD:])
        shift = system.correction(now, record[-RECORD:], levels, settings)
        record.append(issued)
        made.final.append(system.corrected(now, issued.quantiles, shift))
        made.plain.append(issued.quantiles)
        made.parts.append(issued.parts)
        told(number)
    return msgspec.structs.replace(made, trainings=trainings)
