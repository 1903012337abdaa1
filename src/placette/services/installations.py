"""When a site began anew: its device was moved to another spot, or another device was hung there."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import msgspec
import numpy as np

from placette.analyse.distance import distances
from placette.store import Store

MOVED_M = 50.0
"""A position that changes by less was mended, not moved, m."""
_STOOD = """
SELECT h.thing_id, epoch_us(h.time) AS time, l.longitude, l.latitude
FROM historical_location h
JOIN historical_location_location x ON x.historical_location_id = h.id
JOIN location l ON l.id = x.location_id
WHERE l.longitude IS NOT NULL AND h.thing_id = coalesce(?, h.thing_id)
ORDER BY h.thing_id, h.time, h.id
"""
_HUNG = """
SELECT epoch_us(a.since) AS time FROM attachment a
WHERE a.thing_code = ? AND EXISTS (SELECT 1 FROM attachment b WHERE b.thing_code = a.thing_code AND b.since < a.since)
ORDER BY a.since
"""


class Installation(msgspec.Struct, frozen=True):
    """What happened at a site at a time (µs UTC)."""

    time: int
    what: Literal["moved", "replaced"]


def moves(store: Store, thing_id: int | None = None) -> list[tuple[int, int]]:
    """Return each move of one thing, or of all, as thing and time (µs UTC), the oldest of a thing first. Blocks."""
    stood = store.query_now(_STOOD, [thing_id]).to_pylist()
    found = []
    for before, here in pairwise(stood):
        longitudes, latitudes = np.array([[each["longitude"], each["latitude"]] for each in (before, here)]).T
        if before["thing_id"] == here["thing_id"] and distances(longitudes, latitudes)[0, 1] > MOVED_M:
            found.append((here["thing_id"], here["time"]))
    return found


def installations(store: Store, thing_id: int, thing_code: str | None) -> list[Installation]:
    """Return what happened at a site, the oldest first. Blocks."""
    found = [Installation(time, "moved") for _, time in moves(store, thing_id)]
    hung = store.query_now(_HUNG, [thing_code]).to_pylist() if thing_code else []
    found += [Installation(row["time"], "replaced") for row in hung]
    return sorted(found, key=lambda each: each.time)
