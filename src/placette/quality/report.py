"""How good a city's figures are: flags, gaps and captured share of each datastream over a time span."""

from __future__ import annotations

import msgspec
import pyarrow as pa

from placette.quality.plans import Plans
from placette.store import Store

_COUNTS = """
WITH steps AS (
    SELECT o.datastream_id, o.quality, epoch_us(o.phenomenon_time) AS time, r.gap,
           lag(epoch_us(o.phenomenon_time)) OVER (PARTITION BY o.datastream_id ORDER BY o.phenomenon_time) AS before
    FROM observation o JOIN rhythm r ON r.id = o.datastream_id
    WHERE o.phenomenon_time >= make_timestamp(?) AND o.phenomenon_time < make_timestamp(?)
)
SELECT datastream_id, count(*) AS stored,
       count(*) FILTER (quality = 1) AS good, count(*) FILTER (quality = 2) AS not_evaluated,
       count(*) FILTER (quality = 3) AS suspect, count(*) FILTER (quality = 4) AS failed,
       count(*) FILTER (quality = 9) AS missing,
       count(*) FILTER (time - before > gap) AS gaps, max(time - before) AS longest
FROM steps GROUP BY datastream_id ORDER BY datastream_id
"""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One datastream: observations by flag, silences beyond its gap, the longest one (s), and what share came."""

    datastream: str
    property: str
    stored: int
    good: int
    not_evaluated: int
    suspect: int
    failed: int
    missing: int
    gaps: int
    longest_s: float
    captured: float | None
    """Stored observations of those expected in the span, at most 1; ``None`` without a rhythm."""


def report(store: Store, plans: Plans, low: int, high: int, property_key: str | None = None) -> list[Line]:
    """Return a line per datastream with observations in ``[low, high)`` (µs UTC), by its code; blocks."""
    by_id = store.directory.by_id
    asked = [key for key, info in by_id.items() if property_key in (None, info.property_key)]
    known = plans.of(asked)
    gaps = [
        int((plan.checks.gap if plan.checks else 3.0) * plan.every_s * 1_000_000) if plan.every_s else None
        for plan in known.values()
    ]
    rhythm = pa.table({"id": pa.array(list(known), pa.int64()), "gap": pa.array(gaps, pa.int64())})
    con = store.cursor()
    try:
        con.register("rhythm", rhythm)
        counted: pa.Table = con.sql(_COUNTS, params=[low, high]).to_arrow_table()
    finally:
        con.close()
    lines = []
    for row in counted.to_pylist():
        key = row.pop("datastream_id")
        info, every_s = by_id[key], known[key].every_s
        lines.append(
            Line(
                datastream=info.code or str(key),
                property=info.property_key or info.property_name,
                longest_s=(row.pop("longest") or 0) / 1e6,
                captured=min(1.0, row["stored"] * every_s * 1e6 / (high - low)) if every_s else None,
                **row,
            )
        )
    return sorted(lines, key=lambda line: line.datastream)
