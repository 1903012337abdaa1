"""Writes one group of appends into the database and then into the caches in memory."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import numpy as np
import pyarrow as pa

from placette.model.observations import STORED_SCHEMA
from placette.store import identity
from placette.store.batch import Batch, Int64s
from placette.store.feed import Feeds
from placette.store.identity import Plan
from placette.store.jobs import Before
from placette.store.kinds import Kinds
from placette.store.sql import transaction
from placette.store.watermark import Watermark

_INSERT = "INSERT INTO observation FROM incoming"
_CORRECT = """
UPDATE observation SET result = c.result, result_json = c.result_json, result_time = c.result_time,
    quality = c.quality, extra = c.extra, arrival_id = coalesce(c.arrival_id, observation.arrival_id)
FROM corrected c
WHERE observation.id = c.id AND observation.id BETWEEN ? AND ?
  AND observation.phenomenon_time BETWEEN make_timestamp(?) AND make_timestamp(?)
"""
_CORRECT_LATEST = """
UPDATE latest SET result = c.result, result_json = c.result_json, quality = c.quality
FROM corrected c WHERE latest.id = c.id
"""


class Landing:
    """Stores batches on one connection; ``next_id`` is the id the next new observation gets."""

    def __init__(self, kinds: Kinds, watermark: Watermark) -> None:
        self.kinds = kinds
        self.watermark = watermark
        self.feeds = Feeds()
        self.next_id = 1

    def store(self, con: duckdb.DuckDBPyConnection, batch: Batch, now: int, before: Sequence[Before] = ()) -> Plan:
        """Store a checked batch durably and return what became of each row; nothing is stored when it raises.

        What ``before`` writes is stored in the same commit.
        """
        slow = self._slow(batch)
        if before or len(slow):
            with transaction(con):
                for write in before:
                    write(con, self.feeds)
                plan = self._write(con, batch, slow, now)
        else:
            plan = self._write(con, batch, slow, now)
        self.next_id += len(plan.insert_ids)
        return plan

    def remember(self, batch: Batch, plan: Plan) -> None:
        """Bring the watermark and the latest values up to what was just stored."""
        issues = batch.result_time
        if plan.insert is None:
            self._advance(batch, slice(None), plan.insert_ids, issues)
            return
        if len(plan.insert):
            self._advance(batch, plan.insert, plan.insert_ids, issues)
        if len(plan.correct):
            self.watermark.replace(
                batch.datastream_id[plan.correct],
                plan.correct_ids,
                batch.result[plan.correct],
                None if batch.result_json is None else batch.result_json[plan.correct],
                batch.quality[plan.correct],
            )

    def stored(self, batch: Batch, plan: Plan) -> pa.Table:
        """Return the rows that are new or corrected, with their ids (``STORED_SCHEMA``), for the live bus."""
        if plan.insert is None:
            return _with_ids(batch.table, plan.ids)
        rows = np.concatenate([plan.insert, plan.correct])
        return _with_ids(batch.take(rows), np.concatenate([plan.insert_ids, plan.correct_ids]))

    def _advance(self, batch: Batch, rows: Int64s | slice, ids: Int64s, issues: Int64s | None) -> None:
        streams = batch.datastream_id[rows]
        self.watermark.advance(
            streams,
            batch.phenomenon_time[rows],
            None if issues is None else issues[rows],
            batch.result[rows],
            None if batch.result_json is None else batch.result_json[rows],
            batch.quality[rows],
            ids,
        )

    def _slow(self, batch: Batch) -> Int64s:
        if not batch.count:
            return np.empty(0, np.int64)
        self.watermark.reserve(int(batch.datastream_id.max()))
        return identity.slow_rows(batch, self.kinds, self.watermark)

    def _write(self, con: duckdb.DuckDBPyConnection, batch: Batch, slow: Int64s, now: int) -> Plan:
        if len(slow):
            return self._write_slowly(con, batch, slow, now)
        plan = identity.all_new(batch.count, self.next_id)
        if batch.count:
            self.feeds.fill("incoming", _with_ids(batch.table, plan.ids))
            con.execute(_INSERT)
        return plan

    def _write_slowly(self, con: duckdb.DuckDBPyConnection, batch: Batch, slow: Int64s, now: int) -> Plan:
        plan = identity.resolve(con, self.feeds, batch, self.kinds, slow, self.next_id, now)
        if plan.insert is not None and len(plan.insert):
            self.feeds.fill("incoming", _with_ids(batch.take(plan.insert), plan.insert_ids))
            con.execute(_INSERT)
        if len(plan.correct):
            self._correct(con, batch, plan)
        if plan.changed is not None:
            self.feeds.fill("changed", plan.changed)
            con.execute("INSERT INTO observation_change FROM changed")
        return plan

    def _correct(self, con: duckdb.DuckDBPyConnection, batch: Batch, plan: Plan) -> None:
        self.feeds.fill("corrected", _with_ids(batch.take(plan.correct), plan.correct_ids))
        times = batch.phenomenon_time[plan.correct]
        ids = plan.correct_ids
        con.execute(_CORRECT, [int(ids.min()), int(ids.max()), int(times.min()), int(times.max())])
        con.execute(_CORRECT_LATEST)


def _with_ids(table: pa.Table, ids: Int64s) -> pa.Table:
    return pa.table([pa.array(ids), *table.columns], schema=STORED_SCHEMA)
