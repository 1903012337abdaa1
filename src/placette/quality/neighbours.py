"""What the devices around a datastream said of the same property at the same time."""

from __future__ import annotations

import math

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
"""Neighbours are asked about a month at most at a time; what an import brings of years is judged by itself."""
_VALUES = """
SELECT datastream_id, epoch_us(phenomenon_time) AS time, result FROM observation
WHERE datastream_id IN {among} AND phenomenon_time BETWEEN make_timestamp(?) AND make_timestamp(?)
  AND result IS NOT NULL AND quality NOT IN (4, 9)
ORDER BY datastream_id, phenomenon_time, id
"""


class Neighbours:
    """Answers for the datastreams of one piece of work; what it read is kept that long."""

    def __init__(self, store: Store, plans: dict[int, Plan]) -> None:
        self._store = store
        self._plans = plans
        self._peers: dict[tuple[str, str], list[DatastreamInfo]] = {}

    def flags(self, plan: Plan, times: Times, values: Floats) -> Flags:
        """Return the neighbours' verdict on values of one datastream in the order of time: 1, 3, or 2 without any."""
        unknown = np.full(len(times), qartod.UNKNOWN)
        checks = plan.checks
        if checks is None or checks.neighbour is None or plan.every_s is None:
            return unknown
        near = self._near(plan.info, checks.neighbour_m)
        reach = int(1.5 * plan.every_s * 1_000_000)
        if len(near) < _FEWEST or int(times[-1]) - int(times[0]) > _LONGEST_US:
            return unknown
        around = self._at(near, times, reach)
        everyone = np.vstack([values, around])
        of_first = np.zeros((len(everyone), len(everyone)), np.bool_)
        of_first[0, 1:] = True
        flags: Flags = qartod.neighbour(everyone, of_first, checks.neighbour, checks.neighbour_floor, _FEWEST)[0]
        return flags

    def _near(self, info: DatastreamInfo, reach_m: float) -> list[int]:
        """Return the nearest datastreams of the same property and unit, each of another thing."""
        if info.longitude is None or info.latitude is None or info.property_key is None:
            return []
        key = (info.property_key, info.unit)
        if key not in self._peers:
            everyone = self._store.directory.by_id.values()
            self._peers[key] = [one for one in everyone if (one.property_key, one.unit) == key]
        wide = math.cos(math.radians(info.latitude))
        distances = [
            (
                _METRES_PER_DEGREE * math.hypot((one.longitude - info.longitude) * wide, one.latitude - info.latitude),
                one.id,
            )
            for one in self._peers[key]
            if one.thing_id != info.thing_id and one.longitude is not None and one.latitude is not None
        ]
        return [number for distance, number in sorted(distances)[:_MOST] if distance <= reach_m]

    def _at(self, near: list[int], times: Times, reach: int) -> Floats:
        """Return the last value of each neighbour at these times, NaN where it is older than ``reach`` µs."""
        table = self._store.query_now(_VALUES.format(among=among(near)), [int(times[0]) - reach, int(times[-1])])
        streams, moments, results = (table.column(name).to_numpy() for name in ("datastream_id", "time", "result"))
        found = np.full((len(near), len(times)), np.nan)
        for row, datastream in enumerate(near):
            begin, end = np.searchsorted(streams, [datastream, datastream + 1])
            if begin == end:
                continue
            last = np.searchsorted(moments[begin:end], times, "right") - 1
            fresh = (last >= 0) & (times - moments[begin:end][last] <= reach)
            found[row, fresh] = results[begin:end][last[fresh]]
        return found
