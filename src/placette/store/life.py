"""The life of devices: which one hangs at which site since when, and in which state the site is.

A site is a Thing: its series go on when the device that hangs there is replaced. What is written here is never changed,
only ended: who asks later what hung there on a certain day finds it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import duckdb
import msgspec
import pyarrow as pa

from placette.model import times
from placette.model.observations import TIME
from placette.store.core import Store
from placette.store.ledger import notes

State = Literal["planned", "installed", "silent", "replaced", "retired"]
"""``replaced`` is noted at the moment of the replacement; the site is ``installed`` again with the next frame."""
RETIRED = "retired"
"""Property of a Thing whose device was taken away for good: since when, ISO 8601. Maps and lists leave it out."""
DECLARED_BY_FOLDER, DECLARED_IN_THE_FIELD = "folder", "field"


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A device at a site; ``network_id`` is how its network names it, ``until`` is ``None`` while it hangs there.

    Times in µs UTC; ``declared`` says whether the city folder or the field declared it.
    """

    thing_code: str
    network_id: str
    network: str
    model: str
    since: int
    until: int | None = None
    declared: str = DECLARED_BY_FOLDER
    note: str = ""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A site came into a state at a time (µs UTC)."""

    thing_code: str
    state: State
    time: int
    note: str = ""


def attach(con: duckdb.DuckDBPyConnection, new: Sequence[Attachment]) -> None:
    """Hang devices at sites; what hung there, and where these devices hung before, ends at the same time."""
    table = pa.table(
        {
            "thing_code": [each.thing_code for each in new],
            "network_id": [each.network_id for each in new],
            "network": [each.network for each in new],
            "model": [each.model for each in new],
            "since": pa.array([each.since for each in new], pa.int64()).cast(TIME),
            "until": pa.nulls(len(new), TIME),
            "declared": [each.declared for each in new],
            "note": [each.note for each in new],
        }
    )
    con.register("hung", table)
    try:
        con.execute(
            "UPDATE attachment a SET until = h.since FROM hung h WHERE a.until IS NULL"
            " AND (a.thing_code = h.thing_code OR lower(a.network_id) = lower(h.network_id))"
        )
        con.execute("INSERT INTO attachment FROM hung")
    finally:
        con.unregister("hung")


def detach(con: duckdb.DuckDBPyConnection, thing_code: str, at: int) -> None:
    """Take away what hangs at a site (``at`` in µs UTC)."""
    con.execute(
        "UPDATE attachment SET until = make_timestamp(?) WHERE until IS NULL AND thing_code = ?", [at, thing_code]
    )


def mark(con: duckdb.DuckDBPyConnection, retired: Mapping[str, int | None]) -> None:
    """Say on Things, by code, since when they are retired (µs UTC), or with ``None`` that they are not."""
    for code, at in retired.items():
        wanted = None if at is None else times.iso(at)
        for key, text in con.execute("SELECT id, properties FROM thing WHERE code = ?", [code]).fetchall():
            properties = msgspec.json.decode(text, type=dict[str, Any])
            if properties.get(RETIRED) == wanted:
                continue
            properties[RETIRED] = wanted
            if wanted is None:
                del properties[RETIRED]
            con.execute("UPDATE thing SET properties = ? WHERE id = ?", [msgspec.json.encode(properties).decode(), key])
            notes().things.add(key)
    notes().other = True


def note(con: duckdb.DuckDBPyConnection, events: Sequence[Event]) -> None:
    """Write down that sites came into a state."""
    table = pa.table(
        {
            "thing_code": [event.thing_code for event in events],
            "state": pa.array([event.state for event in events], pa.string()),
            "time": pa.array([event.time for event in events], pa.int64()).cast(TIME),
            "note": [event.note for event in events],
        }
    )
    con.register("happened", table)
    try:
        con.execute("INSERT INTO life FROM happened")
    finally:
        con.unregister("happened")


def attachments(store: Store, thing_code: str | None = None) -> list[Attachment]:
    """Return all attachments, or those of one site, the oldest first. Blocks."""
    found = store.query_now(
        "SELECT thing_code, network_id, network, model, epoch_us(since) AS since, epoch_us(until) AS until, declared,"
        " note FROM attachment WHERE (? IS NULL OR thing_code = ?) ORDER BY since",
        [thing_code, thing_code],
    )
    return [Attachment(**row) for row in found.to_pylist()]


def events(store: Store, thing_code: str) -> list[Event]:
    """Return what happened to a site, the newest first. Blocks."""
    found = store.query_now(
        "SELECT thing_code, state, epoch_us(time) AS time, note FROM life WHERE thing_code = ?"
        " ORDER BY time DESC, rowid DESC",
        [thing_code],
    )
    return [Event(**row) for row in found.to_pylist()]


def states(store: Store) -> dict[str, Event]:
    """Return the last event of every site that has one. Blocks."""
    found: list[dict[str, Any]] = store.query_now(
        "SELECT thing_code, arg_max(state, (time, rowid)) AS state, epoch_us(max(time)) AS time,"
        " arg_max(note, (time, rowid)) AS note FROM life GROUP BY thing_code"
    ).to_pylist()
    return {row["thing_code"]: Event(**row) for row in found}
