"""Quality control's verdicts on stored observations: the flag changes, the result never does.

Runs inside :meth:`placette.store.Store.change` with ``refresh=False``; the latest values follow by the ledger, so that
neither the catalogue nor a datastream's history is read again.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

from placette.model.observations import TIME
from placette.store.ledger import notes

FLAGS_SCHEMA = pa.schema(
    [
        pa.field("id", pa.int64(), nullable=False),
        pa.field("datastream_id", pa.int64(), nullable=False),
        pa.field("phenomenon_time", TIME, nullable=False),
        pa.field("result", pa.float64()),
        pa.field("was", pa.uint8(), nullable=False),
        pa.field("quality", pa.uint8(), nullable=False),
    ]
)
"""What was read of an observation (``was``: its flag then) and the flag it should have."""

_UPDATE = """
UPDATE observation SET quality = v.quality FROM verdict v
WHERE observation.id = v.id AND observation.id BETWEEN ? AND ?
  AND observation.phenomenon_time BETWEEN make_timestamp(?) AND make_timestamp(?)
  AND observation.quality = v.was AND observation.result IS NOT DISTINCT FROM v.result
"""
_LATEST = """
UPDATE latest SET quality = v.quality FROM verdict v
WHERE latest.id = v.id AND latest.quality = v.was AND latest.result IS NOT DISTINCT FROM v.result
"""


def set_flags(con: duckdb.DuckDBPyConnection, verdicts: pa.Table) -> int:
    """Write flags (``FLAGS_SCHEMA``) and return how many observations got one.

    An observation whose result or flag changed since it was read keeps what it has: it will be judged again.
    """
    if not verdicts.num_rows:
        return 0
    ids = verdicts.column("id").to_numpy()
    times = verdicts.column("phenomenon_time").cast(pa.int64()).to_numpy()
    con.register("verdict", verdicts)
    try:
        bounds = [int(ids.min()), int(ids.max()), int(times.min()), int(times.max())]
        changed = con.execute(_UPDATE, bounds).fetchall()[0][0]
        con.execute(_LATEST)
    finally:
        con.unregister("verdict")
    notes().flagged.append(verdicts)
    return int(changed)
