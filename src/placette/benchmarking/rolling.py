"""Our forecaster on a task, window by window, as it would run on a live city.

It learns again when a week has passed (a live city every night), and corrects itself by its own former forecasts of the
same task: at each origin all of that lies in the past.
"""

from __future__ import annotations

import msgspec
import numpy as np

from placette.analyse.forecast import system
from placette.analyse.forecast.prior import Prior
from placette.analyse.forecast.terms import LEVELS, Floats, Panel
from placette.benchmarking.tasks import Task

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
    asked: tuple[float, ...] = LEVELS,
) -> Made:
    """Forecast all windows of a task."""
    levels, trainings, learn_at = np.array(asked), 0, 0
    trained = system.Trained(answers=[], settings=settings)
    made = Made(final=[], plain=[], parts=[], trainings=0)
    record: list[system.Issued] = []
    for cut in task.cuts(len(panel.values)):
        now = panel.until(cut, task.horizon)
        if cut >= learn_at:
            trained, learn_at = system.train(now, task.horizon, settings, prior), cut + panel.week
            trainings += 1
        issued = system.foresee(trained, now, task.horizon, levels, record[-RECORD:])
        shift = system.correction(now, record[-RECORD:], levels, settings)
        record.append(issued)
        made.final.append(system.corrected(now, issued.quantiles, shift))
        made.plain.append(issued.quantiles)
        made.parts.append(issued.parts)
    return msgspec.structs.replace(made, trainings=trainings)
