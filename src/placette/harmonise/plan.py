"""A mapping laid against the columns a file really has: which column is what, before any row is read."""

from __future__ import annotations

import difflib
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from placette.harmonise import naming
from placette.harmonise.mapping import Mapping, Values
from placette.model.errors import BadInput, Unprocessable

GEOMETRY = "(geometry)"
"""The column in which shapefiles and GeoJSON hold the geometry of a row, as GeoJSON text in the file's coordinates."""
ROW = "row"
"""In a text with holes: the number of the row, from 1."""


class ValueColumn(msgspec.Struct, frozen=True):
    """One column of results and what the mapping says of it."""

    column: str
    values: Values

    @property
    def thing(self) -> str:
        """What ``{column}`` stands for where each column is a Thing."""
        return self.values.thing or self.column


class ThingSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A Thing that the file speaks of; ``location`` is a GeoJSON geometry in degrees (WGS 84)."""

    code: str
    name: str
    description: str
    kind: str
    place: str
    location: dict[str, Any] | None
    properties: dict[str, str]


class SeriesSpec(msgspec.Struct, frozen=True):
    """A Datastream that the file speaks of: the number of its Thing and what the mapping says of its values."""

    thing: int
    values: Values


class Plan(msgspec.Struct, frozen=True):
    """What each column of the file is for; ``used`` are those that must be read, in the file's order."""

    mapping: Mapping
    columns: tuple[str, ...]
    values: tuple[ValueColumn, ...]
    names: tuple[str, ...]
    """Columns that name the row's Thing."""
    conditions: tuple[str, ...]
    """Columns that ``where`` looks at."""
    used: tuple[str, ...]


def lay(mapping: Mapping, columns: tuple[str, ...]) -> Plan:
    """Lay a mapping against the columns of a file.

    Raises ``BadInput`` for a column that is not there, with those that are, and ``Unprocessable`` when two columns
    would be the same datastream.
    """
    time = mapping.time.columns if mapping.time else ()
    names = _holes(mapping)
    position = _position_columns(mapping)
    conditions = tuple(dict.fromkeys(name for values in mapping.values for name in values.where))
    for at, wanted in (("[time]", time), ("[things]", names + position), ("[[values]] where", conditions)):
        _require(wanted, columns, at)
    taken = {*time, *names, *position, *conditions, GEOMETRY}
    values = tuple(
        ValueColumn(column, each) for each in mapping.values for column in _meant(each, columns, frozenset(taken))
    )
    _check_codes(mapping, values)
    used = {*time, *names, *position, *conditions, *(each.column for each in values)}
    if mapping.things.position is None and GEOMETRY in columns:
        used.add(GEOMETRY)
    return Plan(mapping, columns, values, names, conditions, tuple(name for name in columns if name in used))


def _holes(mapping: Mapping) -> tuple[str, ...]:
    things = mapping.things
    match = things.position.match if things.position else ""
    texts = (things.code, things.name, things.description, match, *things.properties.values())
    filled = {ROW, "column"} if things.each == "column" else {ROW}
    return tuple(dict.fromkeys(name for text in texts for name in naming.holes(text) if name not in filled))


def _position_columns(mapping: Mapping) -> tuple[str, ...]:
    position = mapping.things.position
    if position is None or position.file:
        return ()
    return tuple(name for name in (position.longitude, position.latitude) if isinstance(name, str))


def _meant(values: Values, columns: tuple[str, ...], taken: frozenset[str]) -> tuple[str, ...]:
    """Return the columns that the patterns of ``values`` mean; a plain name means itself even when it is taken."""
    found: dict[str, None] = {}
    for pattern in values.patterns:
        if pattern in columns:
            found[pattern] = None
            continue
        matching = [name for name in columns if name not in taken and fnmatchcase(name, pattern)]
        if not matching:
            _require((pattern,), columns, "[[values]] columns")
        found |= dict.fromkeys(matching)
    return tuple(
        name for name in found if not any(name == pattern or fnmatchcase(name, pattern) for pattern in values.ignore)
    )


def _require(wanted: tuple[str, ...], columns: tuple[str, ...], at: str) -> None:
    for name in wanted:
        if name not in columns:
            plain = {column.lower(): column for column in columns}
            close = difflib.get_close_matches(name.lower(), plain, 1)
            hint = f"did you mean '{plain[close[0]]}'? " if close else ""
            shown = ", ".join(columns[:60]) + (" …" if len(columns) > 60 else "")
            raise BadInput(f"the file has no column '{name}'", at, f"{hint}its columns are: {shown}")


def _check_codes(mapping: Mapping, values: tuple[ValueColumn, ...]) -> None:
    """Raise ``Unprocessable`` where two columns, in the same rows, would be one datastream."""
    seen: dict[tuple[str, str], ValueColumn] = {}
    for each in values:
        of_column = mapping.things.each == "column"
        code = naming.code(mapping.things.code, {"column": each.thing}) if of_column else mapping.things.code
        if not code:
            raise Unprocessable(
                f"no code can be made from the column '{each.column}'",
                "[things] code",
                "name it with letters or digits",
            )
        before = seen.setdefault((code, each.values.series_key), each)
        if before is not each and before.values.where == each.values.where:
            raise Unprocessable(
                f"the columns '{before.column}' and '{each.column}' would be the same datastream "
                f"'{code}/{each.values.series_key}'",
                "[[values]]",
                "give one of them another property or a `variant`",
            )
        if before.values.unit != each.values.unit:
            raise Unprocessable(
                f"'{each.values.series_key}' is in {before.values.unit} and in {each.values.unit}",
                "[[values]] unit",
                "use one unit, with `multiply` where the file has another",
            )
