"""The one thread that writes: takes what has gathered in the queue, commits it as one group, then answers everybody.

There is no timer. A lone POST waits for one commit; a flood shares it. When the queue is full callers are told to come
back; when the disk fails, nothing is acknowledged, and the next attempt after a pause probes whether it is well again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from placette.model.errors import BadObservation, Busy, PlacetteError, StorageFailure
from placette.store import directory, snapshot
from placette.store.batch import Batch, gather
from placette.store.bus import Bus
from placette.store.check import Fault, faults, refusal
from placette.store.engine import BROKEN, Engine
from placette.store.identity import REPLACED, UNCHANGED, Plan
from placette.store.jobs import Append, Change, Job, Outcome, settle
from placette.store.landing import Landing
from placette.store.ledger import Ledger, current
from placette.store.readers import Readers
from placette.store.receipt import Receipt
from placette.store.settings import StoreSettings
from placette.store.shared import Shared
from placette.store.sql import transaction

log = logging.getLogger(__name__)

_PAUSE_AFTER_FAILURE_S = 1.0
"""Reopening a broken database for every waiting caller would only keep a sick disk busy."""
_SNAPSHOT_ROWS = 2_000_000
"""After so many rows the latest values are saved (20 ms), so that a start after a crash reads no more than these."""


class Writer:
    """The queue and its thread."""

    def __init__(self, engine: Engine, readers: Readers, shared: Shared, bus: Bus, settings: StoreSettings) -> None:
        self._engine = engine
        self._readers = readers
        self._shared = shared
        self._bus = bus
        self._settings = settings
        self._landing = Landing(shared.kinds, shared.watermark)
        self._queue: deque[Job] = deque()
        self._queued_rows = 0
        self._wake = threading.Condition()
        self._stopping = False
        self._failed_until = 0.0
        self._saved_id = 0
        self._con: duckdb.DuckDBPyConnection | None = None
        self._thread = threading.Thread(target=self._run, name="placette-writer", daemon=True)

    def start(self) -> None:
        """Open the writer's connection, load the caches and start the thread."""
        self._connect()
        self._thread.start()

    def submit(self, job: Job) -> None:
        """Put a job into the queue; raises ``Busy`` when it is full and ``StorageFailure`` when the store is closed."""
        with self._wake:
            if self._stopping:
                raise StorageFailure("the store is closed", remedy="start Placette again")
            if self._queued_rows and self._queued_rows + job.count > self._settings.queue_rows:
                raise Busy(f"{self._queued_rows:,} rows wait to be stored", remedy="send again in a moment")
            self._queue.append(job)
            self._queued_rows += job.count
            self._wake.notify()

    @property
    def queued_rows(self) -> int:
        """Rows that wait to be stored."""
        return self._queued_rows

    def stop(self) -> None:
        """Store what waits, save the snapshot of the latest values and end the thread."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        self._thread.join()

    def _run(self) -> None:
        while (group := self._next_group()) is not None:
            if group:
                settle(self._answers(group))
            self._keep_well()
        self._finish()

    def _next_group(self) -> list[Job] | None:
        """Wait for work; an empty list says that a closed database should be tried again, ``None`` that all is done."""
        with self._wake:
            while not self._queue and not self._stopping:
                if not self._wake.wait(None if self._con is not None else _PAUSE_AFTER_FAILURE_S):
                    return []
            return self._take_group() if self._queue else None

    def _take_group(self) -> list[Job]:
        """Take the first change alone, or the appends before the next change, up to the group's limit."""
        group: list[Job] = []
        rows = 0
        while self._queue:
            job = self._queue[0]
            if group and (isinstance(job, Change) or rows + job.count > self._settings.group_rows):
                break
            group.append(self._queue.popleft())
            rows += job.count
            if isinstance(job, Change):
                break
        self._queued_rows -= rows
        return group

    def _answers(self, group: Sequence[Job]) -> list[Outcome]:
        try:
            con = self._ready()
            first = group[0]
            if isinstance(first, Change):
                return [(first.waiter, self._change(con, first))]
            return self._append(con, [job for job in group if isinstance(job, Append)])
        except BaseException as error:  # noqa: BLE001  # whatever it is belongs to the callers; the thread must live on
            cause = self._after_failure(error) if isinstance(error, BROKEN) else error
            return [(job.waiter, cause) for job in group]

    def _ready(self) -> duckdb.DuckDBPyConnection:
        if time.monotonic() < self._failed_until:
            raise StorageFailure("the disk failed a moment ago", str(self._engine.path), "see to the disk; try again")
        try:
            free, reserve = self._engine.free_bytes(), self._settings.disk_reserve_mib << 20
        except OSError as error:
            raise StorageFailure(f"the disk is gone: {error}", remedy="see to the disk; try again") from error
        if free < reserve:
            raise StorageFailure(
                f"the disk is full: {free >> 20} MiB are free, {reserve >> 20} MiB are kept in reserve",
                str(self._engine.path.parent),
                "make room; storing goes on by itself",
            )
        if self._con is None:
            self._failed_until = time.monotonic() + _PAUSE_AFTER_FAILURE_S
            self._open_again()
            self._failed_until = 0.0
        if self._con is None:
            raise StorageFailure("the database is closed", str(self._engine.path), "see the server's log")
        return self._con

    def _append(self, con: duckdb.DuckDBPyConnection, jobs: list[Append]) -> list[Outcome]:
        try:
            return self._append_group(con, jobs)
        except (PlacetteError, *BROKEN):
            raise
        except Exception as error:  # noqa: BLE001  # which rows are to blame shows when each caller is tried alone
            if len(jobs) == 1:
                return [(jobs[0].waiter, _cause(error))]
        return [outcome for job in jobs for outcome in self._answers([job])]

    def _append_group(self, con: duckdb.DuckDBPyConnection, jobs: list[Append]) -> list[Outcome]:
        now = time.time_ns() // 1000
        batch = gather(jobs)
        found = faults(batch, self._shared.kinds, now, self._settings.max_future_s) if batch.count else []
        if found:
            return self._refuse_some(jobs, batch, found)
        plan = self._landing.store(con, batch, now, [job.before for job in jobs if job.before is not None])
        if batch.count:
            self._landing.remember(batch, plan)
            self._shared.meter.count(batch.count, now)
            self._publish(batch, plan)
        return _receipts(jobs, plan)

    def _publish(self, batch: Batch, plan: Plan) -> None:
        """Tell the listeners; the rows are stored already, so that no fault of a listener may reach their callers."""
        try:
            if self._bus.has_listeners():
                self._bus.publish(self._landing.stored(batch, plan))
        except Exception:
            log.exception("%d stored rows did not reach the listeners", batch.count)

    def _refuse_some(self, jobs: list[Append], batch: Batch, found: list[Fault]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        good: list[Append] = []
        start = 0
        for job in jobs:
            error = refusal(found, start, start + job.count, lambda row: str(batch.datastream_id[row]))
            start += job.count
            if error is None:
                good.append(job)
            else:
                outcomes.append((job.waiter, error))
        return outcomes + (self._answers(good) if good else [])

    def _change(self, con: duckdb.DuckDBPyConnection, job: Change) -> Any:
        ledger = Ledger()
        token = current.set(ledger)
        reloaded = None
        try:
            with transaction(con):
                value = job.fn(con)
                if ledger.observations_of:
                    reloaded = snapshot.reload(con, ledger.observations_of, self._landing.next_id)
        finally:
            current.reset(token)
        if job.refresh:
            self._follow(con, ledger)
        if reloaded is not None:
            self._shared.watermark.forget(ledger.observations_of)
            snapshot.take_in(self._shared.watermark, reloaded)
        for verdicts in ledger.flagged:
            snapshot.take_verdicts(self._shared.watermark, verdicts)
        return value

    def _follow(self, con: duckdb.DuckDBPyConnection, ledger: Ledger) -> None:
        shared = self._shared
        after, gone = directory.follow(con, shared.directory, ledger)
        if ledger.everything or ledger.is_empty():
            shared.kinds.learn(after.by_id.values())
            shared.kinds.learn_features(_features(con))
        else:
            shared.kinds.learn(after.by_id[key] for key in after.by_id.keys() & self._changed(after, ledger))
            shared.kinds.learn_features(ledger.features_added, ledger.features_gone)
        shared.kinds.forget(gone)
        shared.watermark.forget(gone)
        shared.directory = after

    def _changed(self, after: directory.Directory, ledger: Ledger) -> set[int]:
        before = self._shared.directory.by_id
        if ledger.things or ledger.properties:
            return {key for key, info in after.by_id.items() if before.get(key) is not info}
        return ledger.datastreams

    def _connect(self) -> None:
        con = self._engine.cursor()
        shared = self._shared
        shared.directory = directory.load(con, shared.directory.version + 1)
        shared.kinds.learn(shared.directory.by_id.values())
        shared.kinds.learn_features(_features(con))
        shared.watermark.clear()
        self._landing.next_id = snapshot.load(con, shared.watermark)
        self._saved_id = snapshot.meta(con, "latest_upto") + 1
        self._landing.feeds.register(con)
        self._con = con

    def _after_failure(self, error: BaseException) -> StorageFailure:
        """Refuse for a moment, and open the database anew if it is unusable; nothing of the group was acknowledged."""
        self._failed_until = time.monotonic() + _PAUSE_AFTER_FAILURE_S
        log.error("a group could not be stored: %s", error)
        if not self._engine.is_alive():
            self._let_go()
            self._keep_well()
        return StorageFailure(f"the disk failed: {error}", str(self._engine.path), "see to the disk; send again")

    def _let_go(self) -> None:
        """Close a broken database; DuckDB opens the file anew only when every connection to it is gone."""
        con, self._con = self._con, None
        self._readers.suspend()
        if con is not None:
            with suppress(duckdb.Error):
                con.close()
        self._engine.close()

    def _open_again(self) -> None:
        self._engine.close()
        self._engine.open()
        self._connect()
        self._readers.resume()

    def _keep_well(self) -> None:
        """Open a closed database again, so that readers are served, and save the latest values now and then."""
        try:
            if self._con is None:
                self._open_again()
            elif self._landing.next_id - self._saved_id >= _SNAPSHOT_ROWS:
                self._saved_id = self._landing.next_id
                snapshot.save(self._con, self._shared.watermark, self._landing.next_id)
        except (StorageFailure, duckdb.Error) as failure:
            log.warning("the database is not well: %s", failure)
            if not self._engine.is_alive():
                self._let_go()

    def _finish(self) -> None:
        con, self._con = self._con, None
        if con is None:
            return
        try:
            snapshot.save(con, self._shared.watermark, self._landing.next_id)
        except duckdb.Error as error:
            log.warning("the latest values could not be saved; the next start reads them again: %s", error)
        self._landing.feeds.unregister(con)
        con.close()


def _cause(error: Exception) -> Exception:
    """Return what a caller is told whose rows alone could not be stored."""
    if isinstance(error, pa.ArrowException | OverflowError | TypeError):
        return BadObservation(f"a value does not fit its column: {error}", remedy="see OBSERVATION_SCHEMA")
    log.error("a batch could not be stored", exc_info=error)
    return error


def _features(con: duckdb.DuckDBPyConnection) -> list[int]:
    return [key for (key,) in con.execute("SELECT id FROM feature_of_interest").fetchall()]


def _receipts(jobs: list[Append], plan: Plan) -> list[Outcome]:
    starts = np.cumsum([0, *(job.count for job in jobs)])
    replaced = unchanged = np.zeros(len(jobs), np.int64)
    if plan.state is not None:
        replaced, unchanged = (
            np.diff(np.concatenate([[0], np.cumsum(plan.state == word)])[starts]) for word in (REPLACED, UNCHANGED)
        )
    rows = zip(jobs, starts.tolist(), replaced.tolist(), unchanged.tolist(), strict=False)
    return [
        (job.waiter, Receipt(plan.ids[start : start + job.count], job.count - same - new, new, same))
        for job, start, new, same in rows
    ]
