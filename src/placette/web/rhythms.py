"""Rhythms as pages draw them: the week as a table of colours, the year as small months, typical days as small charts.

Each cell has its words, so that the pictures are tables that everybody can read; ``templates/rhythms.html`` draws them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import msgspec
import numpy as np
from babel.dates import format_date, format_skeleton, get_day_names, get_month_names

from placette.services.rhythm import Profile, SeriesRhythm, TypicalWeek
from placette.web.charts import scale
from placette.web.figures import NBSP, Figures
from placette.web.words import Words

STEPS = 8
"""Colours of the scale: components/styles/tokens.css has as many."""
MONTHS = 12
SIZE = (240, 120)
"""Points of a small chart; the template stretches it."""
_MARKS = ("public_holiday", "school_holiday", "market", "event", "closing")
TYPES = (
    "weekday",
    "unknown",
    "school_holiday",
    "market",
    "saturday",
    "market_saturday",
    "sunday",
    "market_sunday",
    "public_holiday",
    "event",
    "closing",
)
"""The types of days in the order in which they are shown."""
_OF_SHARES = 2
"""Decimals of the mean of what is 0 or 1: it is a share."""
_CLIPPED = (2, 98)
"""Per cent of days between which the colours of a calendar are spread: one feast must not pale the year."""

Column = Sequence[float | None]


class Cell(msgspec.Struct, frozen=True):
    """A cell of a picture: its colour from 0 to 7, -1 without a value, its words, and what marks it."""

    step: int
    text: str
    marks: tuple[str, ...] = ()


class Row(msgspec.Struct, frozen=True):
    """A weekday of the week: its name in full and short."""

    name: str
    short: str
    cells: tuple[Cell, ...]


class Week(msgspec.Struct, frozen=True, kw_only=True):
    """Weekday × hour. ``low`` and ``high`` are the ends of the colours, ``hours`` the names of every sixth hour."""

    rows: tuple[Row, ...]
    hours: tuple[str, ...]
    low: str
    high: str
    unit: str
    sentence: str
    weeks: int


class Month(msgspec.Struct, frozen=True):
    """A month: its name, and weeks from Monday to Sunday, ``None`` beside the month."""

    name: str
    weeks: tuple[tuple[Cell | None, ...], ...]


class Year(msgspec.Struct, frozen=True, kw_only=True):
    """The last twelve months; ``marks`` are those that occur, ``weekdays`` the initials and names of the columns."""

    months: tuple[Month, ...]
    weekdays: tuple[tuple[str, str], ...]
    low: str
    high: str
    unit: str
    marks: tuple[str, ...]


class Small(msgspec.Struct, frozen=True, kw_only=True):
    """A typical day as paths of a picture of ``SIZE``: median, 10–90 % band, and the weekday to compare with."""

    day_type: str
    days: int
    line: str
    band: str
    reference: str
    rows: tuple[tuple[str, str, str, str], ...]
    """Hour, median, 10 %, 90 %, written."""


class Days(msgspec.Struct, frozen=True, kw_only=True):
    """Typical days on one common scale; ``few`` are types with too few days to have one."""

    charts: tuple[Small, ...]
    low: str
    high: str
    unit: str
    few: tuple[tuple[str, int], ...]


class Pen:
    """Writes and draws the rhythm of one property in one language."""

    def __init__(self, words: Words, figures: Figures, unit: str, combine: str, decimals: int) -> None:
        self._words = words
        self._figures = figures
        self._counted = combine in ("sum", "difference")
        symbol = figures.unit(unit)
        self._decimals = decimals if symbol or decimals or self._counted else _OF_SHARES
        self.per_hour = words("rhythm.per_hour", unit=symbol) if self._counted else symbol
        self.per_day = words("rhythm.per_day", unit=symbol) if self._counted else symbol
        self.in_unit = f" ({self.per_hour})" if self.per_hour else ""

    def number(self, value: float) -> str:
        """Return a figure with the decimals of its property."""
        return self._figures.number(value, self._decimals)

    def hourly(self, value: float) -> str:
        """Return what an hour has, with its unit."""
        return f"{self.number(value)}{NBSP}{self.per_hour}".strip()

    def daily(self, value: float) -> str:
        """Return what a day has, with its unit."""
        return f"{self.number(value)}{NBSP}{self.per_day}".strip()

    def day_name(self, day: str) -> str:
        """Return a day (``2026-03-01``) in words."""
        return self._figures.day(date.fromisoformat(day))

    def month_name(self, month: str) -> str:
        """Return a month (``2026-03``) in words."""
        first = date.fromisoformat(f"{month}-01")
        return self._figures.sentence(str(format_skeleton("yMMMM", first, locale=self._words.locale)))

    def week(self, found: TypicalWeek | SeriesRhythm) -> Week | None:
        """Return the picture of the typical week, ``None`` where there is none."""
        known = [value for row in found.week for value in row if value is not None]
        if not known:
            return None
        low, high = (0.0 if self._counted else min(known)), max(known)
        names, short = (get_day_names(width, "stand-alone", self._words.locale) for width in ("wide", "abbreviated"))
        rows = tuple(
            Row(
                names[day],
                short[day],
                tuple(
                    Cell(_step(value, low, high), self._hour(names[day], hour, value)) for hour, value in enumerate(row)
                ),
            )
            for day, row in enumerate(found.week)
        )
        return Week(
            rows=rows,
            hours=tuple(self._figures.hour(hour) for hour in range(0, 24, 6)),
            low=self.number(low),
            high=self.number(high),
            unit=self.per_hour,
            sentence=self._extremes(found, names),
            weeks=found.weeks if isinstance(found, TypicalWeek) else found.week_count,
        )

    def _hour(self, day: str, hour: int, value: float | None) -> str:
        what = self._words("chart.live.absent") if value is None else self.hourly(value)
        return self._words("rhythm.cell", day=day, hour=self._figures.hour(hour), value=what)

    def _extremes(self, found: TypicalWeek | SeriesRhythm, names: Mapping[int, str]) -> str:
        table = np.array([[np.nan if value is None else value for value in row] for row in found.week])
        day, hour = np.unravel_index(int(np.nanargmax(table)), table.shape)
        if np.nanmax(table) == np.nanmin(table):
            return self._words("rhythm.flat")
        return self._words(
            "rhythm.fullest" if self._counted else "rhythm.highest",
            day=names[int(day)],
            hour=self._figures.hour(int(hour)),
            value=self.hourly(float(table[day, hour])),
        )

    def year(self, found: SeriesRhythm) -> Year | None:
        """Return the last twelve months as pictures, ``None`` without a day."""
        if not found.days or found.last is None:
            return None
        last = date.fromisoformat(found.last)
        first = max(date.fromisoformat(found.first or found.last), _month(last, 1 - MONTHS))
        shown = {day: value for day, value in found.days.items() if day >= first.isoformat()}
        if not shown:
            return None
        low, high = (float(one) for one in np.percentile(list(shown.values()), _CLIPPED))
        months = []
        month = first.replace(day=1)
        while month <= last:
            months.append(self._month(month, found, (first, last), (low, high)))
            month = _month(month, 1)
        marks = {mark for day, several in found.day_types.items() if day >= first.isoformat() for mark in several}
        wide, narrow = (get_day_names(width, "stand-alone", self._words.locale) for width in ("wide", "narrow"))
        return Year(
            months=tuple(months),
            weekdays=tuple((narrow[day], wide[day]) for day in range(7)),
            low=self.number(low),
            high=self.number(high),
            unit=self.per_day,
            marks=tuple(mark for mark in _MARKS if mark in marks),
        )

    def _month(self, month: date, found: SeriesRhythm, span: tuple[date, date], ends: tuple[float, float]) -> Month:
        cells: list[Cell | None] = [None] * month.weekday()
        for after in range((_month(month, 1) - month).days):
            day = month + timedelta(days=after)
            inside = span[0] <= day <= span[1]
            cells.append(self._day(day, found, ends) if inside else None)
        cells += [None] * (-len(cells) % 7)
        name = get_month_names("wide", "stand-alone", self._words.locale)[month.month]
        weeks = tuple(tuple(cells[place : place + 7]) for place in range(0, len(cells), 7))
        return Month(f"{self._figures.sentence(name)} {month.year}", weeks)

    def _day(self, day: date, found: SeriesRhythm, ends: tuple[float, float]) -> Cell:
        key = day.isoformat()
        value, marks = found.days.get(key), found.day_types.get(key, ())
        what = self._words("chart.live.absent") if value is None else self.daily(value)
        told = "".join(f", {self._words(f'rhythm.mark.{mark}')}" for mark in marks)
        name = format_date(day, "EEEE d MMMM", self._words.locale)
        return Cell(_step(value, *ends), self._words("rhythm.day_cell", day=name, value=what) + told, marks)

    def days(self, profiles: Sequence[Profile]) -> Days | None:
        """Return the typical days of an hourly series on one scale, ``None`` where there is none."""
        drawn = sorted((each for each in profiles if len(each.hours) > 1), key=lambda each: TYPES.index(each.day_type))
        known = [value for each in drawn for column in (each.low, each.high) for value in column if value is not None]
        few = tuple((each.day_type, each.days) for each in profiles if not each.hours)
        if not known:
            return None
        low, high, _ = scale(0.0 if self._counted else min(known), max(known))
        usual = next((each for each in drawn if each.day_type == "weekday"), drawn[0])
        return Days(
            charts=tuple(
                Small(
                    day_type=each.day_type,
                    days=each.days,
                    line=_line(each.hours, low, high),
                    band=_band(each.low, each.high, low, high),
                    reference="" if each is usual else _line(usual.hours, low, high),
                    rows=tuple(
                        (self._figures.hour(hour), self._written(middle), self._written(least), self._written(most))
                        for hour, (middle, least, most) in enumerate(zip(each.hours, each.low, each.high, strict=True))
                    ),
                )
                for each in drawn
            ),
            low=self.number(low),
            high=self.number(high),
            unit=self.per_hour,
            few=few,
        )

    def _written(self, value: float | None) -> str:
        return self._words("live.absent") if value is None else self.number(value)


def _step(value: float | None, low: float, high: float) -> int:
    """Return the colour of a value between the ends of the scale.

    >>> [_step(value, 0, 80) for value in (None, -5, 0, 39, 41, 80, 100)]
    [-1, 0, 0, 3, 4, 7, 7]
    """
    if value is None:
        return -1
    return min(STEPS - 1, max(0, int((value - low) / (high - low) * STEPS))) if high > low else 0


def _month(day: date, months: int) -> date:
    """Return the first day of the month so many months later.

    >>> _month(date(2026, 1, 31), -1), _month(date(2026, 12, 5), 1)
    (datetime.date(2025, 12, 1), datetime.date(2027, 1, 1))
    """
    count = day.year * 12 + day.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


def _point(hour: int, value: float, low: float, high: float) -> str:
    width, height = SIZE
    return f"{hour * width / 23:.1f} {height - (value - low) / (high - low) * height:.1f}"


def _line(column: Column, low: float, high: float) -> str:
    """Return a path that is broken where a value is missing."""
    path, pen = "", "M"
    for hour, value in enumerate(column):
        if value is None:
            pen = "M"
        else:
            path, pen = f"{path}{pen}{_point(hour, value, low, high)}", "L"
    return path


def _band(lower: Column, upper: Column, low: float, high: float) -> str:
    """Return the closed path between two columns, one for each run of hours with both."""
    path = ""
    run: list[tuple[int, float, float]] = []
    for hour, pair in enumerate((*zip(lower, upper, strict=True), (None, None))):
        under, over = pair
        if under is not None and over is not None:
            run.append((hour, under, over))
            continue
        if run:
            up = [_point(at, value, low, high) for at, _, value in run]
            down = [_point(at, value, low, high) for at, value, _ in reversed(run)]
            path += "M" + "L".join(up + down) + "Z"
        run = []
    return path
