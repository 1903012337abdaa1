"""The report of an import as lines of plain text, for people and for logs."""

from __future__ import annotations

from collections.abc import Iterator

from placette.importing import ImportReport
from placette.importing.report import Failure, FirstRow, SeriesReport, SetAside
from placette.model import units
from placette.model.times import iso

_SERIES = 40


def lines(report: ImportReport) -> Iterator[str]:
    """Yield the report: what was understood, how it is stored, what was set aside, what became of the rest."""
    understood = "".join(f", {name} '{text}'" for name, text in report.understood.items())
    yield f"{report.file}: {report.kind}{understood}"
    if report.preview:
        yield from _understanding(report)
    yield from _missing(report)
    for each in report.set_aside:
        yield from _aside(each)
    yield from _things(report)
    yield from _figures(report)


def failure(ended: Failure) -> str:
    """Return the sentence for an import that ended before the end of its file."""
    where = f" ({ended.where})" if ended.where else ""
    return f"{ended.what}{where} — {ended.remedy}\nWhat was read before that is stored and stays."


def _understanding(report: ImportReport) -> Iterator[str]:
    if report.time:
        yield "times"
        yield from (f"  {name}: {text}" for name, text in report.time.items())
    if report.series:
        yield "datastreams"
        yield from (f"  {_series(each)}" for each in report.series[:_SERIES])
        if report.series_count > _SERIES:
            yield f"  … and {report.series_count - _SERIES:,} more"
    if report.ignored_columns:
        yield f"columns not read: {', '.join(report.ignored_columns)}"
    if report.first_rows:
        yield "first values, as they would be stored"
        yield from (f"  {_first(each)}" for each in report.first_rows)


def _series(each: SeriesReport) -> str:
    unit = units.symbol(each.unit) or units.unit(each.unit).name
    if each.first is None or each.last is None:
        return f"{each.column} → {each.code}: no value"
    return f"{each.column} → {each.code}: {each.values:,} values in {unit}, {iso(each.first)} … {iso(each.last)}"


def _first(each: FirstRow) -> str:
    when = iso(each.start) if each.end is None else f"{iso(each.start)}/{iso(each.end)}"
    return f"line {each.line}: {each.code} {when} {each.text if each.result is None else f'{each.result:g}'}"


def _missing(report: ImportReport) -> Iterator[str]:
    if report.missing:
        counts = sorted(report.missing.items(), key=lambda each: -each[1])
        said = ", ".join(f"{count:,} {_quoted(text)}" for text, count in counts)
        cells = sum(report.missing.values())
        yield f"no value in {cells:,} {_plural('cell', cells)}: {said}"
    if report.idle_rows:
        yield f"rows without a value that is meant: {report.idle_rows:,}"
    if report.twice_rows:
        how = report.time["hours that come twice"]
        yield f"rows in an hour that came twice: {report.twice_rows:,}, treated by '{how}'"
    if report.skipped_rows:
        how = report.time["hours that do not exist"]
        yield f"rows in an hour that does not exist: {report.skipped_rows:,}, treated by '{how}'"


def _quoted(text: str) -> str:
    return f"'{text}'" if text else "empty"


def _aside(each: SetAside) -> Iterator[str]:
    values = f"{each.values:,} {_plural('value', each.values)} in " if each.values else ""
    yield f"set aside: {values}{each.rows:,} {_plural('row', each.rows)}: {each.what}"
    for example in each.examples:
        yield f"  line {example.line}: {example.text[:160]}"
    yield f"  remedy: {each.remedy}"
    if each.kept < each.rows:
        yield f"  the inbox of dead letters holds the first {each.kept:,} of these rows"


def _things(report: ImportReport) -> Iterator[str]:
    if report.things_unplaced_count:
        named = ", ".join(report.things_unplaced[:5])
        more = " …" if report.things_unplaced_count > 5 else ""
        count = report.things_unplaced_count
        yield f"without a position: {count:,} {_plural('thing', count)}: {named}{more}"
    known = "" if report.preview else f", {report.things_new:,} of them new"
    streams = f"; {report.series_count:,} {_plural('datastream', report.series_count)}" if report.series_count else ""
    streams += f", {report.series_new:,} of them new" if report.series_count and not report.preview else ""
    yield f"{report.things:,} {_plural('thing', report.things)}{known}{streams}"


def _figures(report: ImportReport) -> Iterator[str]:
    if report.forgot:
        yield "note: the times are too irregular to remember them all; a row that repeats another may have passed"
    read = f"{report.rows:,} rows read"
    if report.series_count:
        read += f", {report.values:,} values: "
        good = report.values - report.values_set_aside
        read += (
            f"{good:,} would be stored"
            if report.preview
            else f"{report.inserted:,} stored, {report.unchanged:,} already there, {report.replaced:,} corrected"
        )
        read += f", {report.values_set_aside:,} set aside"
    yield f"{read}. Nothing was stored." if report.preview else read


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"
