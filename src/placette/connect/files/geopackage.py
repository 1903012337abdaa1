"""GeoPackage (OGC 12-128r19): an SQLite file whose layers become rows, geometries as GeoJSON text."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from placette.connect.files import wkb
from placette.connect.files.features import Feature, Features
from placette.model.errors import BadInput, NotFound
from placette.model.file_format import FileFormat

_ENVELOPE_BYTES = (0, 32, 48, 48, 64)
"""Bytes of the envelope in the header of a geometry, by its code (section 2.1.3)."""


def geopackage(path: Path, written: FileFormat) -> Features:
    """Read one layer of a GeoPackage; raises ``BadInput`` when it is none, ``NotFound`` when the layer is not plain."""
    try:
        with closing(_connected(path)) as con:
            layer = _layer(con, path, written.layer)
            names = [row[1] for row in con.execute(f"PRAGMA table_info({_quoted(layer)})")]
            found = con.execute(
                "SELECT column_name, srs_id FROM gpkg_geometry_columns WHERE table_name = ?", [layer]
            ).fetchone() or ("", None)
            crs = _crs(con, found[1])
    except sqlite3.DatabaseError as error:
        raise BadInput(f"this is no GeoPackage: {error}", str(path), "save it again, e.g. with QGIS") from None
    attributes = [name for name in names if name != found[0]]
    features = Features("geopackage", path.stat().st_size, attributes, _rows(path, layer, attributes, found[0]), crs)
    features.understood = {"layer": layer}
    return features


def _connected(path: Path) -> sqlite3.Connection:
    con = sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1", uri=True)
    con.execute("PRAGMA trusted_schema = OFF")
    return con


def _layer(con: sqlite3.Connection, path: Path, wanted: str) -> str:
    """Return the layer to read."""
    sql = "SELECT table_name FROM gpkg_contents WHERE data_type IN ('features', 'attributes') ORDER BY table_name"
    layers = [row[0] for row in con.execute(sql)]
    fitting = [layer for layer in layers if layer == wanted or not wanted]
    if len(fitting) == 1:
        return str(fitting[0])
    what = f"the GeoPackage has no layer '{wanted}'" if wanted else "the GeoPackage has several layers, or none"
    raise NotFound(what, str(path), f"name one in [file] layer: {', '.join(layers[:40])}")


def _crs(con: sqlite3.Connection, srs: int | None) -> str:
    sql = "SELECT organization, organization_coordsys_id FROM gpkg_spatial_ref_sys WHERE srs_id = ?"
    row = con.execute(sql, [srs]).fetchone() if srs is not None and srs > 0 else None
    return f"{row[0].upper()}:{row[1]}" if row else ""


def _rows(path: Path, layer: str, attributes: list[str], geometry: str) -> Iterator[Feature]:
    columns = ", ".join(_quoted(name) for name in [*attributes, geometry] if name)
    try:
        with closing(_connected(path)) as con:
            for row in con.execute(f"SELECT {columns} FROM {_quoted(layer)}"):  # noqa: S608  # quoted names
                values = {name: _plain(value) for name, value in zip(attributes, row, strict=False)}
                yield values, _text(row[-1]) if geometry else None
    except sqlite3.DatabaseError as error:
        raise BadInput(f"the GeoPackage is damaged: {error}", layer, "save it again, e.g. with QGIS") from None


def _text(blob: bytes | None) -> str | None:
    """Return a geometry as GeoJSON text: a header of its own stands before the well-known binary."""
    if not blob:
        return None
    if blob[:2] != b"GP" or (code := blob[3] >> 1 & 7) >= len(_ENVELOPE_BYTES):
        raise BadInput("the geometry has no GeoPackage header", remedy="save the file again, e.g. with QGIS")
    if blob[3] & 16:
        return None
    shape = wkb.geometry(memoryview(blob)[8 + _ENVELOPE_BYTES[code] :])
    return None if shape is None else msgspec.json.encode(shape).decode()


def _plain(value: Any) -> Any:
    return None if isinstance(value, bytes) else value


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
