"""What the devices around a datastream said of the same property at the same time."""

from __future__ import annotations

import numpy as np

from placette.analyse.quality import qartod
from placette.analyse.quality.qartod import Flags, Floats, Times
from placette.quality.plans import Plan
from placette.store import DatastreamInfo, Store
from placette.store.sql import among

_METRES_PER_DEGREE = 111_195.0
_FEWEST = 3
_MOST = 30
"""More neighbours say nothing new."""
_LONGEST_US = 32 * 86_400_000_000
"""Neighbours are asked about the last month of a piece of work; what an import brings of years is judged by itself."""
_VALUES = """
SELECT datastream_id, epoch_us(phenomenon_time) AS time, result FROM observation
WHERE datastream_id IN {among} AND phenomenon_time BETWEEN make_timestamp(?) AND make_timestamp(?)
  AND result IS NOT NULL AND quality NOT IN (4, 9)
ORDER BY datastream_id, phenomenon_time, id
"""


class Neighbours:
    """Answers for the datastreams of one piece of work between two times; each property is read once."""

    def __init__(self, store: Store, low: int, high: int) -> None:
        self._store = store
        self._low, self._high = max(low, high - _LONGEST_US), high
        self._peers: dict[tuple[str | None, str], _Peers] = {}

    def flags(self, plan: Plan, times: Times, values: Floats) -> Flags:
        """Return the neighbours' verdict on values of one datastream in the order of time: 1, 3, or 2 without any."""
        unknown = np.full(len(times), qartod.UNKNOWN)
        checks, info = plan.checks, plan.info
        if checks is None or checks.neighbour is None or plan.every_s is None or int(times[0]) < self._low:
            return unknown
        peers = self._of(info, reach := int(1.5 * plan.every_s * 1_000_000))
        near = peers.near(info, checks.neighbour_m)
        if len(near) < _FEWEST:
            return unknown
        everyone = np.vstack([values, *(peers.at(number, times, reach) for number in near)])
        of_first = np.zeros((len(everyone), len(everyone)), np.bool_)
        of_first[0, 1:] = True
        flags: Flags = qartod.neighbour(everyone, of_first, checks.neighbour, checks.neighbour_floor, _FEWEST)[0]
        return flags

    def _of(self, info: DatastreamInfo, reach: int) -> _Peers:
        key = (info.property_key, info.unit)
        if key not in self._peers:
            known = self._store.directory.observed
            alike = [one for one in known if (one.property_key, one.unit) == key and one.longitude is not None]
            self._peers[key] = _Peers(self._store, alike, self._low - reach, self._high)
        return self._peers[key]


class _Peers:
    """All datastreams of a property in one unit that have a position, and their values between two times."""

    def __init__(self, store: Store, infos: list[DatastreamInfo], low: int, high: int) -> None:
        self._ids = np.array([one.id for one in infos], np.int64)
        self._things = np.array([one.thing_id for one in infos], np.int64)
        self._east = np.array([one.longitude for one in infos], np.float64)
        self._north = np.array([one.latitude for one in infos], np.float64)
        table = store.query_now(_VALUES.format(among=among(self._ids)), [low, high])
        self._streams, self._times, self._results = (column.to_numpy() for column in table.columns)

    def near(self, info: DatastreamInfo, reach_m: float) -> list[int]:
        """Return the nearest datastreams of other things, nearest first."""
        if info.longitude is None or info.latitude is None:
            return []
        east = (self._east - info.longitude) * np.cos(np.radians(info.latitude))
        metres = _METRES_PER_DEGREE * np.hypot(east, self._north - info.latitude)
        inside = np.flatnonzero((metres <= reach_m) & (self._things != info.thing_id))
        nearest: list[int] = self._ids[inside[np.argsort(metres[inside], kind="stable")[:_MOST]]].tolist()
        return nearest

    def at(self, datastream: int, times: Times, reach: int) -> Floats:
        """Return the last value at these times, NaN where it is older than ``reach`` µs."""
        found = np.full(len(times), np.nan)
        begin, end = np.searchsorted(self._streams, [datastream, datastream + 1])
        if begin < end:
            moments, results = self._times[begin:end], self._results[begin:end]
            last = np.searchsorted(moments, times, "right") - 1
            fresh = (last >= 0) & (times - moments[last] <= reach)
            found[fresh] = results[last[fresh]]
        return found
