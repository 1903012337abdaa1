"""Writes what was found: an anomaly that was known is changed, never doubled; one that is gone is withdrawn.

An anomaly is known again by its datastream and by hours in common. Its ``phenomenonTime`` stays that of its first
record, whatever later values say about its beginning, so that whoever holds a link to it still finds it. Its end is one
of its parameters: in the store an observation with another end is another observation.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import duckdb
import msgspec
import pyarrow as pa

from placette.model.observations import ObservationRow, table_of
from placette.services.anomaly.derived import existing, outputs
from placette.services.anomaly.terms import HOUR_US, WITHDRAWN, Details, Found, Picture, State
from placette.services.panels import Regular
from placette.store import DatastreamInfo, Store
from placette.store.sql import among

STATE = "anomalies"
_SECOND = 1_000_000
_APART_S = 6 * 3_600

_KNOWN = """
SELECT datastream_id, epoch_us(phenomenon_time) AS time, extra FROM observation
WHERE datastream_id IN {ids} AND (extra->>'$.parameters.end')::BIGINT >= ?
ORDER BY datastream_id, phenomenon_time
"""
_AGAIN = """
UPDATE observation SET extra = a.extra FROM again a
WHERE observation.datastream_id = a.datastream_id AND observation.phenomenon_time = a.phenomenon_time
  AND observation.phenomenon_time BETWEEN make_timestamp(?) AND make_timestamp(?)
"""


class _Extra(msgspec.Struct):
    parameters: Details


_decoder = msgspec.json.Decoder(_Extra)


class Known(msgspec.Struct, frozen=True):
    """A stored anomaly: the datastream it is of, the time of its record (µs UTC), and what it says."""

    info: DatastreamInfo
    time: int
    details: Details


def stored(store: Store, infos: Sequence[DatastreamInfo], since: int) -> list[Known]:
    """Return the anomalies of datastreams that ended at ``since`` (µs UTC) or later, withdrawn ones too. Blocks."""
    owners = existing(store, infos)
    if not owners:
        return []
    rows = store.query_now(_KNOWN.format(ids=among(owners)), [since // _SECOND])
    columns = (rows.column(name).to_pylist() for name in ("datastream_id", "time", "extra"))
    found = {
        (owner, time): Known(owners[owner], time, _decoder.decode(extra).parameters)
        for owner, time, extra in zip(*columns, strict=True)
        if extra
    }
    return list(found.values())


def write(store: Store, clock: Regular, found: Sequence[Found], first: int) -> int:
    """Bring what is stored into line with what was found from hour ``first`` on; return how many changed. Blocks."""
    begin = _instant(clock, first)
    known = stored(store, clock.infos, begin)
    rows: list[tuple[DatastreamInfo, int, Details]] = []
    taken: set[tuple[int, int]] = set()
    for one in found:
        info = clock.infos[one.series]
        details = _details(clock, one)
        again = [each for each in known if each.info.id == info.id and _meet(each.details, details)]
        again = [each for each in again if (info.id, each.time) not in taken]
        if again:
            details = _continued(again[0].details, details, begin // _SECOND)
        time = again[0].time if again else details.start * _SECOND
        taken.add((info.id, time))
        if not again or again[0].details != details:
            rows.append((info, time, details))
    for each in known:
        old = each.details
        gone = (each.info.id, each.time) not in taken and old.state != WITHDRAWN
        if gone and old.start * _SECOND >= begin:
            rows.append((each.info, each.time, msgspec.structs.replace(old, state=WITHDRAWN, ongoing=False)))
        elif gone and old.ongoing:
            rows.append((each.info, each.time, msgspec.structs.replace(old, ongoing=False)))
    if rows:
        ids = outputs(store, list({info.id: info for info, _, _ in rows}.values()))
        table = table_of([_row(ids[info.id], time, details) for info, time, details in rows])
        store.append_now(table)
        store.change_now(partial(_rewrite, table=table), refresh=False)
    return len(rows)


def state_of(store: Store) -> State:
    """Return how the last look went. Blocks."""
    found = store.query_now("SELECT value FROM meta WHERE key = ?", [STATE]).to_pylist()
    return msgspec.json.decode(found[0]["value"], type=State) if found else State()


def set_state(store: Store, state: State) -> None:
    """Keep how the last look went. Blocks."""
    store.change_now(partial(_set, value=msgspec.json.encode(state).decode()), refresh=False)


def _set(con: duckdb.DuckDBPyConnection, *, value: str) -> None:
    con.execute("DELETE FROM meta WHERE key = ?", [STATE])
    con.execute("INSERT INTO meta VALUES (?, ?)", [STATE, value])


def _rewrite(con: duckdb.DuckDBPyConnection, *, table: pa.Table) -> None:
    """Write what the rows say beside their results: an observation whose result is the same counts as unchanged."""
    times = table.column("phenomenon_time").cast(pa.int64()).to_pylist()
    con.register("again", table)
    try:
        con.execute(_AGAIN, [min(times), max(times)])
    finally:
        con.unregister("again")


def _row(output: int, time: int, details: Details) -> ObservationRow:
    return ObservationRow(
        datastream_id=output,
        phenomenon_time=time,
        result=0.0 if details.state == WITHDRAWN else details.score,
        extra=msgspec.json.encode({"parameters": details}).decode(),
    )


def _meet(old: Details, new: Details) -> bool:
    return old.start < new.end + _APART_S and new.start < old.end + _APART_S


def _continued(old: Details, new: Details, judged_from: int) -> Details:
    """Return an anomaly that goes on; what began before the judged hours keeps its beginning and its highest score."""
    if old.start >= judged_from or old.state == WITHDRAWN:
        return new
    return msgspec.structs.replace(
        new, start=min(old.start, new.start), seen=min(old.seen, new.seen), score=max(old.score, new.score)
    )


def _details(clock: Regular, one: Found) -> Details:
    columns = [list(column) for column in zip(*one.picture, strict=True)] or [[], [], [], []]
    times = [_instant(clock, one.first + step) // _SECOND for step in range(len(one.picture))]
    return Details(
        start=_instant(clock, one.start) // _SECOND,
        end=(_instant(clock, one.end) + HOUR_US) // _SECOND,
        seen=(_instant(clock, one.seen) + HOUR_US) // _SECOND,
        kind=one.kind,
        fault=one.fault,
        score=one.score,
        chart=one.chart,
        direction=one.direction,
        observed=one.observed,
        expected=one.expected,
        low=one.low,
        high=one.high,
        ongoing=one.ongoing,
        causes=one.causes,
        evidence=one.evidence,
        picture=Picture(time=times, observed=columns[0], expected=columns[1], low=columns[2], high=columns[3]),
    )


def _instant(clock: Regular, hour: int) -> int:
    """Return when an hour begins (µs UTC); of the hour that spring leaves out, the next."""
    instant = int(clock.instants(hour, 1)[0])
    return instant if instant >= 0 else int(clock.instants(hour + 1, 1)[0])
