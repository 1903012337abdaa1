"""Reads quality.toml: what the city asks of its observed properties, over the defaults that come with the program."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from placette.city.documents import Document, Fault, read_toml
from placette.city.tables import Path as Place
from placette.city.tables import Reader
from placette.city.words import known_or_close
from placette.model import units
from placette.model.errors import Unprocessable
from placette.model.quality import Checks

FILE = "quality.toml"
"""Optional in a city folder; its tables are properties, its keys those of :class:`placette.model.quality.Checks`."""

TESTS = ("fail", "suspect", "spike", "rate", "flat", "neighbour", "counts")
"""What a city may switch off for a property, by ``off = ["flat"]``."""


@cache
def defaults() -> dict[str, Checks]:
    """Return what is asked of each property unless a city says otherwise; each number has its reason in ``why``."""
    text = files("placette.city").joinpath(FILE).read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, Checks])


def read_quality(folder: Path, properties: Mapping[str, str], faults: list[Fault]) -> dict[str, Checks]:
    """Return what is asked of each property of the city.

    ``properties`` gives the unit of each of them. A number stands in the property's unit: the defaults of a property
    that the city has in another unit do not hold.
    """
    found = {key: one for key, one in defaults().items() if properties.get(key, one.unit) == one.unit}
    if not (folder / FILE).exists():
        return found
    document = read_toml(folder, FILE, faults)
    return found | _read(document, properties, faults, found) if document else found


def _read(
    document: Document, properties: Mapping[str, str], faults: list[Fault], standing: Mapping[str, Checks]
) -> dict[str, Checks]:
    reader = Reader(document, faults)
    found = {}
    for key, value in reader.table((), document.value).items():
        table = reader.table((key,), value)
        if key not in properties and key not in standing:
            reader.fault((key,), f"unknown property '{key}'", known_or_close(key, properties, "properties.toml"))
            continue
        base = _written(standing[key]) if key in standing else {"unit": properties[key]}
        checks = {"unit": _check_unit}
        kept = {name: item for name, item in table.items() if name != "off"}
        off = _switched_off(reader, key, table.get("off", []))
        one = reader.struct(Checks, (key,), {name: base[name] for name in base.keys() - off} | kept, checks)
        if one is not None and _is_sound(reader, key, one):
            found[key] = one
    return found


def _switched_off(reader: Reader, key: str, names: Any) -> set[str]:
    """Return the tests that the city does not want for a property."""
    if not isinstance(names, list):
        reader.fault((key, "off"), f"off of {key} must be a list", f"name tests: {', '.join(TESTS)}")
        return set()
    for index, name in enumerate(names):
        if name not in TESTS:
            reader.fault((key, "off", index), f"unknown test '{name}'", f"one of {', '.join(TESTS)}")
    return {str(name) for name in names}


def _written(checks: Checks) -> dict[str, Any]:
    """Return the checks as a table of quality.toml holds them."""
    table: dict[str, Any] = msgspec.to_builtins(checks)
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in table.items() if value is not None
    }


def _is_sound(reader: Reader, key: str, one: Checks) -> bool:
    """Note pairs that stand the wrong way round, and a range that expects what cannot be."""
    before = len(reader.faults)
    for name in ("fail", "suspect", "spike", "flat"):
        pair = getattr(one, name)
        if pair is not None and not pair[0] < pair[1]:
            reader.fault((key, name), f"{name} of {key} is empty: {list(pair)}", "write the smaller number first")
        elif pair is not None and name in ("spike", "flat") and pair[0] <= 0:
            reader.fault(
                (key, name), f"{name} of {key} begins at {pair[0]}", "give numbers above zero, or leave it out"
            )
    sound = len(reader.faults) == before
    if sound and one.fail and one.suspect and not (one.fail[0] <= one.suspect[0] and one.suspect[1] <= one.fail[1]):
        remedy = f"give a range within {list(one.fail)}, or a wider fail"
        reader.fault((key, "suspect"), f"suspect of {key} reaches beyond fail", remedy)
    return len(reader.faults) == before


def _check_unit(reader: Reader, path: Place, code: str) -> None:
    try:
        units.unit(code)
    except Unprocessable as error:
        reader.fault(path, error.what, error.remedy)
