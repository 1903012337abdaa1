"""Placette, PostgreSQL and VictoriaMetrics side by side: the same rows, the same questions, in turn."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

from benchmarks import questions
from benchmarks.asking import percentile, times_ms
from benchmarks.bench import BATCH, Bench
from benchmarks.compare.placette import Placette
from benchmarks.compare.postgresql import PostgreSQL, PostgreSQLInsert
from benchmarks.compare.system import System
from benchmarks.compare.victoriametrics import VictoriaMetrics
from benchmarks.figures import Figure, Result, Skipped
from benchmarks.plan import PERIOD_S, Plan, history_plan, stream_plan
from benchmarks.trickle import Send, flowing

PART = "compare"
ABOUT = (
    "All run at once, each in a folder of its own on the same disk, and are measured in turn, A B C A B C. The rows "
    "are ready in each one's own form before the clock starts. Questions are asked while 2,000 observations per second "
    "go into the system that is asked; the answers are read and decoded, and must have equally many values."
)
ROWS = 500_000
INGESTION = "bulk ingestion"
SHARE = 4
"""The slower systems' questions are asked this many times less often than in the part `queries`."""
TOLERANCE = 0.05
"""A window's edge may fall on either side of a value; more than that would be another question."""

Ask = Callable[[], int]


def run(bench: Bench) -> Iterator[Result]:
    """Ingest into empty systems, then fill fresh ones with history and ask."""
    with ExitStack() as stack:
        systems, missing = _start(bench, stack, "ingest")
        yield from missing
        yield from _ingestion(bench, systems)
    plan = history_plan(bench.rows, bench.datastreams)
    with ExitStack() as stack:
        systems, _ = _start(bench, stack, "ask")
        asked = [system for system in systems if not isinstance(system, PostgreSQLInsert)]
        for system in asked:
            started = time.perf_counter()
            system.fill(plan.batches(BATCH))
            rate = plan.total / (time.perf_counter() - started)
            yield _figure("loading the history", "observations/s", [rate], system, plan.rows, at_least=True)
        yield from _asking(bench, asked, plan)
    for system in asked:
        weight = system.disk_bytes() / plan.total
        yield _figure("bytes per observation on disk", "bytes", [weight], system, plan.rows)


def _start(bench: Bench, stack: ExitStack, purpose: str) -> tuple[list[System], list[Skipped]]:
    """Start every installed system; each is stopped when ``stack`` is left."""
    wanted: list[System] = [
        Placette(bench.datastreams),
        PostgreSQL(bench.datastreams),
        PostgreSQLInsert(bench.datastreams),
        VictoriaMetrics(PERIOD_S),
    ]
    systems, missing = [], []
    for system in wanted:
        try:
            system.start(bench.folder(f"{purpose}-{type(system).__name__.lower()}"))
        except FileNotFoundError as error:
            missing.append(Skipped(part=PART, name=system.name, reason=str(error)))
        else:
            stack.callback(system.stop)
            systems.append(system)
    return systems, missing


def _ingestion(bench: Bench, systems: list[System]) -> Iterator[Result]:
    """Feed the systems in turn; the rows of a run are newer than those of the run before."""
    rates: dict[str, list[float]] = {system.name: [] for system in systems}
    for tables in stream_plan(ROWS * bench.runs, bench.datastreams).runs(bench.runs, BATCH):
        for system in systems:
            part = tables[: system.ingest_batches]
            bodies = system.prepare(part)
            started = time.perf_counter()
            system.ingest(bodies)
            rates[system.name].append(sum(table.num_rows for table in part) / (time.perf_counter() - started))
    for system in systems:
        yield _figure(INGESTION, "observations/s", rates[system.name], system, at_least=True, note=system.way_in)


def _asking(bench: Bench, systems: list[System], plan: Plan) -> Iterator[Result]:
    """Put each question to each system in turn, while a stream goes into that one."""
    taken: dict[tuple[str, str], list[float]] = {}
    for _ in range(bench.runs):
        found: dict[str, list[int]] = {}
        for system in systems:
            with flowing(bench.datastreams, _connect(system)):
                for name, ask in _asks(system, plan).items():
                    times = times_ms(ask, questions.COUNTS[name] // SHARE)
                    taken.setdefault((name, system.name), []).append(percentile(times, 50))
                    found.setdefault(name, []).append(ask())
        for name, counts in found.items():
            if max(counts) - min(counts) > max(2, max(counts) * TOLERANCE):
                raise RuntimeError(f"{name}: the systems answered differently many values: {counts}")
    for system in systems:
        for name in questions.TARGETS_MS:
            yield _figure(name, "ms", taken[name, system.name], system, plan.rows)


def _connect(system: System) -> Callable[[], Send]:
    def connect() -> Send:
        side = system.side()
        return lambda table: side(system.prepare([table])[0])

    return connect


def _asks(system: System, plan: Plan) -> dict[str, Ask]:
    chooser = questions.Chooser(plan)
    return {
        questions.LATEST: system.latest,
        questions.LAST_DAY: lambda: system.span(chooser.any(), plan.end - questions.DAY, plan.end),
        questions.HOURLY: lambda: system.hourly(chooser.deep(), plan.end - questions.YEAR, plan.end),
        questions.LAST: lambda: system.newest(chooser.any(), questions.NEWEST),
    }


def _figure(
    name: str, unit: str, values: list[float], system: System, rows: int = 0, *, at_least: bool = False, note: str = ""
) -> Figure:
    return Figure(
        part=PART, name=name, unit=unit, values=tuple(values), system=system.name, rows=rows, at_least=at_least,
        note=note,
    )  # fmt: skip
