"""The latest values kept on disk, so that a start reads only what came after the last snapshot.

Table ``latest`` holds the newest row of each datastream as of observation id ``meta.latest_upto``; newer ids are read
from ``observation``, whose zone maps skip the rest. Corrections of stored rows change ``latest`` in their own
transaction, and deletions reload the datastreams they touch, so that the snapshot never shows what is gone.
"""

from __future__ import annotations

from collections.abc import Iterable

import duckdb
import pyarrow as pa

from placette.store.batch import NULL_TIME
from placette.store.sql import among, first, transaction
from placette.store.watermark import Watermark

_NEWEST = """
SELECT datastream_id, max(phenomenon_time) AS phenomenon_time, max(result_time) AS result_time,
       unnest(max_by({'result': result, 'result_json': result_json, 'quality': quality, 'id': id},
              (phenomenon_time, id)))
FROM observation WHERE {condition} GROUP BY datastream_id
"""
_COLUMNS = "datastream_id, phenomenon_time, result_time, result, result_json, quality, id"


def newest(con: duckdb.DuckDBPyConnection, condition: str) -> pa.Table:
    """Return the newest row per datastream among the observations of a fixed SQL condition."""
    return con.sql(_NEWEST.replace("{condition}", condition)).to_arrow_table()


def load(con: duckdb.DuckDBPyConnection, watermark: Watermark) -> int:
    """Fill the watermark from the snapshot and what came after it; return the next observation id."""
    upto = meta(con, "latest_upto")
    take_in(watermark, con.sql(f"SELECT {_COLUMNS} FROM latest").to_arrow_table())  # noqa: S608  # fixed names
    take_in(watermark, newest(con, f"id > {upto}"))
    row = first(con, "SELECT max(id) FROM observation WHERE id > ?", [upto])
    highest = int(row[0]) if row and row[0] is not None else upto
    return max(highest + 1, meta(con, "observation_next"))


def take_in(watermark: Watermark, table: pa.Table) -> None:
    """Merge rows with the columns of table ``latest`` into the watermark."""
    if not table.num_rows:
        return
    streams = table.column("datastream_id").to_numpy()
    watermark.reserve(int(streams.max()))
    jsons = table.column("result_json")
    watermark.advance(
        streams,
        table.column("phenomenon_time").cast(pa.int64()).to_numpy(),
        table.column("result_time").cast(pa.int64()).fill_null(NULL_TIME).to_numpy(),
        table.column("result").to_numpy(),
        None if jsons.null_count == len(jsons) else jsons.to_numpy(zero_copy_only=False),
        table.column("quality").to_numpy(),
        table.column("id").to_numpy(),
    )


def take_verdicts(watermark: Watermark, verdicts: pa.Table) -> None:
    """Let the latest values show the flags that ``store.flags`` wrote."""
    names = ("datastream_id", "id", "result", "was", "quality")
    streams, ids, results, was, qualities = (verdicts.column(name).to_numpy() for name in names)
    watermark.reserve(int(streams.max()))
    watermark.judge(streams, ids, results, was, qualities)


def save(con: duckdb.DuckDBPyConnection, watermark: Watermark, next_id: int) -> None:
    """Write table ``latest`` anew as of observation ``next_id`` − 1, in a transaction of its own."""
    con.register("fresh", watermark.rows())
    try:
        with transaction(con):
            con.execute("DELETE FROM latest")
            con.execute(f"INSERT INTO latest SELECT {_COLUMNS} FROM fresh")  # noqa: S608  # fixed names
            set_meta(con, "latest_upto", next_id - 1)
            set_meta(con, "observation_next", next_id)
    finally:
        con.unregister("fresh")


def reload(con: duckdb.DuckDBPyConnection, datastreams: Iterable[int], next_id: int) -> pa.Table:
    """Recompute ``latest`` of these datastreams inside the running transaction; return their rows."""
    touched = among(datastreams)
    fresh = newest(con, f"datastream_id IN {touched}")
    con.execute(f"DELETE FROM latest WHERE datastream_id IN {touched}")  # noqa: S608  # integers
    con.register("fresh", fresh)
    try:
        con.execute(f"INSERT INTO latest SELECT {_COLUMNS} FROM fresh")  # noqa: S608  # fixed names
    finally:
        con.unregister("fresh")
    set_meta(con, "observation_next", next_id)
    return fresh


def meta(con: duckdb.DuckDBPyConnection, key: str) -> int:
    """Return a number of table ``meta``."""
    row = first(con, "SELECT value FROM meta WHERE key = ?", [key])
    return int(row[0]) if row else 0


def set_meta(con: duckdb.DuckDBPyConnection, key: str, value: int) -> None:
    """Write a number of table ``meta``."""
    con.execute("UPDATE meta SET value = ? WHERE key = ?", [str(value), key])
