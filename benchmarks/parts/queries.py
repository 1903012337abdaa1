"""The questions of the pages, put to a full table while 2,000 observations per second come in."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote

import msgspec
import pyarrow as pa

from benchmarks import encode, questions
from benchmarks.asking import percentile, times_ms, times_ms_of
from benchmarks.bench import Bench
from benchmarks.figures import Figure, Result
from benchmarks.plan import Plan
from benchmarks.server import Server, fetch, serving
from benchmarks.trickle import Send, flowing
from benchmarks.world import World
from placette.model.times import iso
from placette.store import Store, series

PART = "queries"
ABOUT = (
    "Each question is put to datastreams chosen at random while 2,000 observations per second are stored durably, 20 "
    "at a time. *Python*: through `Store` in one process. *HTTP*: to a `placette serve` of its own process, the answer "
    "read and decoded. One value per run: the median (p50) or the 99th percentile of its questions."
)
MEMORY_MB = 500

Ask = Callable[[], Awaitable[int]]


def run(bench: Bench) -> Iterator[Result]:
    """Ask through Python, then over HTTP, at every table size."""
    for rows in bench.sizes:
        plan, made, _ = bench.history(rows)
        yield from _through_python(bench, plan, made)
        with serving(made.data) as server:
            yield from _over_http(bench, plan, made, server)


def _through_python(bench: Bench, plan: Plan, made: World) -> Iterator[Result]:
    store = Store.open(made.database)
    try:
        asks = _python_asks(store, plan, made)
        with flowing(bench.datastreams, lambda: lambda table: _append(store, made, table)) as trickle:
            runs = [asyncio.run(_round(asks)) for _ in range(bench.runs)]
    finally:
        store.close()
    yield from _figures("Python", runs, plan)
    yield _rate("Python", trickle.rate, plan)


def _append(store: Store, made: World, table: pa.Table) -> None:
    store.append_now(made.with_ids(table))


async def _round(asks: dict[str, Ask]) -> dict[str, list[float]]:
    return {name: await times_ms_of(ask, questions.COUNTS[name]) for name, ask in asks.items()}


def _python_asks(store: Store, plan: Plan, made: World) -> dict[str, Ask]:
    chooser = questions.Chooser(plan)

    async def latest() -> int:
        return int(store.latest.all().num_rows)

    async def last_day() -> int:
        now = time.time_ns() // 1000
        table = await series.raw(store, int(made.ids[chooser.any()]), now - questions.DAY, now)
        return int(table.num_rows)

    async def hourly() -> int:
        chosen = [int(made.ids[chooser.deep()])]
        table = await series.aggregate(store, chosen, plan.end - questions.YEAR, plan.end, "hour", "Europe/Paris")
        return int(table.num_rows)

    async def last() -> int:
        now = time.time_ns() // 1000
        table = await series.raw(store, int(made.ids[chooser.any()]), 0, now, questions.NEWEST)
        return int(table.num_rows)

    return {
        questions.LATEST: latest,
        questions.LAST_DAY: last_day,
        questions.HOURLY: hourly,
        questions.LAST: last,
    }


def _over_http(bench: Bench, plan: Plan, made: World, server: Server) -> Iterator[Result]:
    asks = _http_asks(HTTPConnection("127.0.0.1", server.port), plan, made)
    with flowing(bench.datastreams, lambda: _posting(made, server)) as trickle:
        runs = [{name: times_ms(ask, questions.COUNTS[name]) for name, ask in asks.items()} for _ in range(bench.runs)]
        memory = server.memory()
    yield from _figures("HTTP", runs, plan)
    yield _rate("HTTP", trickle.rate, plan)
    for name, value in (("after the questions", memory.now), ("most", memory.peak)):
        yield Figure(
            part=PART, name=f"resident memory, {name}", unit="MB", values=(value,), target=MEMORY_MB, rows=plan.rows
        )


def _http_asks(connection: HTTPConnection, plan: Plan, made: World) -> dict[str, Callable[[], int]]:
    chooser = questions.Chooser(plan)

    def ask(path: str, find: Callable[[Any], int]) -> int:
        return find(msgspec.json.decode(fetch(connection, path)))

    def series_path(position: int, start: int, end: int, interval: str) -> str:
        times = f"start={quote(iso(start))}&end={quote(iso(end))}"
        return f"/api/series?datastream={made.ids[position]}&interval={interval}&{times}"

    def last_day() -> int:
        now = time.time_ns() // 1000
        path = series_path(chooser.any(), now - questions.DAY, now, "raw")
        return ask(path, lambda found: len(found["series"][0]["time"]))

    def hourly() -> int:
        path = series_path(chooser.deep(), plan.end - questions.YEAR, plan.end, "hour")
        return ask(path, lambda found: len(found["series"][0]["mean"]))

    def last() -> int:
        options = f"$top={questions.NEWEST}&$orderby=phenomenonTime%20desc"
        path = f"/v1.1/Datastreams({made.ids[chooser.any()]})/Observations?{options}"
        return ask(path, lambda found: len(found["value"]))

    return {
        questions.LATEST: lambda: ask("/api/latest", lambda found: len(found["latest"])),
        questions.LAST_DAY: last_day,
        questions.HOURLY: hourly,
        questions.LAST: last,
    }


def _figures(way: str, runs: list[dict[str, list[float]]], plan: Plan) -> Iterator[Result]:
    for name in questions.TARGETS_MS:
        for share, targets in ((50, questions.TARGETS_MS), (99, questions.P99_TARGETS_MS)):
            yield Figure(
                part=PART, name=f"{name}, p{share}, {way}", unit="ms", target=targets.get(name), rows=plan.rows,
                values=tuple(percentile(taken[name], share) for taken in runs),
            )  # fmt: skip


def _rate(way: str, rate: float, plan: Plan) -> Figure:
    return Figure(
        part=PART, name=f"stored meanwhile, {way}", unit="observations/s", values=(rate,), rows=plan.rows
    )  # fmt: skip


def _posting(made: World, server: Server) -> Send:
    connection = HTTPConnection("127.0.0.1", server.port)
    headers = {"Authorization": f"Bearer {made.token}", "Content-Type": encode.NDJSON}

    def send(table: pa.Table) -> None:
        fetch(connection, "/api/observations", encode.ndjson(made, table), **headers)

    return send
