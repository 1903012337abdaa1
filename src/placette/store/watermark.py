"""The newest observation of every datastream, in memory: the watermark of the fast path and the latest-value cache.

Arrays are indexed by the datastream's id. The writer thread alone changes them; readers copy under the same short lock.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from placette.model.observations import TIME

NEVER = np.iinfo(np.int64).min
"""The watermark of a datastream without observations."""

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Objects = npt.NDArray[np.object_]
Bools = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]

LATEST_SCHEMA = pa.schema(
    [
        pa.field("datastream_id", pa.int64(), nullable=False),
        pa.field("phenomenon_time", TIME, nullable=False),
        pa.field("result", pa.float64()),
        pa.field("result_json", pa.string()),
        pa.field("quality", pa.uint8(), nullable=False),
        pa.field("id", pa.int64(), nullable=False),
    ]
)


class Watermark:
    """Newest phenomenon time, newest result time and latest value per datastream (times in µs UTC)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.time: Int64s = np.full(1024, NEVER, np.int64)
        self.issue: Int64s = np.full(1024, NEVER, np.int64)
        self._result: Floats = np.full(1024, np.nan)
        self._quality: Bytes = np.zeros(1024, np.uint8)
        self._id: Int64s = np.zeros(1024, np.int64)
        self._json: dict[int, str] = {}

    def reserve(self, highest: int) -> None:
        """Make room for datastream ids up to ``highest``."""
        size = len(self.time)
        if highest < size:
            return
        grown = max(highest + 1, size * 2) - size
        with self._lock:
            self.time = np.concatenate([self.time, np.full(grown, NEVER, np.int64)])
            self.issue = np.concatenate([self.issue, np.full(grown, NEVER, np.int64)])
            self._result = np.concatenate([self._result, np.full(grown, np.nan)])
            self._quality = np.concatenate([self._quality, np.zeros(grown, np.uint8)])
            self._id = np.concatenate([self._id, np.zeros(grown, np.int64)])

    def advance(
        self,
        datastreams: Int64s,
        times: Int64s,
        issues: Int64s | None,
        results: Floats,
        jsons: Objects | None,
        qualities: Bytes,
        ids: Int64s,
    ) -> None:
        """Take in stored rows: the newest of each datastream becomes its latest, of equal times the last row."""
        with self._lock:
            if issues is not None:
                np.maximum.at(self.issue, datastreams, issues)
            np.maximum.at(self.time, datastreams, times)
            newest = np.flatnonzero(times == self.time[datastreams])
            where = datastreams[newest]
            self._result[where] = results[newest]
            self._quality[where] = qualities[newest]
            self._id[where] = ids[newest]
            self._note_json(where, None if jsons is None else jsons[newest])

    def replace(
        self, datastreams: Int64s, ids: Int64s, results: Floats, jsons: Objects | None, qualities: Bytes
    ) -> None:
        """Take in rows that were replaced in place: those that are the latest of their datastream get the new value."""
        with self._lock:
            shown = np.flatnonzero(self._id[datastreams] == ids)
            where = datastreams[shown]
            self._result[where] = results[shown]
            self._quality[where] = qualities[shown]
            self._note_json(where, None if jsons is None else jsons[shown])

    def judge(self, datastreams: Int64s, ids: Int64s, results: Floats, was: Bytes, qualities: Bytes) -> None:
        """Take in verdicts of quality control on rows that still are what was judged."""
        with self._lock:
            shown = self._result[datastreams]
            same = (shown == results) | (np.isnan(shown) & np.isnan(results))
            same &= (self._id[datastreams] == ids) & (self._quality[datastreams] == was)
            self._quality[datastreams[same]] = qualities[same]

    def forget(self, datastreams: Iterable[int]) -> None:
        """Drop what is known of these datastreams, before they are loaded again or because they are gone."""
        where = np.fromiter(datastreams, np.int64)
        where = where[where < len(self.time)]
        with self._lock:
            self.time[where] = NEVER
            self.issue[where] = NEVER
            self._result[where] = np.nan
            self._id[where] = 0
            for datastream in where.tolist():
                self._json.pop(datastream, None)

    def clear(self) -> None:
        """Forget everything, before all is loaded again."""
        with self._lock:
            self.time[:] = NEVER
            self.issue[:] = NEVER
            self._result[:] = np.nan
            self._id[:] = 0
            self._json.clear()

    def of(self, datastreams: Iterable[int]) -> pa.Table:
        """Return the latest of these datastreams (``LATEST_SCHEMA``), without those that have none, in given order."""
        wanted = np.fromiter(datastreams, np.int64)
        with self._lock:
            inside = wanted[(wanted >= 0) & (wanted < len(self.time))]
            return self._table(inside[self.time[inside] != NEVER])

    def all(self) -> pa.Table:
        """Return the latest of every datastream that has observations (``LATEST_SCHEMA``), by id."""
        with self._lock:
            return self._table(np.flatnonzero(self.time != NEVER))

    def rows(self) -> pa.Table:
        """Return everything held, with the newest result time, as rows of table ``latest``; for the writer thread."""
        table = self.all()
        issues = self.issue[table.column("datastream_id").to_numpy()]
        return table.append_column("result_time", pa.array(issues, mask=issues == NEVER).cast(TIME))

    def _note_json(self, where: Int64s, jsons: Objects | None) -> None:
        if jsons is None and not self._json:
            return
        for position, datastream in enumerate(where.tolist()):
            text = None if jsons is None else jsons[position]
            if text is None:
                self._json.pop(datastream, None)
            else:
                self._json[datastream] = text

    def _table(self, where: Int64s) -> pa.Table:
        results = self._result[where]
        json = self._json
        texts = [json.get(datastream) for datastream in where.tolist()] if json else pa.nulls(len(where), pa.string())
        return pa.table(
            [
                pa.array(where),
                pa.array(self.time[where]).cast(TIME),
                pa.array(results, mask=np.isnan(results)),
                pa.array(texts, pa.string()) if json else texts,
                pa.array(self._quality[where]),
                pa.array(self._id[where]),
            ],
            schema=LATEST_SCHEMA,
        )
