"""Correlation: every pair of the chosen datastreams as a matrix, one of them as a cloud of points."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from babel import Locale
from babel.numbers import format_decimal

from placette.analyse.correlation import without_profile
from placette.model.times import iso
from placette.publish import sheets
from placette.services.panels import Step, regular
from placette.web.charts import scale
from placette.web.console.desk import Desk, Extra, Named, Table, View
from placette.web.console.drawing import number
from placette.web.console.paper import NARROW, Frame, Paper
from placette.web.console.plot import Floats
from placette.web.console.question import Question, code_of

MOST_POINTS = 4_000
"""Points of the cloud; of more, every so manieth is drawn."""
_LEVELS = 5
_CELL = 54
_LEFT, _UP = 62, 30


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One cell of the matrix: its words, its tone (``p1`` to ``n5``), where it leads, what it says in full."""

    text: str
    tone: str
    href: str
    said: str
    chosen: bool


async def correlation(desk: Desk, language: str, question: Question) -> View:
    """Return the matrix and the cloud of the pair that ``x`` and ``y`` name, or of the closest one."""
    words = desk.words(language)
    named = desk.named(language, question.infos)
    step: Step = "day" if question.span.days > 750 else "hour"
    title = desk.title(language, named)
    without = "" if question.without == "none" else f" · {words(f'console.without_{question.without}_said')}"
    lede = f"{desk.lede(language, question, step)} · {words(f'console.method_{question.method}')}{without}"
    frame = desk.frame(language, title, lede, question.address(f"/{language}/console"))
    if len(named) < 2:
        return _nothing(title, lede, words("console.fault.two"))
    found = await desk.asked("/api/correlations", _asked(question, step))
    pairs = [] if found is None else found["pairs"]
    pair = _chosen(question, pairs)
    values = await asyncio.to_thread(_values, desk, question, pair, step)
    one, other = (named[pair[0]], named[pair[1]])
    cloud = _Cloud(values, (_axis(one), _axis(other)))
    sizes = tuple(named)
    return View(
        title=title,
        lede=lede,
        draw=lambda width, whole: _picture(frame, sizes, pairs, cloud, words.locale, width, whole),
        sheet=lambda: _sheet(desk, question, title, named, pairs),
        tables=(_table(desk, language, named, pairs, step),),
        explained=words(f"console.{question.method}_said") + " " + words("console.correlation_said"),
        empty=not any(each["coefficient"] is not None for each in pairs),
        extra=Extra(matrix=_matrix(desk, language, question, named, pairs, pair), names=tuple(named)),
    )


def _nothing(title: str, lede: str, notice: str) -> View:
    empty = sheets.Sheet(name="nothing", table=pa.table({"first": pa.array([], pa.string())}), about={})
    paper = Paper(400)
    frame = Frame(title=title, lede=lede, foot=(), address="")
    return View(
        title=title,
        lede=lede,
        draw=lambda width, whole: paper.svg(frame),
        sheet=lambda: empty,
        notices=(notice,),
        empty=True,
    )


def _asked(question: Question, step: str) -> dict[str, str]:
    return {
        "datastream": ",".join(str(info.id) for info in question.infos),
        "start": iso(question.span.start),
        "end": iso(question.span.end),
        "interval": step,
        "method": question.method,
        "without": question.without,
    }


def _chosen(question: Question, pairs: list[dict[str, Any]]) -> tuple[int, int]:
    places = {code_of(info): place for place, info in enumerate(question.infos)}
    if question.x in places and question.y in places:
        return places[question.x], places[question.y]
    known = [pair for pair in pairs if pair["coefficient"] is not None]
    best = max(known, key=lambda pair: abs(pair["coefficient"]), default={"first": 0, "second": 1})
    return best["first"], best["second"]


def _values(desk: Desk, question: Question, pair: tuple[int, int], step: Step) -> Floats:
    infos = [question.infos[place] for place in pair]
    panel = regular(desk.store, desk.city, infos, question.span.start, question.span.end, step)
    values = without_profile(panel.values, panel.start_s, panel.step_s, question.without)  # type: ignore[arg-type]
    both = values[np.isfinite(values).all(axis=1)]
    return both[:: max(1, len(both) // MOST_POINTS)]


def _axis(one: Named) -> str:
    return f"{one.full} ({one.unit})" if one.unit else one.full


def _tone(value: float | None) -> str:
    """Return the tone of a coefficient: five steps of each sign.

    >>> _tone(0.95), _tone(-0.3), _tone(0.05), _tone(None)
    ('p5', 'n2', 'p1', 'none')
    """
    if value is None:
        return "none"
    return f"{'p' if value >= 0 else 'n'}{min(_LEVELS, int(abs(value) * _LEVELS) + 1)}"


def _by_place(pairs: list[dict[str, Any]]) -> dict[tuple[int, int], dict[str, Any]]:
    found = {(pair["first"], pair["second"]): pair for pair in pairs}
    return found | {(second, first): pair for (first, second), pair in found.items()}


def _matrix(
    desk: Desk,
    language: str,
    question: Question,
    named: list[Named],
    pairs: list[dict[str, Any]],
    chosen: tuple[int, int],
) -> tuple[tuple[Cell | None, ...], ...]:
    """Return the rows of the matrix; a series with itself says nothing."""
    words, figures = desk.words(language), desk.figures(language)
    by_place = _by_place(pairs)

    def cell(row: int, column: int) -> Cell | None:
        if row == column:
            return None
        pair = by_place.get((row, column))
        value = pair["coefficient"] if pair else None
        codes = {"x": code_of(named[row].info), "y": code_of(named[column].info)}
        return Cell(
            text=words("live.absent") if value is None else figures.number(value, 2),
            tone=_tone(value),
            href=question.address(f"/{language}/console", **codes),
            said=f"{named[row].full} × {named[column].full}",
            chosen={row, column} == set(chosen),
        )

    return tuple(tuple(cell(row, column) for column in range(len(named))) for row in range(len(named)))


def _table(desk: Desk, language: str, named: list[Named], pairs: list[dict[str, Any]], step: str) -> Table:
    words, figures = desk.words(language), desk.figures(language)
    absent = words("live.absent")
    ordered = sorted(pairs, key=lambda pair: -abs(pair["coefficient"] or 0))
    rows = []
    for pair in ordered[:60]:
        one, other = named[pair["first"]], named[pair["second"]]
        value = pair["coefficient"]
        span = (
            absent
            if value is None
            else words("console.between", low=figures.number(pair["low"], 2), high=figures.number(pair["high"], 2))
        )
        rows.append(
            (
                f"{one.name} × {other.name}",
                absent if value is None else figures.number(value, 2),
                span,
                figures.number(pair["common"]),
                _lag(desk, language, pair, one, other, step),
            )
        )
    heads = ("pair", "coefficient", "interval", f"common_{step}", "lag")
    left = len(ordered) - len(rows)
    return Table(
        caption=words("console.pairs"),
        headings=tuple(words(f"console.head.{each}") for each in heads),
        rows=tuple(rows),
        note=words("console.more_in_files", count=left) if left else "",
        wordy=(4,),
    )


def _lag(desk: Desk, language: str, pair: dict[str, Any], one: Named, other: Named, step: str) -> str:
    """Return who follows whom by how much where they agree best."""
    words, figures = desk.words(language), desk.figures(language)
    lag, lagged = pair["lag"], pair["lagged"]
    if lag is None or lagged is None:
        return words("live.absent")
    if lag == 0:
        return words("console.at_once")
    follower = other if lag > 0 else one
    return words(f"console.follows_{step}", who=follower.name, count=abs(lag), how=figures.number(lagged, 2))


class _Cloud(msgspec.Struct, frozen=True):
    """The points of a pair (rows × 2) and the words of its axes."""

    points: Floats
    axes: tuple[str, str]


def _picture(
    frame: Frame,
    named: tuple[Named, ...],
    pairs: list[dict[str, Any]],
    cloud: _Cloud,
    locale: Locale,
    width: int,
    whole: bool,
) -> str:
    paper = Paper(width)
    if whole:
        paper.head(frame)
        _draw_matrix(paper, named, pairs, locale)
    _draw_cloud(paper, cloud, locale)
    if whole:
        paper.foot(frame)
    return paper.svg(frame, whole=whole)


def _draw_matrix(paper: Paper, named: tuple[Named, ...], pairs: list[dict[str, Any]], locale: Locale) -> None:
    by_place = _by_place(pairs)
    left = 40.0
    cell = min(_CELL, (paper.width - left - 380) / len(named))
    top = paper.y + 20
    for row, one in enumerate(named):
        y = top + row * cell * 0.7
        paper.text(left - 8, y + cell * 0.45, str(row + 1), "ink", 12, anchor="end", bold=True)
        paper.text(left + row * cell + cell / 2, top - 8, str(row + 1), "ink", 12, anchor="middle", bold=True)
        paper.text(left + len(named) * cell + 14, y + cell * 0.45, f"{row + 1}  {one.full}"[:64], "ink", 12)
        for column in range(len(named)):
            pair = by_place.get((row, column))
            value = pair["coefficient"] if pair else None
            x = left + column * cell
            if value is None:
                continue
            paper.fill(
                f"M{x:.1f} {y:.1f}h{cell - 2:.1f}v{cell * 0.7 - 2:.1f}h{2 - cell:.1f}Z",
                "blue" if value >= 0 else "brick",
                abs(value) * 0.6,
            )
            if cell > 30:
                words = str(format_decimal(value, "0.00", locale=locale))
                paper.text(x + cell / 2 - 1, y + cell * 0.45, words, "ink", 12, anchor="middle")
    paper.y = top + len(named) * cell * 0.7 + 24


def _draw_cloud(paper: Paper, cloud: _Cloud, locale: Locale) -> None:
    points = cloud.points
    high = 300 if paper.width < NARROW else 380
    wide = min(paper.width - _LEFT - 14, 640)
    top = paper.y + _UP
    if len(points) == 0:
        return
    (low_x, high_x, step_x), (low_y, high_y, step_y) = (scale(float(c.min()), float(c.max())) for c in points.T)
    paper.text(4, top - 14, cloud.axes[1], "ink", 12, bold=True)
    for place in range(round((high_y - low_y) / step_y) + 1):
        y = top + high - place * step_y / (high_y - low_y) * high
        paper.stroke(f"M{_LEFT} {y:.1f}h{wide}", "line", 0.75)
        paper.text(_LEFT - 8, y + 4, number(low_y + place * step_y, locale), anchor="end")
    for place in range(round((high_x - low_x) / step_x) + 1):
        x = _LEFT + place * step_x / (high_x - low_x) * wide
        paper.stroke(f"M{x:.1f} {top}v{high}", "line", 0.75)
        paper.text(x, top + high + 18, number(low_x + place * step_x, locale), anchor="middle")
    across = _LEFT + (points[:, 0] - low_x) / (high_x - low_x) * wide
    up = top + high - (points[:, 1] - low_y) / (high_y - low_y) * high
    dots = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in zip(across.tolist(), up.tolist(), strict=True))
    paper.stroke(dots, "blue", 4.5, opacity=0.35 if len(points) > 300 else 0.6)
    paper.text(_LEFT + wide, top + high + 40, cloud.axes[0], "ink", 12, anchor="end", bold=True)
    paper.y = top + high + 50


def _sheet(desk: Desk, question: Question, title: str, named: list[Named], pairs: list[dict[str, Any]]) -> sheets.Sheet:
    codes = [code_of(one.info) for one in named]
    columns = {
        "first": pa.array([codes[pair["first"]] for pair in pairs], pa.string()),
        "second": pa.array([codes[pair["second"]] for pair in pairs], pa.string()),
        "method": pa.repeat(question.method, len(pairs)),
        "without": pa.repeat(question.without, len(pairs)),
    }
    kinds = {"common": pa.int64(), "lag": pa.int64()}
    for key in ("coefficient", "low", "high", "common", "lag", "lagged"):
        columns[key] = pa.array([pair[key] for pair in pairs], kinds.get(key, pa.float64()))
    return sheets.Sheet(name=desk.file(question), table=pa.table(columns), about=desk.about(title, question.span))
