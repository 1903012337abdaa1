"""Creates entities from drafts, with everything written out inside them, in one transaction (OGC 18-088, section 10.2).

Every function takes the connection that ``Store.change`` hands out.
"""

from __future__ import annotations

from typing import Any

import duckdb
import msgspec

from placette.model import entities as model
from placette.model import times
from placette.model.errors import BadInput, PlacetteError
from placette.publish.sensorthings.drafts import Draft
from placette.publish.sensorthings.entities import ENTITIES
from placette.store import catalogue
from placette.store.ledger import notes


class Maker:
    """What one request creates: the connection, the ids of what was made, and observations still to be stored."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con
        self.made: list[tuple[str, int]] = []
        self.observations: list[tuple[Draft, int, int | None]] = []
        """Drafts with their Datastream and their FeatureOfInterest, where one was named."""

    def make(self, draft: Draft, **given: int) -> int:
        """Create the entity and what is inside it; return its id, 0 for an observation that is still to be stored.

        ``given`` are links known from where the draft stands (``Thing=3`` for a Datastream inside a Thing).
        """
        for name, key in given.items():
            draft.links[name] = [key]
        draft.require()
        try:
            return _MAKERS[draft.entity.name](self, draft)
        except PlacetteError as error:
            if not error.where.startswith("$"):
                error.where = f"{draft.where} {error.where}".strip()
            raise

    def one(self, draft: Draft, name: str) -> int:
        """Return the id of the entity that a link to one names, created when it is written out in place."""
        linked = draft.one(name)
        if linked is None:
            raise BadInput(
                f"{draft.entity.name} needs a {name}",
                draft.where,
                f'name it, {{"{name}": {{"@iot.id": 1}}}}, or write it out',
            )
        return self._id(linked, name)

    def many(self, draft: Draft, name: str) -> list[int]:
        """Return the ids of the entities that a link to many names, created where they are written out in place."""
        return [self._id(linked, draft.entity.links[name].target) for linked in draft.links.get(name, [])]

    def inside(self, draft: Draft, name: str, **given: int) -> None:
        """Create the entities written out inside ``draft`` that point back to it."""
        for linked in draft.links.get(name, []):
            if isinstance(linked, int):
                raise BadInput(
                    f"an existing {ENTITIES[draft.entity.links[name].target].name} cannot be moved here",
                    f"{draft.where}.{name}",
                    "update that one instead",
                )
            self.make(linked, **given)

    def note(self, draft: Draft, key: int) -> int:
        """Remember what was made, in case it must be undone."""
        self.made.append((draft.entity.name, key))
        return key

    def _id(self, linked: int | Draft, name: str) -> int:
        if isinstance(linked, Draft):
            return self.make(linked)
        require(self.con, name, linked)
        return linked


def require(con: duckdb.DuckDBPyConnection, name: str, key: int) -> None:
    """Raise ``BadInput`` when a link names an entity that does not exist."""
    row = con.execute(f"SELECT 1 FROM {ENTITIES[name].table} WHERE id = ?", [key]).fetchone()  # noqa: S608  # our own names
    if row is None:
        raise BadInput(f"there is no {ENTITIES[name].set}({key})", remedy="create it first, or write it out in place")


# --- from a draft's values to the model's entity


def thing(values: dict[str, Any]) -> model.Thing:
    """Return the Thing of checked values."""
    return model.Thing(name=values["name"], description=values["description"], properties=_properties(values))


def location(values: dict[str, Any]) -> model.Location:
    """Return the Location of checked values."""
    return model.Location(
        name=values["name"],
        description=values["description"],
        encoding_type=values["encodingType"],
        location=values["location"],
        properties=_properties(values),
    )


def sensor(values: dict[str, Any]) -> model.Sensor:
    """Return the Sensor of checked values."""
    return model.Sensor(
        name=values["name"],
        description=values["description"],
        encoding_type=values["encodingType"],
        metadata=values["metadata"],
        properties=_properties(values),
    )


def observed_property(values: dict[str, Any]) -> model.ObservedProperty:
    """Return the ObservedProperty of checked values."""
    return model.ObservedProperty(
        name=values["name"],
        definition=values["definition"],
        description=values["description"],
        properties=_properties(values),
    )


def feature(values: dict[str, Any]) -> model.FeatureOfInterest:
    """Return the FeatureOfInterest of checked values."""
    return model.FeatureOfInterest(
        name=values["name"],
        description=values["description"],
        encoding_type=values["encodingType"],
        feature=values["feature"],
        properties=_properties(values),
    )


def datastream(values: dict[str, Any], links: dict[str, int]) -> model.Datastream:
    """Return the Datastream of checked values and the ids of its Thing, Sensor and ObservedProperty."""
    return model.Datastream(
        name=values["name"],
        description=values["description"],
        observation_type=values["observationType"],
        unit_of_measurement=model.UnitOfMeasurement(**values["unitOfMeasurement"]),
        thing_id=links["Thing"],
        sensor_id=links["Sensor"],
        observed_property_id=links["ObservedProperty"],
        properties=_properties(values),
    )


def keep_area(con: duckdb.DuckDBPyConnection, key: int, area: Any) -> None:
    """Store the observedArea that a client gave a Datastream; without one it is the place of its Thing."""
    text = None if area is None else msgspec.json.encode(area).decode()
    con.execute("UPDATE datastream SET observed_area = ? WHERE id = ?", [text, key])


def _properties(values: dict[str, Any]) -> model.Properties:
    return values.get("properties") or {}


# --- one maker per entity


def _thing(maker: Maker, draft: Draft) -> int:
    places = maker.many(draft, "Locations")
    key = maker.note(draft, catalogue.insert_thing(maker.con, thing(draft.values), places))
    maker.inside(draft, "HistoricalLocations", Thing=key)
    maker.inside(draft, "Datastreams", Thing=key)
    return key


def _location(maker: Maker, draft: Draft) -> int:
    things = maker.many(draft, "Things")
    return maker.note(draft, catalogue.insert_location(maker.con, location(draft.values), things))


def _historical_location(maker: Maker, draft: Draft) -> int:
    """Insert a HistoricalLocation; when it is the newest of its Thing, the Thing is there now."""
    thing_id, places = maker.one(draft, "Thing"), maker.many(draft, "Locations")
    if not places:
        raise BadInput("HistoricalLocation needs Locations", draft.where, "say where the Thing was")
    moment = times.micros(draft.values["time"])
    later = maker.con.execute(
        "SELECT 1 FROM historical_location WHERE thing_id = ? AND time > make_timestamp(?)", [thing_id, moment]
    ).fetchone()
    if later is None:
        notes().things.add(thing_id)
        maker.con.execute("DELETE FROM thing_location WHERE thing_id = ?", [thing_id])
        for place in places:
            maker.con.execute("INSERT INTO thing_location VALUES (?, ?)", [thing_id, place])
    key = catalogue.record(maker.con, thing_id, places, moment)
    return maker.note(draft, key or 0)


def _sensor(maker: Maker, draft: Draft) -> int:
    key = maker.note(draft, catalogue.insert_sensor(maker.con, sensor(draft.values)))
    maker.inside(draft, "Datastreams", Sensor=key)
    return key


def _observed_property(maker: Maker, draft: Draft) -> int:
    key = maker.note(draft, catalogue.insert_observed_property(maker.con, observed_property(draft.values)))
    maker.inside(draft, "Datastreams", ObservedProperty=key)
    return key


def _datastream(maker: Maker, draft: Draft) -> int:
    links = {name: maker.one(draft, name) for name in ("Thing", "Sensor", "ObservedProperty")}
    key = maker.note(draft, catalogue.insert_datastream(maker.con, datastream(draft.values, links)))
    if draft.values.get("observedArea") is not None:
        keep_area(maker.con, key, draft.values["observedArea"])
    maker.inside(draft, "Observations", Datastream=key)
    return key


def _feature(maker: Maker, draft: Draft) -> int:
    key = maker.note(draft, catalogue.insert_feature(maker.con, feature(draft.values)))
    maker.inside(draft, "Observations", FeatureOfInterest=key)
    return key


def _observation(maker: Maker, draft: Draft) -> int:
    stream = maker.one(draft, "Datastream")
    about = maker.one(draft, "FeatureOfInterest") if draft.one("FeatureOfInterest") is not None else None
    maker.observations.append((draft, stream, about))
    return 0


_MAKERS = {
    "Thing": _thing,
    "Location": _location,
    "HistoricalLocation": _historical_location,
    "Sensor": _sensor,
    "ObservedProperty": _observed_property,
    "Datastream": _datastream,
    "FeatureOfInterest": _feature,
    "Observation": _observation,
}
