"""The city's days: which dates are holidays, market days, days of an event. Rhythms, forecasts and anomalies ask here.

Known are the public holidays of France (``model.public_holidays``), the school holidays of the city's zone
(``model.school_holidays``), and what calendar.toml of the city folder says.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import get_args

from placette.city.model import City, Market, Occasion, Weekday
from placette.model.public_holidays import public_holidays
from placette.model.school_holidays import days_without_school, known

KINDS = ("public_holiday", "school_holiday", "market", "event", "closing")
"""The keys of :func:`special_days`; all are always there."""
_WEEKDAYS = get_args(Weekday)
_ZONES = ("A", "B", "C")


def special_days(city: City, first: date, last: date, place: str | None = None) -> dict[str, frozenset[date]]:
    """Return the dates of each kind from ``first`` to ``last``, both included.

    ``place`` leaves out markets, events and closings of other places; without it, those of any place count. A date may
    be of several kinds. A date outside of :func:`school_holidays_known` may or may not be a school holiday.
    """
    calendar = city.calendar
    public = _occasions(calendar.public_holidays, first, last, place) | _french(city, first, last)
    school = _occasions(calendar.school_holidays, first, last, place)
    if city.school_holidays in _ZONES:
        school |= {day for day in days_without_school(city.school_holidays) if first <= day <= last}
    return {
        "public_holiday": frozenset(public),
        "school_holiday": frozenset(school),
        "market": frozenset(
            day
            for market in calendar.markets
            if _here(market, place)
            for day in _market_days(market, first, last, public)
        ),
        "event": frozenset(_occasions(calendar.events, first, last, place)),
        "closing": frozenset(_occasions(calendar.closings, first, last, place)),
    }


def named_days(
    city: City, first: date, last: date, place: str | None = None
) -> dict[date, tuple[Market | Occasion, ...]]:
    """Return the markets, events, closings and own holidays of each date that has any, for the words of pages."""
    calendar = city.calendar
    public = special_days(city, first, last, place)["public_holiday"]
    found: dict[date, tuple[Market | Occasion, ...]] = {}

    def note(each: Market | Occasion, days: Iterable[date]) -> None:
        for day in days if _here(each, place) else ():
            found[day] = (*found.get(day, ()), each)

    for occasions in (calendar.events, calendar.closings, calendar.public_holidays, calendar.school_holidays):
        for occasion in occasions:
            note(occasion, _days(occasion, first, last))
    for market in calendar.markets:
        note(market, _market_days(market, first, last, public))
    return found


def school_holidays_known(city: City) -> tuple[date, date] | None:
    """Return the first and last date of which the school holidays are known, ``None`` if of none."""
    own = city.calendar.school_holidays
    ends = [known()] if city.school_holidays in _ZONES else []
    ends += [(each.first, date.max if each.yearly else each.last or each.first) for each in own]
    return (min(first for first, _ in ends), max(last for _, last in ends)) if ends else None


def _french(city: City, first: date, last: date) -> set[date]:
    if city.country != "FR":
        return set()
    return {day for year in range(first.year, last.year + 1) for day in public_holidays(year) if first <= day <= last}


def _here(each: Market | Occasion, place: str | None) -> bool:
    return place is None or not each.places or place in each.places


def _occasions(several: Iterable[Occasion], first: date, last: date, place: str | None) -> set[date]:
    return {day for each in several if _here(each, place) for day in _days(each, first, last)}


def _days(each: Occasion, first: date, last: date) -> Iterable[date]:
    length = (each.last - each.first).days if each.last else 0
    years = range(max(each.first.year, first.year - 1), last.year + 1) if each.yearly else (each.first.year,)
    for year in years:
        begin = _in_year(each.first, year)
        for after in range(length + 1):
            day = begin + timedelta(days=after)
            if first <= day <= last:
                yield day


def _in_year(day: date, year: int) -> date:
    """Return the same day of another year; 29 February is 28 February where there is none."""
    try:
        return day.replace(year=year)
    except ValueError:
        return day.replace(year=year, day=28)


def _market_days(market: Market, first: date, last: date, public: Iterable[date]) -> Iterable[date]:
    wanted = {_WEEKDAYS.index(name) for name in market.weekdays}
    closed = {*market.without, *(() if market.on_public_holidays else public)}
    begin, end = max(first, market.valid_from), min(last, market.valid_until)
    for after in range((end - begin).days + 1):
        day = begin + timedelta(days=after)
        if day.weekday() in wanted and day not in closed:
            yield day
