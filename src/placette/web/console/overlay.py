"""Overlay: the chosen datastreams over one time, each in its unit, or brought to one scale."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import numpy as np
import pyarrow as pa

from placette.model.times import MICROS_PER_S
from placette.publish import sheets
from placette.publish.wide import Wide
from placette.store import series
from placette.web.console.desk import AT, Desk, Named, Rows, Table, View
from placette.web.console.drawing import picture
from placette.web.console.plot import Band, Floats, Line, Mark, Plot
from placette.web.console.question import Question, code_of

MOST_RAW = 100_000
"""Observations that are drawn one by one, of all datastreams together."""
MOST_CELLS = 1_200
"""Figures of the table on the page; the files have them all."""
_GAP = 5
"""A line is broken where nothing came for so many times its usual rhythm."""
_COUNT = """
SELECT count(*) AS count FROM observation
WHERE datastream_id IN {ids} AND phenomenon_time >= make_timestamp(?) AND phenomenon_time < make_timestamp(?)
"""


async def overlay(desk: Desk, language: str, question: Question, marks: tuple[Mark, ...] = ()) -> View:
    """Return the overlay; beyond ``MOST_RAW`` observations hours are drawn instead, and the page says so."""
    words = desk.words(language)
    named = desk.named(language, question.infos)
    notices: list[str] = []
    step = question.step
    if step == "raw":
        count = await _count(desk, question)
        if count > MOST_RAW:
            notices.append(words("console.fault.raw", count=count, most=MOST_RAW))
            step = "hour" if question.span.days <= 800 else "day"
    wide = await desk.wide(question.infos, question.span, "hour" if step == "raw" else step)
    raws = await _raws(desk, question) if step == "raw" else None
    scale, axes = _scaled(named, question.scale)
    if scale != question.scale:
        notices.append(words("console.fault.units", count=len({one.unit for one in named})))
    plot = _plot(named, wide, raws, scale, axes, step, question.band, marks)
    if scale != "own":
        plot = _with_axis(plot, words(f"console.axis_{scale}"))
    title, lede = desk.title(language, named), desk.lede(language, question, step)
    frame = desk.frame(language, title, lede, question.address(f"/{language}/console"))
    zone, locale = desk.site.renderer.zone, words.locale
    return View(
        title=title,
        lede=lede,
        plot=plot,
        draw=lambda width, whole: picture(plot, frame, zone, locale, width=width, whole=whole),
        sheet=lambda: _sheet(desk, question, title, named, wide, raws),
        tables=(_summary(desk, language, named, wide), _values(desk, language, named, wide, step)),
        notices=tuple(notices),
        explained=words(f"console.scale_{scale}_said") if scale != "own" else "",
        empty=plot.is_empty,
    )


async def _count(desk: Desk, question: Question) -> int:
    ids = ", ".join(str(info.id) for info in question.infos) or "NULL"
    table = await desk.store.query(_COUNT.format(ids=f"({ids})"), [question.span.start, question.span.end])
    return int(table.column("count")[0].as_py())


async def _raws(desk: Desk, question: Question) -> list[tuple[Floats, Floats]]:
    """Return times (s UTC) and numbers of each datastream's observations, broken by NaN where it was silent."""
    span = question.span
    tables = await asyncio.gather(
        *(series.raw(desk.store, info.id, span.start, span.end, MOST_RAW) for info in question.infos)
    )
    return [_broken(table) for table in tables]


def _broken(table: pa.Table) -> tuple[Floats, Floats]:
    failed = np.isin(table.column("quality").to_numpy(), (4, 9))
    times = table.column("phenomenon_time").cast(pa.int64()).to_numpy() / MICROS_PER_S
    numbers = table.column("result").to_numpy(zero_copy_only=False).astype(np.float64)
    usable = np.isfinite(numbers) & ~failed
    times, numbers = times[usable], numbers[usable]
    if len(times) < 3:
        return times, numbers
    steps = np.diff(times)
    gaps = np.flatnonzero(steps > _GAP * max(1.0, float(np.median(steps)))) + 1
    return np.insert(times, gaps, times[gaps - 1] + 1), np.insert(numbers, gaps, np.nan)


def _scaled(named: list[Named], scale: str) -> tuple[str, dict[str, int]]:
    """Return the scale that can be drawn and the axis of each unit: more than two units need a common one."""
    units = list(dict.fromkeys(one.unit for one in named))
    if scale == "own" and len(units) > 2:
        scale = "standard"
    return scale, {unit: place if scale == "own" else 0 for place, unit in enumerate(units)}


def _plot(
    named: list[Named],
    wide: Wide,
    raws: list[tuple[Floats, Floats]] | None,
    scale: str,
    axes: dict[str, int],
    step: str,
    band: bool,
    marks: tuple[Mark, ...],
) -> Plot:
    lines, bands = [], []
    for place, one in enumerate(named):
        own, column = raws[place] if raws else (None, wide.value[place])
        middle, width = _measure(column, scale)
        how: dict[str, Any] = {"axis": axes[one.unit], "style": place}
        unit, decimals = (one.unit, one.decimals) if scale == "own" else ("", 1 if scale == "index" else 2)
        if scale == "index":
            middle, width = 0.0, middle / 100
        values = (column - middle) / width
        lines.append(Line(name=one.name, values=values, unit=unit, decimals=decimals, group=place, own=own, **how))
        if band and raws is None and one.combine not in ("difference", "sum"):
            low, high = ((each[place] - middle) / width for each in (wide.low, wide.high))
            bands.append(Band(low=low, high=high, **how))
    words = tuple(dict.fromkeys(unit for unit in axes)) if scale == "own" else ("",)
    x = wide.time.astype(np.float64)
    return Plot(x=x, lines=tuple(lines), bands=tuple(bands), marks=marks, axes=words, step=step)


def _measure(column: Floats, scale: str) -> tuple[float, float]:
    """Return what is taken away and by what is divided: mean and standard deviation of what is drawn."""
    known = column[np.isfinite(column)]
    if scale == "own" or not len(known):
        return 0.0, 1.0
    deviation = float(known.std())
    middle = float(known.mean())
    if scale == "index":
        return middle or np.nan, 1.0
    return middle, deviation if deviation > 0 else np.nan


def _with_axis(plot: Plot, words: str) -> Plot:
    return Plot(x=plot.x, lines=plot.lines, bands=plot.bands, marks=plot.marks, axes=(words,), step=plot.step)


def _summary(desk: Desk, language: str, named: list[Named], wide: Wide) -> Table:
    """Return one row per datastream: how much of the period is known, mean, least, largest, sum."""
    words, figures = desk.words(language), desk.figures(language)
    sums = any(one.combine in ("sum", "difference") for one in named)
    heads = ("series", "known", "mean", "least", "largest", *(("total",) if sums else ()))
    rows = []
    for place, one in enumerate(named):
        column = wide.value[place]
        known = np.isfinite(column)
        share = f"{figures.number(100 * known.mean() if len(known) else 0)}\u00a0%"
        if not known.any():
            rows.append((one.full, share, *([words("live.absent")] * (len(heads) - 2))))
            continue
        values = column[known]
        row = [
            figures.quantity(float(each), one.info.unit, one.decimals)
            for each in (values.mean(), values.min(), values.max())
        ]
        if sums:
            counted = one.combine in ("sum", "difference")
            row.append(figures.quantity(float(values.sum()), one.info.unit, one.decimals) if counted else "")
        rows.append((one.full, share, *row))
    return Table(
        caption=words("console.summary"),
        headings=tuple(words(f"console.head.{each}") for each in heads),
        rows=tuple(rows),
    )


def _values(desk: Desk, language: str, named: list[Named], wide: Wide, step: str) -> Table:
    """Return the values themselves, the newest first, as many as a page can bear."""
    words, figures = desk.words(language), desk.figures(language)
    most = max(12, MOST_CELLS // max(1, len(named)))
    shown = range(len(wide.time) - 1, max(-1, len(wide.time) - 1 - most), -1)
    style = AT if step in ("raw", "hour") else "EEE d MMM y"
    absent = words("live.absent")

    def rows() -> Rows:
        return tuple(
            (
                figures.at(int(wide.time[place]) * MICROS_PER_S, style),
                *(
                    figures.number(value, one.decimals) if math.isfinite(value) else absent
                    for value, one in zip(wide.value[:, place].tolist(), named, strict=True)
                ),
            )
            for place in shown
        )

    left = len(wide.time) - len(shown)
    return Table(
        caption=words("console.values", count=len(shown)),
        headings=(words("console.head.time"), *(f"{one.name} ({one.unit})" if one.unit else one.name for one in named)),
        rows=rows,
        note=words("console.more_in_files", count=left) if left else "",
        open=False,
    )


def _sheet(
    desk: Desk, question: Question, title: str, named: list[Named], wide: Wide, raws: list[tuple[Floats, Floats]] | None
) -> sheets.Sheet:
    """Return one row per value, the datastreams below each other."""
    parts = []
    for place, one in enumerate(named):
        if raws:
            times, values = raws[place]
            kept = np.isfinite(values)
            columns: dict[str, Any] = {"time": times[kept], "value": values[kept]}
        else:
            columns = {"time": wide.time, "value": wide.value[place], "min": wide.low[place], "max": wide.high[place]}
        parts.append(_part(one, columns, None if raws else wide.count[place]))
    file = desk.file(question)
    return sheets.Sheet(name=file, table=pa.concat_tables(parts), about=desk.about(title, question.span))


def _part(one: Named, columns: dict[str, Any], count: Any) -> pa.Table:
    size = len(columns["time"])
    about = {"datastream": code_of(one.info), "name": one.full, "unit": one.info.unit, "origin": one.info.origin}
    table: dict[str, pa.Array] = {key: pa.repeat(value, size) for key, value in about.items()}
    table["time"] = pa.array((np.asarray(columns["time"]) * MICROS_PER_S).astype(np.int64)).cast(sheets.TIMES)
    for key, column in columns.items():
        if key != "time":
            table[key] = pa.array(np.round(column, 6), from_pandas=True)
    if count is not None:
        table["count"] = pa.array(count)
    return pa.table(table)
