"""A little picture of an anomaly: the line that was seen over the band that was to be expected, drawn by the server."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
from babel import Locale
from babel.dates import format_date, format_time

from placette.services.anomaly.terms import Picture
from placette.web.charts import Column, scale
from placette.web.charts import number as axis_number

WIDTH, HEIGHT = 420, 132
LEFT, RIGHT, TOP, BOTTOM = 44, 8, 8, 22
_ACROSS = 4
_DAY_H = 24


class Mark(msgspec.Struct, frozen=True):
    """A tick: where, and its words."""

    at: float
    text: str


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """Paths of an SVG of ``WIDTH`` × ``HEIGHT``; ``first`` and ``wide`` bound the anomaly's hours."""

    band: str
    expected: str
    observed: str
    first: float
    wide: float
    across: tuple[Mark, ...]
    up: tuple[Mark, ...]


class _Paper:
    def __init__(self, count: int, low: float, high: float) -> None:
        self._step = (WIDTH - LEFT - RIGHT) / max(1, count - 1)
        self._low, self._rise = low, high - low

    def x(self, place: float) -> float:
        return round(LEFT + place * self._step, 1)

    def y(self, value: float) -> float:
        return round(TOP + (1 - (value - self._low) / self._rise) * (HEIGHT - TOP - BOTTOM), 1)

    def line(self, column: Column) -> str:
        path, down = [], False
        for place, value in enumerate(column):
            if value is not None:
                path.append(f"{'L' if down else 'M'}{self.x(place):g} {self.y(value):g}" + ("" if down else "h0"))
            down = value is not None
        return "".join(path)

    def band(self, low: Column, high: Column) -> str:
        path: list[str] = []
        run: list[tuple[int, float, float]] = []
        for place, (least, most) in enumerate([*zip(low, high, strict=True), (None, None)]):
            if least is not None and most is not None:
                run.append((place, least, most))
            elif run:
                up = [f"{self.x(at):g} {self.y(top):g}" for at, _, top in run]
                down = [f"{self.x(at):g} {self.y(bottom):g}" for at, bottom, _ in reversed(run)]
                path.append("M" + "L".join(up + down) + "Z")
                run = []
        return "".join(path)


def drawn(picture: Picture, start: int, end: int, zone: ZoneInfo, locale: Locale) -> Drawn | None:
    """Draw an anomaly from ``start`` to ``end`` (s since 1970 UTC); ``None`` without any value."""
    columns = (picture.observed, picture.expected, picture.low, picture.high)
    known = [value for column in columns for value in column if value is not None]
    if not known:
        return None
    low, high, step = scale(min(known), max(known))
    paper = _Paper(len(picture.time), low, high)
    inside = [place for place, second in enumerate(picture.time) if start <= second < end] or [0]
    ticks = [low + step * each for each in range(round((high - low) / step) + 1)]
    return Drawn(
        band=paper.band(picture.low, picture.high),
        expected=paper.line(picture.expected),
        observed=paper.line(picture.observed),
        first=paper.x(inside[0] - 0.5),
        wide=round(paper.x(inside[-1] + 0.5) - paper.x(inside[0] - 0.5), 1),
        across=_across(paper, picture.time, zone, locale),
        up=tuple(
            Mark(paper.y(each), axis_number(each, locale)) for each in (ticks[0], ticks[len(ticks) // 2], ticks[-1])
        ),
    )


def _across(paper: _Paper, time: Sequence[int], zone: ZoneInfo, locale: Locale) -> tuple[Mark, ...]:
    """Return ticks at local midnights, or every six hours of a short picture."""
    moments = [(place, datetime.fromtimestamp(second, zone)) for place, second in enumerate(time)]
    every = 6 if len(moments) <= 2 * _DAY_H else _DAY_H
    chosen = [(place, each) for place, each in moments if each.hour % every == 0]
    chosen = chosen[:: max(1, -(-len(chosen) // _ACROSS))]
    return tuple(
        Mark(paper.x(place), _clock(each, locale)) for place, each in chosen if LEFT < paper.x(place) < WIDTH - 30
    )


def _clock(moment: datetime, locale: Locale) -> str:
    if moment.hour == 0:
        return str(format_date(moment, "d MMM", locale=locale))
    return str(format_time(moment, "short", locale=locale))
