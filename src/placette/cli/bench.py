"""``placette bench``: what this machine can do, in a minute, on data made for the purpose and thrown away after.

The full comparison with other systems is ``make bench`` in the repository; its figures are in docs/benchmarks.md.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from rich.console import Console
from rich.progress import track
from rich.table import Table

from placette.model.entities import Datastream, ObservedProperty, Sensor, Thing
from placette.store import Store, catalogue

STEP_S = 900
BATCH = 100_000


def bench(*, rows: int = 2_000_000, datastreams: int = 1_000, folder: Path | None = None) -> int:
    """Measure durable ingestion and the queries of the pages on this machine.

    Example: placette bench --rows 10000000

    Args:
        rows: Observations to store.
        datastreams: Datastreams they belong to.
        folder: A folder on the disk to measure; without it, the system's temporary one.
    """
    console = Console()
    with tempfile.TemporaryDirectory(dir=folder, prefix="placette-bench-") as made:
        file = Path(made) / "bench.duckdb"
        store = Store.open(file)
        try:
            ids = store.change_now(lambda con: _catalogue(con, datastreams))
            start = time.time_ns() // 1_000 - (rows // datastreams + 1) * STEP_S * 1_000_000
            seconds = _ingest(store, np.array(ids), rows, start, console)
            table = Table("figure", "measured")
            table.add_row("durable ingestion", f"{rows / seconds:,.0f} observations/s")
            for name, call in _questions(store, ids, start).items():
                table.add_row(name, f"{_median_ms(call):.1f} ms")
        finally:
            store.close()
        table.add_row("on disk", f"{file.stat().st_size / rows:.1f} bytes per observation")
        console.print(table)
    return 0


def _catalogue(con: duckdb.DuckDBPyConnection, count: int) -> list[int]:

    thing = catalogue.insert_thing(con, Thing(name="bench", description="made to measure"))
    sensor = catalogue.insert_sensor(con, Sensor(name="bench", description="made to measure"))
    observed = catalogue.insert_observed_property(
        con, ObservedProperty(name="bench", definition="urn:bench", description="made to measure")
    )
    made = [
        Datastream(
            name=f"bench {number}",
            description="made to measure",
            thing_id=thing,
            sensor_id=sensor,
            observed_property_id=observed,
            properties={"identity": "phenomenonTime", "origin": "simulated"},
        )
        for number in range(count)
    ]
    return catalogue.insert_many(con, made)


def _ingest(store: Store, ids: np.ndarray, rows: int, start: int, console: Console) -> float:
    generator = np.random.default_rng(1)
    spent = 0.0
    for first in track(range(0, rows, BATCH), "storing", console=console, disable=not console.is_terminal):
        numbers = np.arange(first, min(first + BATCH, rows))
        batch = pa.table(
            {
                "datastream_id": ids[numbers % len(ids)],
                "phenomenon_time": pa.array(start + numbers // len(ids) * STEP_S * 1_000_000).cast(pa.timestamp("us")),
                "result": np.round(generator.normal(20, 5, len(numbers)), 1),
            }
        )
        began = time.perf_counter()
        store.append_now(batch)
        spent += time.perf_counter() - began
    return spent


def _questions(store: Store, ids: list[int], start: int) -> dict[str, Callable[[], object]]:
    chosen = ids[len(ids) // 2]
    raw = "SELECT phenomenon_time, result FROM observation WHERE datastream_id = ?"
    hourly = (
        "SELECT date_trunc('hour', phenomenon_time) AS hour, avg(result) FROM observation "
        "WHERE datastream_id = ? GROUP BY 1 ORDER BY 1"
    )
    newest = f"{raw} ORDER BY phenomenon_time DESC LIMIT 100"
    return {
        "latest value of every datastream": store.latest.all,
        "newest 100 of one datastream": lambda: store.query_now(newest, (chosen,)),
        "all of one datastream as hourly means": lambda: store.query_now(hourly, (chosen,)),
    }


def _median_ms(call: Callable[[], object], runs: int = 9) -> float:
    spent = []
    for _ in range(runs):
        began = time.perf_counter()
        call()
        spent.append(time.perf_counter() - began)
    return statistics.median(spent) * 1_000
