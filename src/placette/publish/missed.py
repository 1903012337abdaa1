"""What a reader of the live stream missed while it was away, from the store: bounded, the newest first to be kept."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from placette.store import Store
from placette.store.sql import among

MOST = 1_000
"""Observations that are sent again; 120 kB of JSON."""
LOOKED_THROUGH = 100_000
"""Newest observations, of all datastreams, among which they are sought: a few blocks of the table, 5 ms."""


class Missed(msgspec.Struct, frozen=True):
    """Observations later than the reader's last, oldest first, and how many more of them are not sent.

    ``upto`` is the newest id of the store at that moment: what comes behind it comes by the stream.
    """

    rows: pa.Table
    lost: int
    upto: int


async def missed(store: Store, wanted: AbstractSet[int] | None, after: int) -> Missed:
    """Return what was stored of the datastreams ``wanted`` (``None``: of all) behind the observation id ``after``.

    Beyond ``LOOKED_THROUGH`` what was lost is not counted. Raises ``TooLarge`` when the store is too busy to answer.
    """
    newest = (await store.query("SELECT coalesce(max(id), 0) AS id FROM observation")).column("id")[0].as_py()
    chosen = "" if wanted is None else f" AND datastream_id IN {among(wanted)}"
    found = await store.query(
        "SELECT id, datastream_id, phenomenon_time, result, result_json, quality, extra, count(*) OVER () AS total"  # noqa: S608  # integers
        f" FROM observation WHERE id > {max(after, newest - LOOKED_THROUGH)} AND id <= {newest}{chosen}"
        f" ORDER BY id DESC LIMIT {MOST}"
    )
    total = found.column("total")[0].as_py() if found.num_rows else 0
    rows = found.drop_columns(["total"]).take(pc.sort_indices(found, [("id", "ascending")]))
    return Missed(rows, total - rows.num_rows, newest)
