"""Reads thresholds.toml: what a city holds its forecasts against beside the thresholds of law that are known.

A row of a key that is known (services/forecast/thresholds.toml) takes its place.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from placette.city.documents import Document, Fault
from placette.city.model import Property, Threshold
from placette.city.tables import Reader
from placette.city.words import check_key, known_or_close, texts_in

FILE = "thresholds.toml"
MOST = 200


def read_thresholds(
    document: Document, languages: tuple[str, ...], properties: Mapping[str, Property], faults: list[Fault]
) -> tuple[Threshold, ...]:
    """Return the rows of the file, in its order."""
    reader = Reader(document, faults)
    table = reader.table((), document.value)
    rows = table.get("threshold", [])
    for name in table:
        if name != "threshold":
            reader.fault((name,), f"unknown list '{name}'", "thresholds.toml has [[threshold]] rows")
    if not isinstance(rows, list) or len(rows) > MOST:
        reader.fault(("threshold",), "threshold must be a list", f"write [[threshold]] before each, {MOST} at the most")
        return ()
    checks = {"key": check_key, "names": texts_in(languages)}
    read = [reader.struct(Threshold, ("threshold", place), row, checks) for place, row in enumerate(rows)]
    for place, row in enumerate(read):
        if row is not None:
            _check(reader, place, row, properties)
    return tuple(row for row in read if row is not None)


def _check(reader: Reader, place: int, row: Threshold, properties: Mapping[str, Property]) -> None:
    known = properties.get(row.property)
    if known is None:
        remedy = known_or_close(row.property, properties, "properties.toml")
        reader.fault(("threshold", place, "property"), f"unknown property '{row.property}'", remedy)
    elif row.unit != known.unit:
        remedy = f'write unit = "{known.unit}" and the value in it'
        reader.fault(("threshold", place, "unit"), f"{row.property} is not in '{row.unit}'", remedy)
    if not row.names:
        reader.fault(("threshold", place), f"{row.key} has no names", 'write names = { fr = "…", en = "…" }')
    if not row.source.strip():
        reader.fault(("threshold", place, "source"), f"{row.key} has no source", "say which text, or who, sets it")
    if not math.isfinite(row.value):
        reader.fault(("threshold", place, "value"), "the value is no number", "write it in the unit of the property")
    if row.valid_to is not None and row.valid_to < row.valid_from:
        reader.fault(("threshold", place, "valid_to"), f"{row.key} ends before it begins", "exchange the two dates")
