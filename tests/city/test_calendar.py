"""calendar.toml: every fault on its line with its remedy, and the reference city's own."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from placette import city
from placette.city import Calendar

GOOD = """[[markets]]
key = "saturday-market"
names = { fr = "Marché", en = "Market" }
weekdays = ["saturday"]
places = ["centre"]
valid_from = 2020-01-01

[[events]]
key = "fair"
names = { fr = "Foire", en = "Fair" }
first = 2026-05-01
last = 2026-05-03
"""

# text to replace, what to put there ("@" marks the line of the fault), what is wrong
FAULTS = [
    ("[[events]]", "@[[event]]", "unknown list 'event'"),
    ("[[markets]]", "@[markets]", "markets must be a list"),
    ('["saturday"]', "@[]", "weekdays: expected"),
    ('["saturday"]', '["saturday", "samedi"]', "invalid enum value 'samedi'"),
    ('["saturday"]', '["saturday", "saturday"]', "'saturday' stands twice in saturday-market"),
    ('["centre"]', '["center"]', "unknown place 'center'"),
    ("valid_from = 2020-01-01", "valid_from = 2020-01-01\n@valid_until = 2019-12-31", "ends before it begins"),
    ("first = 2026-05-01", '@first = "1 May"', "first: invalid RFC3339"),
    ("first = 2026-05-01\n", "", "'first' is missing"),
    ("last = 2026-05-03", "@last = 2026-04-03", "fair ends before it begins"),
    ("last = 2026-05-03", "@last = 2062-05-03", "fair lasts longer than a year"),
    ("last = 2026-05-03", "@end = 2026-05-03", "unknown key 'end'"),
    ('key = "fair"', '@key = "saturday-market"', "the key 'saturday-market' stands twice"),
    ('key = "fair"', '@key = "Fair"', "'Fair' is not a key"),
    (', en = "Fair"', "", "no text in 'en'"),
    ("last = 2026-05-03", "@last = 2026-05-32", "not TOML"),
]


@pytest.mark.parametrize(("old", "new", "what"), FAULTS)
def test_each_fault_is_told_on_its_line(folder: Path, old: str, new: str, what: str) -> None:
    assert old in GOOD
    written = GOOD.replace(old, new, 1)
    line = written[: written.find("@")].count("\n") + 1 if "@" in new else None
    (folder / "calendar.toml").write_text(written.replace("@", "", 1) if line else written)
    faults = [fault for fault in city.check(folder) if fault.file == "calendar.toml"]
    assert any(what in f"{fault.what} {fault.remedy}" for fault in faults), faults
    assert line is None or line in {fault.line for fault in faults}


def test_a_good_calendar_is_read(folder: Path) -> None:
    (folder / "calendar.toml").write_text(GOOD)
    found = city.read(folder).calendar
    assert found.markets[0].weekdays == ("saturday",)
    assert found.markets[0].valid_until == date.max
    assert (found.events[0].first, found.events[0].last) == (date(2026, 5, 1), date(2026, 5, 3))


def test_a_folder_without_the_file_has_an_empty_calendar(folder: Path) -> None:
    (folder / "calendar.toml").unlink()
    assert city.read(folder).calendar == Calendar()


def test_every_day_of_the_reference_city_has_a_source(aix: Path) -> None:
    found = city.read(aix).calendar
    assert all(each.sources for each in (*found.markets, *found.events))
    assert {key for each in found.markets for key in each.places} == {"hotel-de-ville", "rotonde"}
