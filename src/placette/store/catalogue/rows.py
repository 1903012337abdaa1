"""Each SensorThings entity as the row of its table, checked on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from placette.model.entities import (
    Datastream,
    FeatureOfInterest,
    Identity,
    Location,
    ObservedProperty,
    Origin,
    Properties,
    Sensor,
    Thing,
)
from placette.model.errors import BadInput
from placette.model.geometry import check_geojson

Entity = Thing | Location | Sensor | ObservedProperty | Datastream | FeatureOfInterest
Row = dict[str, Any]

_GEOJSON = ("application/geo+json", "application/vnd.geo+json")
"""The two encodings of OGC 18-088, table 7, whose value we can check."""


def thing_row(thing: Thing) -> Row:
    """Return the columns of a Thing but its id."""
    return {
        **_named(thing),
        "code": _key(thing.properties, "code"),
        "place": _key(thing.properties, "place"),
        "kind": _key(thing.properties, "kind"),
    }


def location_row(location: Location) -> Row:
    """Return the columns of a Location; raises ``BadInput`` when its GeoJSON is none."""
    centre = check_geojson(location.location) if location.encoding_type in _GEOJSON else None
    longitude, latitude = centre or (None, None)
    return {
        **_named(location),
        "encoding_type": location.encoding_type,
        "location": _json(location.location),
        "longitude": longitude,
        "latitude": latitude,
    }


def sensor_row(sensor: Sensor) -> Row:
    """Return the columns of a Sensor."""
    return {**_named(sensor), "encoding_type": sensor.encoding_type, "metadata": _json(sensor.metadata)}


def observed_property_row(observed: ObservedProperty) -> Row:
    """Return the columns of an ObservedProperty."""
    return {**_named(observed), "definition": observed.definition, "key": _key(observed.properties, "key")}


def datastream_row(datastream: Datastream) -> Row:
    """Return the columns of a Datastream; raises ``BadInput`` for an unknown origin or identity."""
    unit = datastream.unit_of_measurement
    return {
        **_named(datastream),
        "observation_type": datastream.observation_type,
        "unit_name": unit.name,
        "unit_symbol": unit.symbol,
        "unit_definition": unit.definition,
        "thing_id": datastream.thing_id,
        "sensor_id": datastream.sensor_id,
        "observed_property_id": datastream.observed_property_id,
        "code": _key(datastream.properties, "code"),
        "origin": _one_of(datastream.properties, "origin", tuple(Origin), Origin.MEASURED),
        "identity": _one_of(datastream.properties, "identity", tuple(Identity), Identity.ALL),
    }


def feature_row(feature: FeatureOfInterest) -> Row:
    """Return the columns of a FeatureOfInterest; raises ``BadInput`` when its GeoJSON is none."""
    if feature.encoding_type in _GEOJSON:
        check_geojson(feature.feature, "feature")
    return {**_named(feature), "encoding_type": feature.encoding_type, "feature": _json(feature.feature)}


ROWS: Mapping[type[Any], tuple[str, Callable[[Any], Row]]] = {
    Thing: ("thing", thing_row),
    Location: ("location", location_row),
    Sensor: ("sensor", sensor_row),
    ObservedProperty: ("observed_property", observed_property_row),
    Datastream: ("datastream", datastream_row),
    FeatureOfInterest: ("feature_of_interest", feature_row),
}
"""Per entity: its table and how it becomes a row of it."""


def _named(entity: Entity) -> Row:
    return {
        "name": entity.name,
        "description": entity.description,
        "properties": _json(entity.properties),
    }


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _key(properties: Properties, name: str) -> str | None:
    value = properties.get(name)
    return value if isinstance(value, str) and value else None


def _one_of(properties: Properties, name: str, known: tuple[str, ...], default: str) -> str:
    value = properties.get(name, default)
    if value not in known:
        raise BadInput(
            f"'{value}' is no {name} of a datastream", f"properties/{name}", "one of " + ", ".join(map(str, known))
        )
    return str(value)
