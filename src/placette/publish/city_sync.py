"""Installs a city folder in the store: what is new is added, what changed is changed, what left the folder is kept.

The folder is the truth for what it says; keys that others have put into ``properties`` stay. A device that moved gets a
new Location, so that its history remains; figures never change what they are: neither their unit nor whether they are
simulated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import duckdb
import msgspec

from placette.city import City, CityEntities, PlannedDatastream, PlannedThing, entities
from placette.model.entities import Datastream, Location, ObservedProperty, Origin, Sensor, Thing
from placette.model.errors import Conflict
from placette.store import Store
from placette.store.catalogue import insert_location, insert_many, locate_many, move_thing, update
from placette.store.catalogue.rows import ROWS, Row
from placette.store.ledger import notes

Entity = Thing | Location | Sensor | ObservedProperty | Datastream


class SyncReport(msgspec.Struct, frozen=True):
    """What became of the folder's devices and datastreams; ``kept`` are devices that left the folder."""

    things_added: int = 0
    things_changed: int = 0
    things_moved: int = 0
    datastreams_added: int = 0
    datastreams_changed: int = 0
    kept: tuple[str, ...] = ()


def sync(store: Store, city: City, origin: Origin) -> SyncReport:
    """Bring the store's catalogue to what the folder says, in one transaction; a second call changes nothing.

    ``origin`` says how the figures of this city come about. Raises ``Conflict``, and changes nothing, when a
    datastream that is already there has another origin or another unit.
    """
    planned = entities(city, origin)
    return store.change_now(lambda con: _sync(con, planned))


def _sync(con: duckdb.DuckDBPyConnection, planned: CityEntities) -> SyncReport:
    sensors = _Table(con, Sensor, "properties ->> 'model'")
    sensors.put(planned.sensors)
    observed = _Table(con, ObservedProperty, "key")
    observed.put(planned.observed_properties)
    things = _Table(con, Thing, "code")
    known = set(things.ids)
    things_changed = things.put({one.code: one.thing for one in planned.things})
    moved = _place(con, planned.things, things.ids, known)
    streams = _Table(con, Datastream, "code")
    before = len(streams.ids)
    _check_unchangeable(planned.datastreams, streams.rows)
    streams_changed = streams.put(
        {
            one.code: _datastream(
                one, things.ids[one.thing], sensors.ids[one.sensor], observed.ids[one.observed_property]
            )
            for one in planned.datastreams
        }
    )
    # Where nothing was done the caches have nothing to follow; without a note they would be loaded anew.
    notes().other = True
    declared = {one.code for one in planned.things}
    return SyncReport(
        things_added=len(things.ids) - len(known),
        things_changed=things_changed,
        things_moved=moved,
        datastreams_added=len(streams.ids) - before,
        datastreams_changed=streams_changed,
        kept=tuple(sorted(code for code in known - declared if "model" in things.properties(code))),
    )


class _Table:
    """The stored entities of one kind that carry a key, and how new and changed ones get there."""

    def __init__(self, con: duckdb.DuckDBPyConnection, kind: type[Any], key: str) -> None:
        self._con = con
        self._name, self._make = ROWS[kind]
        found = con.execute(f"SELECT {key} AS sync_key, * FROM {self._name} WHERE sync_key IS NOT NULL")  # noqa: S608  # fixed names
        columns = [column[0] for column in found.description or ()]
        self.rows: dict[str, Row] = {row[0]: dict(zip(columns, row, strict=True)) for row in found.fetchall()}
        self.ids: dict[str, int] = {key: row["id"] for key, row in self.rows.items()}

    def properties(self, key: str) -> dict[str, Any]:
        """Return the stored properties of an entity."""
        return msgspec.json.decode(self.rows[key]["properties"], type=dict[str, Any])

    def put(self, wanted: Mapping[str, Entity]) -> int:
        """Insert what is new, in the order of ``wanted``, change what differs; return how many were changed."""
        changed = 0
        new: dict[str, Entity] = {}
        for key, entity in wanted.items():
            row = self._make(entity)
            if key not in self.rows:
                new[key] = entity
            elif self._differs(key, row):
                whole = msgspec.structs.replace(entity, properties={**self.properties(key), **entity.properties})
                if self._differs(key, self._make(whole)):
                    update(self._con, self.ids[key], whole)
                    changed += 1
        self.ids.update(zip(new, insert_many(self._con, list(new.values())), strict=True))
        return changed

    def _differs(self, key: str, row: Row) -> bool:
        stored = self.rows[key]
        return any(stored[column] != value for column, value in row.items())


def _place(
    con: duckdb.DuckDBPyConnection, planned: Iterable[PlannedThing], ids: Mapping[str, int], known: set[str]
) -> int:
    """Give new things their Locations and move those that stand elsewhere now; return how many moved."""
    listed = list(planned)
    new = [one for one in listed if one.code not in known]
    make = ROWS[Location][1]
    locate_many(con, [ids[one.code] for one in new], insert_many(con, [one.location for one in new]))
    moved = 0
    stored = _stored_locations(con)
    for one in listed:
        if one.code not in known:
            continue
        row = make(one.location)
        thing_id = ids[one.code]
        location_id, old = stored.get(thing_id, (0, {}))
        if (old.get("longitude"), old.get("latitude")) != (row["longitude"], row["latitude"]):
            move_thing(con, thing_id, [insert_location(con, one.location)])
            moved += 1
        elif any(old[column] != row[column] for column in ("name", "description")):
            update(con, location_id, one.location)
    return moved


def _stored_locations(con: duckdb.DuckDBPyConnection) -> dict[int, tuple[int, Row]]:
    found = con.execute(
        "SELECT tl.thing_id, l.id, l.name, l.description, l.longitude, l.latitude"
        " FROM thing_location tl JOIN location l ON l.id = tl.location_id ORDER BY l.id DESC"
    )
    names = ("name", "description", "longitude", "latitude")
    return {row[0]: (row[1], dict(zip(names, row[2:], strict=True))) for row in found.fetchall()}


def _datastream(one: PlannedDatastream, thing_id: int, sensor_id: int, observed_property_id: int) -> Datastream:
    return Datastream(
        name=one.name,
        description=one.description,
        unit_of_measurement=one.unit,
        thing_id=thing_id,
        sensor_id=sensor_id,
        observed_property_id=observed_property_id,
        properties=one.properties,
    )


def _check_unchangeable(planned: Iterable[PlannedDatastream], stored: Mapping[str, Row]) -> None:
    for one in planned:
        row = stored.get(one.code)
        if row is None:
            continue
        if row["origin"] != one.properties["origin"]:
            raise Conflict(
                f"the figures of '{one.code}' are {row['origin']}, they cannot become {one.properties['origin']}",
                remedy="use another data folder: simulated and measured figures are never mixed",
            )
        if row["unit_definition"] != one.unit.definition:
            old, new = row["unit_definition"], one.unit.definition
            raise Conflict(
                f"the figures of '{one.code}' are in {old}, they cannot become {new}",
                "models.toml",
                "give the quantity its former unit, or send it as another property",
            )
