"""Blocks of a file, wide or long → columns of observations, with every row and value that is set aside accounted for.

For each block: cells with a value = values to store + values set aside. Values come out ordered by series and time,
which is how they are stored best.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from placette.harmonise import numbers
from placette.harmonise.faults import Fault
from placette.harmonise.mapping import Time
from placette.harmonise.moments import Clock, Moments
from placette.harmonise.plan import Plan, SeriesSpec
from placette.harmonise.repeats import Repeats, Spread
from placette.harmonise.subjects import Subjects, distinct

Integers = NDArray[np.int64]
Mask = NDArray[np.bool_]


class Cells(NamedTuple):
    """Values by place in the block: row, number of the value column, series, result.

    ``text`` numbers ``Melter.texts`` where the result is a category, and is -1 where it is a number.
    """

    row: Integers
    column: Integers
    series: Integers
    result: NDArray[np.float64]
    text: Integers


class Aside(NamedTuple):
    """Values set aside: the row of the block, the number of the value column, the ``Fault``."""

    row: Integers
    column: Integers
    fault: NDArray[np.uint8]


class Counts(NamedTuple):
    """What a block held."""

    rows: int
    idle_rows: int
    """Rows in which no value stands."""
    twice_rows: int
    """Rows with values whose local hour came twice."""
    skipped_rows: int
    """Rows with values whose local hour does not exist."""
    missing: dict[str, int]
    """Cells without a value, by the text that said so."""


class Melted(NamedTuple):
    """One block: ``series`` numbers ``Melter.series``; times in µs UTC, ``end`` absent for instants.

    ``text`` numbers ``texts``, -1 for numbers.
    """

    series: Integers
    start: Integers
    end: Integers | None
    result: NDArray[np.float64]
    text: Integers
    row: Integers
    aside: Aside
    counts: Counts
    texts: Sequence[str] = ()
    """Categories so far, in their order."""


class Melter:
    """Melts the blocks of one file, in their order. ``series`` grows as the file names new Things.

    Values that begin or end after ``horizon`` (µs UTC) are set aside.
    """

    def __init__(self, plan: Plan, time: Time, subjects: Subjects, horizon: int | None = None) -> None:
        self.series: list[SeriesSpec] = []
        self.texts: list[str] = []
        """Categories that came, in their order."""
        self._spread = Spread() if time.together == "spread" else None
        self._known_texts: dict[str, int] = {}
        self._plan = plan
        self._subjects = subjects
        self._clock = Clock(time)
        self._horizon = horizon
        self._repeats = Repeats()
        self._numbers: dict[tuple[int, str], int] = {}
        self._groups: dict[tuple[object, ...], int] = {}

    @property
    def forgot(self) -> bool:
        """True when a repeated row may have passed: the file's times were too irregular to remember them all."""
        return self._repeats.forgot

    def melt(self, table: pa.Table) -> Melted:
        """Return the observations of the next block; raises ``BadInput`` when the times have no zone."""
        named = self._subjects.read(table)
        moments = self._clock.read(table, self._group(table, named.thing))
        fault = np.where(named.fault == Fault.NONE, moments.fault, named.fault)
        if self._horizon is not None:
            ahead = np.maximum(moments.start, moments.start if moments.end is None else moments.end) > self._horizon
            fault[ahead & (fault == Fault.NONE)] = Fault.FUTURE
        good: list[Cells] = []
        aside: list[Aside] = []
        missing: dict[str, int] = {}
        busy = np.zeros(table.num_rows, np.bool_)
        written = self._plan.mapping.file
        for number, each in enumerate(self._plan.values):
            rows = _meant(table, each.values.where)
            column = table.column(each.column).combine_chunks()
            taken = column if len(rows) == len(column) else column.take(pa.array(rows))
            is_category = each.values.result == "category"
            read = numbers.present(taken, written) if is_category else numbers.parse(taken, written)
            for text, count in read.missing.items():
                missing[text] = missing.get(text, 0) + count
            busy[rows[read.present | read.bad]] = True
            usable = read.present & (fault[rows] == Fault.NONE)
            barred = rows[read.present & ~usable]
            aside += [_aside(barred, number, fault[barred]), _aside(rows[read.bad], number, Fault.NUMBER)]
            kept = rows[usable]
            result = read.value[usable] * each.values.multiply + each.values.add
            which = self._categories(taken, usable) if is_category else np.full(len(kept), -1)
            good.append(Cells(kept, np.full(len(kept), number), self._series(number, named.thing[kept]), result, which))
        counts = Counts(
            table.num_rows,
            int((~busy).sum()),
            int((moments.twice & busy).sum()),
            int((moments.skipped & busy).sum()),
            missing,
        )
        return self._ordered(Cells(*map(np.concatenate, zip(*good, strict=True))), moments, aside, counts)

    def _ordered(self, cells: Cells, moments: Moments, aside: list[Aside], counts: Counts) -> Melted:
        """Put the values in order, and those aside whose series has said that time before."""
        start = moments.start[cells.row]
        if self._spread is not None:
            start = start + self._spread.delays(cells.series, start)
        order, repeated = self._repeats.find(cells.series, start)
        again, kept = order[repeated], order[~repeated]
        aside.append(Aside(cells.row[again], cells.column[again], np.full(len(again), Fault.REPEATED, np.uint8)))
        return Melted(
            cells.series[kept],
            start[kept],
            None if moments.end is None else moments.end[cells.row[kept]],
            cells.result[kept],
            cells.text[kept],
            cells.row[kept],
            Aside(*map(np.concatenate, zip(*aside, strict=True))),
            counts,
            self.texts,
        )

    def _categories(self, column: pa.Array, usable: Mask) -> Integers:
        """Return the numbers of the texts in the cells of a column that can be used."""
        encoded = pc.utf8_trim_whitespace(column.filter(pa.array(usable)).cast(pa.string())).dictionary_encode()
        numbered = [
            self._known_texts.setdefault(text, len(self._known_texts)) for text in encoded.dictionary.to_pylist()
        ]
        self.texts += list(self._known_texts)[len(self.texts) :]
        which: Integers = np.array(numbered, np.int64)[encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)]
        return which

    def _series(self, number: int, things: Integers) -> Integers:
        """Return the series of values of one column, given their Things; makes the new ones."""
        if self._subjects.of_column:
            return np.full(len(things), self._number(self._subjects.of_column[number], number))
        different, which = np.unique(things, return_inverse=True)
        return np.array([self._number(thing, number) for thing in different.tolist()], np.int64)[which]

    def _number(self, thing: int, number: int) -> int:
        values = self._plan.values[number].values
        key = (thing, values.series_key)
        if key not in self._numbers:
            self._numbers[key] = len(self.series)
            self.series.append(SeriesSpec(thing, values))
        return self._numbers[key]

    def _group(self, table: pa.Table, things: Integers) -> Integers:
        """Number the rows by Thing and by the columns that ``where`` looks at."""
        if not self._plan.conditions:
            return things
        columns = [pa.array(things), *(table.column(name).combine_chunks() for name in self._plan.conditions)]
        first, which = distinct(columns)
        keys = zip(*(column.take(pa.array(first)).to_pylist() for column in columns), strict=True)
        return np.array([self._groups.setdefault(key, len(self._groups)) for key in keys], np.int64)[which]


def _meant(table: pa.Table, where: dict[str, str]) -> Integers:
    """Return the rows in which the columns hold the texts asked for."""
    meant = np.ones(table.num_rows, np.bool_)
    for name, text in where.items():
        held = pc.utf8_trim_whitespace(table.column(name).combine_chunks().cast(pa.string()))
        meant &= pc.equal(held, text).fill_null(False).to_numpy(zero_copy_only=False)
    return np.flatnonzero(meant)


def _aside(rows: Integers, number: int, fault: NDArray[np.uint8] | Fault) -> Aside:
    faults = np.full(len(rows), fault, np.uint8) if isinstance(fault, Fault) else fault
    return Aside(rows, np.full(len(rows), number), faults)
