"""The forecasts of a running city: a night and an hour from store to store, one read, and ingestion meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa

from benchmarks.bench import Bench
from benchmarks.figures import Figure, Result
from placette import city as cities
from placette.city.model import City
from placette.model.entities import Origin
from placette.model.observations import TIME
from placette.publish.city_sync import sync
from placette.services.forecast.foreseeing import Due, Foreseeing, state_of
from placette.services.forecast.reading import newest
from placette.services.forecast.worker import work
from placette.services.process import in_process
from placette.store import DatastreamInfo, Store

PART = "forecast-live"
ABOUT = (
    "*A night*: a hundred hourly datastreams with half a year of past, from the store through learning (near and far), "
    "fourteen replayed midnights, scoreboard and calibration to two weeks of quantiles in the store; it happens once a "
    "day, in a process of lowered priority and one thread. *An hour*: the next two days of all of them from what was "
    "learnt. *Ingestion meanwhile*: batches of 5,000 rows, each durable before the next, in the process of the city, "
    "before and during the night."
)
SERIES, WEEKS, BATCH = 100, 26, 5_000
HOUR_US = 3_600_000_000
MIDNIGHT = 1_780_264_800_000_000
"""2026-06-01 00:00 in Paris."""
QUIET_S = 10.0


class Cost(msgspec.Struct):
    """What one run took: seconds of a night, of its worker's learning, of an hour; MB; rows/s; ms of one read."""

    night_s: float
    learning_s: float
    worker_mb: float
    hour_s: float
    read_ms: float
    quiet_rows: float
    meanwhile_rows: float
    city_core_s: float


def run(bench: Bench) -> Iterator[Result]:
    """Measure ``bench.runs`` nights, each on a new store."""
    city = cities.read(bench.root / "cities" / "aix")
    costs = []
    for number in range(bench.runs):
        data = bench.folder(f"forecast-live-{number}")
        data.mkdir(parents=True)
        costs.append(asyncio.run(_cost(city, data)))
    yield _figure(
        f"a night of {SERIES} hourly datastreams, store to store", "s", [c.night_s for c in costs], target=300
    )
    yield _figure("a night, learning alone, of one core", "s", [c.learning_s for c in costs])
    yield _figure("a night, worker's memory at most", "MB", [c.worker_mb for c in costs], target=2_000)
    yield _figure("a night, seconds of a core in the city's own process", "s", [c.city_core_s for c in costs])
    yield _figure(f"an hour's issue of {SERIES} datastreams × 48 h, store to store", "s", [c.hour_s for c in costs])
    yield _figure("newest forecast of one datastream, read from the store", "ms", [c.read_ms for c in costs], target=50)
    yield _figure("ingestion before the night, durable", "rows/s", [c.quiet_rows for c in costs])
    yield _figure("ingestion during the night, durable", "rows/s", [c.meanwhile_rows for c in costs])


async def _cost(city: City, data: Path) -> Cost:
    store = Store.open(data / "placette.duckdb")
    try:
        sync(store, city, Origin.MEASURED)
        infos, other = _fill(store, city)
        foreseeing = Foreseeing(store, city, data / "forecast")
        quiet = await _ingest(store, other, asyncio.create_task(asyncio.sleep(QUIET_S)))
        core = _core_s()
        began = time.perf_counter()
        night = asyncio.create_task(_make(foreseeing, Due("hour", MIDNIGHT, long=True, learn=True)))
        meanwhile = await _ingest(store, other, night)
        night_s = time.perf_counter() - began
        city_core = _core_s() - core
        began = time.perf_counter()
        await _make(foreseeing, Due("hour", MIDNIGHT + HOUR_US, long=False, learn=False))
        hour_s = time.perf_counter() - began
        reads = []
        for info in infos[:10]:
            began = time.perf_counter()
            newest(store, city, [info], MIDNIGHT + HOUR_US)
            reads.append(1_000 * (time.perf_counter() - began))
        board = state_of(store, "hour").board
    finally:
        store.close()
    return Cost(
        night_s=night_s,
        learning_s=board.cpu_s if board else 0.0,
        worker_mb=float(board.memory_mib) * 1.048576 if board else 0.0,
        hour_s=hour_s,
        read_ms=float(np.median(reads)),
        quiet_rows=quiet,
        meanwhile_rows=meanwhile,
        city_core_s=city_core,
    )


def _fill(store: Store, city: City) -> tuple[list[DatastreamInfo], int]:
    """Store half a year of hours of a hundred datastreams; return them, and another one for what comes meanwhile."""
    known = [info for info in store.directory.observed if info.property_key in city.properties and info.code]
    known = [info for info in known if info.property_key not in ("battery", "online")]
    infos, other = known[:SERIES], known[SERIES].id
    hours = WEEKS * 168
    times = MIDNIGHT - HOUR_US * np.arange(hours, 0, -1)
    steps, chance = np.arange(hours), np.random.default_rng(1)
    for info in infos:
        day = np.exp(np.cos((steps % 24 - chance.uniform(8, 20)) / 24 * 2 * np.pi))
        quiet = np.where(steps // 24 % 7 >= 5, chance.uniform(0.4, 1.6), 1.0)
        values = chance.poisson(day * quiet * chance.lognormal(4, 1)).astype(float)
        store.append_now(_table(info.id, times, values))
    return infos, other


async def _make(foreseeing: Foreseeing, due: Due) -> None:
    ask = await asyncio.to_thread(foreseeing.ask, due)
    if ask is not None:
        told = await in_process(work, ask)
        await asyncio.to_thread(foreseeing.write, ask, told)


async def _ingest(store: Store, datastream: int, until: asyncio.Task[None]) -> float:
    """Store batch after batch until a task is done; return the rows per second."""
    rows, began = 0, time.perf_counter()
    start = MIDNIGHT - 400 * 24 * HOUR_US + int(store.stored_rows) * 1_000
    while not until.done():
        times = start + 1_000 * np.arange(rows, rows + BATCH)
        await store.append(_table(datastream, times, np.arange(BATCH, dtype=float)))
        rows += BATCH
    took = time.perf_counter() - began
    with contextlib.suppress(asyncio.CancelledError):
        await until
    return rows / took


def _table(datastream: int, times: np.ndarray, values: np.ndarray) -> pa.Table:
    return pa.table(
        {
            "datastream_id": pa.array(np.full(len(times), datastream, np.int64)),
            "phenomenon_time": pa.array(times).cast(TIME),
            "result": pa.array(values),
        }
    )


def _core_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _figure(name: str, unit: str, values: list[float], *, target: float | None = None) -> Figure:
    return Figure(part=PART, name=name, unit=unit, values=tuple(values), target=target)
