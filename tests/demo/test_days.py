from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from placette.demo.days import DAY_US, HOUR_US, clock_of, months, on_dates, rest_days, weekdays

PARIS = clock_of("Europe/Paris")
EPOCH = date(1970, 1, 1)


def day(text: str) -> int:
    return (date.fromisoformat(text) - EPOCH).days


@given(st.lists(st.integers(1_700_000_000, 1_900_000_000), min_size=1, max_size=20))
def test_the_wall_clock_is_that_of_the_time_zone(seconds):
    wall = PARIS.wall(np.array(seconds) * 1_000_000) // 1_000_000
    for second, shown in zip(seconds, wall, strict=True):
        local = datetime.fromtimestamp(second, ZoneInfo("Europe/Paris")).replace(tzinfo=UTC)
        assert shown == int(local.timestamp())


@pytest.mark.parametrize(("when", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-07-01", 24)])
def test_days_have_the_hours_they_have(when, hours):
    begin = PARIS.instant(np.array([day(when), day(when) + 1]), 0)
    assert (begin[1] - begin[0]) / HOUR_US == hours


def test_an_instant_shows_the_hour_asked_for():
    days = np.arange(day("2026-01-01"), day("2027-01-01"))
    assert np.array_equal(PARIS.wall(PARIS.instant(days, 22.5)), days * DAY_US + round(22.5 * HOUR_US))


@given(st.integers(0, 40_000))
def test_weekdays_and_months_are_those_of_the_calendar(number):
    expected = EPOCH + timedelta(days=number)
    assert weekdays(np.array([number]))[0] == expected.weekday()
    assert months(np.array([number]))[0] == expected.month


@pytest.mark.parametrize("when", ["2026-04-06", "2026-05-14", "2026-05-25", "2026-07-14", "2026-12-25", "2026-11-22"])
def test_sundays_and_public_holidays_are_days_of_rest(when):
    assert rest_days(np.array([day(when)]))[0]


@pytest.mark.parametrize("when", ["2026-04-07", "2026-11-23", "2026-07-13"])
def test_other_days_are_not(when):
    assert not rest_days(np.array([day(when)]))[0]


def test_dates_come_back_every_year():
    days = np.arange(day("2024-01-01"), day("2027-01-01"))
    assert on_dates(days, (6, 21)).sum() == 3
