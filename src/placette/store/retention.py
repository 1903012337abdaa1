"""Deleting observations by time: what a law or a city's rule says must not be kept."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from placette.store.ledger import notes
from placette.store.sql import among


def delete_observations(
    con: duckdb.DuckDBPyConnection, start_us: int, end_us: int, datastream_ids: Sequence[int] | None = None
) -> int:
    """Delete observations whose phenomenon begins in ``[start, end)`` (µs UTC), and the record of their corrections.

    ``datastream_ids`` limits it to these datastreams, ``None`` means all. Runs inside ``Store.change``; returns how
    many observations were deleted. Ids are never used again.
    """
    condition = "phenomenon_time >= make_timestamp(?) AND phenomenon_time < make_timestamp(?)"
    if datastream_ids is not None:
        condition += f" AND datastream_id IN {among(datastream_ids)}"
    counted = con.execute(
        f"SELECT datastream_id, count(*) FROM observation WHERE {condition} GROUP BY ALL",  # noqa: S608  # fixed text, integers
        [start_us, end_us],
    ).fetchall()
    for table in ("observation", "observation_change"):
        con.execute(f"DELETE FROM {table} WHERE {condition}", [start_us, end_us])  # noqa: S608  # fixed text, integers
    notes().observations_of.update(datastream for datastream, _ in counted)
    return sum(rows for _, rows in counted)
