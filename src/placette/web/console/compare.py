"""Compare periods: the same datastreams in another period, laid over by the local time since both began.

Hours are the city's own, so that eight in the morning meets eight in the morning when the clocks have changed between.
A difference counts only the steps that both periods have; per cent are given where a zero means nothing at all.
"""

from __future__ import annotations

import asyncio
import math
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from placette.model.times import micros_of
from placette.publish import sheets
from placette.services.panels import Regular, Step, regular
from placette.store import DatastreamInfo
from placette.web.console.desk import RATIO_LESS, Desk, Named, Table, View
from placette.web.console.drawing import picture
from placette.web.console.plot import Floats, Line, Plot
from placette.web.console.question import CUSTOM, Question, Span, code_of
from placette.web.figures import moment

_DAYS = {"week": 7, "month": 28, "year": 364}
"""Whole weeks, so that Mondays meet Mondays; 52 of them make a year but for a day."""
_ENOUGH = 0.75


async def compare(desk: Desk, language: str, question: Question) -> View:
    """Return the comparison."""
    words = desk.words(language)
    step: Step = "day" if question.step in ("day", "week", "month") else "hour"
    days, notices = _shift(desk, language, question)
    before = _earlier(desk, question.span, days)
    infos = question.infos
    now, then = await asyncio.gather(
        asyncio.to_thread(_regular, desk, infos, question.span, step),
        asyncio.to_thread(_regular, desk, infos, before, step),
    )
    size = max(len(now.values), len(then.values))
    pair = _filled(now.values, size), _filled(then.values, size)
    named = desk.named(language, infos)
    fine = step == "hour"
    periods = desk.period(language, question.span, fine=fine), desk.period(language, before, fine=fine)
    plot = _plot(named, pair, now, step, (words("console.now"), words("console.then")))
    title = desk.title(language, named)
    lede = words("console.against_lede", now=periods[0], then=periods[1])
    lede = f"{lede} · {words(f'console.step_{step}')} · {desk.origins(language, infos)}"
    frame = desk.frame(language, title, lede, question.address(f"/{language}/console"))
    zone, locale = desk.site.renderer.zone, words.locale
    return View(
        title=title,
        lede=lede,
        plot=plot,
        draw=lambda width, whole: picture(plot, frame, zone, locale, width=width, whole=whole),
        sheet=lambda: _sheet(desk, question, title, named, (now, then), pair),
        tables=(_differences(desk, language, named, pair, step),),
        notices=notices,
        explained=words("console.compare_said") + (" " + words("console.weekdays_said") if days % 7 else ""),
        empty=plot.is_empty,
    )


def _shift(desk: Desk, language: str, question: Question) -> tuple[int, tuple[str, ...]]:
    """Return how many days earlier the other period begins, and what could not be done as asked."""
    if question.against == "before":
        return max(1, math.ceil(question.span.days - 0.05)), ()
    if question.against == CUSTOM:
        first = moment(question.span.start).astimezone(desk.site.renderer.zone).date()
        try:
            days = (first - date.fromisoformat(question.against_start[:10])).days
        except ValueError:
            days = 0
        if days and abs(days) < 20_000:
            return days, ()
        return 7, (desk.words(language)("console.fault.against"),)
    return _DAYS[question.against], ()


def _earlier(desk: Desk, span: Span, days: int) -> Span:
    zone = desk.site.renderer.zone
    first, last = (moment(at).astimezone(zone) - timedelta(days=days) for at in (span.start, span.end))
    return Span(micros_of(first), micros_of(last))


def _regular(desk: Desk, infos: tuple[DatastreamInfo, ...], span: Span, step: Step) -> Regular:
    return regular(desk.store, desk.city, infos, span.start, span.end, step)


def _filled(values: Floats, size: int) -> Floats:
    return np.pad(values, ((0, size - len(values)), (0, 0)), constant_values=np.nan)


def _plot(named: list[Named], pair: tuple[Floats, Floats], now: Regular, step: str, words: tuple[str, str]) -> Plot:
    units = list(dict.fromkeys(one.unit for one in named))[:2]
    lines = []
    for faint, values, word in ((True, pair[1], words[1]), (False, pair[0], words[0])):
        for place, one in enumerate(named):
            lines.append(
                Line(
                    name=f"{one.name}, {word}",
                    values=values[:, place],
                    unit=one.unit,
                    decimals=one.decimals,
                    axis=units.index(one.unit) if one.unit in units else 0,
                    style=place,
                    group=place,
                    faint=faint,
                )
            )
    x = now.step_s * np.arange(len(pair[0]), dtype=np.float64)
    return Plot(x=x, lines=tuple(lines), axes=tuple(units), step=step, elapsed=True, origin=float(now.start_s))


def _differences(desk: Desk, language: str, named: list[Named], pair: tuple[Floats, Floats], step: str) -> Table:
    """Return one row per datastream: both periods over the steps they share, the difference, what is missing."""
    words = desk.words(language)
    rows = tuple(
        _difference(desk, language, one, pair[0][:, place], pair[1][:, place]) for place, one in enumerate(named)
    )
    heads = ("series", "now", "then", "difference", "percent", "common")
    return Table(
        caption=words("console.differences"), headings=tuple(words(f"console.head.{each}") for each in heads), rows=rows
    )


def _difference(desk: Desk, language: str, one: Named, now: Floats, then: Floats) -> tuple[str, ...]:
    words, figures = desk.words(language), desk.figures(language)
    both = np.isfinite(now) & np.isfinite(then)
    size = len(now)
    common = words("console.common", common=int(both.sum()), size=size)
    absent = words("live.absent")
    if not both.any():
        return (one.full, absent, absent, absent, absent, common)
    total = one.combine in ("sum", "difference")
    first, second = (float(each[both].sum() if total else each[both].mean()) for each in (now, then))
    written = [figures.quantity(each, one.info.unit, one.decimals) for each in (first, second)]
    change = figures.quantity(first - second, one.info.unit, one.decimals)
    percent = absent
    if one.info.unit not in RATIO_LESS and second > 0 and (now[both].min() >= 0) and (then[both].min() >= 0):
        percent = f"{'+' if first > second else ''}{figures.number(100 * (first / second - 1), 1)}\u00a0%"
    if both.sum() < _ENOUGH * size:
        common = words("console.too_few", common=int(both.sum()), size=size)
    return (one.full, *written, f"+{change}" if first > second else change, percent, common)


def _sheet(
    desk: Desk,
    question: Question,
    title: str,
    named: list[Named],
    panels: tuple[Regular, Regular],
    pair: tuple[Floats, Floats],
) -> sheets.Sheet:
    size = len(pair[0])
    times = [pa.array(np.maximum(panel.instants(0, size), 0)).cast(sheets.TIMES) for panel in panels]
    parts = []
    for place, one in enumerate(named):
        now, then = (values[:, place] for values in pair)
        about = {"datastream": code_of(one.info), "name": one.full, "unit": one.info.unit, "origin": one.info.origin}
        parts.append(
            pa.table(
                {key: pa.repeat(value, size) for key, value in about.items()}
                | {
                    "time": times[0],
                    "value": pa.array(np.round(now, 6), from_pandas=True),
                    "time_compared": times[1],
                    "value_compared": pa.array(np.round(then, 6), from_pandas=True),
                    "difference": pa.array(np.round(now - then, 6), from_pandas=True),
                }
            )
        )
    return sheets.Sheet(name=desk.file(question), table=pa.concat_tables(parts), about=desk.about(title, question.span))
