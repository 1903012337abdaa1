"""Which device of the city a message comes from, and what its model's fields mean: compiled once per city folder.

A mapping turns decoded fields into results of observed properties: it finds the value at its path, gives words to
codes, and converts numbers to the unit of the datastream (``model.conversion``). Its version is part of every lineage.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from placette.city.model import City, DeviceModel, Quantity
from placette.model import conversion
from placette.model.errors import BadInput, Unprocessable
from placette.model.uplinks import Fields, Uplink

ABSENT: Any = object()
"""Stands for a value that the fields do not have; ``None`` is a value (the device tried and got nothing)."""
_RADIO: dict[str, Callable[[Uplink], float | None]] = {
    "@battery": lambda uplink: uplink.battery_percent,
    "@rssi": lambda uplink: uplink.receptions[0].rssi_dbm if uplink.receptions else None,
    "@snr": lambda uplink: uplink.receptions[0].snr_db if uplink.receptions else None,
    "@gateways": lambda uplink: len(uplink.receptions) or None,
}
"""Paths that speak of the message itself instead of what it holds."""


class _Rule(msgspec.Struct, frozen=True):
    """How one quantity is found and converted."""

    quantity: Quantity
    path: tuple[str, ...]
    linear: conversion.Linear

    def of(self, fields: Fields, uplink: Uplink) -> Any:
        """Return the result, ``ABSENT`` where there is none; raises ``BadInput`` or ``Unprocessable``."""
        name = self.quantity.field
        if name in _RADIO:
            found = _RADIO[name](uplink)
            value = ABSENT if found is None else found
        else:
            value = at(fields, self.path)
        if value is ABSENT:
            absent = self.quantity.absent
            return ABSENT if absent is None or not uplink.leaves_out_zeros else absent
        return self._converted(value, uplink.units.get(self.path[0], ""))

    def _converted(self, value: Any, stated_unit: str) -> Any:
        quantity = self.quantity
        if quantity.categories:
            return quantity.categories.get(_code(value), value)
        if type(value) is int or type(value) is float:
            if not math.isfinite(value):
                raise BadInput(
                    f"{quantity.key} is no finite number", quantity.key, "send null where nothing was measured"
                )
            linear = self._stated(stated_unit) if stated_unit and not quantity.sent_unit else self.linear
            return (value * quantity.multiply + quantity.add) * linear.multiply + linear.add
        if value is None or isinstance(value, bool | str) or (quantity.whole and isinstance(value, dict | list)):
            return value
        raise BadInput(
            f"{quantity.key} is a {type(value).__name__}",
            quantity.key,
            'name the value inside it: field = "path.to.it"; or keep it all: whole = true',
        )

    def _stated(self, unit: str) -> conversion.Linear:
        quantity = self.quantity
        return conversion.of(unit, quantity.unit, quantity.gas or quantity.property, quantity.reference_celsius)


class ModelMapping(msgspec.Struct, frozen=True):
    """What one device model's fields mean; ``version``: the first 12 digits of the SHA-256 of the model as written."""

    model: DeviceModel
    version: str
    rules: tuple[_Rule, ...]

    def results(self, fields: Fields, uplink: Uplink) -> tuple[dict[str, Any], list[str]]:
        """Return the results by property key, and what is wrong with the values that cannot be used."""
        found: dict[str, Any] = {}
        faults: list[str] = []
        for rule in self.rules:
            try:
                value = rule.of(fields, uplink)
            except (BadInput, Unprocessable) as error:
                faults.append(error.what)
                continue
            if value is not ABSENT:
                found[rule.quantity.property] = value
        return found, faults

    @property
    def names(self) -> str:
        """The fields this mapping looks for, for messages."""
        return ", ".join(rule.quantity.field or rule.quantity.key for rule in self.rules)


class Attached(msgspec.Struct, frozen=True):
    """The site that a network identifier stands for, from ``since`` until before ``until`` (µs UTC; ``None``: open)."""

    thing_code: str
    mapping: ModelMapping
    since: int | None = None
    until: int | None = None

    def holds(self, time: int) -> bool:
        """Return whether the device hung there at this time."""
        return (self.since is None or self.since <= time) and (self.until is None or time < self.until)


class Hung(msgspec.Struct, frozen=True):
    """A device at a site for some time, as field work records it; times in µs UTC."""

    thing_code: str
    network_id: str
    model: str
    since: int
    until: int | None


class Devices:
    """The devices of a city by how their networks name them, in any spelling; never changed once made."""

    def __init__(self, attached: Mapping[str, Attached | Sequence[Attached]]) -> None:
        self._attached = {key: (each,) if isinstance(each, Attached) else tuple(each) for key, each in attached.items()}

    @classmethod
    def of(cls, city: City, hung: Iterable[Hung] = ()) -> Devices:
        """Compile the city's devices; ``hung`` says which device hung where and when, instead of the folder's own word.

        A site of which nothing is recorded has the device of the folder since ever.
        """
        mappings = {key: compiled(model) for key, model in city.models.items()}
        found: dict[str, list[Attached]] = {}
        recorded: set[str] = set()
        for each in sorted(hung, key=lambda one: one.since):
            if each.model in mappings:
                first = each.thing_code not in recorded
                recorded.add(each.thing_code)
                site = Attached(each.thing_code, mappings[each.model], None if first else each.since, each.until)
                found.setdefault(each.network_id.casefold(), []).append(site)
        for device in city.devices:
            if device.code not in recorded:
                key = (device.network_id or device.code).casefold()
                found.setdefault(key, []).append(Attached(device.code, mappings[device.model]))
        return cls(found)

    def find(self, network_id: str, time: int | None = None) -> Attached | None:
        """Return the site of this identifier, ``None`` when the city has none; at a time (µs UTC), or at last."""
        sites = self._attached.get(network_id.casefold())
        if not sites:
            return None
        if time is None:
            return sites[-1]
        return next((site for site in reversed(sites) if site.holds(time)), None)

    @property
    def versions(self) -> dict[str, str]:
        """The version of the mapping of each model that a device has."""
        every = (site for sites in self._attached.values() for site in sites)
        return {site.mapping.model.key: site.mapping.version for site in every}


def compiled(model: DeviceModel) -> ModelMapping:
    """Compile the mapping of a model; raises ``Unprocessable`` on units that do not convert."""
    rules = tuple(
        _Rule(
            quantity,
            tuple((quantity.field or quantity.key).split(".")),
            conversion.of(
                quantity.sent_unit, quantity.unit, quantity.gas or quantity.property, quantity.reference_celsius
            ),
        )
        for quantity in model.quantities
    )
    version = hashlib.sha256(msgspec.json.encode(model, order="sorted")).hexdigest()[:12]
    return ModelMapping(model, version, rules)


def at(fields: Any, path: tuple[str, ...]) -> Any:
    """Return the value at a path of nested objects and lists, ``ABSENT`` where it ends; a whole name wins over a path.

    >>> at({"gnss": {"latitude": 43.5}}, ("gnss", "latitude"))
    43.5
    >>> at({"a.b": 1}, ("a", "b"))
    1
    """
    if len(path) > 1 and isinstance(fields, dict) and (whole := ".".join(path)) in fields:
        return fields[whole]
    value = fields
    for step in path:
        if isinstance(value, dict):
            value = value.get(step, ABSENT)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return ABSENT
    return value


def _code(value: Any) -> str:
    """How a code is written in ``categories``: whole numbers without a point, booleans as in TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
