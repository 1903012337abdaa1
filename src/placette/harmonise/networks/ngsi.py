"""NGSI-LD and NGSI v2 notifications of a context broker (Orion, Orion-LD, Scorpio, Stellio).

Sources: ETSI GS CIM 009 V1.8.1 (NGSI-LD: normalised, concise and simplified representations, ``observedAt``,
``unitCode``, MQTT notifications with ``metadata`` and ``body``); FIWARE-NGSI v2 (normalised and ``keyValues``, metadata
``TimeInstant``, ``timestamp`` and ``unitCode``). An entity is a device; its attributes are grouped by the time at which
they were observed, one uplink each. An attribute whose time nothing says has that of the entity.
"""

from __future__ import annotations

from typing import Any

import msgspec

from placette.harmonise.networks import unit_codes
from placette.model import times
from placette.model.arrivals import Arrival
from placette.model.errors import BadInput
from placette.model.observation_json import decode
from placette.model.uplinks import Uplink

_decoder = msgspec.json.Decoder(dict[str, Any] | list[Any])
_NOT_VALUES = frozenset({"id", "type", "@context", "scope", "createdAt", "modifiedAt"})
_TIMES = ("TimeInstant", "dateObserved", "observedAt", "timestamp", "dateModified")
"""Attributes of the entity that say when it was observed, the best first."""
_METADATA_TIMES = ("TimeInstant", "timestamp", "dateObserved")
_LONGEST = 200


def read(arrival: Arrival, options: msgspec.Struct) -> list[Uplink]:
    """Return the uplinks of every entity; an entity that cannot be used is an uplink with a fault."""
    where = arrival.channel[:_LONGEST]
    sent = decode(arrival.payload, _decoder, where)
    if isinstance(sent, dict) and isinstance(sent.get("body"), dict):
        sent = sent["body"]
    entities, notified = _entities(sent, where)
    uplinks: list[Uplink] = []
    for number, entity in enumerate(entities):
        try:
            uplinks += _uplinks(entity, notified)
        except BadInput as error:
            fault = BadInput(error.what, f"data[{number}]{error.where}", error.remedy)
            uplinks.append(Uplink(device="", fault=str(fault)))
    return uplinks


def _entities(sent: dict[str, Any] | list[Any], where: str) -> tuple[list[Any], int | None]:
    """Return the entities of a notification, of a list of entities, or a single one, and when the broker sent it."""
    if isinstance(sent, list):
        return sent, None
    if isinstance(data := sent.get("data"), list) and ("subscriptionId" in sent or sent.get("type") == "Notification"):
        return data, _time(sent.get("notifiedAt"), ".notifiedAt")
    if isinstance(data, dict) and sent.get("type") == "Notification":
        return [data], _time(sent.get("notifiedAt"), ".notifiedAt")
    if "id" in sent and "type" in sent:
        return [sent], None
    raise BadInput("this is no notification and no entity", where, "point an NGSI subscription at this address")


def _uplinks(entity: Any, notified: int | None) -> list[Uplink]:
    if not isinstance(entity, dict) or not isinstance(entity.get("id"), str) or not entity["id"]:
        raise BadInput("the entity has no id", remedy="an entity is an object with id and type")
    general = _general_time(entity)
    groups: dict[int | None, tuple[dict[str, Any], dict[str, str]]] = {}
    for name, attribute in entity.items():
        if name in _NOT_VALUES or name in _TIMES:
            continue
        for each in attribute if _has_instances(attribute) else (attribute,):
            value, time, unit = _attribute(each, f".{name[:40]}")
            fields, units = groups.setdefault(general if time is None else time, ({}, {}))
            short = _short(name)
            fields[short] = value
            if unit:
                units[short] = unit_codes.ucum(unit)
    return [
        Uplink(device=entity["id"], fields=fields, units=units, device_time=time, server_time=notified)
        for time, (fields, units) in groups.items()
    ]


def _has_instances(attribute: Any) -> bool:
    """Tell an attribute with several instances (``datasetId``) from a plain list of values."""
    return isinstance(attribute, list) and bool(attribute) and all(map(_is_normalised, attribute))


def _is_normalised(attribute: Any) -> bool:
    return isinstance(attribute, dict) and ("value" in attribute or "object" in attribute or "languageMap" in attribute)


def _attribute(attribute: Any, where: str) -> tuple[Any, int | None, str]:
    """Return value, time and unit code of an attribute in any of the representations."""
    if not _is_normalised(attribute):
        return _plain(attribute), None, ""
    value = next(attribute[key] for key in ("value", "object", "languageMap") if key in attribute)
    metadata = attribute.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    unit = attribute.get("unitCode") or _inside(metadata.get("unitCode")) or ""
    time = attribute.get("observedAt")
    if time is None:
        time = next((_inside(metadata[key]) for key in _METADATA_TIMES if key in metadata), None)
    return _plain(value), _time(time, where), unit if isinstance(unit, str) else ""


def _general_time(entity: dict[str, Any]) -> int | None:
    for name in _TIMES:
        text = _inside(entity.get(name))
        if isinstance(text, str) and text:
            # Smart Data Models write dateObserved as an instant or as an interval: what was seen ends with it
            return _time(text.rpartition("/")[2], f".{name}")
    return None


def _inside(attribute: Any) -> Any:
    return _plain(attribute["value"]) if isinstance(attribute, dict) and "value" in attribute else _plain(attribute)


def _plain(value: Any) -> Any:
    """Return a JSON-LD typed value (``{"@type": "DateTime", "@value": …}``) as the value alone."""
    return value["@value"] if isinstance(value, dict) and "@value" in value else value


def _time(text: Any, where: str) -> int | None:
    if not text:
        return None
    if not isinstance(text, str):
        raise BadInput("a time is no text", where, "write it as ISO 8601")
    try:
        return times.micros(text)
    except BadInput as error:
        raise BadInput(error.what, where, error.remedy) from None


def _short(name: str) -> str:
    """Return the last part of a name that was expanded to an address (a broker that lacks our ``@context``)."""
    return name.replace("#", "/").rstrip("/").rpartition("/")[2] if "://" in name else name
