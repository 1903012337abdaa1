"""The first rows of any file as texts, and the times of many more of them: what detection looks at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import chain, islice
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from placette.connect import files
from placette.connect.files import packed
from placette.connect.files.features import GEOMETRY
from placette.importing.detect import head
from placette.importing.detect.guess import Guess
from placette.model.errors import BadInput
from placette.model.file_format import FileFormat

_ROWS = 4_000
_BLOCKS = 4
_FURTHER = 500
_TIME_ROWS = 400_000
_MOST_COLUMNS = 2_000


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """The first 4,000 rows and some 2,000 of the next megabytes: ``texts`` by column.

    ``typed`` columns are times already, ``geometries`` are GeoJSON texts.
    """

    format: FileFormat
    facts: dict[str, Guess]
    banner: tuple[str, ...]
    texts: dict[str, list[str]]
    typed: tuple[str, ...]
    geometries: list[str]
    has_geometry: bool
    crs: str
    rows: int


def take(path: Path, written: FileFormat | None = None) -> Sample:
    """Read the first rows of a file; what ``written`` says (member, layer, separator, …) is believed.

    Raises what ``files.opened`` raises, and ``BadInput`` for a table of more than 2,000 columns.
    """
    said = written or FileFormat()
    kind = said.kind or files.kind_of(path)
    facts = {"kind": Guess(kind, 0.99, "by the name of the file")}
    banner: tuple[str, ...] = ()
    form = msgspec.structs.replace(said, kind=kind)
    if kind == "csv":
        form, banner = _text_form(path, form, written, facts)
    elif kind == "shapefile" and written is None:
        form = _shape_form(path, form, facts)
    elif kind == "xlsx" and written is None:
        form, banner = _sheet_form(path, form, facts)
    with files.opened(path, form) as source:
        if len(source.columns) > _MOST_COLUMNS:
            raise BadInput(f"the file has {len(source.columns):,} columns", str(path), "at most 2,000 are understood")
        tables: list[pa.Table] = []
        for block in islice(source.blocks(source.columns), _BLOCKS):
            first = 0 if tables else _ROWS
            step = max(1, (block.table.num_rows - first) // _FURTHER)
            tables += [block.table.slice(0, first), block.table.slice(first).take(_every(block.table, first, step))]
        rows = sum(table.num_rows for table in tables)
        crs = source.crs
        columns = source.columns
    shapes = [text for table in tables if GEOMETRY in columns for text in table.column(GEOMETRY).to_pylist()]
    plain = [name for name in columns if name != GEOMETRY]
    texts = {name: list(chain.from_iterable(_texts(table.column(name)) for table in tables)) for name in plain}
    typed = [name for name in plain if tables and _is_time(tables[0].column(name).type)]
    return Sample(
        format=form,
        facts=facts,
        banner=banner,
        texts=texts,
        typed=tuple(typed),
        rows=rows,
        crs=crs,
        has_geometry=GEOMETRY in columns,
        geometries=[text for text in shapes if text],
    )


def _every(table: pa.Table, first: int, step: int) -> pa.Array:
    return pa.array(range(0, max(table.num_rows - first, 0), step), pa.int64())


def more(path: Path, written: FileFormat, names: Sequence[str]) -> dict[str, list[str]]:
    """Return up to 400,000 rows of some columns, as texts."""
    found: dict[str, list[str]] = {name: [] for name in names}
    with files.opened(path, written) as source:
        for block in source.blocks(list(dict.fromkeys(names))):
            for name in found:
                found[name] += _texts(block.table.column(name))
            if len(found[names[0]]) >= _TIME_ROWS:
                break
    return found


def numbered(columns: Sequence[Sequence[str]], rows: int) -> NDArray[np.int64]:
    """Number the rows by what the columns say."""
    known: dict[tuple[str, ...], int] = {}
    if not columns:
        return np.zeros(rows, np.int64)
    return np.array([known.setdefault(key, len(known)) for key in zip(*columns, strict=True)], np.int64)


def _text_form(
    path: Path, form: FileFormat, written: FileFormat | None, facts: dict[str, Guess]
) -> tuple[FileFormat, tuple[str, ...]]:
    """Return how a text file is written; what was stated before is kept."""
    with packed.opened(path, form.member, files.SUFFIXES["csv"]) as stream:
        found = head.read(stream)
    facts |= {"encoding": found.encoding, "separator": found.separator, "header": found.header}
    if written is not None:
        return form, found.banner
    columns = () if found.names else tuple(f"column {at}" for at in range(1, found.width + 1))
    form = msgspec.structs.replace(
        form,
        encoding=found.encoding.value,
        separator=found.separator.value,
        skip_lines=found.skip_lines,
        columns=columns,
    )
    return form, found.banner


def _sheet_form(path: Path, form: FileFormat, facts: dict[str, Guess]) -> tuple[FileFormat, tuple[str, ...]]:
    """Return which line of a sheet holds the column names."""
    rows = files.top_rows(path, form)
    skip, _, guess = head.header_of(rows, list(range(len(rows))))
    facts["header"] = guess
    return msgspec.structs.replace(form, skip_lines=skip), tuple(" ".join(row).strip() for row in rows[:skip])


def _shape_form(path: Path, form: FileFormat, facts: dict[str, Guess]) -> FileFormat:
    """Return the encoding of a shapefile's attributes: what stands beside it, UTF-8, or that of Windows."""
    for encoding in ("utf-8", "windows-1252", "cp850"):
        tried = msgspec.structs.replace(form, encoding=encoding)
        try:
            with files.opened(path, tried) as source:
                for block in islice(source.blocks(source.columns), _BLOCKS):
                    block.table.validate()
                used = source.understood.get("encoding", encoding)
        except BadInput as error:
            if "are no text in" not in error.what:
                raise
            continue
        why = "every attribute is good text in it" if encoding == "utf-8" else "the attributes are no UTF-8"
        facts["encoding"] = Guess(used, 0.95 if used != encoding or encoding == "utf-8" else 0.75, why)
        return tried
    return form


def _is_time(kind: pa.DataType) -> bool:
    return bool(pa.types.is_timestamp(kind) or pa.types.is_date(kind))


def _texts(column: pa.ChunkedArray) -> list[str]:
    """Return a column as texts without blanks around, whole numbers without a point, nothing for null."""
    if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
        return [""] * len(column)
    if pa.types.is_floating(column.type):
        return ["" if value is None or math.isnan(value) else f"{value:.15g}" for value in column.to_pylist()]
    found: list[str] = pc.utf8_trim_whitespace(column.cast(pa.string())).fill_null("").to_pylist()
    return found
