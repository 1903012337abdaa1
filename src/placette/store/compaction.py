"""Sorts what is no longer growing by datastream and time, so that reading one datastream touches few blocks.

Rows arrive by time with all datastreams mixed; a long look at one datastream then reads every block of the range. Old
days are sorted in windows of about two million rows: one datastream then lies in one or two of a window's sixteen
blocks, and an id, which lies in one window, is found among these sixteen (docs/decisions/0001-observation-ids.md).
A window is rewritten in slices of datastreams, each a short transaction of its own, so that ingestion goes on in
between and the file never doubles.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import groupby, pairwise

import duckdb
import msgspec

from placette.model.errors import PlacetteError
from placette.store.core import Store
from placette.store.sql import first

log = logging.getLogger(__name__)

WINDOW_ROWS = 2_000_000
SLICE_ROWS = 500_000
"""Rows rewritten in one transaction: about half a second of the writer's time."""

_DAY_US = 86_400_000_000
_SETTLED_US = 2 * _DAY_US
"""Most late frames have come by then; later ones only lie unsorted until enough of them have gathered."""
_EVERY_S = 6 * 3600
_TOLERATED = 0.05
"""Share of rows that may come late before a span is sorted again."""

_INSIDE = "phenomenon_time >= make_timestamp(?) AND phenomenon_time < make_timestamp(?)"
_SLICES = f"""
SELECT min(datastream_id), max(datastream_id), sum(rows)::BIGINT FROM (
    SELECT datastream_id, rows, (sum(rows) OVER (ORDER BY datastream_id) - rows) // ? AS slice FROM (
        SELECT datastream_id, count(*) AS rows FROM observation WHERE {_INSIDE} GROUP BY datastream_id
    )
) GROUP BY slice ORDER BY 1
"""  # noqa: S608  # fixed text
_DAYS = """
SELECT epoch_us(date_trunc('day', phenomenon_time)) AS day, count(*) AS rows FROM observation
WHERE phenomenon_time < make_timestamp(?) GROUP BY day ORDER BY day
"""


class Span(msgspec.Struct, frozen=True, order=True):
    """Whole days of one month, ``[start, end)`` in µs UTC, and their rows."""

    start: int
    end: int
    rows: int


async def tend(store: Store) -> None:
    """Sort what has settled, now and every six hours, for as long as the task lives."""
    while True:
        await asyncio.to_thread(_sort_what_is_due, store)
        await asyncio.sleep(_EVERY_S)


def due(store: Store, until_us: int) -> list[Span]:
    """Return the spans before ``until_us`` worth sorting, oldest first.

    These are days never sorted, once their month is over or they hold a window's worth of rows, and sorted spans into
    which more than a twentieth of new rows has come.
    """
    until = until_us - until_us % _DAY_US
    days = [tuple(row.values()) for row in store.query_now(_DAYS, [until]).to_pylist()]
    done = [
        Span(**row)
        for row in store.query_now(
            "SELECT epoch_us(begins) AS start, epoch_us(ends) AS end, rows FROM compaction ORDER BY begins"
        ).to_pylist()
    ]
    spans: list[Span] = []
    for (month, sorted_as), group in groupby(days, lambda day: (_month(day[0]), _holder(done, day[0]))):
        inside = list(group)
        rows = sum(count for _, count in inside)
        if sorted_as is not None:
            if abs(rows - sorted_as.rows) > _TOLERATED * sorted_as.rows:
                spans.append(Span(sorted_as.start, sorted_as.end, rows))
        elif month < _month(until) or rows >= WINDOW_ROWS:
            spans.append(Span(inside[0][0], inside[-1][0] + _DAY_US, rows))
    return spans


def compact(store: Store, span: Span) -> Iterator[int]:
    """Sort one span; yields the rows of each slice once it is rewritten. Blocks, so call it from a thread."""
    for start, end in _windows(store, span):
        slices = store.query_now(_SLICES, [SLICE_ROWS, start, end])
        for lowest, highest, rows in zip(*(column.to_pylist() for column in slices.columns), strict=True):
            store.change_now(partial(_rewrite, bounds=[start, end, lowest, highest]), refresh=False)
            yield rows
    store.change_now(partial(_note, span=span), refresh=False)


def _sort_what_is_due(store: Store) -> None:
    try:
        for span in due(store, time.time_ns() // 1000 - _SETTLED_US):
            rows = sum(compact(store, span))
            log.info("%d observations from %s on are sorted", rows, _moment(span.start).date())
    except PlacetteError as error:
        log.warning("sorting old observations was put off: %s", error)


def _windows(store: Store, span: Span) -> list[tuple[int, int]]:
    """Cut a span at instants that leave about ``WINDOW_ROWS`` rows between them."""
    count = -(-span.rows // WINDOW_ROWS)
    if count < 2:
        return [(span.start, span.end)]
    parts = ", ".join(f"{number / count:.6f}" for number in range(1, count))
    cut = store.query_now(
        f"SELECT unnest(approx_quantile(epoch_us(phenomenon_time), [{parts}])) AS cut"  # noqa: S608  # numbers
        f" FROM observation WHERE {_INSIDE}",
        [span.start, span.end],
    )
    return list(pairwise(sorted({span.start, *cut.column("cut").to_pylist(), span.end})))


def _rewrite(con: duckdb.DuckDBPyConnection, bounds: list[int]) -> None:
    chosen = f"FROM observation WHERE {_INSIDE} AND datastream_id BETWEEN ? AND ?"
    order = "ORDER BY datastream_id, phenomenon_time, id"
    con.execute(f"CREATE OR REPLACE TEMP TABLE slice AS SELECT * {chosen} {order}", bounds)  # fixed text
    con.execute(f"DELETE {chosen}", bounds)  # fixed text
    con.execute("INSERT INTO observation FROM slice")
    con.execute("DROP TABLE slice")


def _note(con: duckdb.DuckDBPyConnection, span: Span) -> None:
    bounds = [span.start, span.end]
    rows = first(con, f"SELECT count(*) FROM observation WHERE {_INSIDE}", bounds) or (0,)  # noqa: S608  # fixed text
    con.execute("DELETE FROM compaction WHERE begins = make_timestamp(?) AND ends = make_timestamp(?)", bounds)
    con.execute(
        "INSERT INTO compaction VALUES (make_timestamp(?), make_timestamp(?), ?, now()::TIMESTAMP)", [*bounds, rows[0]]
    )


def _holder(done: Iterable[Span], day: int) -> Span | None:
    return next((span for span in done if span.start <= day < span.end), None)


def _month(moment_us: int) -> tuple[int, int]:
    moment = _moment(moment_us)
    return moment.year, moment.month


def _moment(moment_us: int) -> datetime:
    return datetime.fromtimestamp(moment_us / 1e6, UTC)
