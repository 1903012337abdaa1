"""Rolling origins on the shared series of cities: our forecaster beside simple reference lines.

Windows roll by the horizon and end at a stated date; errors are measured in the mean change from one day (days: one
week) to the next of the whole past, as mean over all values of a window, then over windows.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np

from placette.analyse.forecast.system import hours_of
from placette.analyse.forecast.terms import DAY_S, HOUR_S, LEVELS, QUANTILES, Floats, Panel, filled
from placette.benchmarking.cities import SOURCES, read
from placette.benchmarking.protocol import Row, score
from placette.benchmarking.tasks import Task, daily


def _task(place: str, step_s: int, horizon: int, windows: int) -> Task:
    season = 24 if step_s == HOUR_S else 7
    source = place.partition("/")[0]
    return Task(key=place, bench="place", published=place, source=source, step_s=step_s, horizon=horizon,
                windows=windows, season=season)  # fmt: skip


PLACES = (
    (_task("auckland/24h", HOUR_S, 24, 28), "2025-01-01"),
    (_task("auckland/168h", HOUR_S, 168, 10), "2025-01-01"),
    (_task("dublin/24h", HOUR_S, 24, 28), "2020-01-01"),
    (_task("dublin/168h", HOUR_S, 168, 10), "2020-01-01"),
    (_task("leeds/24h", HOUR_S, 24, 28), "2016-01-01"),
    (_task("leeds/168h", HOUR_S, 168, 10), "2016-01-01"),
    (_task("aix/168h", HOUR_S, 168, 10), "2021-01-01"),
    (_task("auckland/28d", DAY_S, 28, 10), "2025-01-01"),
    (_task("leeds/28d", DAY_S, 28, 10), "2016-01-01"),
    (_task("aix/28d", DAY_S, 28, 10), "2021-01-01"),
)
"""Tasks, and the first day after the last window."""


def load(task: Task, after: str, data: Path) -> Panel:
    """Read a place's series until a day."""
    key = f"{task.source}/days" if task.step_s == DAY_S and f"{task.source}/days" in SOURCES else task.source
    panel = read(key, data, after=after)
    return daily(panel, summed=SOURCES[key].summed) if panel.step_s < task.step_s else panel


def _last(lag: int) -> Callable[[Panel, int], Floats]:
    return lambda panel, horizon: filled(panel.values)[-lag:][np.arange(horizon) % lag]


def _median_of_four(panel: Panel, horizon: int) -> Floats:
    week, length = panel.week, len(panel.values)
    weeks = [panel.values[length - week * k :][:week] for k in range(1, 5)]
    there = ~np.isnan(weeks).all(axis=0)
    middle = np.full(there.shape, np.nan)
    middle[there] = np.nanmedian(np.stack(weeks)[:, there], axis=0)
    return middle[np.arange(horizon) % week]


def references(task: Task) -> dict[str, Callable[[Panel, int], Floats]]:
    """Return the reference lines of a task by name: point forecasts (horizon × series)."""
    week = (
        {"the same hours of last week": _last(168)}
        if task.step_s == HOUR_S
        else {"the same days of last week": _last(7)}
    )
    day = {"the same hours of yesterday": _last(24)} if task.step_s == HOUR_S else {}
    return {**day, **week, "median of the last four weeks": _median_of_four}


def reference_scores(task: Task, panel: Panel) -> dict[str, Row]:
    """Return the scores of the reference lines; all their quantiles are their point."""
    found = {}
    for name, line in references(task).items():
        points = [line(panel.until(cut), task.horizon) for cut in task.cuts(len(panel.values))]
        found[name] = score(task, panel, [np.repeat(point[..., None], len(LEVELS), axis=2) for point in points])
    return found


def at_published(made: list[Floats]) -> list[Floats]:
    """Return forecasts at the levels of the published tables alone."""
    return [quantiles[..., [QUANTILES.index(level) for level in LEVELS]] for quantiles in made]


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """How many values of each hour of day came, and how many of them the 80 % and 90 % intervals held."""

    came: Floats
    held80: Floats
    held90: Floats


def held(task: Task, panel: Panel, made: list[Floats]) -> Held:
    """Count by hour of day what the intervals held; forecasts at ``QUANTILES``."""
    counts = np.zeros((3, 24))
    for cut, quantiles in zip(task.cuts(len(panel.values)), made, strict=True):
        actual = panel.values[cut : cut + task.horizon]
        hours = np.broadcast_to(hours_of(panel, cut, len(actual))[:, None], actual.shape)
        there = ~np.isnan(actual)
        within = [there]
        for low, high in ((0.1, 0.9), (0.05, 0.95)):
            ends = (quantiles[: len(actual), :, QUANTILES.index(level)] for level in (low, high))
            within.append(there & (actual >= next(ends)) & (actual <= next(ends)))
        counts += np.stack([np.bincount(hours[some], minlength=24) for some in within])
    return Held(came=counts[0], held80=counts[1], held90=counts[2])
