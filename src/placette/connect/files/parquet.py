"""Parquet: read column by column, in batches of rows, with the types the file has; GeoParquet's geometry as GeoJSON.

The place of the geometry and its coordinate system stand in the file's metadata ``geo`` (GeoParquet 1.1).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from placette.connect.files import wkb
from placette.connect.files.features import GEOMETRY
from placette.connect.files.packed import damaged
from placette.connect.files.source import Block, counted

_ROWS = 131_072


class Parquet:
    """An open Parquet file; its lines are row numbers. ``path`` may be an unpacked copy of the file ``size`` is of."""

    kind = "parquet"

    def __init__(self, path: Path) -> None:
        self._path = path
        self.size = path.stat().st_size
        try:
            self._file = pq.ParquetFile(path)
        except pa.ArrowInvalid as error:
            raise damaged(path, error) from None
        schema = self._file.schema_arrow
        self._geometry, self.crs = _geometry(schema.metadata or {})
        self.columns = tuple(GEOMETRY if name == self._geometry else name for name in schema.names)
        self.understood = {"rows": str(self._file.metadata.num_rows)}

    def blocks(self, used: Sequence[str]) -> Iterator[Block]:
        """Yield the rows; see ``Source``."""
        total = max(self._file.metadata.num_rows, 1)
        wanted = [self._geometry if name == GEOMETRY else name for name in used]
        first = 0
        try:
            for batch in self._file.iter_batches(_ROWS, columns=wanted):
                table = pa.table(batch).select(wanted).rename_columns(list(used))
                if GEOMETRY in used:
                    shapes = [_text(blob) for blob in table.column(GEOMETRY).to_pylist()]
                    at = table.column_names.index(GEOMETRY)
                    table = table.set_column(at, GEOMETRY, pa.array(shapes, pa.string()))
                rows = table.num_rows
                done = self.size * (first + rows) // total
                yield Block(table, done, [], counted(first))
                first += rows
        except (pa.ArrowInvalid, OSError) as error:
            raise damaged(self._path, error) from None
        finally:
            self._file.close()


def _geometry(metadata: dict[bytes, bytes]) -> tuple[str, str]:
    """Return the name of the geometry column and its coordinate system, both empty where there is none."""
    try:
        said: Any = msgspec.json.decode(metadata.get(b"geo", b"{}"))
        name = str(said["primary_column"])
        column = said["columns"][name]
        named = (column.get("crs") or {}).get("id") or {"authority": "EPSG", "code": 4326}
        return (name, f"{named['authority']}:{named['code']}") if column["encoding"] == "WKB" else ("", "")
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
        return "", ""


def _text(blob: bytes | None) -> str | None:
    shape = wkb.geometry(blob) if blob else None
    return None if shape is None else msgspec.json.encode(shape).decode()
