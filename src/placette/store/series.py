"""Time series of stored observations: raw, or by local hour, day, week and month.

Times go in and out as µs UTC and naive ``timestamp[us]`` UTC. Aggregates leave out rows that quality control failed
(flag 4) or called missing (flag 9), and results that are no number; everything else counts (QARTOD flags 1, 2, 3).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pyarrow as pa

from placette.model.errors import BadQuery
from placette.store.core import Store

Interval = Literal["hour", "day", "week", "month"]

_RAW = """
SELECT phenomenon_time, result, result_json, quality FROM (
    SELECT * FROM observation
    WHERE datastream_id = ? AND phenomenon_time >= make_timestamp(?) AND phenomenon_time < make_timestamp(?)
    ORDER BY phenomenon_time DESC, id DESC LIMIT ?
) ORDER BY phenomenon_time, id
"""

_COUNTED = "result IS NOT NULL AND quality NOT IN (4, 9)"

_AGGREGATE = """
WITH counted AS (
    SELECT datastream_id, result, epoch_us(phenomenon_time) AS instant,
           epoch_us(timezone(?, timezone('UTC', phenomenon_time))) AS wall
    FROM observation
    WHERE list_contains(?::BIGINT[], datastream_id)
      AND phenomenon_time >= make_timestamp(?) AND phenomenon_time < make_timestamp(?)
      AND {counted}
)
SELECT datastream_id, {start} AS start, count(*) AS count, avg(result) AS mean, min(result) AS min,
       max(result) AS max, sum(result) AS sum, median(result) AS median,
       quantile_cont(result, 0.05) AS p05, quantile_cont(result, 0.95) AS p95
FROM counted GROUP BY ALL ORDER BY datastream_id, start
"""
_HOUR_US = 3_600_000_000
_BY_HOUR = f"make_timestamp(wall - wall % {_HOUR_US} - (wall - instant))"
_BY_CALENDAR = "timezone('UTC', timezone(?, date_trunc('{interval}', make_timestamp(wall))))"


async def raw(store: Store, datastream_id: int, start_us: int, end_us: int, limit: int = 1_000_000) -> pa.Table:
    """Return phenomenon_time, result, result_json, quality of ``[start, end)`` by time; beyond ``limit`` the newest."""
    return await store.query(_RAW, [datastream_id, start_us, end_us, limit])


async def aggregate(
    store: Store, datastream_ids: Sequence[int], start_us: int, end_us: int, interval: Interval, zone: str
) -> pa.Table:
    """Return per datastream and local interval: start, count, mean, min, max, sum, median, p05, p95.

    ``start`` is the UTC instant at which the interval begins in ``zone`` (an IANA name). On the day when clocks go
    back the repeated hour gives two intervals, and a day has 23, 24 or 25 hours. Raises ``BadQuery`` for an unknown
    interval or zone.
    """
    if interval not in get_args(Interval):
        raise BadQuery(f"'{interval}' is no interval", "interval", "one of " + ", ".join(get_args(Interval)))
    _check_zone(zone)
    ids = list(datastream_ids)
    if interval == "hour":
        sql = _AGGREGATE.format(counted=_COUNTED, start=_BY_HOUR)
        return await store.query(sql, [zone, ids, start_us, end_us])
    sql = _AGGREGATE.format(counted=_COUNTED, start=_BY_CALENDAR.format(interval=interval))
    return await store.query(sql, [zone, ids, start_us, end_us, zone])


def _check_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadQuery(f"'{zone[:40]}' is no time zone", "zone", "an IANA name such as Europe/Paris") from None
