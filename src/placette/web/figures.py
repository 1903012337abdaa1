"""Figures as people read them: numbers with unit, ages, local times, in the page's language (CLDR through Babel).

French typography: a narrow non-breaking space between thousands, a non-breaking space before the unit.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from typing import Literal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_time, format_timedelta
from babel.numbers import format_decimal
from babel.units import format_unit
from markupsafe import Markup

from placette.model.units import symbol
from placette.web.words import Words

NBSP = "\u00a0"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BYTE_STEPS = (("byte", 1), ("kilobyte", 10**3), ("megabyte", 10**6), ("gigabyte", 10**9), ("terabyte", 10**12))


def moment(micros: int) -> datetime:
    """Return an instant (µs since 1970-01-01 UTC) as an aware ``datetime``."""
    return _EPOCH + timedelta(microseconds=micros)


class Figures:
    """Writes figures in the language of ``words``; times in ``zone``, the city's."""

    def __init__(self, words: Words, zone: ZoneInfo) -> None:
        self._words = words
        self._locale = words.locale
        self._zone = zone

    def number(self, value: float, decimals: int = 0) -> str:
        """Return the number with exactly ``decimals`` decimals; a zero never carries a minus sign."""
        rounded = round(value, decimals) + 0.0
        pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
        return format_decimal(rounded, pattern, locale=self._locale)

    def unit(self, code: str, value: float = 2) -> str:
        """Return what stands behind this value of a UCUM code: a word in its number, or the unit's symbol."""
        key = f"unit.{code.strip('{}').replace('}/', '_per_')}"
        return self._words(key, count=value) if code.startswith("{") and self._words.has(key) else symbol(code)

    def quantity(self, value: float, code: str, decimals: int = 0) -> str:
        """Return number and unit, held together by a non-breaking space."""
        unit = self.unit(code, round(value, decimals))
        return f"{self.number(value, decimals)}{NBSP}{unit}" if unit else self.number(value, decimals)

    def percent(self, value: float, decimals: int = 0) -> str:
        """Return a share of a hundred as the language writes it: 21%, and in French 21 % with a non-breaking space."""
        return self._words("outlook.percent", value=self.number(value, decimals))

    def position(self, latitude: float, longitude: float) -> str:
        """Return a position in degrees to the metre; where the decimal mark is a comma, a semicolon stands between."""
        both = (self.number(latitude, 5), self.number(longitude, 5))
        return f"{NBSP}; ".join(both) if "," in both[0] else ", ".join(both)

    def distance(self, metres: float) -> str:
        """Return a distance: metres to the nearest ten, kilometres with one decimal, round kilometres without."""
        if metres >= 1000:
            return f"{self.number(metres / 1000, 0 if metres % 1000 == 0 else 1)}{NBSP}km"
        return f"{self.number(round(metres, -1))}{NBSP}m"

    def clock(self, micros: int) -> str:
        """Return the local time of day of an instant."""
        return format_time(moment(micros), "short", tzinfo=self._zone, locale=self._locale)

    def size(self, count: float) -> str:
        """Return a number of bytes in the largest decimal unit that keeps it above one."""
        name, step = max((step for step in _BYTE_STEPS if count >= step[1]), key=lambda s: s[1], default=_BYTE_STEPS[0])
        value = round(count / step, 1 if step > 1 and count < 100 * step else 0)
        length: Literal["short", "long"] = "short" if step > 1 else "long"  # "32 byte" is not English
        return format_unit(value, f"digital-{name}", length, locale=self._locale)

    def seconds(self, seconds: float) -> str:
        """Return a short duration with the precision that matters: ms below a second, tenths below a minute."""
        if seconds < 0.001:
            return f"<{NBSP}1{NBSP}ms"
        if seconds < 1:
            return f"{self.number(seconds * 1000)}{NBSP}ms"
        return f"{self.number(seconds, 1)}{NBSP}s" if seconds < 60 else self.span(seconds)

    def span(self, seconds: float) -> str:
        """Return a duration in its largest unit, short: ``5 min``."""
        return format_timedelta(timedelta(seconds=seconds), threshold=1.2, format="short", locale=self._locale)

    def age(self, then: int, now: int) -> str:
        """Return how long ago ``then`` was (both µs), in words; a time ahead is told as such."""
        ago = timedelta(microseconds=now - then)
        if abs(ago) < timedelta(seconds=1):
            ago = timedelta(seconds=1)
        return format_timedelta(-ago, add_direction=True, format="short", threshold=1.2, locale=self._locale)

    def at(self, micros: int, style: str = "medium") -> str:
        """Return an instant in the city's zone; ``style`` is a CLDR length or a skeleton-free pattern."""
        return format_datetime(moment(micros), style, tzinfo=self._zone, locale=self._locale)

    def day(self, day: date) -> str:
        """Return a calendar day in words."""
        return format_date(day, "long", locale=self._locale)

    def date(self, micros: int) -> str:
        """Return the local calendar day of an instant in words."""
        return self.day(moment(micros).astimezone(self._zone).date())

    def hour(self, hour: int) -> str:
        """Return a local hour of the day, 0 to 23."""
        return format_time(time_of_day(hour), self._words("format.hour"), locale=self._locale)

    def strong(self, text: str) -> Markup:
        """Return the text set in bold."""
        return Markup("<b>{}</b>").format(text)

    def sentence(self, text: str) -> str:
        """Return the text with a capital first letter, for a word that stands alone."""
        return text[:1].upper() + text[1:]

    def kept(self, text: str) -> Markup:
        """Return the text held together on one line."""
        return Markup('<span class="kept">{}</span>').format(text)

    def iso(self, micros: int) -> str:
        """Return an instant as ISO 8601 with the city's offset, for ``<time datetime>`` and tables."""
        return moment(micros).astimezone(self._zone).isoformat(timespec="seconds")
