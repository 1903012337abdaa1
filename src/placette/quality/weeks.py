"""Counts against the weeks before: every full hour of a counter with the same hour of eight weeks (``analyse``)."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from placette.analyse.quality import counts
from placette.model.observations import Quality
from placette.quality.plans import Plans
from placette.store import Store
from placette.store.flags import FLAGS_SCHEMA, set_flags
from placette.store.sql import among

Integers = npt.NDArray[np.int64]

_HOUR_US = 3_600_000_000
_HOUR_S = 3_600
_WEEKS = 9
_LEAST_SHARE = 0.75
"""Of an hour's counts, below which its total says nothing."""
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

    Hours of the week are those of the city's clocks, since people keep them: a market that opens at eight does so in
    summer and in winter. The hour that comes twice in autumn is judged once, its repetition not at all.
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
    walls = local_hours(hours, ZoneInfo(plans.zone))
    flagged = 0
    for datastream, plan in counted.items():
        begin, end = np.searchsorted(streams, [datastream, datastream + 1])
        part = slice(int(begin), int(end))
        enough = arrived[part] >= _LEAST_SHARE * max(1.0, _HOUR_S / (plan.every_s or _HOUR_S))
        bad = bad_hours(hours[part], walls[part], np.where(enough, totals[part].astype(np.float64), np.nan))
        bad = [hour for hour in bad if hour >= low // _HOUR_US]
        if bad:
            flagged += _flag(store, datastream, bad)
    return flagged


def local_hours(hours: Integers, zone: ZoneInfo) -> Integers:
    """Return the hours since 1970 that the clocks of a zone show at these hours (both since 1970, the first in UTC).

    >>> local_hours(np.array([414888, 419424]), ZoneInfo("Europe/Paris")) - [414888, 419424]
    array([2, 1])
    """
    known, where = np.unique(hours, return_inverse=True)
    moments = (datetime.fromtimestamp(hour * _HOUR_S, zone) for hour in known.tolist())
    offsets = [(moment.utcoffset() or timedelta()) // timedelta(hours=1) for moment in moments]
    return hours + np.array(offsets, np.int64)[where]


def bad_hours(hours: Integers, walls: Integers, totals: npt.NDArray[np.float64]) -> list[int]:
    """Return which of the hours are suspect, all since 1970, ascending: ``walls`` is what the clocks showed.

    A total that is NaN says nothing.
    """
    if not len(hours):
        return []
    places, first = np.unique(walls - walls[0], return_index=True)
    series = np.full(int(places[-1]) + 1, np.nan)
    series[places] = totals[first]
    found: list[int] = hours[first[counts.examine(series)[places] == Quality.SUSPECT]].tolist()
    return found


def _flag(store: Store, datastream: int, hours: list[int]) -> int:
    rows = store.query_now(_ROWS.format(datastream=int(datastream), among=among(hours)))
    quality = pa.array(np.full(rows.num_rows, Quality.SUSPECT), pa.uint8())
    verdicts = rows.append_column("quality", quality).cast(FLAGS_SCHEMA)
    return store.change_now(partial(set_flags, verdicts=verdicts), refresh=False)
