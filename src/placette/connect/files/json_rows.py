"""JSON: a list of objects, or an object that holds one; nested members become columns such as ``location.lat``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pyarrow as pa

from placette.connect.files import packed
from placette.connect.files.ndjson import Row, column_of, flat
from placette.connect.files.packed import Stream
from placette.connect.files.source import Block, counted
from placette.model.errors import BadInput
from placette.model.file_format import FileFormat

_ROWS = 20_000
_DEEPEST = 4
"""How far down the rows are looked for where [file] records does not say."""


class JsonRows:
    """A JSON file, read whole (up to 512 MiB); lines are the numbers of its rows."""

    kind = "json"
    crs = ""

    def __init__(self, stream: Stream, written: FileFormat) -> None:
        self.size = stream.size
        data = packed.whole(stream, "JSON")
        try:
            whole = msgspec.json.decode(data.decode(written.encoding).removeprefix("\ufeff"))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, LookupError) as error:
            raise BadInput(f"this is no JSON: {error}", str(stream.path), "look at it in an editor") from None
        where, rows = _records(whole, written.records)
        if not rows:
            raise BadInput(
                "there is no list of objects in the JSON" + (f" at '{written.records}'" if written.records else ""),
                str(stream.path),
                "name the path to it in [file] records, e.g. records = 'data.items'",
            )
        self._rows = [flat(row) for row in rows]
        self.columns = tuple(dict.fromkeys(name for row in self._rows for name in row))
        self.understood = {"records": where or "the whole file", "rows": str(len(rows))}

    def blocks(self, used: Sequence[str]) -> Iterator[Block]:
        """Yield the rows; see ``Source``."""
        for first in range(0, len(self._rows), _ROWS):
            rows = self._rows[first : first + _ROWS]
            table = pa.table([column_of([row.get(name) for row in rows]) for name in used], names=list(used))
            yield Block(table, self.size * (first + len(rows)) // len(self._rows), [], counted(first))


def _records(whole: Any, path: str) -> tuple[str, list[Row]]:
    """Return where the rows stand and the rows: at ``path``, or the longest list of objects there is."""
    if path:
        for name in path.split("."):
            whole = whole.get(name) if isinstance(whole, dict) else None
        return path, _objects(whole)
    found = list(_lists(whole, "", 0))
    return max(found, key=lambda each: len(each[1]), default=("", []))


def _lists(value: Any, path: str, depth: int) -> Iterator[tuple[str, list[Row]]]:
    if isinstance(value, list):
        yield path, _objects(value)
    elif isinstance(value, dict) and depth < _DEEPEST:
        for name, part in value.items():
            yield from _lists(part, f"{path}.{name}".removeprefix("."), depth + 1)


def _objects(value: Any) -> list[Row]:
    return value if isinstance(value, list) and all(isinstance(row, dict) for row in value) else []
