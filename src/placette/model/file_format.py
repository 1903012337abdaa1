"""How a data file is written: the part of an import mapping that the reader and the decoder of files share."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Kind = Literal["csv", "ndjson", "json", "xlsx", "parquet", "shapefile", "geojson", "geopackage", "kml"]


class FileFormat(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[file]``: everything has a default that suits a UTF-8 CSV file whose first line names the columns."""

    kind: Kind | None = None
    """By default taken from the name (``.csv .xlsx .json .gpkg .kml`` …), packed or not."""
    member: str = ""
    """The file to read inside a ``.zip``; needed only when several would do."""
    layer: str = ""
    """The sheet of a workbook or the layer of a GeoPackage; by default the first sheet, or the only layer."""
    records: str = ""
    """Where the rows stand in a JSON object, e.g. ``data.items``; by default its longest list of objects."""
    encoding: str = "utf-8"
    """Name of the text encoding, e.g. ``latin-1`` or ``windows-1252``; a UTF-8 byte order mark is dropped."""
    separator: Annotated[str, msgspec.Meta(max_length=1)] = ""
    """The character between two fields; empty: found from the first line, among ``, ; tab |``."""
    skip_lines: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 0
    """Lines above the column names."""
    columns: tuple[str, ...] = ()
    """Names of the columns of a file whose first line already holds data."""
    decimal: Literal[".", ","] = "."
    """Decimal mark."""
    thousands: str = ""
    """Mark between groups of three digits, e.g. a space."""
    missing: tuple[str, ...] = ()
    """Texts that stand for "no value", e.g. ``NA`` or ``-200``; an empty field always does."""
