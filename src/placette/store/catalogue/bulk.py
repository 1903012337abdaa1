"""Inserting many entities at once, for files and folders: thirty thousand lights in a second, not in minutes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import duckdb
import pyarrow as pa

from placette.model.errors import Conflict
from placette.store.catalogue.rows import ROWS, Entity, Row
from placette.store.ledger import note_inserted


def insert_many(con: duckdb.DuckDBPyConnection, entities: Sequence[Entity]) -> list[int]:
    """Insert entities of one kind and return their ids; raises ``Conflict`` when a code or key is taken.

    The entities that Datastreams refer to must exist: unlike the single inserts, this one does not look.
    """
    if not entities:
        return []
    table, make = ROWS[type(entities[0])]
    rows = [make(entity) for entity in entities]
    _check_unique(con, table, rows)
    found = con.execute(f"SELECT nextval('{table}_id') FROM range(?)", [len(rows)]).fetchall()  # noqa: S608  # fixed names
    ids = [int(key) for (key,) in found]
    columns = ", ".join(("id", *rows[0]))
    con.register("many", pa.Table.from_pylist([{"id": key, **row} for key, row in zip(ids, rows, strict=True)]))
    try:
        con.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM many")  # noqa: S608  # fixed names
    finally:
        con.unregister("many")
    note_inserted(table, ids)
    return ids


def locate_many(con: duckdb.DuckDBPyConnection, thing_ids: Sequence[int], location_ids: Sequence[int]) -> None:
    """Say that each of these new Things now is at its Location, with the HistoricalLocation that begins there."""
    if not thing_ids:
        return
    con.register("located", pa.table({"thing_id": list(thing_ids), "location_id": list(location_ids)}))
    try:
        con.execute("INSERT INTO thing_location SELECT thing_id, location_id FROM located")
        con.execute(
            "CREATE OR REPLACE TEMP TABLE located_history AS"
            " SELECT nextval('historical_location_id') AS id, thing_id, location_id FROM located"
        )
        con.execute("INSERT INTO historical_location SELECT id, thing_id, now()::TIMESTAMP FROM located_history")
        con.execute("INSERT INTO historical_location_location SELECT id, location_id FROM located_history")
        con.execute("DROP TABLE located_history")
    finally:
        con.unregister("located")


def _check_unique(con: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Row]) -> None:
    column = {"thing": "code", "datastream": "code", "observed_property": "key"}.get(table)
    codes = [row[column] for row in rows if row[column]] if column else []
    if not codes:
        return
    con.register("wanted", pa.table({"code": pa.array(codes, pa.string())}))
    try:
        taken = con.execute(f"SELECT {column} FROM {table} WHERE {column} IN (SELECT code FROM wanted)").fetchall()  # noqa: S608  # fixed names
    finally:
        con.unregister("wanted")
    twice = {code for (code,) in taken} | {code for code, count in Counter(codes).items() if count > 1}
    if twice:
        raise Conflict(f"the {column} '{min(twice)}' belongs to another {table}", remedy="choose another one")
