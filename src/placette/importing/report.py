"""What an import did, in figures that add up: values stored + values set aside = values in the file."""

from __future__ import annotations

import msgspec


class ImportProgress(msgspec.Struct, frozen=True):
    """How far an import is: bytes of the file read, of all; values read."""

    done: int
    total: int
    values: int


class Example(msgspec.Struct, frozen=True):
    """A row or value that was set aside: its line, the columns concerned, what stands there."""

    line: int
    columns: str
    text: str


class SetAside(msgspec.Struct, frozen=True):
    """All that was set aside for one reason; ``kept`` of the ``rows`` stand in the inbox of dead letters."""

    what: str
    remedy: str
    rows: int
    values: int
    kept: int
    examples: tuple[Example, ...]


class SeriesReport(msgspec.Struct, frozen=True):
    """One datastream of the file; ``first`` and ``last`` are the starts of its first and last value, µs UTC."""

    code: str
    column: str
    unit: str
    values: int
    first: int | None
    last: int | None


class FirstRow(msgspec.Struct, frozen=True):
    """A value as it is stored; times in µs UTC, ``end`` absent for instants."""

    line: int
    code: str
    start: int
    end: int | None
    result: float | None
    text: str = ""
    """The result where it is a category."""


class Failure(msgspec.Struct, frozen=True):
    """The error that ended the import before the end of the file."""

    what: str
    where: str
    remedy: str


class ImportReport(msgspec.Struct, frozen=True, kw_only=True):
    """The whole account of one import, or of a preview (``preview``: nothing was stored)."""

    file: str
    title: str
    preview: bool
    kind: str
    understood: dict[str, str]
    time: dict[str, str]
    """How times were read: column, format, zone, period, and what was declared of odd hours."""
    ignored_columns: tuple[str, ...]
    bytes: int
    rows: int
    idle_rows: int
    """Rows without a value that the mapping means."""
    twice_rows: int
    """Rows whose local hour came twice."""
    skipped_rows: int
    """Rows whose local hour does not exist."""
    values: int
    """Values in the file: neither empty nor declared missing."""
    inserted: int
    replaced: int
    unchanged: int
    missing: dict[str, int]
    """Cells without a value, by the text that said so."""
    set_aside: tuple[SetAside, ...]
    things: int
    """Things the file speaks of."""
    things_new: int
    things_unplaced: tuple[str, ...]
    """Some of the new Things whose position is not known."""
    things_unplaced_count: int
    series: tuple[SeriesReport, ...]
    """The datastreams, at most the first ``SERIES_SHOWN`` of ``series_count``."""
    series_count: int
    series_new: int
    first_rows: tuple[FirstRow, ...]
    forgot: bool
    """True when repeated rows may have passed, the file being too irregular to remember all its times."""
    failure: Failure | None

    @property
    def values_set_aside(self) -> int:
        """Values that were not stored."""
        return sum(each.values for each in self.set_aside)


SERIES_SHOWN = 200
"""More would make the report of a file of ten thousand sensors unreadable, and as long as the file."""
