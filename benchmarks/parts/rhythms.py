"""Rhythms: from a year of a counter's values in the database to all that is said of it, and taking it apart alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from importlib.util import find_spec

import numpy as np
import pyarrow as pa

from benchmarks.bench import Bench
from benchmarks.figures import Figure, Result, Skipped
from placette import city as cities
from placette.analyse.cycles.rhythm import rhythms, strength
from placette.analyse.cycles.series import LocalSeries
from placette.model.entities import Origin
from placette.publish.city_sync import sync
from placette.services.rhythm import Rhythmical
from placette.store import DatastreamInfo, Store

PART = "rhythms"
ABOUT = (
    "*All of one datastream*: 35,040 values, one every 15 minutes of a year, from the database to strength, week, "
    "calendar, typical days, periods and changes, in a database of eight such counters, with nothing kept; beside it "
    "the time of processor. *Taken apart*: the 8,760 hours alone into trend, day, week and rest; MSTL is that of "
    "statsmodels."
)
DAYS, EVERY_US, COUNTERS = 365, 900_000_000, 8


def run(bench: Bench) -> Iterator[Result]:
    """Measure the service, then the method beside the reference implementation of its family."""
    city = cities.read(bench.root / "cities" / "aix")
    store = Store.open(bench.folder("rhythms") / "placette.duckdb")
    try:
        sync(store, city, Origin.MEASURED)
        now = time.time_ns() // 1000
        infos = [each for each in store.directory.by_id.values() if each.property_key == "pedestrians"][:COUNTERS]
        for number, info in enumerate(infos):
            store.append_now(_counted(info, now, number))
        wall, cpu, week = [], [], []
        for turn in range(max(5, bench.runs)):
            told = Rhythmical(store, lambda: city)
            info = infos[turn % COUNTERS]
            started, used = time.perf_counter(), time.process_time()
            answer = asyncio.run(told.of([info], now - DAYS * 96 * EVERY_US, now))
            wall.append(time.perf_counter() - started)
            cpu.append(time.process_time() - used)
            assert answer.series[0].strength["day"]
            started = time.perf_counter()
            asyncio.run(told.week(infos[:4], now))
            week.append(time.perf_counter() - started)
    finally:
        store.close()
    yield _figure("all of one datastream, a year", wall, target=0.3)
    yield _figure("all of one datastream, a year, time of processor", cpu)
    yield _figure("the typical week of four counters together", week)
    yield from _apart(bench)


def _counted(info: DatastreamInfo, now: int, seed: int) -> pa.Table:
    times = np.arange(now - DAYS * 96 * EVERY_US, now, EVERY_US)
    people = np.random.default_rng(seed).poisson(_street(times / 3_600e6)).astype(float)
    columns = {"datastream_id": pa.array(np.full(times.size, info.id)), "result": pa.array(people)}
    return pa.table(columns | {"phenomenon_time": pa.array(times).cast(pa.timestamp("us"))})


def _street(hours: np.ndarray) -> np.ndarray:
    """Return the people of each quarter of an hour: two peaks a day, fewer on Sundays."""
    bells = 20 * np.exp(-(((hours % 24 - 12) / 2) ** 2)) + 40 * np.exp(-(((hours % 24 - 18) / 2) ** 2))
    return np.where(hours // 24 % 7 == 3, 0.4, 1.0) * (3 + bells)


def _apart(bench: Bench) -> Iterator[Result]:
    hours = np.arange(DAYS * 24)
    values = np.random.default_rng(1).poisson(_street(hours)).astype(float)
    ours, strengths = [], {}
    for _ in range(max(3, bench.runs)):
        started = time.perf_counter()
        strengths = {each.name: each.strength for each in rhythms(LocalSeries(96, 1, values))}
        ours.append(time.perf_counter() - started)
    yield _figure("8,760 hours taken apart", ours, note=_told(strengths))
    if find_spec("statsmodels") is None:
        reason = "statsmodels is not installed: pip install statsmodels"
        yield Skipped(part=PART, name="8,760 hours taken apart, MSTL", reason=reason)
        return
    from statsmodels.tsa.seasonal import MSTL  # noqa: PLC0415  # not needed to run the others

    started = time.perf_counter()
    found = MSTL(values, periods=(24, 168)).fit()
    seconds = time.perf_counter() - started
    parts = {name: strength(found.seasonal[:, place], found.resid) for place, name in enumerate(("day", "week"))}
    yield _figure("8,760 hours taken apart", [seconds], system="statsmodels MSTL", note=_told(parts))


def _told(strengths: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.2f}" for name, value in strengths.items())


def _figure(
    name: str, values: list[float], *, target: float | None = None, system: str = "Placette", note: str = ""
) -> Figure:
    return Figure(part=PART, name=name, unit="s", values=tuple(values), target=target, system=system, note=note)
