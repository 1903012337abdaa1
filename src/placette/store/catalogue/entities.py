"""Inserting and updating entities; every function runs inside ``Store.change``.

Ids come from a sequence per table and are never used twice. Raises ``Conflict`` when a code is taken, ``NotFound`` when
an entity does not exist, ``BadInput`` when a value cannot be used.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import duckdb

from placette.model import units
from placette.model.entities import Datastream, FeatureOfInterest, Location, ObservedProperty, Sensor, Thing
from placette.model.errors import Conflict, NotFound
from placette.store.catalogue import links
from placette.store.catalogue.rows import ROWS, Entity, Row
from placette.store.ledger import note_inserted, notes
from placette.store.sql import first

_UNIQUE = {"thing": "code", "datastream": "code", "observed_property": "key"}
_REFERENCES = {"thing_id": "thing", "sensor_id": "sensor", "observed_property_id": "observed_property"}


def insert_thing(con: duckdb.DuckDBPyConnection, thing: Thing, location_ids: Iterable[int] = ()) -> int:
    """Insert a Thing that stands at these Locations; return its id."""
    key = _insert(con, thing)
    links.move_thing(con, key, list(location_ids))
    return key


def insert_location(con: duckdb.DuckDBPyConnection, location: Location, thing_ids: Iterable[int] = ()) -> int:
    """Insert a Location where these Things now are; return its id."""
    key = _insert(con, location)
    for thing_id in thing_ids:
        links.add_location(con, thing_id, key)
    return key


def insert_sensor(con: duckdb.DuckDBPyConnection, sensor: Sensor) -> int:
    """Insert a Sensor; return its id."""
    return _insert(con, sensor)


def insert_observed_property(con: duckdb.DuckDBPyConnection, observed: ObservedProperty) -> int:
    """Insert an ObservedProperty; return its id."""
    return _insert(con, observed)


def insert_datastream(con: duckdb.DuckDBPyConnection, datastream: Datastream, *, known_unit: bool = False) -> int:
    """Insert a Datastream; return its id.

    ``known_unit`` refuses a UCUM code that ``model.units`` does not know (``Unprocessable``): our own ways in ask for
    it, a client of the API may define any unit.
    """
    if known_unit:
        units.unit(datastream.unit_of_measurement.definition or "")
    return _insert(con, datastream)


def insert_feature(con: duckdb.DuckDBPyConnection, feature: FeatureOfInterest) -> int:
    """Insert a FeatureOfInterest; return its id."""
    return _insert(con, feature)


def update(con: duckdb.DuckDBPyConnection, key: int, entity: Entity) -> None:
    """Put ``entity`` in the place of the stored one of its kind with id ``key``."""
    table, make = ROWS[type(entity)]
    row = make(entity)
    require(con, table, key)
    _check(con, table, row, key)
    assignments = ", ".join(f"{column} = ?" for column in row)
    con.execute(f"UPDATE {table} SET {assignments} WHERE id = ?", [*row.values(), key])  # noqa: S608  # fixed names
    _note_update(con, table, key)


def require(con: duckdb.DuckDBPyConnection, table: str, key: int) -> None:
    """Raise ``NotFound`` unless ``table`` has a row with id ``key``."""
    if first(con, f"SELECT 1 FROM {table} WHERE id = ?", [key]) is None:  # noqa: S608  # fixed names
        raise NotFound(f"there is no {table} {key}", remedy="it may have been deleted; list the collection to see")


def next_id(con: duckdb.DuckDBPyConnection, table: str) -> int:
    """Return a fresh id of ``table``."""
    row = first(con, f"SELECT nextval('{table}_id')")
    return int(row[0]) if row else 0


def _insert(con: duckdb.DuckDBPyConnection, entity: Entity) -> int:
    table, make = ROWS[type(entity)]
    row = make(entity)
    _check(con, table, row, None)
    columns, marks = ", ".join(row), ", ".join("?" * len(row))
    statement = f"INSERT INTO {table} (id, {columns}) VALUES (nextval('{table}_id'), {marks}) RETURNING id"  # noqa: S608  # fixed names
    found: Any = first(con, statement, list(row.values()))
    note_inserted(table, found)
    return int(found[0])


def _check(con: duckdb.DuckDBPyConnection, table: str, row: Row, key: int | None) -> None:
    """Look up the owner of a code and every entity referred to, in one statement: each costs half a millisecond."""
    column = _UNIQUE.get(table)
    looked_up = {name: target for name, target in _REFERENCES.items() if name in row}
    if column is not None and row[column] is not None:
        looked_up[column] = table
    if not looked_up:
        return
    union = " UNION ALL ".join(
        f"SELECT '{name}', id FROM {target} WHERE {'id' if name in _REFERENCES else name} = ?"  # noqa: S608  # fixed names
        for name, target in looked_up.items()
    )
    owners = dict(con.execute(union, [row[name] for name in looked_up]).fetchall())
    for name, target in looked_up.items():
        owner = owners.get(name)
        if name in _REFERENCES and owner is None:
            raise NotFound(f"there is no {target} {row[name]}", remedy="create it first, or correct the id")
        if name == column and owner is not None and owner != key:
            raise Conflict(
                f"the {column} '{row[column]}' belongs to {table} {owner}",
                f"properties/{column}",
                "choose another one, or update that one",
            )


def _note_update(con: duckdb.DuckDBPyConnection, table: str, key: int) -> None:
    ledger = notes()
    ledger.other = True
    touched = {"thing": ledger.things, "datastream": ledger.datastreams, "observed_property": ledger.properties}
    if table in touched:
        touched[table].add(key)
    elif table == "location":
        rows = con.execute("SELECT thing_id FROM thing_location WHERE location_id = ?", [key]).fetchall()
        ledger.things.update(thing_id for (thing_id,) in rows)
