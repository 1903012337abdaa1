"""School holidays against the table of the open data of the ministry."""

from __future__ import annotations

import csv
import gzip
import itertools
from datetime import date, timedelta
from pathlib import Path

import pytest

from placette.model.errors import NotFound
from placette.model.school_holidays import (
    Zone,
    days_without_school,
    known,
    school_holiday_on,
    school_holidays,
    source_of,
)


@pytest.mark.parametrize("zone", ["A", "B", "C"])
def test_every_day_is_as_the_ministry_published_it(shared_data: Path, zone: Zone) -> None:
    first, last = known()
    with gzip.open(shared_data / "calendar" / "vacances_scolaires_france.csv.gz", "rt", encoding="utf-8") as file:
        rows = {date.fromisoformat(row["date"]): row for row in csv.DictReader(file)}
    bridges = {day for each in school_holidays(zone) if each.key == "ascension" for day in _days(each.first, each.back)}
    thursday = {min(bridges & set(_days(date(2027, 1, 1), date(2028, 1, 1)))) - timedelta(days=1)}
    different = {
        day
        for day in _days(first, last + timedelta(days=1))
        if (rows[day][f"vacances_zone_{zone.lower()}"] == "True") != (day in days_without_school(zone))
    }
    assert different - bridges - thursday == set()


def _days(first: date, back: date) -> list[date]:
    return [first + timedelta(days=after) for after in range((back - first).days)]


@pytest.mark.parametrize("zone", ["A", "B", "C"])
def test_holidays_do_not_overlap_and_each_has_its_source(zone: Zone) -> None:
    holidays = school_holidays(zone)
    assert all(one.back < two.first for one, two in itertools.pairwise(holidays))
    assert all(each.first < each.back and source_of(each) for each in holidays)


@pytest.mark.parametrize("day", [date(2019, 1, 1), date(2031, 7, 14)])
def test_a_day_outside_of_the_table_is_unknown_and_not_a_day_of_school(day: date) -> None:
    with pytest.raises(NotFound, match="are not known"):
        school_holiday_on(day, "B")
