"""Columns made fast: times, results and datastreams of many observations at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from placette.model import times
from placette.model.observation_json import result_columns
from placette.model.observations import TIME

UTC_TIME = pa.timestamp("us", "UTC")


def parsed_times(texts: Sequence[str] | pa.Array) -> pa.Array:
    """Return ISO 8601 texts as µs UTC; the fast reading takes those that are all with, or all without, a zone.

    Raises ``BadInput`` when one of them is no time or lies outside 1900–2200.
    """
    strings = pa.array(texts, pa.string())
    for wanted in (UTC_TIME, TIME):
        try:
            read = strings.cast(wanted).cast(pa.int64())
        except pa.ArrowInvalid:
            continue
        if in_range(read):
            return read.cast(TIME)
        break
    return pa.array([times.micros(text) for text in strings.to_pylist()], pa.int64()).cast(TIME)


def in_range(stamps: pa.Array) -> bool:
    """True when every instant (int64 µs since 1970-01-01 UTC) lies in 1900–2200."""
    ends = pc.min_max(stamps)
    first, last = ends["min"].as_py(), ends["max"].as_py()
    return first is None or (first >= times.EARLIEST and last < times.LATEST)


def results(values: Sequence[Any]) -> tuple[pa.Array, pa.Array]:
    """Return the columns ``result`` and ``result_json`` of decoded JSON results.

    Raises ``BadInput`` on a number beyond what a 64-bit float holds.
    """
    if set(map(type, values)) <= {float, type(None)}:
        return pa.array(values, pa.float64()), pa.nulls(len(values), pa.string())
    pairs = [result_columns(value) for value in values]
    return (
        pa.array([number for number, _ in pairs], pa.float64()),
        pa.array([text for _, text in pairs], pa.string()),
    )


def json_texts(values: pa.Array) -> pa.Array:
    """Return strings or booleans as JSON text, each distinct value written once."""
    encoded = values.dictionary_encode()
    written = [msgspec.json.encode(value).decode() for value in encoded.dictionary.to_pylist()]
    return pa.array(written, pa.string()).take(encoded.indices)
