"""NDJSON: one JSON object per line; nested members become columns such as ``location.lat``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import msgspec
import pyarrow as pa

from placette.connect.files.packed import Stream
from placette.connect.files.source import Block, OddRow, listed
from placette.connect.files.text import LineReader, Lines
from placette.model.errors import BadInput
from placette.model.file_format import FileFormat

Row = dict[str, Any]


class Ndjson:
    """An NDJSON file; its columns are the members of the objects of its first block."""

    kind = "ndjson"
    crs = ""

    def __init__(self, stream: Stream, written: FileFormat) -> None:
        self.size = stream.size
        reader = LineReader(stream, written.encoding)
        self._blocks = reader.blocks(quoted=False)
        first = next(self._blocks, None)
        rows, _, odd = _rows(first) if first else ([], [], [])
        self.columns = tuple(dict.fromkeys(name for row in rows for name in row))
        if not self.columns:
            where = f"{stream.path}, line {odd[0].line}" if odd else str(stream.path)
            raise BadInput("there is no JSON object on a line of its own", where, "write one object per line")
        self._first = first
        self.understood = {"encoding": reader.encoding} | ({"member": stream.member} if stream.member else {})

    def blocks(self, used: Sequence[str]) -> Iterator[Block]:
        """Yield the rows; see ``Source``."""
        for lines in chain([self._first] if self._first else [], self._blocks):
            rows, at, odd = _rows(lines)
            columns = [column_of([row.get(name) for row in rows]) for name in used]
            yield Block(pa.table(columns, names=list(used)), lines.done, odd, listed(at))


def _rows(lines: Lines) -> tuple[list[Row], list[int], list[OddRow]]:
    """Return the objects, the line of each, and the lines that hold none."""
    rows: list[Row] = []
    at: list[int] = []
    odd: list[OddRow] = []
    decode = msgspec.json.Decoder(Row).decode
    for number, line in enumerate(lines.data.split(b"\n"), lines.first):
        if not line or line.isspace():
            continue
        try:
            row = decode(line)
        except (msgspec.DecodeError, RecursionError):
            odd.append(OddRow(number, line.decode(errors="replace")))
            continue
        rows.append(flat(row) if any(isinstance(value, dict) for value in row.values()) else row)
        at.append(number)
    return rows, at, odd


def flat(row: Row, prefix: str = "") -> Row:
    """Return an object whose nested members stand beside the others, named like ``location.lat``."""
    found: Row = {}
    for name, value in row.items():
        if isinstance(value, dict):
            found |= flat(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = value
    return found


def column_of(values: list[Any]) -> pa.Array:
    """Return values of JSON as a column: numbers, or texts where they are not all numbers."""
    kinds = {type(value) for value in values if value is not None}
    if kinds and kinds <= {int, float, bool}:
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    return pa.array(
        [value if value is None or isinstance(value, str) else _text(value) for value in values], pa.string()
    )


def _text(value: Any) -> str:
    return msgspec.json.encode(value).decode()
