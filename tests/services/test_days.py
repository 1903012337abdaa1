"""The city's days: which dates are holidays, market days, days of an event."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import msgspec
import pytest

from placette import city
from placette.city.model import Calendar, City, Market, Occasion
from placette.services.days import KINDS, named_days, school_holidays_known, special_days

NAMES = {"fr": "Jour", "en": "Day"}


@pytest.fixture(scope="module")
def aix() -> City:
    return city.read(Path(__file__).parents[2] / "cities" / "aix")


def days(aix: City, kind: str, first: str, last: str, place: str | None = None, **calendar: object) -> list[str]:
    changed = msgspec.structs.replace(aix, calendar=Calendar(**calendar)) if calendar else aix  # type: ignore[arg-type]
    found = special_days(changed, date.fromisoformat(first), date.fromisoformat(last), place)
    assert tuple(found) == KINDS
    return sorted(day.isoformat() for day in found[kind])


def test_public_and_school_holidays_come_with_the_country_and_the_zone(aix: City) -> None:
    assert days(aix, "public_holiday", "2026-05-01", "2026-05-31") == [
        "2026-05-01",
        "2026-05-08",
        "2026-05-14",
        "2026-05-25",
    ]
    assert days(aix, "school_holiday", "2026-02-10", "2026-02-15") == ["2026-02-14", "2026-02-15"]
    assert school_holidays_known(aix) == (date(2023, 9, 4), date(2027, 8, 31))


def test_another_country_has_the_holidays_it_writes_down(aix: City) -> None:
    own = Occasion(key="republic", names=NAMES, first=date(1946, 6, 2), yearly=True)
    italian = msgspec.structs.replace(aix, country="IT", school_holidays="", calendar=Calendar(public_holidays=(own,)))
    found = special_days(italian, date(2026, 1, 1), date(2027, 12, 31))
    assert sorted(found["public_holiday"]) == [date(2026, 6, 2), date(2027, 6, 2)]
    assert found["school_holiday"] == frozenset()
    assert school_holidays_known(italian) is None


def test_the_markets_of_aix_are_on_tuesday_thursday_and_saturday(aix: City) -> None:
    week = ("2026-11-23", "2026-11-29")
    assert days(aix, "market", *week) == ["2026-11-24", "2026-11-26", "2026-11-28"]
    assert days(aix, "market", *week, place="hotel-de-ville") == days(aix, "market", *week)
    assert days(aix, "market", *week, place="torse") == []


def test_a_market_keeps_to_its_time_and_its_rests(aix: City) -> None:
    market = Market(
        key="m",
        names=NAMES,
        weekdays=("friday",),
        valid_from=date(2026, 5, 2),
        valid_until=date(2026, 5, 29),
        without=(date(2026, 5, 22),),
        on_public_holidays=False,
    )
    assert days(aix, "market", "2026-01-01", "2026-12-31", markets=(market,)) == ["2026-05-15", "2026-05-29"]


def test_a_yearly_event_over_new_year_is_found_on_both_sides(aix: City) -> None:
    fair = Occasion(key="f", names=NAMES, first=date(2020, 12, 30), last=date(2021, 1, 2), yearly=True)
    assert days(aix, "event", "2026-01-01", "2026-01-31", events=(fair,)) == ["2026-01-01", "2026-01-02"]
    assert days(aix, "event", "2020-01-01", "2020-12-31", events=(fair,)) == ["2020-12-30", "2020-12-31"]


def test_the_29th_of_february_is_the_28th_in_other_years(aix: City) -> None:
    leap = Occasion(key="l", names=NAMES, first=date(2024, 2, 29), yearly=True)
    assert days(aix, "event", "2024-01-01", "2025-12-31", events=(leap,)) == ["2024-02-29", "2025-02-28"]


def test_an_event_counts_at_its_places_alone(aix: City) -> None:
    july = ("2026-07-01", "2026-07-31")
    assert len(days(aix, "event", *july)) == 20
    assert len(days(aix, "event", *july, place="pole-culturel")) == 20
    assert days(aix, "event", *july, place="torse") == []


def test_the_names_of_a_day_are_told(aix: City) -> None:
    found = named_days(aix, date(2026, 6, 20), date(2026, 6, 21), "rotonde")
    assert {day.isoformat(): [each.key for each in several] for day, several in found.items()} == {
        "2026-06-21": ["music-day"],
        "2026-06-20": ["cours-mirabeau-market"],
    }


def test_five_years_of_days_are_told_for_every_place(aix: City) -> None:
    first = date(2022, 1, 1)
    found = special_days(aix, first, first + timedelta(days=5 * 366))
    assert len(found["market"]) == pytest.approx(5 * 366 * 3 / 7, abs=3)
