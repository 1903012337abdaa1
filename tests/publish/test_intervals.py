"""Local intervals: days of 23 and 25 hours, weeks, months, zones off the full hour."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from placette.model.times import iso, micros
from placette.publish.intervals import starts

PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-07-01", 24)], ids=["spring", "autumn", "summer"]
)
def test_a_day_has_the_hours_it_has(day: str, hours: int) -> None:
    begin = starts(micros(f"{day}T12:00:00+02:00"), micros(f"{day}T12:00:01+02:00"), "day", PARIS)[0]
    after = starts(begin, begin + 49 * 3_600_000_000, "day", PARIS)[1]
    assert len(starts(begin, after, "hour", PARIS)) == hours


def test_the_first_interval_is_the_one_that_holds_the_start() -> None:
    found = starts(micros("2026-07-01T10:20:00Z"), micros("2026-07-01T12:00:00Z"), "hour", PARIS)
    assert [iso(one) for one in found] == ["2026-07-01T10:00:00Z", "2026-07-01T11:00:00Z"]


def test_weeks_begin_on_monday_and_months_on_the_first() -> None:
    begin, end = micros("2026-07-15T12:00:00Z"), micros("2026-08-02T12:00:00Z")
    assert [iso(one) for one in starts(begin, end, "week", PARIS)] == [
        "2026-07-12T22:00:00Z",
        "2026-07-19T22:00:00Z",
        "2026-07-26T22:00:00Z",
    ]
    assert [iso(one) for one in starts(begin, end, "month", PARIS)] == ["2026-06-30T22:00:00Z", "2026-07-31T22:00:00Z"]


def test_hours_of_a_zone_off_the_full_hour_begin_there() -> None:
    found = starts(micros("2026-07-01T10:20:00Z"), micros("2026-07-01T10:40:00Z"), "hour", ZoneInfo("Asia/Kolkata"))
    assert [iso(one) for one in found] == ["2026-07-01T09:30:00Z", "2026-07-01T10:30:00Z"]
