"""Made-up counts of a street: hours and weekdays, a level that wanders, chance; four counters side by side."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from placette.analyse.anomaly.detect import Looked, look
from placette.analyse.anomaly.terms import Floats, Watched

DAYS, SERIES = 200, 4
JUDGED = (DAYS - 28) * 24


def made(days: int = DAYS, seed: int = 3) -> Watched:
    chance = np.random.default_rng(seed)
    hours = np.arange(days * 24)
    shape = 1.05 + np.sin((hours % 24 - 9) / 24 * 2 * np.pi)
    week = np.where(hours // 24 % 7 >= 5, 1.6, 1.0)
    wander = np.repeat(np.exp(np.cumsum(chance.normal(0, 0.02, days))), 24)
    common = np.exp(chance.normal(0, 0.05, len(hours)))
    level = 150 * (shape * week * wander * common)[:, None] * chance.uniform(0.5, 2, SERIES)
    return Watched(
        values=chance.poisson(level).astype(float),
        first_day=20_003,  # a Monday
        kinds=("pedestrians",) * SERIES,
        counted=(True,) * SERIES,
        positions=np.zeros((SERIES, 2)),
    )


def changed(watched: Watched, values: Floats) -> Watched:
    return msgspec.structs.replace(watched, values=values)


@pytest.fixture(scope="session")
def street() -> Watched:
    return made()


@pytest.fixture(scope="session")
def clean(street: Watched) -> Looked:
    return look(street, first=JUDGED)
