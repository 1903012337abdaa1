"""What was understood → a mapping in TOML, complete, with each guess and its evidence as a comment."""

from __future__ import annotations

import json
from collections.abc import Iterator

import msgspec

from placette.importing.detect.guess import SURE, Column, Understood
from placette.model.file_format import FileFormat

_DEFAULTS = FileFormat()


def mapping_text(found: Understood) -> str:
    """Return the mapping of ``docs/import.md`` that says what was understood."""
    return "\n".join([*_top(found), *_file(found), *_time(found), *_things(found), *_values(found)]) + "\n"


def _top(found: Understood) -> Iterator[str]:
    yield f"# {_line(found.file)}: proposed by Placette from the file itself. Look at what is marked with '?'."
    yield f"title = {_text(found.title)}"
    yield f"source = {_text(found.credits.get('source') or 'not stated')}" + (
        "" if found.credits.get("source") else "  # ? who measured"
    )
    yield f"licence = {_text(found.credits.get('licence') or 'not stated')}" + (
        "" if found.credits.get("licence") else "  # ? under which licence"
    )
    yield ""


def _file(found: Understood) -> Iterator[str]:
    yield "[file]"
    for field in msgspec.structs.fields(FileFormat):
        value = getattr(found.format, field.name)
        if value == getattr(_DEFAULTS, field.name) or (field.name == "kind" and value is None):
            continue
        yield from _why(found, {"skip_lines": "header", "columns": "header"}.get(field.name, field.name))
        yield f"{field.name} = {_value(value)}"
    yield ""


def _time(found: Understood) -> Iterator[str]:
    if not found.time_columns or found.layout == "inventory":
        return
    yield "[time]"
    yield from _why(found, "time")
    yield f"column = {_value(found.time_columns if len(found.time_columns) > 1 else found.time_columns[0])}"
    for fact, key in (
        ("format", "format"),
        ("zone", "zone"),
        ("period", "period"),
        ("counting day", "counting_day_start"),
        ("ambiguous", "ambiguous"),
        ("stamp", "stamp"),
        ("nonexistent", "nonexistent"),
    ):
        if fact in found.facts:
            yield from _why(found, fact)
            if found.value(fact):
                yield f"{key} = {_text(found.value(fact))}"
    if found.layout == "survey":
        yield "# answers given at the same time are kept apart by a microsecond each"
        yield 'together = "spread"'
    yield ""


def _things(found: Understood) -> Iterator[str]:
    each = {"series": "file", "survey": "file", "columns": "column", "long": "row", "inventory": "row"}.get(
        found.layout, "file"
    )
    code = found.things.get("code", "")
    if each == "row" and "{" not in code:
        each = "file"
    yield "[things]"
    yield from _why(found, "layout")
    yield f'each = "{each}"'
    yield from _why(found, "code")
    yield f"code = {_text(code)}"
    if found.things.get("name"):
        yield f"name = {_text(found.things['name'])}"
    yield f"kind = {_text(found.things.get('kind') or 'device')}"
    if found.things.get("place"):
        yield f"place = {_text(found.things['place'])}"
    x = next((column.name for column in found.columns if column.role == "x"), "")
    y = next((column.name for column in found.columns if column.role == "y"), "")
    if each == "row" and x and y:
        yield f"position = {{ longitude = {_text(x)}, latitude = {_text(y)} }}"
    yield from _why(found, "position")
    crs = found.value("position")
    if crs and crs != "EPSG:4326" and x:
        yield f"crs = {_text(crs)}"
    kept = [column.name for column in found.columns if column.role == "keep"]
    if kept and each == "row":
        yield "[things.properties]"
        yield from (
            f"{_text(_key(name))} = {_text('{' + name + '}')}" for name in kept if "{" not in name and "}" not in name
        )
    yield ""


def _values(found: Understood) -> Iterator[str]:
    groups: dict[tuple[object, ...], list[Column]] = {}
    for column in found.columns:
        if column.role in ("value", "category"):
            told = (
                column.role,
                column.observed_property,
                column.unit,
                column.multiply,
                column.add,
                column.variant,
                column.thing,
                tuple(column.where.items()),
            )
            groups.setdefault(told, []).append(column)
    for columns in groups.values():
        first = columns[0]
        mark = "" if first.confidence >= SURE else "? "
        yield "[[values]]"
        yield f"# {mark}{first.confidence:.0%}: {_line(first.evidence)}"
        yield f"columns = {_value(tuple(column.name for column in columns))}"
        yield f"property = {_text(first.observed_property)}"
        if found.layout == "survey":
            yield f"name = {_text(first.name)}"
        yield f"unit = {_text(first.unit)}"
        if first.role == "category":
            yield 'result = "category"'
        yield from (
            f"{key} = {_text(text)}" for key, text in (("variant", first.variant), ("thing", first.thing)) if text
        )
        if first.where:
            inner = ", ".join(f"{_text(name)} = {_text(text)}" for name, text in first.where.items())
            yield f"where = {{ {inner} }}"
        if first.multiply != 1.0:
            yield f"multiply = {first.multiply!r}"
        if first.add:
            yield f"add = {first.add!r}"
        yield ""
    for column in found.columns:
        if column.role == "personal":
            yield f"# {_line(column.name)}: {_line(column.evidence)}"


def _why(found: Understood, fact: str) -> Iterator[str]:
    guess = found.facts.get(fact)
    if guess is None:
        return
    mark = "" if guess.confidence >= SURE else "? "
    others = f"; or {' or '.join(repr(each) for each in guess.alternatives[:3])}" if guess.alternatives else ""
    yield f"# {mark}{guess.confidence:.0%}: {_line(guess.evidence)}{_line(others)}"


def _value(value: object) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_text(str(each)) for each in value) + "]"
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _text(text: str) -> str:
    """Return a TOML string; JSON's escapes are TOML's too, save that of DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _line(text: str) -> str:
    """Return a text that stays on the line of a comment."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _key(name: str) -> str:
    return name if name not in ("code", "kind", "place", "source", "licence") else f"{name}_"
