"""Goes through what is new since the last time and writes corrected values; late and corrected measurements are caught.

Observations are numbered in the order they arrive, so that what came late has a number above the mark as well; a
measurement that was corrected afterwards is found in the record of changes. A correction that has changed begins anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from placette.analyse.calibration.colocation import Corrected
from placette.city.model import City
from placette.model.observations import TIME
from placette.services.calibration.derived import Pair, ensure
from placette.services.calibration.methods import Floats, Integers, Method, method_of
from placette.store import Store
from placette.store.sql import among

SLICE = 500_000
"""Ids looked at in one step: some tens of milliseconds of reading, so that pages stay quick."""

_NEW = """
SELECT datastream_id, epoch_us(phenomenon_time) AS time, result FROM observation
WHERE datastream_id IN {ids} AND id > ? AND id <= ? AND result IS NOT NULL AND quality NOT IN (4, 9)
UNION
SELECT o.datastream_id, epoch_us(o.phenomenon_time), o.result FROM observation_change c
JOIN observation o ON o.id = c.observation_id
WHERE c.datastream_id IN {ids} AND c.changed_at > make_timestamp(?) AND c.changed_at <= make_timestamp(?)
  AND o.result IS NOT NULL AND o.quality NOT IN (4, 9)
ORDER BY 1, 2
"""
_BESIDE = """
SELECT datastream_id, epoch_us(phenomenon_time) AS time, result FROM observation
WHERE datastream_id IN {ids} AND phenomenon_time BETWEEN make_timestamp(?) AND make_timestamp(?)
  AND result IS NOT NULL AND quality NOT IN (4, 9)
ORDER BY 1, 2
"""


class Correcting:
    """The corrections of one city; :meth:`step` blocks, so call it from a thread."""

    def __init__(self, store: Store, city: City) -> None:
        self._store = store
        self._city = city
        self._methods = [method_of(each, city.calibrations) for each in city.corrections]

    def step(self, now: int) -> int:
        """Write the corrected values of all that is new (``now`` in µs UTC); return how many rows were written."""
        return sum(self._catch_up(method, now) for method in self._methods)

    def _catch_up(self, method: Method, now: int) -> int:
        pairs = ensure(self._store, self._city, method)
        if not pairs:
            return 0
        key = f"correction {method.correction.key} {method.version}"
        mark, seen = self._mark(key)
        newest = int(self._store.query_now("SELECT coalesce(max(id), 0) AS id FROM observation").to_pylist()[0]["id"])
        written = 0
        while mark < newest:
            upto = min(mark + SLICE, newest)
            until = now if upto == newest else seen
            written += self._write(method, pairs, (mark, upto, seen, until))
            mark, seen = upto, until
            self._store.change_now(partial(_set_mark, key=key, at=(mark, seen)), refresh=False)
        return written

    def _write(self, method: Method, pairs: Sequence[Pair], span: tuple[int, int, int, int]) -> int:
        main = {pair.inputs[0]: pair for pair in pairs}
        new = self._store.query_now(_NEW.format(ids=among(main)), list(span))
        if not new.num_rows:
            return 0
        streams, times, results = _columns(new)
        others = [self._beside(method, main, place, times) for place in range(1, len(method.correction.inputs))]
        rows = [
            self._rows(method, main[int(stream)], times[chosen], results[chosen], others)
            for stream in np.unique(streams)
            for chosen in (streams == stream,)
        ]
        table = pa.concat_tables(rows)
        self._store.append_now(table)
        return len(table)

    def _beside(
        self, method: Method, main: dict[int, Pair], place: int, times: Integers
    ) -> dict[int, tuple[Integers, Floats]]:
        """Return times and results of one further input by its datastream, around the given times."""
        ids = {pair.inputs[place] for pair in main.values()}
        within = method.correction.within_s * 1_000_000
        bounds = [int(times.min()) - within, int(times.max()) + within]
        streams, at, results = _columns(self._store.query_now(_BESIDE.format(ids=among(ids)), bounds))
        return {key: (at[streams == key], results[streams == key]) for key in ids}

    def _rows(
        self,
        method: Method,
        pair: Pair,
        times: Integers,
        results: Floats,
        others: list[dict[int, tuple[Integers, Floats]]],
    ) -> pa.Table:
        within = method.correction.within_s * 1_000_000
        columns = [results]
        columns += [nearest(times, *each[key], within) for each, key in zip(others, pair.inputs[1:], strict=True)]
        corrected = method.compute(np.stack(columns, axis=1), times)
        return _table(pair.output, times, corrected)

    def _mark(self, key: str) -> tuple[int, int]:
        found = self._store.query_now("SELECT value FROM meta WHERE key = ?", [key]).to_pylist()
        if not found:
            return 0, 0
        mark, _, seen = found[0]["value"].partition(" ")
        return int(mark), int(seen or 0)


def nearest(times: Integers, known: Integers, values: Floats, within: int) -> Floats:
    """Return the value of the nearest of the ``known`` times (sorted, µs), NaN where it is further than ``within``.

    >>> nearest(np.array([10, 20]), np.array([9, 40]), np.array([1.0, 2.0]), 5).tolist()
    [1.0, nan]
    """
    if not len(known):
        return np.full(len(times), np.nan)
    after = np.clip(np.searchsorted(known, times), 0, len(known) - 1)
    before = np.maximum(after - 1, 0)
    closer = np.where(np.abs(known[before] - times) <= np.abs(known[after] - times), before, after)
    return np.where(np.abs(known[closer] - times) <= within, values[closer], np.nan)


def _table(output: int, times: Integers, corrected: Corrected) -> pa.Table:
    known = ~np.isnan(corrected.uncertainty)
    extra = [
        f'{{"parameters":{{"expandedUncertainty":{value:.4g},"coverageFactor":2}}}}' if there else None
        for value, there in zip(corrected.uncertainty.tolist(), known.tolist(), strict=True)
    ]
    missing = np.isnan(corrected.values)
    return pa.table(
        {
            "datastream_id": pa.array(np.full(len(times), output, np.int64)),
            "phenomenon_time": pa.array(times).cast(TIME),
            "result": pa.array(corrected.values, mask=missing),
            "quality": pa.array(corrected.flags),
            "extra": pa.array(extra, pa.string()),
        }
    )


def _columns(table: pa.Table) -> tuple[Integers, Integers, Floats]:
    streams: Integers = table.column("datastream_id").to_numpy()
    times: Integers = table.column("time").to_numpy()
    results: npt.NDArray[np.float64] = table.column("result").to_numpy()
    return streams, times, results


def _set_mark(con: duckdb.DuckDBPyConnection, *, key: str, at: tuple[int, int]) -> None:
    con.execute("DELETE FROM meta WHERE key = ?", [key])
    con.execute("INSERT INTO meta VALUES (?, ?)", [key, f"{at[0]} {at[1]}"])
