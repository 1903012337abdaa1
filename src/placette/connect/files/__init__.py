"""Files as a way in: tables, workbooks, JSON and maps, packed or not, as blocks of rows.

What the columns mean is not decided here: that is ``placette.harmonise``, by a mapping.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from placette.connect.files import packed, workbook
from placette.connect.files.delimited import Delimited
from placette.connect.files.features import Features, geojson, shapes
from placette.connect.files.geopackage import geopackage
from placette.connect.files.json_rows import JsonRows
from placette.connect.files.kml import kml
from placette.connect.files.ndjson import Ndjson
from placette.connect.files.parquet import Parquet
from placette.connect.files.source import Block, OddRow, Source
from placette.connect.files.workbook import Workbook
from placette.model.errors import UnsupportedMedia
from placette.model.file_format import FileFormat, Kind

__all__ = ["SUFFIXES", "Block", "Features", "OddRow", "Source", "kind_of", "opened", "top_rows"]

SUFFIXES: dict[Kind, tuple[str, ...]] = {
    "csv": (".csv", ".tsv", ".txt", ".tab"),
    "ndjson": (".ndjson", ".jsonl"),
    "json": (".json",),
    "xlsx": (".xlsx", ".xlsm", ".ods", ".xls"),
    "parquet": (".parquet", ".pq", ".geoparquet"),
    "shapefile": (".shp",),
    "geojson": (".geojson",),
    "geopackage": (".gpkg",),
    "kml": (".kml",),
}
"""How the names of files of each kind end, before ``.gz``, ``.xz`` or ``.zip``."""
_PACKED = (".gz", ".xz", ".zip", ".kmz")


@contextmanager
def opened(path: Path, written: FileFormat) -> Iterator[Source]:
    """Open a data file and find out its columns.

    Raises ``NotFound``, ``UnsupportedMedia`` or ``BadInput`` when there is no such file, nobody here reads its kind,
    or it is empty, damaged or of another encoding; ``TooLarge`` when it is made to fill the memory or the disk.
    """
    kind = written.kind or kind_of(path)
    if kind in _ON_DISK:
        with packed.on_disk(path, written.member, SUFFIXES[kind]) as file:
            yield _ON_DISK[kind](file, written)
    elif kind == "shapefile":
        yield shapes(path, written)
    else:
        with packed.opened(path, written.member, SUFFIXES[kind]) as stream:
            yield _STREAMED[kind](stream, written)


def top_rows(path: Path, written: FileFormat) -> list[list[str]]:
    """Return the first rows of a workbook as texts, so that its line of column names can be looked for."""
    with packed.on_disk(path, written.member, SUFFIXES["xlsx"]) as file:
        return workbook.top_rows(file, written.layer)


def kind_of(path: Path) -> Kind:
    """Return the kind of a file by its name, or by those of the files in a zip archive.

    Raises ``UnsupportedMedia`` with the endings that are known, ``NotFound`` when there is no such file.
    """
    names = [path.name, *(packed.members(path) if packed.is_zip(path) else [])]
    for name in names:
        bare = name.lower()
        for suffix in _PACKED:
            bare = bare.removesuffix(suffix)
        for kind, suffixes in SUFFIXES.items():
            if bare.endswith(suffixes):
                return kind
    known = " ".join(suffix for suffixes in SUFFIXES.values() for suffix in suffixes)
    raise UnsupportedMedia(
        f"the kind of '{path.name}' is not plain from its name",
        str(path),
        f"declare it in [file], e.g. kind = 'csv'; known endings: {known} .kmz, packed as .gz, .xz or .zip",
    )


_ON_DISK: dict[Kind, Callable[[Path, FileFormat], Source]] = {
    "parquet": lambda path, _: Parquet(path),
    "xlsx": Workbook,
    "geopackage": geopackage,
}
_STREAMED: dict[Kind, Callable[[packed.Stream, FileFormat], Source]] = {
    "csv": Delimited,
    "ndjson": Ndjson,
    "json": JsonRows,
    "geojson": geojson,
    "kml": kml,
}
