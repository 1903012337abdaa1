"""Files as a way in: CSV, NDJSON, Parquet, shapefile and GeoJSON, packed or not, as blocks of rows.

What the columns mean is not decided here: that is ``placette.harmonise``, by a mapping.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from placette.connect.files import packed
from placette.connect.files.delimited import Delimited
from placette.connect.files.features import Features, geojson, shapes
from placette.connect.files.ndjson import Ndjson
from placette.connect.files.parquet import Parquet
from placette.connect.files.source import Block, OddRow, Source
from placette.model.errors import UnsupportedMedia
from placette.model.file_format import FileFormat, Kind

__all__ = ["Block", "Features", "OddRow", "Source", "opened"]

_SUFFIXES: dict[Kind, tuple[str, ...]] = {
    "csv": (".csv", ".tsv", ".txt", ".tab"),
    "ndjson": (".ndjson", ".jsonl"),
    "parquet": (".parquet", ".pq"),
    "shapefile": (".shp",),
    "geojson": (".geojson",),
}
_PACKED = (".gz", ".xz", ".zip")


@contextmanager
def opened(path: Path, written: FileFormat) -> Iterator[Source]:
    """Open a data file and find out its columns.

    Raises ``NotFound``, ``UnsupportedMedia`` or ``BadInput`` when there is no such file, nobody here reads its kind,
    or it is empty, damaged or of another encoding.
    """
    kind = written.kind or _kind(path)
    if kind == "parquet":
        packed.is_zip(path)
        yield Parquet(path)
    elif kind == "shapefile":
        yield shapes(path, written)
    else:
        with packed.opened(path, written.member, _SUFFIXES[kind]) as stream:
            yield geojson(stream, written) if kind == "geojson" else _rows(kind, stream, written)


def _rows(kind: Kind, stream: packed.Stream, written: FileFormat) -> Source:
    return Ndjson(stream, written) if kind == "ndjson" else Delimited(stream, written)


def _kind(path: Path) -> Kind:
    names = packed.members(path) if packed.is_zip(path) else [path.name]
    for name in names:
        bare = name.lower()
        for suffix in _PACKED:
            bare = bare.removesuffix(suffix)
        for kind, suffixes in _SUFFIXES.items():
            if bare.endswith(suffixes):
                return kind
    known = " ".join(suffix for suffixes in _SUFFIXES.values() for suffix in suffixes)
    raise UnsupportedMedia(
        f"the kind of '{path.name}' is not plain from its name",
        str(path),
        f"declare it in [file], e.g. kind = 'csv'; known endings: {known}, packed as .gz, .xz or .zip",
    )
