"""School holidays of France's three zones, from dated rows (``school_holidays.toml``). Aix-en-Provence is in zone B.

Article D. 521-1 and following of the code de l'éducation let the ministry fix them by decree for some years ahead: what
lies outside of the rows is not known, which is not the same as a day of school.
"""

from __future__ import annotations

import tomllib
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

from placette.model.errors import NotFound

Zone = Literal["A", "B", "C"]


class SchoolHoliday(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A holiday from its first day without school to the day before pupils are back."""

    key: Literal["autumn", "christmas", "winter", "spring", "ascension", "summer"]
    zones: tuple[Zone, ...]
    first: date
    back: date
    source: str
    confirmed: bool


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    first: date
    last: date
    sources: dict[str, str]
    holidays: tuple[SchoolHoliday, ...]


@cache
def _table() -> _Table:
    text = files(__package__).joinpath("school_holidays.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), _Table)


def known() -> tuple[date, date]:
    """Return the first and the last day that the rows speak of."""
    return _table().first, _table().last


def source_of(holiday: SchoolHoliday) -> str:
    """Return the text that fixed a holiday."""
    return _table().sources[holiday.source]


def school_holidays(zone: Zone) -> tuple[SchoolHoliday, ...]:
    """Return the holidays of a zone by their first day.

    >>> next(f"{each.first} {each.back}" for each in school_holidays("B") if each.first.year == 2026)
    '2026-02-14 2026-03-02'
    """
    return tuple(sorted((each for each in _table().holidays if zone in each.zones), key=lambda each: each.first))


def school_holiday_on(day: date, zone: Zone) -> SchoolHoliday | None:
    """Return the holiday of a day, ``None`` for one with school (or its weekend); raises ``NotFound`` outside the rows.

    >>> school_holiday_on(date(2026, 2, 20), "B").key
    'winter'
    >>> school_holiday_on(date(2026, 2, 20), "A").key
    'winter'
    >>> school_holiday_on(date(2026, 3, 2), "B") is None
    True
    """
    first, last = known()
    if not first <= day <= last:
        raise NotFound(
            f"the school holidays of {day} are not known",
            remedy=f"the table goes from {first} to {last}; add the ministry's rows to school_holidays.toml",
        )
    return next((each for each in school_holidays(zone) if each.first <= day < each.back), None)


@cache
def days_without_school(zone: Zone) -> frozenset[date]:
    """Return all days of a zone's holidays.

    >>> len({day for day in days_without_school("B") if day.year == 2026})
    127
    """
    return frozenset(
        each.first + timedelta(days=after)
        for each in school_holidays(zone)
        for after in range((each.back - each.first).days)
    )
