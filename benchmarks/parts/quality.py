"""Quality control: rows flagged as they come and as they stand, and the crowd's filter on a made-up crowd."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import duckdb
import numpy as np

from benchmarks import world
from benchmarks.bench import Bench
from benchmarks.figures import Figure, Result
from benchmarks.plan import PERIOD_S, stream_plan
from placette.analyse.quality.crowd import Crowd, crowd_flags
from placette.city.quality import defaults
from placette.model.observations import ObservationRow
from placette.quality.control import StreamingControl
from placette.quality.plans import Plans
from placette.quality.review import review_new
from placette.store import Store

PART = "quality"
ABOUT = (
    "*As they come*: rows through the control that the networks use, 500 at a time, in one thread, the first reading "
    "of every datastream included. *Judged and written*: stored rows that nobody judged yet, read, judged, and their "
    "flags written durably. Both by the range, spike, rate and flat line of a thermometer. *CrowdQC+*: all its levels "
    "on made-up temperatures."
)

ROWS = 400_000
CHECKS = {f"p{number}": defaults()["temperature"] for number in range(world.PER_THING)}
RHYTHM = f'{{"every_s": {PERIOD_S}, "minimum": -50, "maximum": 80}}'
STATIONS, HOURS = 600, 744


def run(bench: Bench) -> Iterator[Result]:
    """Measure the stream, the batch and the crowd, in turn in one file per run."""
    stream, batch, crowd = [], [], []
    for _ in range(bench.runs):
        made = world.make(bench.folder("quality"), bench.datastreams)
        tables = [made.with_ids(table) for table in stream_plan(ROWS, bench.datastreams).batches(ROWS // 4)]
        store = Store.open(made.database)
        try:
            store.change_now(_give_rhythm)
            rows = [ObservationRow(**row) for row in _rows(tables[0])]
            stream.append(_stream(store, rows))
            for table in tables:
                store.append_now(table)
            batch.append(_batch(store))
        finally:
            store.close()
        crowd.append(_crowd())
    yield _figure("rows flagged as they come", "observations/s", stream, more=True)
    yield _figure("stored rows judged and written", "observations/s", batch, more=True)
    yield _figure(f"CrowdQC+, {STATIONS} stations × {HOURS} hours", "s", crowd, more=False)


def _give_rhythm(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("UPDATE datastream SET properties = json_merge_patch(properties, $1)", [RHYTHM]).fetchall()


def _rows(table: object) -> Iterator[dict[str, object]]:
    names = ["datastream_id", "phenomenon_time", "result"]
    chosen = table.select(names)  # type: ignore[attr-defined]
    times = chosen.column("phenomenon_time").cast("int64").to_pylist()
    streams, results = chosen.column("datastream_id").to_pylist(), chosen.column("result").to_pylist()
    for stream, moment, result in zip(streams, times, results, strict=True):
        yield {"datastream_id": stream, "phenomenon_time": moment, "result": result}


def _stream(store: Store, rows: list[ObservationRow]) -> float:
    async def flag() -> None:
        control = StreamingControl(store, CHECKS)
        for start in range(0, len(rows), 500):
            await control.flag(rows[start : start + 500])

    started = time.perf_counter()
    asyncio.run(flag())
    return len(rows) / (time.perf_counter() - started)


def _batch(store: Store) -> float:
    started = time.perf_counter()
    found = review_new(store, Plans(store, CHECKS))
    return found.looked_at / (time.perf_counter() - started)


def _crowd() -> float:
    chance = np.random.default_rng(1)
    hours = np.arange(HOURS) * 3_600_000_000
    air = 15 + 6 * np.sin(hours / 86_400e6 * 2 * np.pi) + chance.normal(0, 1, (STATIONS, HOURS))
    east, north = chance.uniform(5.3, 5.6, STATIONS), chance.uniform(43.4, 43.6, STATIONS)
    crowd = Crowd(east, north, chance.uniform(100, 250, STATIONS), hours)
    started = time.perf_counter()
    crowd_flags(air, crowd)
    return time.perf_counter() - started


def _figure(name: str, unit: str, values: list[float], *, more: bool) -> Figure:
    return Figure(part=PART, name=name, unit=unit, values=tuple(values), at_least=more)
