"""Ingestion over HTTP into one server process, durable before each answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec
import pyarrow as pa

from benchmarks import encode, wire, world
from benchmarks.bench import BATCH, Bench
from benchmarks.figures import Figure, Result
from benchmarks.plan import stream_plan
from benchmarks.server import Server, serving
from benchmarks.world import World

PART = "http"
ABOUT = (
    "A real `placette serve` in its own process on loopback; the load generator is another process on the same cores "
    "with its requests ready in memory. Every answer means that the rows are on disk. Rows come in the order of their "
    "times, all datastreams mixed; afterwards the number stored is compared with the number sent."
)
MEMORY_MB = 500


class Way(msgspec.Struct, frozen=True):
    """One address and form: ``bodies`` makes the requests' bodies of a table of at most ``BATCH`` rows."""

    name: str
    path: str
    content_type: str
    bodies: Callable[[World, pa.Table], list[bytes]]
    rows: int
    connections: int
    target: float
    datastreams: int | None = None


WAYS = (
    Way("Arrow bulk, POST /api/observations", "/api/observations", encode.ARROW,
        lambda made, table: [encode.arrow(made, table)], 2_000_000, 4, 500_000),
    Way("NDJSON bulk, POST /api/observations", "/api/observations", encode.NDJSON,
        lambda made, table: [encode.ndjson(made, table)], 1_000_000, 4, 250_000),
    Way("DataArray, POST /v1.1/CreateObservations", "/v1.1/CreateObservations", encode.JSON,
        lambda made, table: [encode.data_array(made, table)], 1_000_000, 4, 250_000, 1_000),
    Way("single POST /v1.1/Observations, 32 connections", "/v1.1/Observations", encode.JSON,
        encode.singles, 20_000, 32, 3_000),
)  # fmt: skip


def run(bench: Bench) -> Iterator[Result]:
    """Measure every way in a folder of its own, with one server for all its runs."""
    for way in WAYS:
        made = world.make(bench.folder("http"), way.datastreams or bench.datastreams)
        with serving(made.data) as server:
            yield from _measure(bench, way, made, server)


def _measure(bench: Bench, way: Way, made: World, server: Server) -> Iterator[Result]:
    rates = []
    plan = stream_plan(way.rows * bench.runs, len(made.ids))
    before = server.stored()
    for tables in plan.runs(bench.runs, BATCH):
        requests = [
            wire.request("POST", way.path, body, way.content_type, made.token)
            for table in tables
            for body in way.bodies(made, table)
        ]
        answers = wire.drive(server.port, requests, way.connections)
        answers.check()
        rates.append(sum(table.num_rows for table in tables) / answers.seconds)
    stored = server.stored() - before
    if stored != plan.total:
        raise RuntimeError(f"{way.name}: {plan.total:,} were acknowledged, {stored:,} are stored")
    yield Figure(
        part=PART, name=way.name, unit="observations/s", values=tuple(rates), target=way.target, at_least=True,
        note="" if way.datastreams is None else f"in {way.datastreams:,} datastreams",
    )  # fmt: skip
    peak = server.memory().peak
    yield Figure(part=PART, name=f"most memory, {way.name}", unit="MB", values=(peak,), target=MEMORY_MB)
