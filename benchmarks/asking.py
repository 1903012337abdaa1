"""Times a question asked again and again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import numpy as np

PAUSE_S = 0.002
"""Between two questions, so that what is measured is one asker and not a flood."""


def times_ms(ask: Callable[[], int], count: int) -> list[float]:
    """Return the milliseconds of each of ``count`` questions; raises when one brings nothing back."""
    taken = []
    for _ in range(count):
        started = time.perf_counter()
        found = ask()
        taken.append((time.perf_counter() - started) * 1000)
        _check(found)
        time.sleep(PAUSE_S)
    return taken


async def times_ms_of(ask: Callable[[], Awaitable[int]], count: int) -> list[float]:
    """The same for a question of the Python API, asked on the event loop that ingests meanwhile."""
    taken = []
    for _ in range(count):
        started = time.perf_counter()
        found = await ask()
        taken.append((time.perf_counter() - started) * 1000)
        _check(found)
        await asyncio.sleep(PAUSE_S)
    return taken


def percentile(values: list[float], share: float) -> float:
    """Return the value that ``share`` percent of the values do not exceed."""
    return float(np.percentile(values, share))


def _check(found: int) -> None:
    if not found:
        raise RuntimeError("a question brought nothing back, so its time means nothing")
