"""Which rows of a group are new, which repeat what is stored, and which correct it (docs/architecture.md, "Identity").

The fast path needs no look-up: a row newer than its datastream's watermark cannot have been stored before. The others,
and rows that share a key within the group, are looked up with one join that the time range prunes.
"""

from __future__ import annotations

import duckdb
import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from placette.model.observations import TIME, Quality
from placette.store.batch import Batch, Bools, Floats, Int64s, Objects
from placette.store.feed import SCHEMAS, Feeds
from placette.store.kinds import ALL, BY_TIME, BY_TIME_AND_ISSUE, Kinds
from placette.store.watermark import Watermark

INSERTED, REPLACED, UNCHANGED = range(3)

_MATCH = """
SELECT c.position, o.id, o.result, o.result_json, o.quality
FROM observation o JOIN candidate c
  ON o.datastream_id = c.datastream_id AND o.phenomenon_time = c.phenomenon_time
 AND o.phenomenon_end IS NOT DISTINCT FROM c.phenomenon_end
 AND o.feature_id IS NOT DISTINCT FROM c.feature_id
 AND (NOT c.by_issue OR o.result_time IS NOT DISTINCT FROM c.result_time)
WHERE o.phenomenon_time BETWEEN make_timestamp(?) AND make_timestamp(?) AND o.datastream_id BETWEEN ? AND ?
"""


class Plan(msgspec.Struct):
    """What to do with the rows of a group; all arrays of row numbers point into the group.

    ``ids`` and ``state`` have one entry per row. ``insert`` are the rows to write as new observations (with
    ``insert_ids``), ``correct`` those whose values replace a stored observation (``correct_ids``).
    """

    ids: Int64s
    state: npt.NDArray[np.uint8] | None
    insert: Int64s | None
    insert_ids: Int64s
    correct: Int64s
    correct_ids: Int64s
    changed: pa.Table | None = None


class _Stored(msgspec.Struct):
    """What the join found, per candidate key: id 0 where nothing is stored."""

    ids: Int64s
    results: Floats
    jsons: Objects
    qualities: npt.NDArray[np.int64]


_NONE = np.empty(0, np.int64)
_MIX_TIME = np.uint64(0x9E3779B97F4A7C15)
_MIX_STREAM = np.uint64(0xC2B2AE3D27D4EB4F)
_MIX_ISSUE = np.uint64(0x165667B19E3779F9)


def all_new(count: int, first_id: int) -> Plan:
    """Return the plan of the fast path: every row is a new observation."""
    ids = np.arange(first_id, first_id + count, dtype=np.int64)
    return Plan(ids=ids, state=None, insert=None, insert_ids=ids, correct=_NONE, correct_ids=_NONE)


def slow_rows(batch: Batch, kinds: Kinds, watermark: Watermark) -> Int64s:
    """Return the rows that must be looked up: not newer than the watermark, or sharing a key within the group."""
    identity = kinds.identity(batch.datastream_id)
    if not (identity != ALL).any():
        return _NONE
    known = batch.phenomenon_time <= watermark.time[batch.datastream_id]
    by_issue = identity == BY_TIME_AND_ISSUE
    if batch.result_time is not None and by_issue.any():
        known &= ~(by_issue & (batch.result_time > watermark.issue[batch.datastream_id]))
    slow = (known | _shared(batch, by_issue)) & (identity != ALL)
    return np.flatnonzero(slow)


def _shared(batch: Batch, by_issue: Bools) -> Bools:
    """Rows whose key may occur twice in the group; a hash collision only sends a row the slow way."""
    streams, times = batch.datastream_id, batch.phenomenon_time
    if batch.count == 1 or ((streams[1:] == streams[:-1]).all() and (times[1:] > times[:-1]).all()):
        return np.zeros(batch.count, np.bool_)
    key = times.view(np.uint64) * _MIX_TIME ^ streams.view(np.uint64) * _MIX_STREAM
    if batch.result_time is not None and by_issue.any():
        key ^= np.where(by_issue, batch.result_time, 0).view(np.uint64) * _MIX_ISSUE
    ordered = np.sort(key)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    return np.isin(key, twice) if len(twice) else np.zeros(batch.count, np.bool_)


def resolve(
    con: duckdb.DuckDBPyConnection, feeds: Feeds, batch: Batch, kinds: Kinds, slow: Int64s, first_id: int, now: int
) -> Plan:
    """Look the slow rows up and return the plan for the whole group; runs inside the group's transaction."""
    order, starts = _runs(batch, kinds, slow)
    rows = slow[order]
    group = np.cumsum(starts) - 1
    stored = _look_up(con, feeds, batch, kinds, rows[starts])
    changed_here, before = _compare(batch, rows, starts, group, stored)
    is_new = stored.ids == 0
    effective = changed_here | (starts & is_new[group])
    final = _last_effective(effective, group, rows)

    is_insert = np.ones(batch.count, np.bool_)
    is_insert[slow] = False
    is_insert[rows[starts & is_new[group]]] = True
    insert = np.flatnonzero(is_insert)
    insert_ids = np.arange(first_id, first_id + len(insert), dtype=np.int64)
    ids = np.zeros(batch.count, np.int64)
    ids[insert] = insert_ids
    of_group = np.where(is_new, ids[rows[starts]], stored.ids)
    ids[rows] = of_group[group]

    source = np.arange(batch.count)
    source[rows[starts]] = np.where(is_new, final, rows[starts])
    state = np.full(batch.count, INSERTED, np.uint8)
    state[rows] = np.where(changed_here, REPLACED, np.where(starts & is_new[group], INSERTED, UNCHANGED))
    corrected = np.flatnonzero(~is_new & (final >= 0))
    return Plan(
        ids=ids,
        state=state,
        insert=source[insert],
        insert_ids=insert_ids,
        correct=final[corrected],
        correct_ids=stored.ids[corrected],
        changed=_changes(batch, rows, changed_here, before, ids, now) if changed_here.any() else None,
    )


def _runs(batch: Batch, kinds: Kinds, slow: Int64s) -> tuple[Int64s, Bools]:
    """Sort the slow rows by key, keeping their order within one key; say which of them start a new key."""
    columns = [batch.datastream_id[slow], batch.phenomenon_time[slow]]
    columns += [column[slow] for column in (batch.phenomenon_end, batch.feature_id) if column is not None]
    if batch.result_time is not None:
        by_issue = kinds.identity(batch.datastream_id[slow]) == BY_TIME_AND_ISSUE
        if by_issue.any():
            columns.append(np.where(by_issue, batch.result_time[slow], 0))
    order = np.lexsort(columns[::-1])
    starts = np.zeros(len(slow), np.bool_)
    starts[0] = True
    for column in columns:
        ordered = column[order]
        starts[1:] |= ordered[1:] != ordered[:-1]
    return order, starts


def _look_up(con: duckdb.DuckDBPyConnection, feeds: Feeds, batch: Batch, kinds: Kinds, keys: Int64s) -> _Stored:
    streams, times = batch.datastream_id[keys], batch.phenomenon_time[keys]
    table = batch.take(keys)
    by_issue = pa.array(kinds.identity(streams) == BY_TIME_AND_ISSUE)
    columns = [pa.array(np.arange(len(keys))), *(table.column(name) for name in SCHEMAS["candidate"].names[1:-1])]
    feeds.fill("candidate", pa.table([*columns, by_issue], schema=SCHEMAS["candidate"]))
    bounds = [int(times.min()), int(times.max()), int(streams.min()), int(streams.max())]
    found = con.execute(_MATCH, bounds).fetchnumpy()
    order = np.argsort(found["id"])  # of several that were stored under another identity, the last counts
    where = found["position"][order]
    stored = _Stored(
        ids=np.zeros(len(keys), np.int64),
        results=np.full(len(keys), np.nan),
        jsons=np.full(len(keys), None, np.object_),
        qualities=np.zeros(len(keys), np.int64),
    )
    stored.ids[where] = found["id"][order]
    stored.results[where] = np.ma.filled(found["result"], np.nan)[order]
    texts = np.ma.getdata(found["result_json"])
    texts[np.ma.getmaskarray(found["result_json"])] = None
    stored.jsons[where] = texts[order]
    stored.qualities[where] = found["quality"][order]
    return stored


class _Before(msgspec.Struct):
    """The value each slow row meets: that of the row before it in its run, or the stored one."""

    results: Floats
    jsons: Objects


def _compare(batch: Batch, rows: Int64s, starts: Bools, group: Int64s, stored: _Stored) -> tuple[Bools, _Before]:
    """Say which slow rows bring another value (or another verdict on quality) than what stands before them."""
    results = batch.result[rows]
    jsons = np.full(len(rows), None, np.object_) if batch.result_json is None else batch.result_json[rows]
    qualities = batch.quality[rows].astype(np.int64)
    before = _Before(
        results=np.where(starts, stored.results[group], np.roll(results, 1)),
        jsons=np.where(starts, stored.jsons[group], np.roll(jsons, 1)),
    )
    before_quality = np.where(starts, stored.qualities[group], np.roll(qualities, 1))
    same = (results == before.results) | (np.isnan(results) & np.isnan(before.results))
    same &= jsons == before.jsons
    # "not evaluated" is no verdict: a frame sent again does not take back what quality control said meanwhile.
    same &= (qualities == before_quality) | (qualities == Quality.NOT_EVALUATED)
    exists = ~starts | (stored.ids[group] != 0)
    return exists & ~same, before


def _last_effective(effective: Bools, group: Int64s, rows: Int64s) -> Int64s:
    """Return per key the last row that brought something, −1 where none did."""
    final = np.full(int(group[-1]) + 1, -1, np.int64)
    final[group[effective]] = rows[effective]
    return final


def _changes(batch: Batch, rows: Int64s, changed: Bools, before: _Before, ids: Int64s, now: int) -> pa.Table:
    where = rows[changed]
    new = batch.take(where)
    old = before.results[changed]
    return pa.table(
        [
            pa.array(ids[where]),
            new.column("datastream_id"),
            new.column("phenomenon_time"),
            pa.array(old, mask=np.isnan(old)),
            pa.array(before.jsons[changed], pa.string()),
            new.column("result"),
            new.column("result_json"),
            pa.array(np.full(len(where), now, np.int64)).cast(TIME),
        ],
        schema=SCHEMAS["changed"],
    )


__all__ = ["BY_TIME", "INSERTED", "REPLACED", "UNCHANGED", "Plan", "all_new", "resolve", "slow_rows"]
