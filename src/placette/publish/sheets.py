"""Tables that leave the house as files: CSV for people, Parquet for programs, both saying what they hold.

A CSV begins with its columns and nothing else, so that every reader takes it; what it is (unit, origin, licence) stands
in columns of its own. A Parquet file carries the same columns with their types, and the rest as key-value metadata.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from starlette.requests import Request
from starlette.responses import Response

from placette.city.model import City
from placette.model.times import iso
from placette.publish.answers import Packed

CSV, PARQUET = "text/csv; charset=utf-8", "application/vnd.apache.parquet"
ENDINGS = {"csv": CSV, "parquet": PARQUET}
TIMES = pa.timestamp("us", "UTC")


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """Columns of equal length; those of type ``TIMES`` are instants. ``about`` is what Parquet says of the whole."""

    name: str
    table: pa.Table
    about: Mapping[str, str]


def about(city: City, title: str, start: int, end: int, made: int) -> dict[str, str]:
    """Return what every file of the city says of itself; times are µs UTC."""
    return {
        "title": title,
        "city": city.name,
        "time_zone": city.zone,
        "start": iso(start),
        "end": iso(end),
        "exported": iso(made),
        "licence": city.licence.name,
        "licence_url": city.licence.url,
        "attribution": city.licence.attribution,
        "software": "Placette",
    }


def answer(request: Request, sheet: Sheet, ending: str, zone: ZoneInfo) -> Response:
    """Return the sheet as a file to keep, ``ending`` being ``csv`` or ``parquet``."""
    body = parquet(sheet) if ending == "parquet" else text(sheet, zone).encode()
    name = f"attachment; filename*=UTF-8''{file_name(sheet.name)}.{ending}"
    packed = Packed(body, ENDINGS[ending])
    return packed.answer(request, {"Content-Disposition": name})


def text(sheet: Sheet, zone: ZoneInfo) -> str:
    """Return the sheet as CSV (RFC 4180); instants are ISO 8601 with the offset of ``zone``, absent values empty."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(sheet.table.column_names)
    columns = [_written(column, zone) for column in sheet.table.columns]
    writer.writerows(zip(*columns, strict=True))
    return written.getvalue()


def _written(column: pa.ChunkedArray, zone: ZoneInfo) -> Sequence[Any]:
    if not pa.types.is_timestamp(column.type):
        listed: list[Any] = column.to_pylist()
        return listed
    distinct, places = column.combine_chunks().dictionary_encode(), None
    words = [_moment(value, zone) for value in distinct.dictionary.cast(pa.int64()).to_pylist()]
    places = distinct.indices.to_pylist()
    return [None if place is None else words[place] for place in places]


def _moment(micros: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(micros / 1e6, zone).isoformat()


def parquet(sheet: Sheet) -> bytes:
    """Return the sheet as Parquet, compressed by Zstandard, with ``about`` as key-value metadata of the schema."""
    sink = io.BytesIO()
    kept = {key.encode(): value.encode() for key, value in sheet.about.items()}
    pq.write_table(sheet.table.replace_schema_metadata(kept), sink, compression="zstd")
    return sink.getvalue()


def file_name(name: str) -> str:
    """Return the name with nothing but ASCII letters, digits, ``-``, ``_`` and ``.``.

    >>> file_name("AIX-ROT-AIR-01/temperature 2026")
    'AIX-ROT-AIR-01_temperature_2026'
    """
    kept = (letter if letter.isascii() and (letter.isalnum() or letter in "-_.") else "_" for letter in name)
    return "".join(kept)[:150]
