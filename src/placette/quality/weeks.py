"""Counts against the weeks before: every full hour of a counter with the same hour of eight weeks (``analyse``)."""

from __future__ import annotations

from functools import partial

import numpy as np
import pyarrow as pa

from placette.analyse.quality import counts
from placette.model.observations import Quality
from placette.quality.plans import Plan, Plans
from placette.store import Store
from placette.store.flags import FLAGS_SCHEMA, set_flags
from placette.store.sql import among

_HOUR_US = 3_600_000_000
_WEEKS = 9
_HOURS = """
SELECT datastream_id, epoch_us(phenomenon_time) // 3600000000 AS hour, sum(result) AS total, count(*) AS arrived
FROM observation
WHERE datastream_id IN {among} AND phenomenon_time >= make_timestamp(?) AND phenomenon_time < make_timestamp(?)
  AND result IS NOT NULL AND quality NOT IN (4, 9)
GROUP BY datastream_id, hour ORDER BY datastream_id, hour
"""
_ROWS = """
SELECT id, datastream_id, phenomenon_time, result, quality AS was FROM observation
WHERE datastream_id = {datastream} AND epoch_us(phenomenon_time) // 3600000000 IN {among} AND quality IN (1, 2)
"""


def review_counts(store: Store, plans: Plans, low: int, high: int) -> int:
    """Flag the counts of hours in ``[low, high)`` (µs UTC) that are no hour like those before; return how many; blocks.

    Hours of the week are those of UTC: the hour that daylight saving shifts is one of eight, and the median bears it.
    """
    counted = {
        key: plan
        for key, plan in plans.of(store.directory.by_id).items()
        if plan.checks is not None and plan.checks.counts and plan.every_s and plan.terms is not None
    }
    if not counted:
        return 0
    span = [low - _WEEKS * counts.WEEK * _HOUR_US, high]
    table = store.query_now(_HOURS.format(among=among(counted)), span)
    streams, hours, totals, arrived = (column.to_numpy() for column in table.columns)
    flagged = 0
    for datastream, plan in counted.items():
        begin, end = np.searchsorted(streams, [datastream, datastream + 1])
        part = slice(int(begin), int(end))
        bad = _bad_hours(plan, hours[part], totals[part].astype(np.float64), arrived[part], low // _HOUR_US)
        if bad:
            flagged += _flag(store, datastream, bad)
    return flagged


def _bad_hours(
    plan: Plan,
    hours: np.ndarray[tuple[int], np.dtype[np.int64]],
    totals: np.ndarray[tuple[int], np.dtype[np.float64]],
    arrived: np.ndarray[tuple[int], np.dtype[np.int64]],
    since: int,
) -> list[int]:
    """Return the suspect hours (since 1970) from ``since`` on; hours of which less than 75 % arrived say nothing."""
    if not len(hours):
        return []
    expected = max(1.0, 3600 / (plan.every_s or 3600))
    series = np.full(int(hours[-1] - hours[0]) + 1, np.nan)
    enough = arrived >= 0.75 * expected
    series[(hours - hours[0])[enough]] = totals[enough]
    suspect = np.flatnonzero(counts.examine(series) == Quality.SUSPECT) + hours[0]
    return [hour for hour in suspect.tolist() if hour >= since]


def _flag(store: Store, datastream: int, hours: list[int]) -> int:
    rows = store.query_now(_ROWS.format(datastream=int(datastream), among=among(hours)))
    quality = pa.array(np.full(rows.num_rows, Quality.SUSPECT), pa.uint8())
    verdicts = rows.append_column("quality", quality).cast(FLAGS_SCHEMA)
    return store.change_now(partial(set_flags, verdicts=verdicts), refresh=False)
