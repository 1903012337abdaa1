"""CSV and its kin: any separator, quotes as RFC 4180 has them, every field as text.

Arrow parses the blocks; the line of a row is found again, only where it is asked for, with Python's own reader.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from functools import lru_cache

import pyarrow as pa
import pyarrow.csv as arrow_csv

from placette.connect.files.packed import Stream
from placette.connect.files.source import Block, OddRow
from placette.connect.files.text import LineReader, Lines
from placette.model.errors import BadInput
from placette.model.file_format import FileFormat

_SEPARATORS = ",;\t|"
_SHOWN = {"\t": "tab", " ": "space"}


class Delimited:
    """A CSV file whose header has been read."""

    kind = "csv"
    crs = ""

    def __init__(self, stream: Stream, written: FileFormat) -> None:
        self.size = stream.size
        self._path = stream.path
        self._reader = LineReader(stream, written.encoding)
        if len(self._reader.first_lines(written.skip_lines)) < written.skip_lines:
            raise BadInput("the file ends before its column names", str(self._path), "check [file] skip_lines")
        header = [] if written.columns else self._reader.first_lines(1)
        if not written.columns and not header[0].strip():
            raise BadInput("there are no column names", str(self._path), "check [file] skip_lines, or give columns")
        self._separator = written.separator or _separator(header[0] if header else "")
        fields = list(written.columns) or next(csv.reader(header, delimiter=self._separator))
        self.columns = different(fields)
        self.understood = {
            "encoding": self._reader.encoding,
            "separator": _SHOWN.get(self._separator, self._separator),
            "decimal mark": written.decimal,
        } | ({"member": stream.member} if stream.member else {})

    def blocks(self, used: Sequence[str]) -> Iterator[Block]:
        """Yield the rows; see ``Source``."""
        for lines in self._reader.blocks(quoted=True):
            yield self._parse(lines, list(used))

    def _parse(self, lines: Lines, used: list[str]) -> Block:
        uneven = 0

        def note(_row: object) -> str:
            nonlocal uneven
            uneven += 1
            return "skip"

        places = lru_cache(maxsize=1)(lambda: _places(lines, self._separator, len(self.columns)))
        try:
            table = arrow_csv.read_csv(
                pa.BufferReader(lines.data),
                arrow_csv.ReadOptions(column_names=self.columns, block_size=len(lines.data) + 1),
                arrow_csv.ParseOptions(
                    delimiter=self._separator, newlines_in_values=b'"' in lines.data, invalid_row_handler=note
                ),
                arrow_csv.ConvertOptions(
                    include_columns=used,
                    column_types=dict.fromkeys(used, pa.string()),
                    check_utf8=False,
                    strings_can_be_null=False,
                ),
            )
        except pa.ArrowInvalid as error:
            if b"".join(lines.data.split()):
                where = f"{self._path}, from line {lines.first}"
                raise BadInput(f"the rows cannot be read: {error}", where, "check the quotes") from None
            table = pa.table({name: pa.array([], pa.string()) for name in used})
        return Block(table, lines.done, places()[1] if uneven else [], lambda rows: [places()[0][row] for row in rows])


def _separator(header: str) -> str:
    """Return the separator that comes most often in the column names; a comma when none does."""
    return max(_SEPARATORS, key=header.count)


def different(fields: list[str]) -> tuple[str, ...]:
    """Return column names without blanks around, without empty ones and without the same one twice."""
    names: list[str] = []
    for number, field in enumerate(fields, 1):
        name = field.strip() or f"(column {number})"
        twin = 2
        while name in names:
            name = f"{field.strip()} ({twin})"
            twin += 1
        names.append(name)
    return tuple(names)


def _places(lines: Lines, separator: str, columns: int) -> tuple[list[int], list[OddRow]]:
    """Return the line of each row that has all columns, and the rows that have not."""
    good: list[int] = []
    odd: list[OddRow] = []
    reader = csv.reader(io.StringIO(lines.data.decode(), newline=""), delimiter=separator)
    before = 0
    for fields in reader:
        line, before = lines.first + before, reader.line_num
        if len(fields) == columns:
            good.append(line)
        elif "".join(fields).strip():
            odd.append(OddRow(line, separator.join(fields)))
    return good, odd
