"""Reads models.toml, properties.toml and networks.toml: what devices exist, what they observe, how they arrive."""

from __future__ import annotations

import math
import re
from typing import Any

import msgspec

from placette.city.documents import Document, Fault
from placette.city.model import DeviceModel, Network, Property, Quantity
from placette.city.tables import Path, Reader
from placette.city.words import check_texts, known_or_close
from placette.model import units
from placette.model.errors import Unprocessable

_URI = re.compile(r"(https?://|urn:)\S+")
_DAY_S = 86_400
_ENVIRONMENT = re.compile(r"[A-Z][A-Z0-9_]*")


def read_properties(document: Document, languages: tuple[str, ...], faults: list[Fault]) -> dict[str, Property]:
    """Return the observed properties of the city by key."""
    reader = Reader(document, faults)
    found = {}
    for key, value in reader.table((), document.value).items():
        one = reader.struct(Property, (key,), value, key=key)
        if one is None:
            continue
        check_key(reader, (key,), key)
        check_texts(reader, (key, "names"), one.names, languages)
        _check_unit(reader, (key, "unit"), one.unit)
        if not _URI.fullmatch(one.definition):
            what = f"'{one.definition}' is not a URI"
            reader.fault((key, "definition"), what, "begin it with http://, https:// or urn:")
        found[key] = one
    return found


class Properties(msgspec.Struct, frozen=True):
    """The properties that could be read, and the keys of all that are written; ``None``: the file could not be read."""

    read: dict[str, Property]
    written: frozenset[str] | None


def read_models(
    document: Document, properties: Properties, languages: tuple[str, ...], faults: list[Fault]
) -> dict[str, DeviceModel]:
    """Return the device models of the city by key, each quantity with the defaults of its model and property."""
    reader = Reader(document, faults)
    found = {}
    for key, value in reader.table((), document.value).items():
        table = dict(reader.table((key,), value))
        every_s = _read_every_s(reader, (key, "every_s"), table.pop("every_s", None))
        written = table.pop("quantities", None)
        quantities = _read_quantities(reader, (key, "quantities"), written, every_s, properties)
        one = reader.struct(DeviceModel, (key,), table, key=key, quantities=quantities)
        if one is None:
            continue
        check_key(reader, (key,), key)
        check_key(reader, (key, "kind"), one.kind)
        check_texts(reader, (key, "names"), one.names, languages)
        found[key] = one
    return found


def _read_every_s(reader: Reader, path: Path, value: Any) -> int | None:
    if value is None or (type(value) is int and 1 <= value <= _DAY_S):
        return value
    reader.fault(path, f"every_s is {value!r}", f"give whole seconds between 1 and {_DAY_S}")
    return 1


def _read_quantities(
    reader: Reader, path: Path, written: Any, every_s: int | None, properties: Properties
) -> tuple[Quantity, ...]:
    if not isinstance(written, list) or not written:
        reader.fault(path, f"{path[0]} sends nothing: it has no quantities", f"add a [[{path[0]}.quantities]] table")
        return ()
    found: list[Quantity] = []
    for index, item in enumerate(written):
        here: Path = (*path, index)
        table = reader.table(here, item)
        given = properties.read.get(str(table.get("property")))
        defaults = {"key": table.get("property", ""), "unit": given.unit if given else "1"}
        if every_s is not None:
            defaults["every_s"] = every_s
        one = reader.struct(Quantity, here, {**defaults, **table})
        if one is None:
            continue
        _check_quantity(reader, here, one, properties)
        if "unit" in table:
            _check_unit(reader, (*here, "unit"), one.unit)
        if one.property in [other.property for other in found]:
            reader.fault((*here, "property"), f"'{one.property}' stands twice in {path[0]}", "remove one of the two")
        found.append(one)
    return tuple(found)


def _check_quantity(reader: Reader, path: Path, one: Quantity, properties: Properties) -> None:
    if properties.written is not None and one.property not in properties.written:
        remedy = known_or_close(one.property, properties.written, "properties.toml")
        reader.fault((*path, "property"), f"unknown property '{one.property}'", remedy)
    if not (math.isfinite(one.minimum) and math.isfinite(one.maximum) and one.minimum < one.maximum):
        what = f"the range {one.minimum} to {one.maximum} is empty"
        reader.fault((*path, "minimum"), what, "give the range the device can read, minimum below maximum")
    _read_every_s(reader, (*path, "every_s"), one.every_s)


def read_networks(document: Document, languages: tuple[str, ...], faults: list[Fault]) -> dict[str, Network]:
    """Return the networks of the city by key."""
    reader = Reader(document, faults)
    found = {}
    for key, value in reader.table((), document.value).items():
        one = reader.struct(Network, (key,), value, key=key)
        if one is None:
            continue
        check_key(reader, (key,), key)
        check_texts(reader, (key, "names"), one.names, languages)
        if one.kind == "mqtt" and not one.host:
            reader.fault((key,), f"'host' is missing in {key}", "name the MQTT broker")
        if "{code}" not in one.topic:
            reader.fault((key, "topic"), f"the topic '{one.topic}' is the same for every device", "put {code} in it")
        if set(one.topic.replace("{code}", "")) & set("{}+#"):
            reader.fault((key, "topic"), f"the topic '{one.topic}' is no MQTT topic", "{code} is its only wildcard")
        for name in ("username_env", "password_env"):
            variable = getattr(one, name)
            if variable and not _ENVIRONMENT.fullmatch(variable):
                what = f"'{name}' does not hold the name of an environment variable"
                reader.fault((key, name), what, "write a name such as PLACETTE_MQTT_PASSWORD, never the secret itself")
        found[key] = one
    return found


def check_key(reader: Reader, path: Path, key: str) -> None:
    """Note a key that cannot stand in addresses and codes."""
    if not re.fullmatch(r"[a-z0-9]+([_-][a-z0-9]+)*", key):
        reader.fault(path, f"'{key}' is not a key", "use lower case letters and digits, with - or _ between them")


def _check_unit(reader: Reader, path: Path, code: str) -> None:
    try:
        units.unit(code)
    except Unprocessable as error:
        reader.fault(path, error.what, error.remedy)
