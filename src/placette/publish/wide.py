"""A few datastreams over the same intervals, as one table of numbers: what long overlays are drawn from.

Everything is computed from hours (quarters of an hour where a zone is not full hours from UTC), which one query gives
for all datastreams; days, weeks and months are put together from them. Twenty datastreams over a year are 175,000
values.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import numpy.typing as npt

from placette.city.model import City
from placette.model.times import MICROS_PER_S
from placette.publish import intervals
from placette.store import DatastreamInfo, Store
from placette.store.series import Interval
from placette.store.sql import among

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_PART_US = 900 * MICROS_PER_S
_PARTS = """
SELECT datastream_id, epoch_us(phenomenon_time) // {part} AS part, count(*) AS count, sum(result) AS sum,
       min(result) AS low, max(result) AS high, {energy} AS energy
FROM observation
WHERE datastream_id IN {ids} AND phenomenon_time >= make_timestamp(?) AND phenomenon_time < make_timestamp(?)
  AND result IS NOT NULL AND quality NOT IN (4, 9)
GROUP BY ALL
"""


class Wide(msgspec.Struct, frozen=True, kw_only=True):
    """``value``, ``low`` and ``high`` are datastreams × intervals, NaN where nothing was observed.

    ``time`` is each interval's start (s UTC). ``value`` is what the property's ``combine`` says, as in
    :mod:`placette.publish.columns`.
    """

    infos: tuple[DatastreamInfo, ...]
    time: Ints
    value: Floats
    low: Floats
    high: Floats
    count: Ints


async def wide(
    store: Store, city: City, infos: Sequence[DatastreamInfo], start: int, end: int, interval: Interval
) -> Wide:
    """Return these datastreams over the whole local intervals that touch ``[start, end)`` (µs UTC)."""
    zone = ZoneInfo(city.zone)
    grid = np.array(intervals.starts(start, end, interval, zone), np.int64)
    shape = (len(infos), len(grid))
    if not infos or not len(grid):
        empty = np.full(shape, np.nan)
        return Wide(infos=tuple(infos), time=grid, value=empty, low=empty, high=empty, count=np.zeros(shape, np.int64))
    combine = [_combine(city, info) for info in infos]
    loud = [info.id for info, how in zip(infos, combine, strict=True) if how == "energetic"]
    energy = f"sum(CASE WHEN datastream_id IN {among(loud)} THEN pow(10, result / 10) END)" if loud else "0::DOUBLE"
    part = intervals.HOUR_US if _full_hours(grid) else _PART_US
    sql = _PARTS.format(part=part, energy=energy, ids=among(info.id for info in infos))
    table = await store.query(sql, [int(grid[0]), end])
    columns = {name: table.column(name).to_numpy() for name in table.column_names}
    return await asyncio.to_thread(_spread, tuple(infos), combine, grid, columns, part)


def _combine(city: City, info: DatastreamInfo) -> str:
    known = city.properties.get(info.property_key or "")
    return known.combine if known else "mean"


def _full_hours(grid: Ints) -> bool:
    return bool((grid % intervals.HOUR_US == 0).all())


def _spread(
    infos: tuple[DatastreamInfo, ...], combine: list[str], grid: Ints, columns: dict[str, Floats], part: int
) -> Wide:
    """Lay the rows out as datastreams × intervals; a row's interval is the last that begins before it."""
    ids = np.array([info.id for info in infos], np.int64)
    order = np.argsort(ids, kind="stable")
    owners = order[np.searchsorted(ids[order], columns["datastream_id"])]
    steps = np.searchsorted(grid, columns["part"].astype(np.int64) * part, side="right") - 1
    cells = owners * len(grid) + np.maximum(steps, 0)
    shape = (len(infos), len(grid))
    size = len(infos) * len(grid)
    sums: dict[str, Floats] = {
        name: np.asarray(np.bincount(cells, columns[name].astype(np.float64), size), np.float64).reshape(shape)
        for name in ("count", "sum", "energy")
    }
    there = sums["count"]
    low, high = np.full(size, np.inf), np.full(size, -np.inf)
    np.minimum.at(low, cells, columns["low"])
    np.maximum.at(high, cells, columns["high"])
    least, most = (np.where(there > 0, each.reshape(shape), np.nan) for each in (low, high))
    return Wide(
        infos=infos,
        time=grid // MICROS_PER_S,
        value=np.stack([_value(how, place, sums, most) for place, how in enumerate(combine)]),
        low=least,
        high=most,
        count=there.astype(np.int64),
    )


def _value(how: str, place: int, sums: dict[str, Floats], high: Floats) -> Floats:
    count = sums["count"][place]
    with np.errstate(divide="ignore", invalid="ignore"):
        if how == "sum":
            return np.where(count > 0, sums["sum"][place], np.nan)
        if how == "energetic":
            return np.where(count > 0, 10 * np.log10(sums["energy"][place] / count), np.nan)
        if how == "difference":
            return np.diff(high[place], prepend=np.nan)
        return np.asarray(sums["sum"][place] / count)
