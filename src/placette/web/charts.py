"""Charts as drawn by the server: whole pictures in SVG paths, with axes in the page's language and the city's time.

The same columns feed the live chart and the table, so that the three always say the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
from babel import Locale
from babel.dates import format_date, format_time
from babel.numbers import format_compact_decimal, format_decimal

WIDTH, HEIGHT = 880, 320
LEFT, RIGHT, TOP, BOTTOM = 64, 10, 12, 30
_DAY_S = 86_400
_STEPS = (1, 2, 2.5, 5, 10)
_TICKS = 5
_ACROSS = 6

Column = Sequence[float | None]


class Tick(msgspec.Struct, frozen=True):
    """A line of the grid with its words."""

    at: float
    text: str


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """A whole drawn chart: lines, the band of the first series, bars (stacked, the tallest first), and the grid."""

    lines: tuple[str, ...]
    band: str
    bars: tuple[str, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]


class _Frame:
    """Seconds and values to points."""

    def __init__(self, time: Sequence[int], low: float, high: float, room: float) -> None:
        self._start, self._span = time[0] - room, max(1.0, time[-1] - time[0] + 2 * room)
        self._low, self._rise = low, high - low

    def x(self, seconds: float) -> float:
        return round(LEFT + (seconds - self._start) / self._span * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        return round(TOP + (1 - (value - self._low) / self._rise) * (HEIGHT - TOP - BOTTOM), 1)


def chart(
    time: Sequence[int],
    values: Sequence[Column],
    *,
    band: tuple[Column, Column] | None,
    bars: bool,
    zone: ZoneInfo,
    locale: Locale,
) -> Chart | None:
    """Draw columns over ``time`` (s since 1970 UTC); ``None`` when there is no value at all.

    ``band`` is (minimum, maximum); where a value is missing the line is broken.
    """
    values = stacked(values) if bars else values
    known = [value for column in (*values, *(band or ())) for value in column if value is not None]
    if not known or not time:
        return None
    low, high, step = scale(0.0 if bars else min(known), max(known))
    step_x = (time[-1] - time[0]) / max(1, len(time) - 1)
    frame = _Frame(time, low, high, step_x / 2 if bars else 0)  # half a bar stands outside the first and the last time
    return Chart(
        lines=() if bars else tuple(_line(frame, time, column) for column in values),
        band="" if bars or band is None else _band(frame, time, *band),
        bars=tuple(_bars(frame, time, column, step_x) for column in values)[::-1] if bars else (),
        across=_across(frame, time, zone, locale),
        up=tuple(Tick(frame.y(tick), number(tick, locale)) for tick in _steps(low, high, step)),
    )


def stacked(columns: Sequence[Column]) -> list[list[float | None]]:
    """Return each column plus those before it; ``None`` where none has a value yet.

    >>> stacked([[1, None], [2, 3]])
    [[1, None], [3, 3]]
    """
    found: list[list[float | None]] = []
    total: list[float | None] = [None] * len(columns[0]) if columns else []
    for column in columns:
        total = [t if v is None else v if t is None else t + v for t, v in zip(total, column, strict=True)]
        found.append(total)
    return found


def scale(low: float, high: float) -> tuple[float, float, float]:
    """Return round bounds around the values and the step between ticks.

    >>> scale(3.1, 18.4)
    (0.0, 20.0, 5.0)
    """
    room = max(high - low, 1.0)
    rough = room / (_TICKS - 1)
    power = 10 ** math.floor(math.log10(rough))
    step = next(s * power for s in _STEPS if s * power >= rough)
    bottom = math.floor(low / step) * step
    top = math.ceil(high / step) * step
    return float(bottom), float(top if top > bottom else bottom + step), float(step)


def _steps(low: float, high: float, step: float) -> list[float]:
    return [low + step * place for place in range(round((high - low) / step) + 1)]


def number(value: float, locale: Locale) -> str:
    """Return a number of an axis, short."""
    if abs(value) < 10_000:
        return str(format_decimal(round(value, 6), locale=locale))
    return str(format_compact_decimal(value, locale=locale, fraction_digits=1))


def _line(frame: _Frame, time: Sequence[int], column: Column) -> str:
    return _joined([None if v is None else (frame.x(t), frame.y(v)) for t, v in zip(time, column, strict=True)])


def _joined(points: Sequence[tuple[float, float] | None]) -> str:
    """Return a path that begins anew after each gap; a lone point becomes a dot (a line of no length)."""
    path: list[str] = []
    pen_down = False
    for point in points:
        if point is None:
            pen_down = False
            continue
        path.append(f"{'L' if pen_down else 'M'}{point[0]:g} {point[1]:g}" + ("" if pen_down else "h0"))
        pen_down = True
    return "".join(path)


def _band(frame: _Frame, time: Sequence[int], low: Column, high: Column) -> str:
    path: list[str] = []
    run: list[tuple[int, float, float]] = []
    for seconds, least, most in [*zip(time, low, high, strict=True), (0, None, None)]:
        if least is not None and most is not None:
            run.append((seconds, least, most))
        elif run:
            up = [f"{frame.x(t):g} {frame.y(most):g}" for t, _, most in run]
            down = [f"{frame.x(t):g} {frame.y(least):g}" for t, least, _ in reversed(run)]
            path.append("M" + "L".join(up + down) + "Z")
            run = []
    return "".join(path)


def _bars(frame: _Frame, time: Sequence[int], column: Column, step: float) -> str:
    wide = max(1.0, (frame.x(time[0] + step) - frame.x(time[0])) * 0.8)
    ground = frame.y(0)
    return "".join(
        f"M{max(LEFT, frame.x(t) - wide / 2):g} {ground:g}V{frame.y(v):g}h{wide:g}V{ground:g}Z"
        for t, v in zip(time, column, strict=True)
        if v is not None
    )


def _across(frame: _Frame, time: Sequence[int], zone: ZoneInfo, locale: Locale) -> tuple[Tick, ...]:
    """Return the ticks whose words do not run over the edge."""
    margin = 0.03 * WIDTH
    return tuple(tick for tick in _times(frame, time, zone, locale) if tick.at < WIDTH - margin)


def _times(frame: _Frame, time: Sequence[int], zone: ZoneInfo, locale: Locale) -> tuple[Tick, ...]:
    """Return ticks at local hours, days or months, whichever leaves about six of them."""
    span = time[-1] - time[0]
    moments = [datetime.fromtimestamp(seconds, zone) for seconds in time]
    if span <= 2 * _DAY_S:
        chosen = [m for m in moments if m.minute == 0 and m.hour % (6 if span > 1.5 * _DAY_S else 4) == 0]
        return tuple(Tick(frame.x(m.timestamp()), _clock(m, locale)) for m in chosen)
    days = [m for m in moments if m.hour == 0 and m.minute == 0]
    if span > 100 * _DAY_S:
        months = [m for m in days if m.day == 1]
        months = months[:: max(1, round(len(months) / _ACROSS))]
        return tuple(Tick(frame.x(m.timestamp()), format_date(m, "MMM yy", locale=locale)) for m in months)
    days = days[:: max(1, math.ceil(len(days) / _ACROSS))]
    return tuple(Tick(frame.x(m.timestamp()), format_date(m, "d MMM", locale=locale)) for m in days)


def _clock(moment: datetime, locale: Locale) -> str:
    return (
        format_date(moment, "d MMM", locale=locale) if moment.hour == 0 else format_time(moment, "short", locale=locale)
    )
