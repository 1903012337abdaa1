"""Fan charts as drawn by the server: what was measured, then the median and two bands of what is foreseen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
from babel import Locale
from babel.dates import format_date, format_time
from babel.numbers import format_compact_decimal, format_decimal

from placette.web.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Tick, scale

OUTER, INNER, MEDIAN = (0, 18), (4, 14), 9
"""Places of the quantiles 0.05 and 0.95, 0.25 and 0.75, 0.5 among the nineteen."""
_DAY_S = 86_400
_MOST_OVER = 1.6
"""A threshold further above the highest value than this would flatten everything else: it is told, not drawn."""

Column = Sequence[float | None]


class Fan(msgspec.Struct, frozen=True, kw_only=True):
    """Paths of SVG in a frame of 880 × 320, and where its lines and words stand."""

    past: str
    median: str
    inner: str
    outer: str
    now: float
    limits: tuple[Tick, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]


def fan(
    past: tuple[Sequence[int], Column],
    time: Sequence[int],
    quantiles: Sequence[Sequence[float]],
    limits: Sequence[tuple[float, str]],
    zone: ZoneInfo,
    locale: Locale,
) -> Fan:
    """Draw values over time (s since 1970 UTC); ``limits`` are thresholds and their words."""
    known = [value for value in past[1] if value is not None]
    known += [value for row in quantiles for value in (row[OUTER[0]], row[OUTER[1]])]
    near = [limit for limit in limits if limit[0] <= _MOST_OVER * max(known)]
    low, high, step = scale(
        min([0.0, *known] if min(known) < 0.35 * max(known) else known), max(known + [x for x, _ in near])
    )
    start, end = (past[0][0] if past[0] else time[0]), time[-1]

    def x(seconds: float) -> float:
        return round(LEFT + (seconds - start) / max(1, end - start) * (WIDTH - LEFT - RIGHT), 1)

    def y(value: float) -> float:
        return round(TOP + (1 - (value - low) / (high - low)) * (HEIGHT - TOP - BOTTOM), 1)

    def band(pair: tuple[int, int]) -> str:
        up = [f"{x(t):g} {y(row[pair[1]]):g}" for t, row in zip(time, quantiles, strict=True)]
        down = [f"{x(t):g} {y(row[pair[0]]):g}" for t, row in zip(time, quantiles, strict=True)]
        return "M" + "L".join(up + down[::-1]) + "Z"

    moments = [datetime.fromtimestamp(seconds, zone) for seconds in [*past[0], *time]]
    ticks = [each for each in moments if _is_tick(each, end - start)]
    return Fan(
        past=_line([(x(t), None if v is None else y(v)) for t, v in zip(*past, strict=True)]),
        median=_line([(x(t), y(row[MEDIAN])) for t, row in zip(time, quantiles, strict=True)]),
        inner=band(INNER),
        outer=band(OUTER),
        now=x(time[0]),
        limits=tuple(Tick(y(value), text) for value, text in near),
        across=tuple(
            Tick(at, _told(each, locale)) for each in ticks if LEFT + 20 < (at := x(each.timestamp())) < 0.97 * WIDTH
        ),
        up=tuple(
            Tick(y(low + step * place), _number(low + step * place, locale))
            for place in range(round((high - low) / step) + 1)
        ),
    )


def _is_tick(moment: datetime, span: float) -> bool:
    """Say whether words stand at this hour: twice a day over some days, once a day or every other beyond."""
    if span <= 4 * _DAY_S:
        return moment.hour in (0, 12)
    return moment.hour == 0 and (span <= 8 * _DAY_S or moment.toordinal() % 2 == 0)


def _told(moment: datetime, locale: Locale) -> str:
    if moment.hour == 0:
        return str(format_date(moment, "EEE d", locale=locale))
    return str(format_time(moment, "short", locale=locale))


def _line(points: Sequence[tuple[float, float | None]]) -> str:
    path: list[str] = []
    down = False
    for across, up in points:
        if up is not None:
            path.append(f"{'L' if down else 'M'}{across:g} {up:g}")
        down = up is not None
    return "".join(path)


def _number(value: float, locale: Locale) -> str:
    if abs(value) < 10_000:
        return str(format_decimal(round(value, 6), locale=locale))
    return str(format_compact_decimal(value, locale=locale, fraction_digits=1))
