"""Reads the JSON of entities to be created or changed into drafts, checked against the table of entities.

What a server adds to an entity (``@iot.id``, ``@iot.selfLink``, navigation links, counts) is taken and ignored, so that
a client can send back what it was given. Everything else that is not in the table is refused by name.
"""

from __future__ import annotations

from typing import Any

import msgspec

from placette.model import observation_json, times
from placette.model.errors import BadInput, TooLarge
from placette.model.observation_json import ObservationBody
from placette.publish.sensorthings.entities import ENTITIES, Column, Entity, Link
from placette.publish.sensorthings.resource import MAX_ID
from placette.publish.sensorthings.tree import Kind

MAX_DEPTH = 64
"""Levels of JSON in an entity: GeoJSON needs 8, a SensorML document rarely 40."""

_decoder = msgspec.json.Decoder()


class Draft(msgspec.Struct):
    """An entity as a client described it. Links hold ids of what exists and drafts of what is to be made."""

    entity: Entity
    values: dict[str, Any]
    links: dict[str, list[int | Draft]]
    where: str
    observation: ObservationBody | None = None

    def require(self) -> None:
        """Raise ``BadInput`` when a property that the standard requires is missing."""
        if self.observation is not None:
            return
        for name, column in self.entity.columns.items():
            if column.required and self.values.get(name) is None:
                raise BadInput(
                    f"{self.entity.name} needs '{name}'",
                    self.where,
                    "required are " + " ".join(n for n, c in self.entity.columns.items() if c.required),
                )

    def one(self, name: str) -> int | Draft | None:
        """Return what a link to one names, ``None`` when it was not given."""
        given = self.links.get(name)
        return given[0] if given else None


def decode(payload: bytes, where: str = "body") -> Any:
    """Decode JSON; raises ``BadInput`` with the place of the fault, or ``TooLarge`` when nested without end."""
    value = observation_json.decode(payload, _decoder, where)
    _check_depth(value, where)
    return value


def draft(value: Any, entity: Entity, where: str = "$") -> Draft:
    """Return the draft of an entity; raises ``BadInput`` that names the member at fault."""
    if not isinstance(value, dict):
        raise BadInput(f"{_shown(value)} stands where an object is wanted", where, f"describe a {entity.name}")
    if entity.name == "Observation":
        return _observation(value, entity, where)
    found = Draft(entity, {}, {}, where)
    for name, content in value.items():
        column = entity.columns.get(name)
        if column is not None:
            if not column.derived:
                found.values[name] = checked(content, column, f"{where}.{name}")
        elif name in entity.links:
            found.links[name] = _linked(content, entity.links[name], f"{where}.{name}")
        elif "@" not in name and name != "id":
            known = " ".join([*entity.columns, *entity.links])
            raise BadInput(f"{entity.name} has no '{name[:40]}'", f"{where}.{name[:40]}", f"there are {known}")
    return found


def checked(value: Any, column: Column, where: str) -> Any:
    """Return the value of a property if it is of its kind, else raise ``BadInput``; null may pass here."""
    if value is None or (column.kind is Kind.JSON and column.name != "properties"):
        return value
    if column.kind is Kind.OBJECT:
        return _members(value, column, where)
    if column.kind is Kind.JSON:
        if not isinstance(value, dict):
            raise BadInput(f"{_shown(value)} stands where an object is wanted", where, "write {} for none")
        return value
    if not isinstance(value, str):
        raise BadInput(f"{_shown(value)} stands where a text is wanted", where, "put it in quotes")
    if column.kind is Kind.TIME:
        try:
            times.micros(value)
        except BadInput as error:
            raise BadInput(error.what, where, error.remedy) from None
    return value


def _members(value: Any, column: Column, where: str) -> dict[str, str | None]:
    if not isinstance(value, dict):
        raise BadInput(
            f"{_shown(value)} stands where an object is wanted", where, "members: " + " ".join(column.members)
        )
    for name, member in value.items():
        if name not in column.members:
            raise BadInput(f"{column.name} has no '{name[:40]}'", where, "members: " + " ".join(column.members))
        if member is not None and not isinstance(member, str):
            raise BadInput(f"{_shown(member)} stands where a text is wanted", f"{where}.{name}", "put it in quotes")
    return value


def _linked(value: Any, link: Link, where: str) -> list[int | Draft]:
    target = ENTITIES[link.target]
    if not link.many:
        return [] if value is None else [_reference(value, target, where)]
    if not isinstance(value, list):
        raise BadInput(f"{_shown(value)} stands where a list is wanted", where, f"list the {target.set}")
    return [_reference(item, target, f"{where}[{position}]") for position, item in enumerate(value)]


def _reference(value: Any, target: Entity, where: str) -> int | Draft:
    """Return the id of a linked entity, whatever other members stand beside it, or the draft of one to be made."""
    key = value.get("@iot.id") if isinstance(value, dict) else None
    if key is None:
        return draft(value, target, where)
    if type(key) is not int:
        raise BadInput(f"{_shown(key)} is not an id", f"{where}.@iot.id", "ids are integers")
    if not 0 <= key <= MAX_ID:
        raise BadInput(f"there is no {target.set}({key})", where, "ids lie between 1 and 2^63−1")
    return key


def _observation(value: dict[str, Any], entity: Entity, where: str) -> Draft:
    """Return the draft of an observation: links written out in place here, all else by its one decoder."""
    found = Draft(entity, {}, {}, where)
    rest = dict(value)
    for name, link in entity.links.items():
        if name in rest:
            found.links[name] = _linked(rest.pop(name), link, f"{where}.{name}")
    rest = {name: content for name, content in rest.items() if name != "id" and not name.startswith("@iot.")}
    try:
        found.observation = msgspec.convert(rest, ObservationBody)
    except msgspec.ValidationError as error:
        raise BadInput(f"the JSON cannot be used: {error}", where, "see OGC 18-088, table 12") from None
    return found


def _check_depth(value: Any, where: str) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for item in level
            if isinstance(item, dict | list)
            for inner in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            return
    raise TooLarge(f"the JSON has more than {MAX_DEPTH} levels", where, "send it flatter")


def _shown(value: Any) -> str:
    return {dict: "an object", list: "a list", str: "a text", bool: "a truth value", type(None): "null"}.get(
        type(value), "a number"
    )
