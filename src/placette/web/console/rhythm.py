"""Rhythm: the typical week of each chosen datastream, hour by hour, and how strongly it keeps to it."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from babel import Locale

from placette.model.times import MICROS_PER_S, iso
from placette.publish import sheets
from placette.web.console.desk import Desk, Extra, Named, Table, View
from placette.web.console.paper import NARROW, Frame, Paper
from placette.web.console.plot import Floats
from placette.web.console.question import Question, Span, code_of

MOST = 6
"""Weeks that one picture can carry."""
_LEAST_DAYS = 28
"""A typical week of fewer days than four weeks is no more than those days."""
_TAKEN_DAYS = 56
_MOST_DAYS = 1_800
_CYCLES = ("day", "week", "year")


class Week(msgspec.Struct, frozen=True, kw_only=True):
    """A typical week (7 × 24, NaN where unknown) with its name and the words of its least and largest value."""

    name: str
    values: Floats
    least: str
    largest: str


async def rhythm(desk: Desk, language: str, question: Question) -> View:
    """Return the weeks; a period of less than four weeks is taken back to eight, and the page says so."""
    words = desk.words(language)
    named = desk.named(language, question.infos)
    notices = [words("console.fault.weeks", most=MOST)] if len(named) > MOST else []
    named = named[:MOST]
    span = question.span
    if span.days < _LEAST_DAYS:
        span = Span(span.end - _TAKEN_DAYS * 86_400 * MICROS_PER_S, span.end)
        notices.append(words("console.fault.short", days=_TAKEN_DAYS))
    if span.days > _MOST_DAYS:
        span = Span(span.end - _MOST_DAYS * 86_400 * MICROS_PER_S, span.end)
    asked = {"datastream": ",".join(str(one.info.id) for one in named), "start": iso(span.start), "end": iso(span.end)}
    answer = await desk.asked("/api/rhythms", asked)
    found = [] if answer is None else answer["series"]
    if answer is None:
        notices.append(words("console.fault.no_rhythms"))
    by_id = {one["datastream"]: one for one in found}
    told = [(one, by_id[one.info.id]) for one in named if by_id.get(one.info.id, {}).get("week")]
    weeks = [_week(desk, language, one, series) for one, series in told]
    title = desk.title(language, named)
    period = desk.period(language, span, fine=False)
    lede = f"{words('console.week_of')} · {period} · {desk.origins(language, question.infos)}"
    frame = desk.frame(language, title, lede, question.address(f"/{language}/console"))
    return View(
        title=title,
        lede=lede,
        draw=lambda width, whole: _picture(frame, weeks, words.locale, width, whole),
        sheet=lambda: _sheet(desk, question, title, span, told),
        tables=(_table(desk, language, told),) if told else (),
        notices=tuple(notices),
        explained=words("console.rhythm_said") if weeks else "",
        empty=not weeks,
        extra=Extra(
            layers=tuple(_whole(language, words("console.whole_rhythm", what=one.name), one) for one, _ in told)
        ),
    )


def _whole(language: str, text: str, one: Named) -> tuple[str, str]:
    """Return the address of the page that tells a rhythm whole, and its words."""
    return f"/{language}/rhythms/{code_of(one.info)}", text


def _week(desk: Desk, language: str, one: Named, series: dict[str, Any]) -> Week:
    values = np.array([[np.nan if v is None else v for v in day] for day in series["week"]], np.float64)
    figures = desk.figures(language)
    known = values[np.isfinite(values)]
    ends = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
    least, largest = (figures.quantity(end, one.info.unit, one.decimals) for end in ends)
    return Week(name=one.full, values=values, least=least, largest=largest)


def _picture(frame: Frame, weeks: list[Week], locale: Locale, width: int, whole: bool) -> str:
    paper = Paper(width)
    if whole:
        paper.head(frame)
    across = 2 if len(weeks) > 1 and width > NARROW else 1
    wide = (width - 16 * (across - 1)) / across
    top = paper.y
    for place, week in enumerate(weeks):
        column = place % across
        if column == 0:
            top = paper.y
        bottom = _draw(paper, week, locale, column * (wide + 16), top, wide)
        if column == across - 1 or place == len(weeks) - 1:
            paper.y = bottom
    if whole:
        paper.foot(frame)
    return paper.svg(frame, whole=whole)


def _draw(paper: Paper, week: Week, locale: Locale, left: float, top: float, width: float) -> float:
    """Draw one week as a table of colours; the scale stands below. Return how far down it goes."""
    days = locale.days["stand-alone"]["abbreviated"]
    label = 46.0
    cell = (width - label - 4) / 24
    high = min(30.0, max(20.0, cell * 0.8))
    paper.text(left + 4, top + 18, week.name, "ink", 14, bold=True)
    top += 30
    known = week.values[np.isfinite(week.values)]
    low, rise = (float(known.min()), float(np.ptp(known))) if len(known) else (0.0, 0.0)
    for day in range(7):
        y = top + day * high
        paper.text(left + label - 8, y + high / 2 + 4, days[day], "ink-soft", 12, anchor="end")
        for hour in range(24):
            value = week.values[day, hour]
            if not np.isfinite(value):
                continue
            share = (value - low) / rise if rise > 0 else 0.5
            x = left + label + hour * cell
            paper.fill(
                f"M{x:.1f} {y:.1f}h{cell - 1:.1f}v{high - 1:.1f}h{1 - cell:.1f}Z", "blue", round(0.05 + 0.9 * share, 2)
            )
    y = top + 7 * high
    for hour in range(0, 24, 3 if cell > 14 else 6):
        paper.text(left + label + (hour + 0.5) * cell, y + 16, str(hour), "ink-soft", 12, anchor="middle")
    y += 28
    for step in range(5):
        paper.fill(f"M{left + label + step * 26:.1f} {y:g}h25v10h-25Z", "blue", round(0.05 + 0.9 * step / 4, 2))
    paper.text(left + label + 136, y + 10, f"{week.least} – {week.largest}", "ink-soft", 12)
    return y + 26


def _table(desk: Desk, language: str, told: list[tuple[Named, dict[str, Any]]]) -> Table:
    """Return how strong each rhythm is, beside what chance alone would show, and when it is highest."""
    words, figures = desk.words(language), desk.figures(language)
    rows = []
    for one, series in told:
        row = [one.full]
        for key in _CYCLES:
            value, chance = series["strength"].get(key), series["chance"].get(key)
            row.append(words("console.unknown_strength") if value is None else figures.number(100 * value) + "\u00a0%")
            if value is not None and chance is not None and value <= chance:
                row[-1] = words("console.no_more_than_chance")
        peak = series["peak"].get("day")
        row.append(words("live.absent") if peak is None else figures.hour(int(peak)))
        row.append(figures.number(series["week_count"]))
        rows.append(tuple(row))
    heads = ("series", "strength_day", "strength_week", "strength_year", "peak_hour", "weeks")
    return Table(
        caption=words("console.strengths"),
        headings=tuple(words(f"console.head.{each}") for each in heads),
        rows=tuple(rows),
    )


def _sheet(
    desk: Desk, question: Question, title: str, span: Span, told: list[tuple[Named, dict[str, Any]]]
) -> sheets.Sheet:
    """Return one row per datastream, weekday (1 is Monday) and hour."""
    parts = []
    for one, series in told:
        fixed = {"datastream": code_of(one.info), "name": one.full, "unit": one.info.unit, "origin": one.info.origin}
        columns = {key: pa.repeat(value, 168) for key, value in fixed.items()}
        columns["weekday"] = pa.array(np.repeat(np.arange(1, 8), 24))
        columns["hour"] = pa.array(np.tile(np.arange(24), 7))
        columns["typical"] = pa.array([value for day in series["week"] for value in day], pa.float64())
        parts.append(pa.table(columns))
    table = pa.concat_tables(parts) if parts else pa.table({"datastream": pa.array([], pa.string())})
    return sheets.Sheet(name=desk.file(question), table=table, about=desk.about(title, span))
