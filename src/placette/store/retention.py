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


_OLD_ISSUES = """
FROM observation WHERE datastream_id IN {ids} AND (
    result_time > make_timestamp($after) OR result_time < make_timestamp($midnights)
    OR (result_time < make_timestamp($others)
        AND date_part('hour', timezone($zone, timezone('UTC', result_time))) <> 0)
)
"""


def delete_issues(
    con: duckdb.DuckDBPyConnection, datastream_ids: Sequence[int], *, others: int, midnights: int, after: int, zone: str
) -> int:
    """Delete issues of forecasts made before ``others``, those of local midnights before ``midnights`` (µs UTC).

    An issue later than ``after`` was made by a clock that was wrong, and goes too. Runs inside ``Store.change``;
    returns how many observations were deleted.
    """
    sql = _OLD_ISSUES.format(ids=among(datastream_ids))
    given = {"others": others, "midnights": midnights, "after": after, "zone": zone}
    counted = con.execute(f"SELECT datastream_id, count(*) {sql} GROUP BY ALL", given).fetchall()
    if counted:
        con.execute(f"DELETE {sql}", given)
        notes().observations_of.update(datastream for datastream, _ in counted)
    return sum(rows for _, rows in counted)
