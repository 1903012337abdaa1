"""Reads models.toml, properties.toml and networks.toml: what devices exist, what they observe, how they arrive."""

from __future__ import annotations

import math
import re
from typing import Any

import msgspec

from placette.city.documents import Document, Fault
from placette.city.model import DeviceModel, Network, Property, Quantity
from placette.city.tables import Check, Path, Reader
from placette.city.wifi import check_wifi
from placette.city.words import check_key, known_or_close, texts_in
from placette.model import conversion, units
from placette.model.errors import Unprocessable

_URI = re.compile(r"(https?://|urn:)\S+")
_DAY_S = 86_400
COAP_PORT = 5683
"""Where CoAP listens unless a network says otherwise (RFC 7252, section 6.1)."""
_ENVIRONMENT = re.compile(r"[A-Z][A-Z0-9_]*")


def read_properties(document: Document, languages: tuple[str, ...], faults: list[Fault]) -> dict[str, Property]:
    """Return the observed properties of the city by key."""
    reader = Reader(document, faults)
    checks = {"names": texts_in(languages), "unit": _check_unit, "definition": _check_definition}
    found = {}
    for key, value in reader.table((), document.value).items():
        check_key(reader, (key,), key)
        one = reader.struct(Property, (key,), value, checks, key=key)
        if one is not None:
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
    checks = {"names": texts_in(languages), "kind": check_key}
    found = {}
    for key, value in reader.table((), document.value).items():
        check_key(reader, (key,), key)
        table = dict(reader.table((key,), value))
        every_s = table.pop("every_s", None)
        if every_s is not None:
            _check_every_s(reader, (key, "every_s"), every_s)
        written = table.pop("quantities", None)
        quantities = _read_quantities(reader, (key, "quantities"), written, every_s, properties)
        one = reader.struct(DeviceModel, (key,), table, checks, key=key, quantities=quantities)
        if one is not None:
            found[key] = one
    return found


def _check_every_s(reader: Reader, path: Path, value: object) -> None:
    if type(value) is not int or not 1 <= value <= _DAY_S:
        reader.fault(path, f"every_s is {value!r}", f"give whole seconds between 1 and {_DAY_S}")


def _read_quantities(
    reader: Reader, path: Path, written: Any, every_s: object, properties: Properties
) -> tuple[Quantity, ...]:
    if not isinstance(written, list) or not written:
        reader.fault(path, f"{path[0]} sends nothing: it has no quantities", f"add a [[{path[0]}.quantities]] table")
        return ()
    found: list[Quantity] = []
    for index, item in enumerate(written):
        here: Path = (*path, index)
        one = _read_quantity(reader, here, reader.table(here, item), every_s, properties)
        if one is None:
            continue
        for name in ("property", "key"):
            if getattr(one, name) in [getattr(other, name) for other in found]:
                what = f"'{getattr(one, name)}' stands twice in {path[0]}"
                reader.fault((*here, name), what, "remove one of the two")
                break
        found.append(one)
    return tuple(found)


def _read_quantity(
    reader: Reader, path: Path, table: dict[str, Any], every_s: object, properties: Properties
) -> Quantity | None:
    def is_known(reader: Reader, path: Path, key: str) -> None:
        if properties.written is not None and key not in properties.written:
            remedy = known_or_close(key, properties.written, "properties.toml")
            reader.fault(path, f"unknown property '{key}'", remedy)

    given = properties.read.get(str(table.get("property")))
    defaults = {"key": table.get("property", ""), "unit": given.unit if given else "1"}
    checks: dict[str, Check] = {"property": is_known}
    if "every_s" in table:
        checks["every_s"] = _check_every_s
    elif every_s is not None:
        defaults["every_s"] = every_s if type(every_s) is int else 1
    if "unit" in table:
        checks["unit"] = _check_unit
    if "sent_unit" in table:
        checks["sent_unit"] = _check_sent_unit
    one = reader.struct(Quantity, path, {**defaults, **table}, checks)
    if one is not None:
        _check_conversion(reader, path, one)
    if one and not (math.isfinite(one.minimum) and math.isfinite(one.maximum) and one.minimum < one.maximum):
        what = f"the range {one.minimum} to {one.maximum} is empty"
        reader.fault((*path, "minimum"), what, "give the range the device can read, minimum below maximum")
    return one


def read_networks(document: Document, languages: tuple[str, ...], faults: list[Fault]) -> dict[str, Network]:
    """Return the networks of the city by key."""
    reader = Reader(document, faults)
    checks: dict[str, Check] = {
        "names": texts_in(languages),
        "topic": _check_topic,
        "topics": _check_topics,
        "username_env": check_variable,
        "password_env": check_variable,
        "token_env": check_variable,
    }
    found = {}
    for key, value in reader.table((), document.value).items():
        check_key(reader, (key,), key)
        if isinstance(value, dict) and value.get("kind") == "coap":
            value = {"port": COAP_PORT} | value  # noqa: PLW2901
        one = reader.struct(Network, (key,), value, checks, key=key)
        if one is None:
            continue
        if one.kind == "feed":
            reader.fault((key, "kind"), "feeds do not stand here", "write the feed into feeds.toml: see docs/feeds.md")
        if one.kind == "mqtt" and not one.host:
            reader.fault((key,), f"'host' is missing in {key}", "name the MQTT broker")
        if one.kind == "wifi":
            check_wifi(reader, key, one)
        found[key] = one
    return found


def _check_topic(reader: Reader, path: Path, topic: str) -> None:
    if "{code}" not in topic:
        reader.fault(path, f"the topic '{topic}' is the same for every device", "put {code} in it")
    elif "{code}" not in topic.split("/"):
        reader.fault(
            path, f"{{code}} is only a part of a level in '{topic}'", "give it a level of its own: a/{code}/up"
        )
    if set(topic.replace("{code}", "")) & set("{}+#"):
        reader.fault(path, f"the topic '{topic}' is no MQTT topic", "{code} is its only wildcard")


def _check_topics(reader: Reader, path: Path, topics: tuple[str, ...]) -> None:
    for topic in topics:
        levels = topic.split("/")
        if not topic or "#" in levels[:-1] or any(len(level) > 1 and set(level) & set("+#") for level in levels):
            reader.fault(path, f"'{topic}' is no MQTT topic filter", "use + for one level and # for all that follow")


def _check_sent_unit(reader: Reader, path: Path, code: str) -> None:
    try:
        conversion.check(code)
    except Unprocessable as error:
        reader.fault(path, error.what, error.remedy)


def _check_conversion(reader: Reader, path: Path, quantity: Quantity) -> None:
    try:
        conversion.of(quantity.sent_unit, quantity.unit, quantity.gas or quantity.property, quantity.reference_celsius)
    except Unprocessable as error:
        reader.fault((*path, "sent_unit"), error.what, error.remedy)


def check_variable(reader: Reader, path: Path, variable: str) -> None:
    """Note a text that is no name of an environment variable, such as the secret itself."""
    if variable and not _ENVIRONMENT.fullmatch(variable):
        what = f"'{path[-1]}' does not hold the name of an environment variable"
        reader.fault(path, what, "write a name such as PLACETTE_MQTT_PASSWORD, never the secret itself")


def _check_definition(reader: Reader, path: Path, definition: str) -> None:
    if not _URI.fullmatch(definition):
        reader.fault(path, f"'{definition}' is not a URI", "begin it with http://, https:// or urn:")


def _check_unit(reader: Reader, path: Path, code: str) -> None:
    try:
        units.unit(code)
    except Unprocessable as error:
        reader.fault(path, error.what, error.remedy)
