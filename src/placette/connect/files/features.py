"""Shapefiles and GeoJSON: one row per feature, its geometry as GeoJSON text in the file's own coordinates."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path, PurePath
from typing import Any

import msgspec
import pyarrow as pa
import shapefile

from placette.connect.files import packed
from placette.connect.files.ndjson import column_of
from placette.connect.files.packed import Stream
from placette.connect.files.source import Block, counted
from placette.model.errors import BadInput, NotFound, TooLarge
from placette.model.file_format import FileFormat

GEOMETRY = "(geometry)"
"""The name of the geometry column."""

_ROWS = 20_000
_LARGEST = 512 * 1024 * 1024
"""The parts of a shapefile are read whole, so that they are bounded."""

Feature = tuple[dict[str, Any], str | None]


class Features:
    """Features with their attributes; lines are the numbers of the features."""

    def __init__(self, kind: str, size: int, names: Sequence[str], features: Iterable[Feature], crs: str = "") -> None:
        self.kind = kind
        self.size = size
        self.columns = (*names, GEOMETRY)
        self.crs = crs
        self.understood: dict[str, str] = {}
        self._features = iter(features)

    def blocks(self, used: Sequence[str]) -> Iterator[Block]:
        """Yield the rows; see ``Source``."""
        first = 0
        while chunk := list(islice(self._features, _ROWS)):
            columns = {name: column_of([attributes.get(name) for attributes, _ in chunk]) for name in used}
            if GEOMETRY in used:
                columns[GEOMETRY] = pa.array([geometry for _, geometry in chunk], pa.string())
            yield Block(pa.table(columns), self.size, [], counted(first))
            first += len(chunk)


def geojson(stream: Stream, written: FileFormat) -> Features:
    """Read a GeoJSON FeatureCollection; raises ``BadInput`` when it is none, ``TooLarge`` beyond 512 MiB."""
    data = packed.whole(stream, "GeoJSON")
    try:
        whole = msgspec.json.decode(data.decode(written.encoding).encode())
        features = [(feature.get("properties") or {}, feature.get("geometry")) for feature in whole["features"]]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, LookupError, TypeError, AttributeError) as error:
        raise BadInput(
            f"this is no GeoJSON FeatureCollection: {error}", str(stream.path), "see RFC 7946, section 3.3"
        ) from None
    names = dict.fromkeys(name for attributes, _ in features for name in attributes)
    crs = whole.get("crs")
    named = crs.get("properties", {}).get("name", "") if isinstance(crs, dict) else ""
    return Features(
        "geojson",
        stream.size,
        tuple(names),
        (
            (attributes, None if shape is None else msgspec.json.encode(shape).decode())
            for attributes, shape in features
        ),
        str(named),
    )


def shapes(path: Path, written: FileFormat) -> Features:
    """Read a shapefile, zipped or beside its ``.dbf``; raises ``NotFound`` when one of the two is absent."""
    parts = _parts(path, written.member)
    if "dbf" not in parts:
        raise NotFound("the shapefile has no .dbf beside it", str(path), "keep .shp, .shx, .dbf and .prj together")
    shp = parts["shp"].getbuffer()
    if len(shp) < 100 or 2 * int.from_bytes(shp[24:28], "big") != len(shp):
        raise packed.damaged(path, ValueError("the .shp has another length than it says"))
    encoding = parts["cpg"].read().decode("ascii", "replace").strip() if "cpg" in parts else written.encoding
    try:
        # bytes that are no text in this encoding are kept apart, and told when their feature is read
        reader = shapefile.Reader(
            shp=parts["shp"],
            dbf=parts["dbf"],
            shx=parts.get("shx"),
            encoding=encoding,
            encodingErrors="surrogateescape",
        )
        names = [field[0] for field in reader.fields if field[0] != "DeletionFlag"]
    except (shapefile.ShapefileException, LookupError, ValueError) as error:
        raise BadInput(f"the shapefile cannot be read: {error}", str(path), "save it again, e.g. with QGIS") from None
    crs = parts["prj"].read().decode("latin-1") if "prj" in parts else ""
    found = Features(
        "shapefile",
        path.stat().st_size,
        names,
        _records(reader, path, encoding, _deleted(parts["dbf"].getvalue())),
        crs,
    )
    found.understood = {"encoding": encoding, "geometry": str(reader.shapeTypeName).lower(), "rows": str(len(reader))}
    return found


def _records(reader: shapefile.Reader, path: Path, encoding: str, deleted: Callable[[int], bool]) -> Iterator[Feature]:
    try:
        both = zip(reader.iterShapes(), reader.iterRecords(deleted_as_None=True), strict=True)
        for number, (shape, record) in enumerate(both):
            if record is None and deleted(number):
                continue
            attributes = {} if record is None else {name: _plain(value) for name, value in record.as_dict().items()}
            yield attributes, None if shape.shapeType == shapefile.NULL else _text(shape.__geo_interface__)
    except UnicodeEncodeError:
        where = f"{path}, feature {record.oid + 1}"
        remedy = 'declare their encoding in [file], e.g. encoding = "windows-1252"'
        raise BadInput(f"the attributes are no text in {encoding}", where, remedy) from None
    except (shapefile.ShapefileException, ValueError, EOFError) as error:
        raise packed.damaged(path, error) from None


def _deleted(table: bytes) -> Callable[[int], bool]:
    """Return what tells whether a record is marked as deleted.

    The mark is an asterisk; some programs leave records of zeros behind, whose features are there all the same.
    """
    header, width = (int.from_bytes(table[at : at + 2], "little") for at in (8, 10))
    return lambda number: table[header + number * width : header + number * width + 1] == b"*"


def _text(geometry: Any) -> str | None:
    return None if geometry is None else msgspec.json.encode(geometry).decode()


def _plain(value: Any) -> Any:
    """Return an attribute as JSON has it; raises ``UnicodeEncodeError`` where a byte of it was no text."""
    if isinstance(value, str):
        value.encode()
    return value if value is None or isinstance(value, int | float | str) else str(value)


def _parts(path: Path, member: str) -> dict[str, io.BytesIO]:
    """Return the files of a shapefile by their suffix."""
    if not packed.is_zip(path):
        beside = {part.suffix.lower()[1:]: part for part in sorted(path.parent.glob(f"{path.stem}.*"))}
        return {suffix: io.BytesIO(part.read_bytes()) for suffix, part in beside.items() if suffix in _SUFFIXES}
    with packed.zipped(path) as archive:
        names = packed.members(path)
        stem = PurePath(packed.choose(path, names, member, (".shp",))).with_suffix("")
        found = [name for name in names if PurePath(name).with_suffix("") == stem]
        if sum(archive.getinfo(name).file_size for name in found) > _LARGEST:
            raise TooLarge("the shapefile is larger than 512 MiB", str(path), "cut it into several files")
        suffixes = {PurePath(name).suffix.lower()[1:]: name for name in found}
        return {
            suffix: packed.read_member(path, archive, name) for suffix, name in suffixes.items() if suffix in _SUFFIXES
        }


_SUFFIXES = frozenset({"shp", "shx", "dbf", "prj", "cpg"})
