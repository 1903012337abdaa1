"""Aggregated series as columns: one value per local interval, null where nothing was observed.

The value of an interval is what the property's ``combine`` says: counts are summed, sound levels averaged as energy
(L_Aeq = 10 lg mean 10^(L/10), ISO 1996-1), meter readings subtracted, everything else averaged.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from placette.city.model import City
from placette.model.times import MICROS_PER_S
from placette.publish import intervals
from placette.store import DatastreamInfo, Store, series
from placette.store.series import Interval

Column = list[float | None]
Floats = npt.NDArray[np.float64]
_STATISTICS = ("mean", "min", "max", "sum", "median", "p05", "p95")
_COUNTED_OUT = (4, 9)  # QARTOD: failed, missing


class Series(msgspec.Struct, frozen=True, kw_only=True, tag="intervals"):
    """One datastream over the intervals: ``time`` is each start in s since 1970 UTC, ``value`` what to show."""

    datastream: int
    code: str | None
    name: str
    property: str | None
    unit: str
    symbol: str
    origin: str
    combine: str
    time: list[int]
    value: Column
    count: list[int]
    mean: Column
    min: Column
    max: Column
    sum: Column
    median: Column
    p05: Column
    p95: Column


async def gather(
    store: Store, city: City, infos: list[DatastreamInfo], start: int, end: int, interval: Interval
) -> list[Series]:
    """Return these datastreams over the whole intervals that touch ``[start, end)``, in the given order.

    ``start`` is moved back to the beginning of its interval, so that only the last one can be incomplete.
    """
    grid = np.array(intervals.starts(start, end, interval, ZoneInfo(city.zone)), np.int64)
    if not len(grid) or not infos:
        return []
    ids = [info.id for info in infos]
    table = await series.aggregate(store, ids, int(grid[0]), end, interval, city.zone)
    owners = table.column("datastream_id").to_numpy()
    found = []
    for info in infos:
        known = city.properties.get(info.property_key or "")
        combine = known.combine if known else "mean"
        columns = _spread(table.filter(pa.array(owners == info.id)), grid)
        found.append(_series(info, combine, grid, columns, await _value(store, info, combine, columns, grid, end)))
    return found


def _spread(table: pa.Table, grid: npt.NDArray[np.int64]) -> dict[str, Floats]:
    """Return each statistic over the whole grid, NaN (count: 0) where an interval has no row."""
    places = np.searchsorted(grid, table.column("start").cast(pa.int64()).to_numpy())
    columns = {}
    for name in ("count", *_STATISTICS):
        column = np.full(len(grid), 0.0 if name == "count" else np.nan)
        column[places] = table.column(name).to_numpy()
        columns[name] = column
    return columns


async def _value(
    store: Store, info: DatastreamInfo, combine: str, columns: dict[str, Floats], grid: npt.NDArray[np.int64], end: int
) -> Floats:
    if combine == "energetic":
        return energetic(await series.raw(store, info.id, int(grid[0]), end), grid)
    if combine == "difference":
        return np.diff(columns["max"], prepend=np.nan)
    return columns["sum" if combine == "sum" else "mean"]


def energetic(table: pa.Table, grid: npt.NDArray[np.int64]) -> Floats:
    """Return the energy mean of sound levels (dB) in each interval of ``grid`` (starts, µs UTC), NaN where none.

    ``table`` has phenomenon_time (ascending), result and quality.
    """
    results = table.column("result").to_numpy()
    usable = ~np.isnan(results) & ~np.isin(table.column("quality").to_numpy(), _COUNTED_OUT)
    times = table.column("phenomenon_time").cast(pa.int64()).to_numpy()[usable]
    places = np.searchsorted(grid, times, side="right") - 1
    energy = np.bincount(places, 10 ** (results[usable] / 10), len(grid))
    count = np.bincount(places, minlength=len(grid))
    with np.errstate(divide="ignore", invalid="ignore"):
        levels: Floats = np.where(count > 0, 10 * np.log10(energy / count), np.nan)
    return levels


def _series(
    info: DatastreamInfo, combine: str, grid: npt.NDArray[np.int64], columns: dict[str, Floats], value: Floats
) -> Series:
    return Series(
        datastream=info.id,
        code=info.code,
        name=info.name,
        property=info.property_key,
        unit=info.unit,
        symbol=info.unit_symbol,
        origin=info.origin,
        combine=combine,
        time=(grid // MICROS_PER_S).tolist(),
        value=_nullable(value),
        count=columns["count"].astype(int).tolist(),
        **{name: _nullable(columns[name]) for name in _STATISTICS},
    )


def _nullable(column: Floats) -> Column:
    """Return the column with null for NaN and six significant decimals, more than any sensor has."""
    numbers = np.round(column, 6).astype(object)
    numbers[np.isnan(column)] = None
    listed: Column = numbers.tolist()
    return listed
