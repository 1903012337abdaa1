"""The time ranges and numbers of observations of every datastream, in memory, always current.

Ids of observations rise in the order of arrival and are never given twice, so a look at what came since the last one
(the zone maps of the id find it) brings the figures up to date. Who deletes or moves observations says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from placette.publish.sensorthings.serialise import interval
from placette.store import Store

Int64s = npt.NDArray[np.int64]

_FIGURES = """
SELECT datastream_id, count(*) AS n, max(id) AS newest,
       epoch_us(min(phenomenon_time)) AS first_time,
       epoch_us(max(coalesce(phenomenon_end, phenomenon_time))) AS last_time,
       epoch_us(min(result_time)) AS first_result, epoch_us(max(result_time)) AS last_result
FROM observation WHERE {} GROUP BY datastream_id
"""
_NEVER = np.iinfo(np.int64).min
_LOW, _HIGH = ("first_time", "first_result"), ("last_time", "last_result")


class Extents:
    """Per datastream: number of observations, first and last phenomenonTime and resultTime (µs UTC)."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen = -1
        self._stored = -1
        self._count: Int64s = np.zeros(0, np.int64)
        self._bounds: dict[str, Int64s] = {name: np.zeros(0, np.int64) for name in (*_LOW, *_HIGH)}
        self._dirty: set[int] = set()
        self._lock = asyncio.Lock()

    async def refresh(self) -> None:
        """Take in what was stored, changed or deleted since the last call."""
        async with self._lock:
            stored = self._store.stored_rows
            if stored == self._stored and not self._dirty:
                return
            dirty, self._dirty = self._dirty, set()
            if dirty:
                where = np.fromiter(dirty, np.int64)
                self._reserve(int(where.max()))
                self._count[where] = 0
                for values in self._bounds.values():
                    values[where] = _NEVER
                sql = _FIGURES.format("list_contains($1::BIGINT[], datastream_id) AND id <= $2")
                self._take(await self._store.query(sql, [sorted(dirty), self._seen]))
            newer = await self._store.query(_FIGURES.format("id > $1"), [self._seen])
            self._take(newer)
            self._stored = stored

    def forget(self, datastreams: Iterable[int]) -> None:
        """Say that observations of these datastreams were deleted or moved in time."""
        self._dirty.update(datastreams)

    def counts(self, datastreams: Sequence[int]) -> list[int]:
        """Return how many observations each datastream has, as of the last refresh."""
        size = len(self._count)
        return [int(self._count[key]) if 0 <= key < size else 0 for key in datastreams]

    def ranges(self, datastreams: Sequence[int], name: str) -> list[str | None]:
        """Return ``phenomenonTime`` or ``resultTime`` of each datastream as an ISO 8601 interval."""
        kind = "time" if name == "phenomenonTime" else "result"
        first, last = self._bounds[f"first_{kind}"], self._bounds[f"last_{kind}"]
        size = len(first)
        return [
            interval(int(first[key]), int(last[key])) if 0 <= key < size and first[key] != _NEVER else None
            for key in datastreams
        ]

    def _reserve(self, highest: int) -> None:
        missing = highest + 1 - len(self._count)
        if missing > 0:
            missing = max(missing, len(self._count), 64)
            self._count = np.concatenate([self._count, np.zeros(missing, np.int64)])
            for name, values in self._bounds.items():
                self._bounds[name] = np.concatenate([values, np.full(missing, _NEVER, np.int64)])

    def _take(self, figures: pa.Table) -> None:
        if not figures.num_rows:
            return
        where = _ints(figures, "datastream_id")
        self._reserve(int(where.max()))
        self._count[where] += _ints(figures, "n")
        self._seen = max(self._seen, int(_ints(figures, "newest").max()))
        for name in (*_LOW, *_HIGH):
            given = _ints(figures, name)
            known = self._bounds[name][where]
            better = np.minimum(given, known) if name in _LOW else np.maximum(given, known)
            self._bounds[name][where] = np.where(known == _NEVER, given, np.where(given == _NEVER, known, better))


def _ints(table: pa.Table, name: str) -> Any:
    return table.column(name).fill_null(_NEVER).to_numpy()
