"""Which Thing is where, now and before (OGC 18-088, section 8.2.3: a moved Thing leaves a HistoricalLocation)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import duckdb

from placette.store.ledger import notes
from placette.store.sql import first


def move_thing(con: duckdb.DuckDBPyConnection, thing_id: int, location_ids: Sequence[int]) -> int | None:
    """Say that the Thing now is at exactly these Locations; return the id of its new HistoricalLocation.

    Nothing happens, and ``None`` is returned, when it already is there.
    """
    now = con.execute("SELECT location_id FROM thing_location WHERE thing_id = ?", [thing_id]).fetchall()
    if {key for (key,) in now} == set(location_ids):
        return None
    con.execute("DELETE FROM thing_location WHERE thing_id = ?", [thing_id])
    for location_id in location_ids:
        con.execute("INSERT INTO thing_location VALUES (?, ?)", [thing_id, location_id])
    notes().things.add(thing_id)
    return record(con, thing_id, location_ids)


def add_location(con: duckdb.DuckDBPyConnection, thing_id: int, location_id: int) -> int | None:
    """Say that the Thing now is at this Location, in the place of the former one."""
    return move_thing(con, thing_id, [location_id])


def record(
    con: duckdb.DuckDBPyConnection, thing_id: int, location_ids: Iterable[int], time: int | None = None
) -> int | None:
    """Insert a HistoricalLocation at ``time`` (µs UTC, default now); ``None`` when there is no Location."""
    located = list(location_ids)
    if not located:
        return None
    moment = "now()::TIMESTAMP" if time is None else "make_timestamp(?)"
    given = [] if time is None else [time]
    row = first(
        con,
        f"INSERT INTO historical_location VALUES (nextval('historical_location_id'), ?, {moment}) RETURNING id",  # noqa: S608  # fixed text
        [thing_id, *given],
    )
    key = int(row[0]) if row else 0
    notes().other = True
    for location_id in located:
        con.execute("INSERT INTO historical_location_location VALUES (?, ?)", [key, location_id])
    return key
