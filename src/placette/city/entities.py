"""What the store must contain for a city: the SensorThings entities of its folder, as values without ids.

Names are in the city's first language; every language stands in ``properties.names``.
"""

from __future__ import annotations

from typing import Any

import msgspec

from placette.city.model import City, Device, DeviceModel, Feed, Network, Quantity, Texts
from placette.model import units
from placette.model.entities import (
    Identity,
    Location,
    ObservedProperty,
    Origin,
    Properties,
    Sensor,
    Thing,
    UnitOfMeasurement,
)
from placette.model.feeds import KINDS
from placette.model.wifi import MODELLED


class PlannedThing(msgspec.Struct, frozen=True, gc=False):
    """A device as a Thing, with the Location it stands at."""

    code: str
    thing: Thing
    location: Location


class PlannedDatastream(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A Datastream before the entities it links have ids: ``thing`` is a code, the other two are keys."""

    code: str
    thing: str
    sensor: str
    observed_property: str
    name: str
    description: str
    unit: UnitOfMeasurement
    properties: Properties


class CityEntities(msgspec.Struct, frozen=True):
    """All entities of a city; ``sensors`` by device model key, ``observed_properties`` by property key."""

    things: tuple[PlannedThing, ...]
    sensors: dict[str, Sensor]
    observed_properties: dict[str, ObservedProperty]
    datastreams: tuple[PlannedDatastream, ...]


def entities(city: City, origin: Origin = Origin.MEASURED) -> CityEntities:
    """Return the entities of a city whose figures come about by ``origin`` (the demo's are simulated)."""
    return CityEntities(
        things=tuple(_thing(city, device) for device in city.devices),
        sensors={key: _sensor(city, model) for key, model in city.models.items()},
        observed_properties=_observed_properties(city),
        datastreams=tuple(
            _datastream(city, device, quantity, origin)
            for device in city.devices
            for quantity in city.models[device.model].quantities
        ),
    )


def datastream_code(device: Device, quantity: Quantity) -> str:
    """Return the code of the datastream of one quantity of one device."""
    return f"{device.code}/{quantity.property}"


def _thing(city: City, device: Device) -> PlannedThing:
    model = city.models[device.model]
    place = city.place(device.place)
    names = {
        language: f"{text}, {device.address or (place.names[language] if place else device.place)}"
        for language, text in model.names.items()
    }
    properties: dict[str, Any] = {
        "code": device.code,
        "place": device.place,
        "kind": device.kind,
        "model": device.model,
        "network": device.network,
        "names": names,
    }
    properties |= {"address": device.address} if device.address else {}
    properties |= {"installed": device.installed.isoformat()} if device.installed else {}
    properties |= {"photo": device.photo} if device.photo else {}
    name = names[city.languages[0]]
    point = {"type": "Point", "coordinates": [device.longitude, device.latitude]}
    return PlannedThing(
        device.code,
        Thing(name=name, description=f"{name} ({device.code})", properties=properties),
        Location(
            name=device.address or device.place,
            description=f"{device.code}, {city.name}",
            location=point,
            properties={"place": device.place},
        ),
    )


def _sensor(city: City, model: DeviceModel) -> Sensor:
    name = model.names[city.languages[0]]
    properties = {"model": model.key, "kind": model.kind, "names": model.names}
    return Sensor(name=name, description=_all_texts(model.names), metadata=model.documentation, properties=properties)


def _observed_properties(city: City) -> dict[str, ObservedProperty]:
    return {
        key: ObservedProperty(
            name=one.names[city.languages[0]],
            definition=one.definition,
            description=_all_texts(one.names),
            properties={"key": key, "names": one.names, "decimals": one.decimals, "combine": one.combine},
        )
        for key, one in city.properties.items()
    }


def _datastream(city: City, device: Device, quantity: Quantity, origin: Origin) -> PlannedDatastream:
    code = datastream_code(device, quantity)
    language = city.languages[0]
    observed = city.properties[quantity.property].names[language]
    return PlannedDatastream(
        code=code,
        thing=device.code,
        sensor=device.model,
        observed_property=quantity.property,
        name=f"{observed}, {device.address or device.place}",
        description=f"{observed}, {city.models[device.model].names[language]} {device.code}",
        unit=units.unit(quantity.unit),
        properties={
            "code": code,
            "origin": str(origin),
            "identity": str(Identity.PHENOMENON_TIME),
            **_of_feed(city.feeds.get(device.network), origin),
            **_of_wifi(city.networks.get(device.network), quantity, origin),
            "every_s": quantity.every_s,
            "minimum": quantity.minimum,
            "maximum": quantity.maximum,
        },
    )


def _of_feed(feed: Feed | None, origin: Origin) -> Properties:
    """Return what is particular of a feed's figures: how they come about, whose they are."""
    if feed is None:
        return {}
    found = {
        "origin": str(origin) if origin is Origin.SIMULATED else feed.origin,
        "licence": feed.licence,
        "source": feed.attribution,
    }
    if KINDS[feed.kind].issues and feed.origin == Origin.FORECAST:
        found["identity"] = str(Identity.PHENOMENON_AND_RESULT_TIME)
    return found


def _of_wifi(network: Network | None, quantity: Quantity, origin: Origin) -> Properties:
    """Return that a quantity of a Wi-Fi sensor is a model's, not a measurement."""
    is_modelled = network is not None and network.kind == "wifi" and quantity.key in MODELLED
    return {"origin": str(Origin.MODELLED)} if is_modelled and origin is Origin.MEASURED else {}


def _all_texts(texts: Texts) -> str:
    return " / ".join(texts.values())
