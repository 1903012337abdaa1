"""Time series of stored observations: raw, or by local hour, day, week and month.

Times go in and out as µs UTC and naive ``timestamp[us]`` UTC. Aggregates leave out rows that quality control failed
(flag 4) or called missing (flag 9), and results that are no number; everything else counts (QARTOD flags 1, 2, 3).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pyarrow as pa

from placette.model.errors import BadQuery
from placette.model.times import EARLIEST, LATEST
from placette.store.core import Store

Interval = Literal["hour", "day", "week", "month"]

_RAW = """
SELECT phenomenon_time, result, result_json, quality FROM (
    SELECT * FROM observation
    WHERE datastream_id = ? AND phenomenon_time >= make_timestamp(?) AND phenomenon_time < make_timestamp(?)
    ORDER BY phenomenon_time DESC, id DESC LIMIT ?
) ORDER BY phenomenon_time, id
"""

_AGGREGATE = """
WITH counted AS (
    SELECT datastream_id, result, epoch_us(phenomenon_time) AS instant,
           epoch_us({local}) AS wall
    FROM observation
    WHERE datastream_id IN ({ids}) AND phenomenon_time >= make_timestamp(?) AND phenomenon_time < make_timestamp(?)
      AND result IS NOT NULL AND quality NOT IN (4, 9)
), grouped AS (
    SELECT datastream_id, {bucket} AS bucket, count(*) AS count, avg(result) AS mean, min(result) AS min,
           max(result) AS max, sum(result) AS sum, quantile_cont(result, [0.5, 0.05, 0.95]) AS quantiles
    FROM counted GROUP BY datastream_id, bucket
)
SELECT datastream_id, {start} AS start, count, mean, min, max, sum,
       quantiles[1] AS median, quantiles[2] AS p05, quantiles[3] AS p95
FROM grouped ORDER BY datastream_id, bucket
"""
_HOUR_US = 3_600_000_000
_FOUR_WEEKS_US = 28 * 24 * _HOUR_US
"""No zone changed its offset and changed it back within less."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOCAL = "timezone(?, timezone('UTC', phenomenon_time))"
_PAST_HOUR = f"((wall % {_HOUR_US}) + {_HOUR_US}) % {_HOUR_US}"
"""Local µs since the full hour, also before 1970. Taking it from the instant keeps the two autumn hours apart."""


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
    local = _zone(zone)
    start_us, end_us = max(start_us, EARLIEST), min(end_us, LATEST)
    ids = ", ".join(str(int(key)) for key in datastream_ids) or "NULL"
    if interval != "hour":
        calendar = f"date_trunc('{interval}', make_timestamp(wall))"
        start = "timezone('UTC', timezone(?, bucket::TIMESTAMP))"
        sql = _AGGREGATE.format(ids=ids, local=_LOCAL, bucket=calendar, start=start)
        return await store.query(sql, [zone, start_us, end_us, zone])
    hours = {"ids": ids, "bucket": f"instant - {_PAST_HOUR}", "start": "make_timestamp(bucket)"}
    if _full_hours(local, start_us, end_us):  # then hours begin with those of UTC, a sixth of the time is saved
        return await store.query(_AGGREGATE.format(local="phenomenon_time", **hours), [start_us, end_us])
    return await store.query(_AGGREGATE.format(local=_LOCAL, **hours), [zone, start_us, end_us])


def _zone(zone: str) -> ZoneInfo:
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadQuery(f"'{zone[:40]}' is no time zone", "zone", "an IANA name such as Europe/Paris") from None


def _full_hours(zone: ZoneInfo, start_us: int, end_us: int) -> bool:
    """Say whether the zone differs from UTC by full hours all through, looked at every four weeks."""
    moments = range(start_us, end_us + _FOUR_WEEKS_US, _FOUR_WEEKS_US)
    return all(_offset_s(zone, min(moment, end_us)) % 3600 == 0 for moment in moments)


def _offset_s(zone: ZoneInfo, moment_us: int) -> int:
    offset = (_EPOCH + timedelta(microseconds=moment_us)).astimezone(zone).utcoffset()
    return 1 if offset is None else int(offset.total_seconds())
