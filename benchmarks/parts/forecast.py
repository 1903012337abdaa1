"""The forecaster: time and memory for a hundred datastreams, one asked alone, and what one would use instead."""

from __future__ import annotations

import os
import resource
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from benchmarks.bench import Bench
from benchmarks.figures import Figure, Result, Skipped
from placette import pretrained
from placette.analyse.forecast import scores, system
from placette.analyse.forecast.naive import seasonal_naive
from placette.analyse.forecast.terms import HOUR_S, LEVELS, QUANTILES, Floats, Panel
from placette.benchmarking import cities
from placette.services.process import one_thread

PART = "forecast"
ABOUT = (
    "*A hundred datastreams*: half a year of made-up hourly counters; learning (which tries its parts on the newest "
    "quarter first), then 168 hours ahead of each with 19 quantiles, in a process of its own on one thread. *One "
    "datastream*: the same from what was learnt. *Accuracy*: Auckland's counters in 2024, 168 hours ahead from four "
    "Mondays 13 weeks apart, by the scaled quantile loss (9 levels, season 24) of everybody on the same half year of "
    "past; MSTL is that of statsforecast with the seasons 24 and 168."
)
SHARED = Path(os.environ.get("PLACETTE_SHARED", Path(__file__).resolve().parents[3] / "shared"))
DATA = SHARED / "data"
SERIES, WEEKS, HORIZON = 100, 26, 168
ORIGINS = ("2024-03-04", "2024-06-03", "2024-09-02", "2024-12-02")


class Cost(msgspec.Struct):
    """What a hundred datastreams took: seconds, seconds of a core, MB, and ms of one alone, and of a core for it."""

    wall_s: float
    core_s: float
    peak_mb: float
    one_ms: float
    one_core_ms: float


def run(bench: Bench) -> Iterator[Result]:
    """Measure ours ``bench.runs`` times, and accuracy once: it has no luck in it."""
    costs = []
    for _ in range(bench.runs):
        with one_thread(), ProcessPoolExecutor(1, get_context("spawn")) as worker:
            costs.append(worker.submit(_cost).result())
    hundred = f"learn and forecast {SERIES} hourly datastreams × {HORIZON} h × {len(QUANTILES)} quantiles"
    yield _figure(hundred, "s", [cost.wall_s for cost in costs], target=300)
    yield _figure(f"{hundred}, of one core", "s", [cost.core_s for cost in costs])
    yield _figure(f"{hundred}, memory at most", "MB", [cost.peak_mb for cost in costs], target=2_000)
    one = "forecast of one datastream from what was learnt"
    yield _figure(one, "ms", [cost.one_ms for cost in costs], target=50)
    yield _figure(f"{one}, of one core", "ms", [cost.one_core_ms for cost in costs])
    if not (DATA / cities.SOURCES["auckland"].file).is_file():
        yield Skipped(part=PART, name="accuracy", reason="Auckland's series are not here (PLACETTE_SHARED)")
        return
    yield from _accuracy()


def _cost() -> Cost:
    panel = _city()
    prior = pretrained.prior(HOUR_S)
    wall, core = time.perf_counter(), time.process_time()
    trained = system.train(panel, HORIZON, prior=prior)
    system.foresee(trained, panel, HORIZON, np.array(QUANTILES), [])
    wall, core = time.perf_counter() - wall, time.process_time() - core
    each, cores = [], []
    for number in range(20):
        began, begun = time.perf_counter(), time.process_time()
        system.foresee(trained, panel, HORIZON, np.array(QUANTILES), [], np.array([number]))
        each.append(time.perf_counter() - began)
        cores.append(time.process_time() - begun)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
    return Cost(
        wall_s=wall,
        core_s=core,
        peak_mb=peak,
        one_ms=1_000 * float(np.median(each)),
        one_core_ms=1_000 * float(np.median(cores)),
    )


def _city() -> Panel:
    chance = np.random.default_rng(1)
    steps = np.arange(WEEKS * 168)[:, None]
    peak, size = chance.uniform(8, 20, SERIES), chance.lognormal(4, 1, SERIES)
    day = np.exp(np.cos((steps % 24 - peak) / 24 * 2 * np.pi))
    quiet = np.where(steps // 24 % 7 >= 5, chance.uniform(0.4, 1.6, SERIES), 1.0)
    level = np.exp(0.15 * chance.standard_normal((WEEKS * 7, SERIES)).cumsum(axis=0) / 3).repeat(24, axis=0)
    values = chance.poisson(day * quiet * level * size).astype(float)
    return Panel(values=values, start_s=4 * 86_400, step_s=HOUR_S, known=np.empty((len(values) + HORIZON, 0)))


def _accuracy() -> Iterator[Result]:
    panel = cities.read("auckland", DATA, "2023-08-28", "2025-01-01")
    ours: Callable[[Panel], Floats] = _ours
    rivals = {"Placette": ours, "seasonal naive": lambda past: seasonal_naive(past, HORIZON, np.array(LEVELS), 168)}
    try:
        from statsforecast import models  # noqa: PLC0415
    except ImportError:
        yield Skipped(part=PART, name="accuracy of statsforecast", reason="it is not installed (--group bench)")
    else:
        rivals["statsforecast MSTL"] = lambda past: _mstl(models, past)
    for name, forecaster in rivals.items():
        began, lost = time.process_time(), []
        for day in ORIGINS:
            cut = (int(np.datetime64(day, "s").astype(int)) - panel.start_s) // HOUR_S
            past = msgspec.structs.replace(panel, values=panel.values[cut - WEEKS * 168 : cut])
            past = msgspec.structs.replace(past, start_s=panel.start_s + (cut - WEEKS * 168) * HOUR_S)
            made, actual = forecaster(past), panel.values[cut : cut + HORIZON]
            lost.append(scores.sql(actual, made, LEVELS, scores.seasonal_error(past.values, 24)))
        spent = (time.process_time() - began) / len(ORIGINS)
        yield _figure("accuracy on Auckland, scaled quantile loss", "", [float(np.nanmean(lost))], system=name)
        yield _figure("one forecast of Auckland's 21 counters, learning included", "s of a core", [spent], system=name)


def _ours(past: Panel) -> Floats:
    trained = system.train(past, HORIZON, prior=pretrained.prior(HOUR_S))
    return system.foresee(trained, past, HORIZON, np.array(LEVELS), []).quantiles


def _mstl(models: Any, past: Panel) -> Floats:
    made = np.empty((HORIZON, past.values.shape[1], len(LEVELS)))
    for number, series in enumerate(past.values.T):
        filled = np.nan_to_num(series, nan=float(np.nanmean(series)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = models.MSTL(season_length=[24, 168]).forecast(filled, HORIZON, level=[20, 40, 60, 80])
        low = [found[f"lo-{level}"] for level in (80, 60, 40, 20)]
        high = [found[f"hi-{level}"] for level in (20, 40, 60, 80)]
        made[:, number] = np.stack([*low, found["mean"], *high], axis=1)
    return made


def _figure(name: str, unit: str, values: list[float], target: float | None = None, system: str = "Placette") -> Figure:
    return Figure(part=PART, name=name, unit=unit, values=tuple(values), target=target, system=system)
