"""What the forecaster learnt from other cities, shipped: a new place's first forecasts start from here.

Made by ``placette benchmark --data FOLDER --pretrain`` from public series (`benchmarking.pretraining` names them),
never from a benchmark's own series, and of the cities that are scored only from what lies before.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from placette.analyse.forecast.packing import unpacked
from placette.analyse.forecast.prior import Prior
from placette.analyse.forecast.terms import HOUR_S

FOLDER = Path(__file__).parent


def file_of(step_s: int, folder: Path = FOLDER) -> Path:
    """Return where the prior of a step length lies."""
    return folder / ("hour.prior" if step_s == HOUR_S else "day.prior")


@cache
def prior(step_s: int) -> Prior:
    """Return the shipped prior of hours or days; raises ``NotFound`` without LightGBM."""
    return unpacked(file_of(step_s).read_bytes())
