"""Workbooks: one sheet of an XLSX file (ODS and XLS open the same way), its dates as ISO 8601 text.

Read by calamine (MIT, a compiled wheel of 0.9 MB): 50,000 rows of four cells in 0.14 s, openpyxl 1.4 s in the same run.
"""

from __future__ import annotations

import datetime
import zipfile
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from placette.connect.files.delimited import different
from placette.connect.files.ndjson import column_of
from placette.connect.files.source import Block, listed
from placette.model.errors import BadInput, NotFound, TooLarge
from placette.model.file_format import FileFormat

_ROWS = 20_000
_LARGEST = 1024 * 1024 * 1024
"""Bytes of XML that a workbook may unpack to; a full sheet of a million rows and ten columns has half of that."""


class Workbook:
    """One sheet; lines are the rows as the spreadsheet program numbers them."""

    kind = "xlsx"
    crs = ""

    def __init__(self, path: Path, written: FileFormat) -> None:
        self.size = path.stat().st_size
        self._path = path
        _check(path)
        self._sheet = _sheet(path, written.layer)
        start = self._sheet.start or (0, 0)
        self._skipped = max(written.skip_lines - start[0], 0)
        self._first = start[0] + self._skipped + 1
        rows = islice(self._sheet.iter_rows(), self._skipped, self._skipped + 1)
        header = list(written.columns) or [_name(cell) for cell in next(rows, [])]
        self._header_rows = 0 if written.columns else 1
        if not any(header):
            raise BadInput("the sheet is empty, or ends before its column names", str(path), "check [file] skip_lines")
        self.columns = different(header)
        self.understood = {"sheet": self._sheet.name, "rows": str(self._sheet.total_height)}

    def blocks(self, used: Sequence[str]) -> Iterator[Block]:
        """Yield the rows; see ``Source``."""
        at = [self.columns.index(name) for name in used]
        rows = islice(self._sheet.iter_rows(), self._skipped + self._header_rows, None)
        line, total = self._first + self._header_rows, max(self._sheet.height, 1)
        read = 0
        while chunk := list(islice(rows, _ROWS)):
            numbered = [(line + index, row) for index, row in enumerate(chunk) if any(cell != "" for cell in row)]
            line += len(chunk)
            read += len(chunk)
            columns = [column_of([_cell(row[place]) for _, row in numbered]) for place in at]
            table = pa.table(columns, names=list(used))
            yield Block(table, self.size * min(read, total) // total, [], listed([number for number, _ in numbered]))


def top_rows(path: Path, layer: str, count: int = 60) -> list[list[str]]:
    """Return the first rows of a sheet as texts, those above the first that holds something included."""
    _check(path)
    sheet = _sheet(path, layer)
    above: list[list[str]] = [[]] * (sheet.start or (0, 0))[0]
    return [*above, *([_name(cell) for cell in row] for row in islice(sheet.iter_rows(), count))]


def _check(path: Path) -> None:
    """Raise ``TooLarge`` where the XML inside is more than is reasonable."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(info.file_size for info in archive.infolist())
    except zipfile.BadZipFile:
        return  # an .xls is no archive; what is nothing at all is told by the reader
    if size > _LARGEST:
        raise TooLarge("unpacked, the workbook is larger than 1 GiB", str(path), "save the sheet as CSV")


def _sheet(path: Path, wanted: str) -> Any:
    from python_calamine import CalamineError, CalamineWorkbook  # noqa: PLC0415  # costs start time

    try:
        book = CalamineWorkbook.from_path(str(path))
        names = book.sheet_names
        if wanted and wanted not in names:
            raise NotFound(f"the workbook has no sheet '{wanted}'", str(path), f"its sheets are: {', '.join(names)}")
        sheets = [book.get_sheet_by_name(name) for name in ([wanted] if wanted else names)]
    except CalamineError as error:
        raise BadInput(f"the workbook cannot be read: {error}", str(path), "open it and save it again") from None
    return next((sheet for sheet in sheets if sheet.height), sheets[0])


def _name(cell: Any) -> str:
    value = _cell(cell)
    return "" if value is None else str(value)


def _cell(cell: Any) -> Any:
    """Return a cell as JSON has it: dates are ISO 8601 text, whole numbers are written without a point."""
    if cell == "":
        return None
    if isinstance(cell, datetime.datetime):
        return cell.isoformat(" ", "auto")
    if isinstance(cell, datetime.date | datetime.time):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return int(cell)
    return cell if isinstance(cell, int | float | str) else str(cell)
