"""What the store alone does, without network or decoding: the ceiling of every way in."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import islice

import pyarrow as pa

from benchmarks import world
from benchmarks.bench import BATCH, Bench
from benchmarks.figures import Figure, Result
from benchmarks.plan import stream_plan
from placette.store import Store

PART = "store"
ABOUT = (
    "`Store.append_now` in one thread, without network or decoding. Every call is durable (written and fsynced) when "
    "it returns. Each datastream has the identity *one per phenomenonTime*, so every row is checked against its "
    "watermark."
)

ROWS = 2_000_000
SMALL = 5_000


def run(bench: Bench) -> Iterator[Result]:
    """Measure bulk, micro-batches and a second sending of the same rows, in turn in one file per run."""
    bulk, small, again = [], [], []
    for _ in range(bench.runs):
        made = world.make(bench.folder("store"), bench.datastreams)
        tables = [made.with_ids(table) for table in stream_plan(ROWS, bench.datastreams).batches(BATCH)]
        half = len(tables) // 2
        store = Store.open(made.database)
        try:
            bulk.append(_rate(store.append_now, tables[:half]))
            parts = [pa.Table.from_batches([part]) for table in tables[half:] for part in table.to_batches(SMALL)]
            small.append(_rate(store.append_now, list(islice(parts, 100))))
            again.append(_rate(store.append_now, tables[half - 4 : half]))
        finally:
            store.close()
    yield _figure(f"durable batches of {BATCH:,}", bulk)
    yield _figure(f"durable batches of {SMALL:,}", small)
    yield _figure("the same rows sent again (nothing is stored twice)", again)


def _rate(append: Callable[[pa.Table], object], tables: list[pa.Table]) -> float:
    started = time.perf_counter()
    for table in tables:
        append(table)
    seconds = time.perf_counter() - started
    return sum(int(table.num_rows) for table in tables) / seconds


def _figure(name: str, values: list[float]) -> Figure:
    return Figure(part=PART, name=name, unit="observations/s", values=tuple(values), at_least=True)
