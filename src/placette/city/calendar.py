"""Reads calendar.toml: market days, events, closings, and holidays beside those that are known of the country.

A folder without the file has weekdays, weekends and, in France, holidays.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, TypeVar

import msgspec

from placette.city.documents import Document, Fault
from placette.city.model import Calendar, Market, Occasion
from placette.city.tables import Check, Path, Reader
from placette.city.words import check_key, known_or_close, texts_in

FILE = "calendar.toml"
LONGEST_DAYS = 366
"""An occasion that lasts longer is no occasion, but most often a wrong year."""
_LISTS: dict[str, type[Market] | type[Occasion]] = {
    "markets": Market,
    "events": Occasion,
    "closings": Occasion,
    "public_holidays": Occasion,
    "school_holidays": Occasion,
}
T = TypeVar("T", bound=msgspec.Struct)


def read_calendar(
    document: Document, languages: tuple[str, ...], places: frozenset[str] | None, faults: list[Fault]
) -> Calendar:
    """Return the city's calendar; ``places`` are the keys of places.geojson, ``None`` when it could not be read."""
    reader = Reader(document, faults)
    checks: dict[str, Check] = {"key": check_key, "names": texts_in(languages), "places": _places(places)}
    found: dict[str, tuple[Any, ...]] = {}
    for name, value in reader.table((), document.value).items():
        if name not in _LISTS:
            reader.fault((name,), f"unknown list '{name}'", f"write [[one]] of {', '.join(_LISTS)}")
        elif not isinstance(value, list):
            reader.fault((name,), f"{name} must be a list", f"write [[{name}]] before each")
        else:
            rows = [reader.struct(_LISTS[name], (name, place), row, checks) for place, row in enumerate(value)]
            found[name] = tuple(row for row in rows if row is not None)
            for place, row in enumerate(rows):
                _check(reader, (name, place), row)
    _check_keys(reader, document.value)
    return Calendar(**found)


def _check(reader: Reader, path: Path, row: Any) -> None:
    if isinstance(row, Market):
        if row.valid_until < row.valid_from:
            reader.fault((*path, "valid_until"), f"{row.key} ends before it begins", "exchange the two dates")
        for index, day in enumerate(row.weekdays):
            if day in row.weekdays[:index]:
                reader.fault((*path, "weekdays", index), f"'{day}' stands twice in {row.key}", "remove one of the two")
    elif isinstance(row, Occasion) and row.last is not None:
        if row.last < row.first:
            reader.fault((*path, "last"), f"{row.key} ends before it begins", "exchange the two dates")
        elif row.last - row.first >= timedelta(days=LONGEST_DAYS):
            reader.fault((*path, "last"), f"{row.key} lasts longer than a year", "look at the years of its dates")


def _check_keys(reader: Reader, value: dict[str, Any]) -> None:
    """Note keys that stand twice, whatever list they stand in."""
    seen: set[str] = set()
    for name in _LISTS:
        rows = value.get(name)
        for place, row in enumerate(rows if isinstance(rows, list) else ()):
            key = row.get("key") if isinstance(row, dict) else None
            if isinstance(key, str) and key in seen:
                remedy = "give it a key of its own, such as one with the year"
                reader.fault((name, place, "key"), f"the key '{key}' stands twice", remedy)
            seen.add(str(key))


def _places(known: frozenset[str] | None) -> Check:
    def check(reader: Reader, path: Path, keys: tuple[str, ...]) -> None:
        for index, key in enumerate(keys):
            if known is not None and key not in known:
                reader.fault((*path, index), f"unknown place '{key}'", known_or_close(key, known, "places.geojson"))

    return check
