"""Sorts sealed months by datastream and time, so that reading one datastream touches few blocks.

Rows arrive by time with all datastreams mixed; a long look at one datastream then reads every block of the range. A
month is sorted in windows of about two million rows: one datastream then lies in one or two of a window's sixteen
blocks, and an id, which lies in one window, is found among these sixteen (docs/decisions/0001-observation-ids.md).
A window is rewritten in slices of datastreams, each a short transaction of its own, so that ingestion goes on in
between and the file never doubles.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise

import duckdb
import msgspec

from placette.store.core import Store
from placette.store.sql import first

WINDOW_ROWS = 2_000_000
SLICE_ROWS = 500_000
"""Rows rewritten in one transaction: about half a second of the writer's time."""

_IN_MONTH = "phenomenon_time >= make_timestamp(?) AND phenomenon_time < make_timestamp(?)"
_SLICES = f"""
SELECT min(datastream_id), max(datastream_id), sum(rows)::BIGINT FROM (
    SELECT datastream_id, rows, (sum(rows) OVER (ORDER BY datastream_id) - rows) // ? AS slice FROM (
        SELECT datastream_id, count(*) AS rows FROM observation WHERE {_IN_MONTH} GROUP BY datastream_id
    )
) GROUP BY slice ORDER BY 1
"""  # noqa: S608  # fixed text


class Month(msgspec.Struct, frozen=True, order=True):
    """A calendar month, UTC."""

    year: int
    month: int

    @property
    def bounds(self) -> tuple[int, int]:
        """Start and end, µs UTC."""
        after = Month(self.year + self.month // 12, self.month % 12 + 1)
        return self._start(), after._start()

    def _start(self) -> int:
        return int(datetime(self.year, self.month, 1, tzinfo=UTC).timestamp()) * 1_000_000


def due(store: Store, before: Month) -> list[Month]:
    """Return the months before ``before`` that were never compacted, or that hold other rows since, oldest first."""
    table = store.query_now(
        "SELECT year(phenomenon_time) AS year, month(phenomenon_time) AS month, count(*) AS rows FROM observation"
        " GROUP BY ALL ORDER BY ALL"
    )
    done = {
        (row["year"], row["month"]): row["rows"]
        for row in store.query_now("SELECT year, month, rows FROM compaction").to_pylist()
    }
    return [
        Month(row["year"], row["month"])
        for row in table.to_pylist()
        if Month(row["year"], row["month"]) < before and done.get((row["year"], row["month"])) != row["rows"]
    ]


def compact(store: Store, month: Month) -> Iterator[int]:
    """Sort one month; yields the rows of each slice once it is rewritten. Blocks, so call it from a thread."""
    for start, end in _windows(store, month):
        slices = store.query_now(_SLICES, [SLICE_ROWS, start, end])
        for lowest, highest, rows in zip(*(column.to_pylist() for column in slices.columns), strict=True):
            store.change_now(partial(_rewrite, bounds=[start, end, lowest, highest]), refresh=False)
            yield rows
    store.change_now(partial(_note, month=month), refresh=False)


def _windows(store: Store, month: Month) -> list[tuple[int, int]]:
    """Cut a month at instants that leave about ``WINDOW_ROWS`` rows between them."""
    start, end = month.bounds
    rows = store.query_now(f"SELECT count(*) AS rows FROM observation WHERE {_IN_MONTH}", [start, end])  # noqa: S608  # fixed text
    count = -(-rows.column("rows")[0].as_py() // WINDOW_ROWS)
    if count < 2:
        return [(start, end)]
    parts = ", ".join(f"{number / count:.6f}" for number in range(1, count))
    cut = store.query_now(
        f"SELECT unnest(approx_quantile(epoch_us(phenomenon_time), [{parts}])) AS cut"  # noqa: S608  # numbers
        f" FROM observation WHERE {_IN_MONTH}",
        [start, end],
    )
    edges = sorted({start, *cut.column("cut").to_pylist(), end})
    return list(pairwise(edges))


def _rewrite(con: duckdb.DuckDBPyConnection, bounds: list[int]) -> None:
    chosen = f"FROM observation WHERE {_IN_MONTH} AND datastream_id BETWEEN ? AND ?"
    order = "ORDER BY datastream_id, phenomenon_time, id"
    con.execute(f"CREATE OR REPLACE TEMP TABLE slice AS SELECT * {chosen} {order}", bounds)  # fixed text
    con.execute(f"DELETE {chosen}", bounds)  # fixed text
    con.execute("INSERT INTO observation FROM slice")
    con.execute("DROP TABLE slice")


def _note(con: duckdb.DuckDBPyConnection, month: Month) -> None:
    start, end = month.bounds
    rows = first(con, f"SELECT count(*) FROM observation WHERE {_IN_MONTH}", [start, end])  # noqa: S608  # fixed text
    con.execute("DELETE FROM compaction WHERE year = ? AND month = ?", [month.year, month.month])
    con.execute(
        "INSERT INTO compaction VALUES (?, ?, ?, now()::TIMESTAMP)", [month.year, month.month, rows[0] if rows else 0]
    )
