"""Adds up what an import does, block by block, and writes its report."""

from __future__ import annotations

import numpy as np

from placette.connect.files import Block, Source
from placette.harmonise.mapping import Time
from placette.harmonise.melt import Counts, Melted
from placette.harmonise.plan import Plan, SeriesSpec, ThingSpec
from placette.harmonise.subjects import Subjects
from placette.importing.catalogue import series_code
from placette.importing.report import SERIES_SHOWN, Failure, FirstRow, ImportReport, SeriesReport, SetAside
from placette.importing.target import Ensured
from placette.model.errors import PlacetteError
from placette.store import Receipt

_FIRST_ROWS = 6
_UNPLACED_SHOWN = 20
_EARLIEST, _LATEST = np.iinfo(np.int64).min, np.iinfo(np.int64).max


class Account:
    """The figures of one import so far."""

    def __init__(self, plan: Plan, subjects: Subjects, series: list[SeriesSpec]) -> None:
        self.values = 0
        self.stored = 0
        self.rows = 0
        self._plan = plan
        self._subjects = subjects
        self._series = series
        self._receipts = [0, 0, 0]
        self._counts = [0, 0, 0]
        self._missing: dict[str, int] = {}
        self._new = [0, 0]
        self._first_rows: tuple[FirstRow, ...] = ()
        self._of_series = np.zeros(0, np.int64)
        self._first = np.zeros(0, np.int64)
        self._last = np.zeros(0, np.int64)

    def add_entities(self, ensured: Ensured) -> None:
        """Note what was made in the catalogue."""
        self._new[0] += ensured.things_new
        self._new[1] += ensured.series_new

    def add_rows(self, rows: int) -> None:
        """Note rows that are Things."""
        self.rows += rows

    def add_block(self, block: Block, melted: Melted) -> None:
        """Note what a block held."""
        counts: Counts = melted.counts
        self.rows += counts.rows
        self.stored += len(melted.series)
        self.values += len(melted.series) + len(melted.aside.row)
        for index, count in enumerate((counts.idle_rows, counts.twice_rows, counts.skipped_rows)):
            self._counts[index] += count
        for text, count in counts.missing.items():
            self._missing[text] = self._missing.get(text, 0) + count
        self._grow()
        np.add.at(self._of_series, melted.series, 1)
        np.minimum.at(self._first, melted.series, melted.start)
        np.maximum.at(self._last, melted.series, melted.start)
        if not self._first_rows:
            self._first_rows = self._shown(block, melted)

    def add_receipt(self, receipt: Receipt | None) -> None:
        """Note what the store did with values."""
        if receipt is not None:
            for index, count in enumerate((receipt.inserted, receipt.replaced, receipt.unchanged)):
                self._receipts[index] += count

    def report(
        self,
        source: Source,
        file: str,
        aside: tuple[SetAside, ...],
        *,
        preview: bool,
        forgot: bool,
        error: PlacetteError | None,
    ) -> ImportReport:
        """Return the report of what was added so far."""
        self._grow()
        things: list[ThingSpec] = self._subjects.things
        unplaced = self._subjects.unplaced
        return ImportReport(
            file=file,
            title=self._plan.mapping.title,
            preview=preview,
            kind=source.kind,
            understood=source.understood,
            time=_time_words(self._plan.mapping.time),
            ignored_columns=tuple(name for name in source.columns if name not in self._plan.used),
            bytes=source.size,
            rows=self.rows,
            idle_rows=self._counts[0],
            twice_rows=self._counts[1],
            skipped_rows=self._counts[2],
            values=self.values,
            inserted=self._receipts[0],
            replaced=self._receipts[1],
            unchanged=self._receipts[2],
            missing=self._missing,
            set_aside=aside,
            things=len(things),
            things_new=self._new[0],
            things_unplaced=tuple(unplaced[:_UNPLACED_SHOWN]),
            things_unplaced_count=len(unplaced),
            series=tuple(self._of(number) for number in range(min(len(self._series), SERIES_SHOWN))),
            series_count=len(self._series),
            series_new=self._new[1],
            first_rows=self._first_rows,
            forgot=forgot,
            failure=None if error is None else Failure(error.what, error.where, error.remedy),
        )

    def _grow(self) -> None:
        more = len(self._series) - len(self._of_series)
        if more > 0:
            self._of_series = np.concatenate((self._of_series, np.zeros(more, np.int64)))
            self._first = np.concatenate((self._first, np.full(more, _LATEST)))
            self._last = np.concatenate((self._last, np.full(more, _EARLIEST)))

    def _of(self, number: int) -> SeriesReport:
        spec = self._series[number]
        count = int(self._of_series[number])
        by_column = self._subjects.of_column
        columns = [
            each.column
            for at, each in enumerate(self._plan.values)
            if each.values.series_key == spec.values.series_key and (not by_column or by_column[at] == spec.thing)
        ]
        return SeriesReport(
            code=series_code(self._subjects.things[spec.thing], spec.values),
            column=", ".join(columns),
            unit=spec.values.unit,
            values=count,
            first=int(self._first[number]) if count else None,
            last=int(self._last[number]) if count else None,
        )

    def _shown(self, block: Block, melted: Melted) -> tuple[FirstRow, ...]:
        first = np.argsort(melted.row, kind="stable")[:_FIRST_ROWS]
        lines = block.lines(melted.row[first].tolist())
        return tuple(
            FirstRow(
                line,
                self._code(int(melted.series[at])),
                int(melted.start[at]),
                None if melted.end is None else int(melted.end[at]),
                float(melted.result[at]) if melted.text[at] < 0 else None,
                "" if melted.text[at] < 0 else melted.texts[melted.text[at]],
            )
            for line, at in zip(lines, first.tolist(), strict=True)
        )

    def _code(self, number: int) -> str:
        spec = self._series[number]
        return series_code(self._subjects.things[spec.thing], spec.values)


def _time_words(time: Time | None) -> dict[str, str]:
    """Return how times were read, in the words of the mapping."""
    if time is None:
        return {}
    said = {
        "column": " + ".join(time.columns),
        "format": time.format or "ISO 8601",
        "zone": time.zone or "as the times say",
        "period": f"{time.period}, named by its {time.stamp}" if time.period else "one instant",
        "counting day": f"starts at {time.counting_day_start}" if time.counting_day_start else "",
        "hours that come twice": time.ambiguous,
        "hours that do not exist": time.nonexistent,
    }
    return {name: text for name, text in said.items() if text}
