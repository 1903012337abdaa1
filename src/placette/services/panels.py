"""Datastreams as regular series on the city's local clock: what cycles, anomalies, forecasts and maps begin with.

The value of a step is what its property's ``combine`` says: counts are summed, sound levels averaged as energy, meter
readings subtracted, everything else averaged. Failed and missing values (QARTOD 4 and 9) are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import numpy.typing as npt

from placette.city.model import City
from placette.model.times import MICROS_PER_S
from placette.store import DatastreamInfo, Store
from placette.store.sql import among

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Step = Literal["hour", "day"]
STEP_S: dict[Step, int] = {"hour": 3_600, "day": 86_400}
CAPTURE = 0.75
"""The share of its usual number of values that a step must have (2008/50/EC, annex XI, asks it of averages)."""
_USUAL_DAYS = 28
"""What is usual is asked of so many days at a time."""
_QUARTER_S = 900
"""Every zone in use differs from UTC by full quarters of an hour."""

_QUARTERS = """
SELECT datastream_id, epoch_us(phenomenon_time) // {quarter} AS quarter, count(*) AS count, sum(result) AS sum,
       sum(pow(10, result / 10)) AS energy, max(result) AS last
FROM observation
WHERE datastream_id IN {ids} AND phenomenon_time >= make_timestamp(?) AND phenomenon_time < make_timestamp(?)
  AND result IS NOT NULL AND quality NOT IN (4, 9)
GROUP BY ALL
"""


class Regular(msgspec.Struct, frozen=True, kw_only=True):
    """``values`` (steps × datastreams, NaN where missing) from the local time ``start_s`` on, in steps of ``step_s``.

    ``start_s`` is the clock of ``zone`` as seconds since its own 1970-01-01 00:00. Of the two autumn hours of one name
    there is one step, the mean of both; the hour that spring leaves out is missing.
    """

    infos: tuple[DatastreamInfo, ...]
    values: Floats
    start_s: int
    step_s: int
    zone: str

    def instants(self, first: int, count: int) -> Ints:
        """Return when ``count`` steps from step ``first`` on begin, µs UTC; -1 for the hour that spring leaves out."""
        local = self.start_s + self.step_s * np.arange(first, first + count, dtype=np.int64)
        return _instants(local, ZoneInfo(self.zone))


def regular(store: Store, city: City, infos: Sequence[DatastreamInfo], start: int, end: int, step: Step) -> Regular:
    """Return the steps from the one that holds ``start`` to the last that is over at ``end`` (µs UTC). Blocks.

    A step with less than three quarters of the values usual in its four weeks is missing: its sum would lie.
    """
    zone, step_s = ZoneInfo(city.zone), STEP_S[step]
    first = int(_local(np.array([start // MICROS_PER_S]), zone)[0]) // step_s
    count = max(0, int(_local(np.array([end // MICROS_PER_S]), zone)[0]) // step_s - first)
    begin = int(_instants(np.array([first * step_s]), zone)[0])
    sql = _QUARTERS.format(quarter=_QUARTER_S * MICROS_PER_S, ids=among(info.id for info in infos))
    table = store.query_now(sql, [start if begin < 0 else begin, end])
    owners, quarters = (table.column(name).to_numpy() for name in ("datastream_id", "quarter"))
    seconds = quarters * _QUARTER_S
    steps = _local(seconds, zone) // step_s - first
    values = np.full((count, len(infos)), np.nan)
    for place, info in enumerate(infos):
        mine = (owners == info.id) & (steps >= 0) & (steps < count)
        known = city.properties.get(info.property_key or "")
        found = {name: table.column(name).to_numpy()[mine] for name in ("count", "sum", "energy", "last")}
        hours = seconds[mine] // 3_600 if step == "hour" else steps[mine]
        combine = known.combine if known else "mean"
        values[:, place] = _combined(found, steps[mine], hours, count, combine, 86_400 // step_s)
    return Regular(infos=tuple(infos), values=values, start_s=first * step_s, step_s=step_s, zone=city.zone)


def _combined(found: dict[str, Floats], steps: Ints, parts: Ints, count: int, combine: str, per_day: int) -> Floats:
    """Return the value of each step; ``parts`` tells the two autumn hours of one step from each other."""
    number = np.bincount(steps, found["count"], count)
    repeats = np.maximum(np.bincount(steps[_firsts(steps, parts)], minlength=count), 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        if combine == "sum":
            value = np.bincount(steps, found["sum"], count) / repeats
        elif combine == "energetic":
            value = 10 * np.log10(np.bincount(steps, found["energy"], count) / number)
        elif combine == "difference":
            last = np.full(count, -np.inf)
            np.maximum.at(last, steps, found["last"])
            value = np.diff(np.where(np.isfinite(last), last, np.nan), prepend=np.nan)
        else:
            value = np.bincount(steps, found["sum"], count) / number
    each = number / repeats
    return np.asarray(np.where(each >= CAPTURE * _usual(each, _USUAL_DAYS * per_day), value, np.nan))


def _usual(counts: Floats, steps: int) -> Floats:
    """Return the median count of the steps with values around each step: a device may change how often it sends.

    >>> _usual(np.array([12.0, 12, 0, 12, 4, 4, 4]), 4).tolist()
    [12.0, 12.0, 12.0, 12.0, 4.0, 4.0, 4.0]
    """
    usual = np.ones(len(counts))
    for first in range(0, len(counts), steps):
        there = counts[first : first + steps]
        usual[first : first + steps] = np.median(there[there > 0]) if (there > 0).any() else 1.0
    return usual


def _firsts(steps: Ints, parts: Ints) -> Ints:
    """Return one row of every part of every step."""
    return np.unique(np.stack([steps, parts], axis=1), axis=0, return_index=True)[1] if len(steps) else steps


def _local(seconds: Ints, zone: ZoneInfo) -> Ints:
    """Return the local clock of instants (s UTC), as seconds since its own 1970."""
    distinct, places = np.unique(seconds // 3_600, return_inverse=True)
    quarters = np.array([_offset(int(hour) * 3_600, zone) for hour in distinct], np.int64)
    return np.asarray(seconds + quarters[places]) if len(distinct) else seconds.astype(np.int64)


def _offset(second: int, zone: ZoneInfo) -> int:
    offset = datetime.fromtimestamp(second, zone).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


def _instants(local: Ints, zone: ZoneInfo) -> Ints:
    """Return the first instant (µs UTC) at which the local clock shows each time, -1 where it never does."""
    found = np.empty(len(local), np.int64)
    for place, second in enumerate(local.tolist()):
        clock = datetime.fromtimestamp(second, UTC).replace(tzinfo=zone)
        instant = int(clock.timestamp())
        shown = second == instant + _offset(instant, zone)
        found[place] = instant * MICROS_PER_S if shown else -1
    return found
