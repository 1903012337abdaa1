"""Public holidays of France, against years that anyone can look up."""

from __future__ import annotations

from datetime import date

import pytest

from placette.model.public_holidays import easter, public_holidays


@pytest.mark.parametrize(
    ("year", "day"),
    [(2024, "2024-03-31"), (2025, "2025-04-20"), (2026, "2026-04-05"), (2027, "2027-03-28"), (2038, "2038-04-25")],
)
def test_easter_is_where_the_calendar_has_it(year: int, day: str) -> None:
    assert easter(year) == date.fromisoformat(day)


def test_easter_is_always_a_sunday_of_spring() -> None:
    sundays = [easter(year) for year in range(1583, 3000)]
    assert {day.weekday() for day in sundays} == {6}
    assert {(day.month, day.day) for day in sundays} <= {(3, d) for d in range(22, 32)} | {(4, d) for d in range(1, 26)}


def test_a_year_has_eleven_holidays_in_order() -> None:
    days = public_holidays(2025)
    assert list(days) == sorted(days)
    assert len(days) == 11
    assert (days[date(2025, 5, 29)], days[date(2025, 6, 9)]) == ("ascension", "whit_monday")


def test_two_holidays_on_one_day_are_one_day() -> None:
    assert len(public_holidays(2008)) == 10
    assert public_holidays(2008)[date(2008, 5, 1)] == "ascension"
