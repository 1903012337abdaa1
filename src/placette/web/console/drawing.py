"""A plot as a vector picture: scales, grid, bands, lines thinned to what the width can show, and marks."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from babel import Locale
from babel.dates import format_date, format_time
from babel.numbers import format_compact_decimal, format_decimal

from placette.web.charts import scale
from placette.web.console.paper import NARROW, Frame, Legend, Paper
from placette.web.console.plot import DASHES, HUES, Floats, Line, Plot

_HIGH, _HIGH_NARROW = 360, 260
_DAY_S = 86_400
_LETTER_PX = 7.2
_EVERY_H = (1, 2, 3, 6, 12)
_EVERY_D = (1, 2, 4, 7, 14)
_EVERY_M = (1, 2, 3, 6, 12, 24, 60)
_ELAPSED_H = (1, 3, 6, 12, 24, 48, 168, 336, 672, 2016, 4032)


class _Window:
    """Times and values to points of the sheet; one scale per axis."""

    def __init__(self, plot: Plot, left: float, right: float, top: float, bottom: float) -> None:
        self.left, self.right, self.top, self.bottom = left, right, top, bottom
        self.first, last = plot.extent()
        self.span = max(1.0, last - self.first)
        self.scales = [scale(*plot.range_of(axis)) for axis in range(max(1, len(plot.axes)))]

    def x(self, seconds: Floats | float) -> Floats:
        return np.asarray(self.left + (np.asarray(seconds) - self.first) / self.span * (self.right - self.left))

    def y(self, values: Floats | float, axis: int) -> Floats:
        low, high, _ = self.scales[axis]
        return np.asarray(self.bottom - (np.asarray(values) - low) / (high - low) * (self.bottom - self.top))


def picture(
    plot: Plot, frame: Frame, zone: ZoneInfo, locale: Locale, *, width: int = 1080, name: str = "", whole: bool = True
) -> str:
    """Return the plot as SVG; ``whole`` with everything that a picture alone must say, otherwise for the page."""
    paper = Paper(width)
    if whole:
        paper.head(frame)
        marked = [Legend(mark.kind, mark.tone, "4 3" if mark.dashed else "") for mark in plot.kinds]
        paper.legend([*(entry(line) for line in plot.lines if len(plot.lines) > 1), *marked])
    _draw(paper, plot, zone, locale)
    if whole:
        paper.foot(frame)
    return paper.svg(frame, name, whole=whole)


def entry(line: Line) -> Legend:
    """Return a line's entry of the legend."""
    return Legend(line.name, *look(line.style), line.faint)


def look(style: int) -> tuple[str, str]:
    """Return the token and the dashes of a style.

    >>> look(0), look(8)
    (('blue', ''), ('blue', '7 4'))
    """
    return HUES[style % len(HUES)], DASHES[style // len(HUES) % len(DASHES)]


def _draw(paper: Paper, plot: Plot, zone: ZoneInfo, locale: Locale) -> None:
    two = len(plot.axes) > 1
    high = _HIGH_NARROW if paper.width < NARROW else _HIGH
    top = paper.y + (24 if any(plot.axes) else 10)
    rough = _Window(plot, 0, 1, top, top + high)
    widest = [max(len(number(tick, locale)) for tick in _up(each)) * _LETTER_PX + 14 for each in rough.scales]
    window = _Window(plot, widest[0] + 4, paper.width - (widest[1] if two else 12), top, top + high)
    for place, words in enumerate(plot.axes[:2]):
        anchor = "" if place == 0 else "end"
        paper.text(4 if place == 0 else paper.width - 4, top - 10, words, "ink", 12, anchor=anchor, bold=True)
    for mark in plot.marks:
        start, end = (
            float(window.x(min(max(at, window.first), window.first + window.span))) for at in (mark.start, mark.end)
        )
        end = max(end, start + 2)
        paper.fill(f"M{start:.1f} {top:g}H{end:.1f}V{top + high:g}H{start:.1f}Z", mark.tone, 0.2)
        paper.stroke(f"M{start:.1f} {top:g}H{end:.1f}", mark.tone, 3, "4 3" if mark.dashed else "")
    _grid(paper, plot, window, zone, locale)
    for band in plot.bands:
        paper.fill(_between(window, plot.x, band.low, band.high, band.axis), look(band.style)[0], band.strength)
    for line in sorted(plot.lines, key=lambda each: not each.faint):
        hue, dash = look(line.style)
        path = _path(window, plot.x if line.own is None else line.own, line)
        paper.stroke(
            path, hue, 1.6 if len(plot.lines) < 9 else 1.2, "2 3" if line.faint else dash, 0.65 if line.faint else 1
        )
    if plot.now is not None:
        paper.stroke(f"M{float(window.x(plot.now)):.1f} {top:g}V{top + high:g}", "ink-soft", 1, "4 3")
    paper.y = top + high + 30


def _grid(paper: Paper, plot: Plot, window: _Window, zone: ZoneInfo, locale: Locale) -> None:
    for axis, steps in enumerate(window.scales):
        for tick in _up(steps):
            y = float(window.y(tick, axis))
            if axis == 0:
                paper.stroke(f"M{window.left:.1f} {y:.1f}H{window.right:.1f}", "line", 0.75)
            x, anchor = (window.left - 8, "end") if axis == 0 else (window.right + 8, "")
            paper.text(x, y + 4, number(tick, locale), anchor=anchor)
    for at, words in ticks(plot, window.first, window.span, window.right - window.left, zone, locale):
        x = float(window.x(at))
        paper.stroke(f"M{x:.1f} {window.top:g}V{window.bottom:g}", "line", 0.75)
        half = len(words) * _LETTER_PX / 2
        if window.left - 20 <= x - half and x + half <= paper.width:
            paper.text(x, window.bottom + 18, words, anchor="middle")


def _up(steps: tuple[float, float, float]) -> list[float]:
    low, high, step = steps
    return [low + step * place for place in range(round((high - low) / step) + 1)]


def number(value: float, locale: Locale) -> str:
    """Return a figure of a scale, short."""
    if abs(value) < 10_000:
        return str(format_decimal(round(value, 6) + 0.0, locale=locale))
    return str(format_compact_decimal(value, locale=locale, fraction_digits=1))


def ticks(
    plot: Plot, first: float, span: float, width: float, zone: ZoneInfo, locale: Locale
) -> Iterator[tuple[float, str]]:
    """Yield where ticks of time stand and their words, no closer to each other than can be read."""
    most = max(2.0, width / 84)
    if plot.elapsed:
        every = next((h for h in _ELAPSED_H if span / 3600 / h <= most), _ELAPSED_H[-1]) * 3600
        for place in range(int(span // every) + 1):
            moment = datetime.fromtimestamp(plot.origin + place * every, ZoneInfo("UTC"))
            yield place * every, _day_or_hour(moment, every, locale)
        return
    moment = datetime.fromtimestamp(first, zone)
    if span / 3600 / _EVERY_H[-1] <= most:
        every_h = next(h for h in _EVERY_H if span / 3600 / h <= most)
        yield from _hours(moment, first + span, every_h, locale)
    elif span / _DAY_S / _EVERY_D[-1] <= most:
        every_d = next(d for d in _EVERY_D if span / _DAY_S / d <= most)
        yield from _days(moment, first + span, every_d, locale)
    else:
        months = span / _DAY_S / 30.44
        yield from _months(moment, first + span, next((m for m in _EVERY_M if months / m <= most), 120), locale)


def _day_or_hour(moment: datetime, every_s: int, locale: Locale) -> str:
    return (
        format_date(moment, "EEE d", locale=locale)
        if every_s >= _DAY_S or moment.hour == 0
        else format_time(moment, "short", locale=locale)
    )


def _hours(moment: datetime, last: float, every: int, locale: Locale) -> Iterator[tuple[float, str]]:
    at = math.ceil(moment.timestamp() / 3600) * 3600
    while at <= last:
        local = datetime.fromtimestamp(at, moment.tzinfo)
        if local.hour % every == 0 and local.minute == 0:
            midnight = local.hour == 0
            yield (
                at,
                format_date(local, "d MMM", locale=locale) if midnight else format_time(local, "short", locale=locale),
            )
        at += 3600


def _days(moment: datetime, last: float, every: int, locale: Locale) -> Iterator[tuple[float, str]]:
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    while day.timestamp() <= last:
        fits = day.weekday() == 0 if every == 7 else day.toordinal() % every == 0  # weeks begin on Monday
        if fits and day >= moment:
            yield day.timestamp(), format_date(day, "d MMM", locale=locale)
        day += timedelta(days=1)


def _months(moment: datetime, last: float, every: int, locale: Locale) -> Iterator[tuple[float, str]]:
    day = moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0)
    while day.timestamp() <= last:
        if day >= moment and (day.year * 12 + day.month - 1) % every == 0:
            yield day.timestamp(), format_date(day, "MMM yy" if every < 12 else "yyyy", locale=locale)
        day = (day + timedelta(days=32)).replace(day=1)


def _path(window: _Window, x: Floats, line: Line) -> str:
    across, up = thinned(window.x(x), window.y(line.values, line.axis), window.right - window.left)
    return joined(across, up)


def thinned(x: Floats, y: Floats, pixels: float) -> tuple[Floats, Floats]:
    """Return points that look the same at this width: of each half pixel its least and its largest value."""
    if len(x) <= 4 * pixels:
        return x, y
    starts = np.flatnonzero(np.diff(np.floor(x * 2), prepend=-np.inf))
    with np.errstate(invalid="ignore"):
        pair = np.stack([np.fmin.reduceat(y, starts), np.fmax.reduceat(y, starts)], axis=1)
    return np.repeat(x[starts], 2), pair.ravel()


def joined(x: Floats, y: Floats) -> str:
    """Return a path that begins anew after each gap; a lone point becomes a dot."""
    pieces: list[str] = []
    down = False
    for across, up in zip(np.round(x, 1).tolist(), np.round(y, 1).tolist(), strict=True):
        if up != up:  # noqa: PLR0124  # NaN
            down = False
            continue
        pieces.append(f"{'L' if down else 'M'}{across:g} {up:g}" + ("" if down else "h0"))
        down = True
    return "".join(pieces)


def _between(window: _Window, x: Floats, low: Floats, high: Floats, axis: int) -> str:
    path: list[str] = []
    there = np.isfinite(low) & np.isfinite(high)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], there.astype(np.int8), [0]])))
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        part = slice(int(start), int(end))
        pixels = window.right - window.left
        up_x, up = thinned(window.x(x[part]), window.y(high[part], axis), pixels)
        down_x, down = thinned(window.x(x[part]), window.y(low[part], axis), pixels)
        points = [*zip(up_x, up, strict=True), *zip(down_x[::-1], down[::-1], strict=True)]
        path.append("M" + "L".join(f"{across:.1f} {rise:.1f}" for across, rise in points) + "Z")
    return "".join(path)
