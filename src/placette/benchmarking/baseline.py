"""The published Seasonal Naive, recomputed: the proof that data and protocol are the authors'."""

from __future__ import annotations

from functools import partial

from placette.analyse.forecast import naive
from placette.analyse.forecast.terms import Forecaster
from placette.benchmarking.tasks import Task

CONTEXT = 1_000
"""Steps that fev-bench shows its classical models."""


def baseline(task: Task) -> Forecaster:
    """Return the Seasonal Naive as the authors of the task's benchmark ran it."""
    return partial(naive.seasonal_naive, season=task.season, context=CONTEXT if task.bench == "fev" else 0)
