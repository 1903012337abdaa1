"""Four real data sets through the command line into a fresh city, checked against plain readings of the same files."""

from __future__ import annotations

import csv
import gzip
import lzma
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from placette.store import Store

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
HOUR = timedelta(hours=1)

FILES = {
    "auckland_pedestrians": "pedestrian/auckland_hourly_2019_2024.csv.gz",
    "aix_air_hourly": "air/atmosud_aix_ecole_dart_hourly_pm_2017_2020.csv.gz",
    "aix_air_daily": "air/atmosud_aix_ecole_dart_daily_2017_2020.csv.gz",
    "dublin_noise": "noise/dublin_laeq_hourly_2015_2019.csv.xz",
    "montpellier_lights": "lighting/montpellier_eclairage_public_shp.zip",
}
SET_ASIDE = {"auckland_pedestrians": 99 + 21, "dublin_noise": 9}
"""Auckland: 99 values of five hours that daylight saving skipped, and a row of 21 whose date the producer mistook
(2024-09-28 has 06:00 twice, 2024-09-29 not at all). Dublin: one row of nine in an hour that did not exist."""


def placette(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "placette", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def import_(file: Path, name: str, *more: str) -> str:
    return placette("import", str(file), "--mapping", str(ROOT / "examples" / "mappings" / f"{name}.toml"), *more)


@cache
def plain(file: Path) -> list[dict[str, str]]:
    """Read a packed CSV file with nothing but the standard library."""
    unpack = lzma.open if file.suffix == ".xz" else gzip.open
    with unpack(file, "rt", newline="") as lines:
        return list(csv.DictReader(lines))


class City(NamedTuple):
    """A city into which every file was imported, twice, what the command line said, and how much there was after each.

    All that is looked at was thus there before the second time, or that test fails.
    """

    data: Path
    shared: Path
    said: dict[str, str]
    again: dict[str, str]
    figures: tuple[dict[str, int], dict[str, int]]
    store: Store

    def file(self, name: str) -> Path:
        return self.shared / FILES[name]

    def ask(self, sql: str, *parameters: object) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.store.query_now(sql, list(parameters)).to_pylist()
        return found

    def count(self, codes: str) -> int:
        sql = "SELECT count(*) AS n FROM observation o JOIN datastream d ON d.id = o.datastream_id WHERE d.code LIKE ?"
        return int(self.ask(sql, codes)[0]["n"])

    def series(self, code: str) -> dict[datetime, tuple[datetime, float]]:
        sql = "SELECT phenomenon_time, phenomenon_end, result FROM observation WHERE datastream_id = ?"
        rows = self.ask(sql, self.store.directory.by_code[code].id)
        return {row["phenomenon_time"]: (row["phenomenon_end"], row["result"]) for row in rows}


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Iterator[City]:
    data = tmp_path_factory.mktemp("city")
    said, first = _imported(data, shared_data)
    again, second = _imported(data, shared_data)
    store = Store.open(data / "placette.duckdb")
    yield City(data, shared_data, said, again, (first, second), store)
    store.close()


def _imported(data: Path, shared: Path) -> tuple[dict[str, str], dict[str, int]]:
    """Import every file; return what was said of each, and how many rows each table holds then."""
    said = {name: import_(shared / file, name, "--data", str(data)) for name, file in FILES.items()}
    tables = ("observation", "observation_change", "thing", "location", "sensor", "datastream", "dead_letter")
    store = Store.open(data / "placette.duckdb")
    try:
        rows = {name: store.query_now(f"SELECT count(*) AS n FROM {name}").to_pylist()[0]["n"] for name in tables}
    finally:
        store.close()
    return said, rows


def utc(year: int, month: int, day: int, hour: int = 0) -> datetime:
    return datetime(year, month, day, hour)


def instant(wall: datetime, zone: str) -> datetime | None:
    """Return the first instant at which a clock shows ``wall``, ``None`` when none does."""
    moment = wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    back = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return moment.replace(tzinfo=None) if back == wall else None


@pytest.mark.parametrize(
    ("name", "codes", "keys"),
    [
        ("auckland_pedestrians", "AKL-%", ("date", "hour", "year")),
        ("aix_air_hourly", "FR03029/pm%", ("timestamp",)),
        ("aix_air_daily", "FR03029/%-daily", ("timestamp",)),
        ("dublin_noise", "DUB-%", ("datetime",)),
    ],
)
def test_every_value_of_the_file_is_stored_or_set_aside(city, name, codes, keys):
    values = sum(text != "" for row in plain(city.file(name)) for key, text in row.items() if key not in keys)
    stored = city.count(codes) - (city.count("FR03029/pm%-daily") if name == "aix_air_hourly" else 0)
    assert stored + SET_ASIDE.get(name, 0) == values
    assert f"{values:,} values: {stored:,} stored" in city.said[name]
    assert f"{SET_ASIDE.get(name, 0):,} set aside" in city.said[name]


def test_the_counting_day_of_auckland_lands_at_the_right_instants(city):
    column, code = "45 Queen Street", "AKL-45-Queen-Street/pedestrians"
    rows = {(row["date"], row["hour"]): row[column] for row in reversed(plain(city.file("auckland_pedestrians")))}
    stored = city.series(code)
    for date, hour, expected in (
        ("2019-12-31", "0:00-0:59", utc(2019, 12, 31, 11)),  # New Year's Day 00:00 in Auckland, UTC+13
        ("2019-12-31", "6:00-6:59", utc(2019, 12, 30, 17)),
        ("2019-07-01", "5:00-5:59", utc(2019, 7, 1, 17)),  # 2 July 05:00, UTC+12
        ("2024-09-28", "1:00-1:59", utc(2024, 9, 28, 13)),  # the hour before clocks went forward
        ("2024-09-28", "3:00-3:59", utc(2024, 9, 28, 14)),
        ("2023-04-01", "2:00-2:59", utc(2023, 4, 1, 13)),  # came twice: declared to be the first
        ("2023-04-01", "3:00-3:59", utc(2023, 4, 1, 15)),
    ):
        assert stored[expected] == (expected + HOUR, float(rows[date, hour]))
    assert utc(2023, 4, 1, 14) not in stored
    assert max(stored.items(), key=lambda each: each[0])[0] == utc(2024, 12, 31, 16)


def test_the_revellers_of_new_year_are_counted_at_midnight_in_auckland(city):
    midnight = {
        year: city.series("AKL-210-Queen-Street/pedestrians")[utc(year, 12, 31, 11)][1] for year in (2019, 2022)
    }
    ordinary = city.series("AKL-210-Queen-Street/pedestrians")[utc(2019, 12, 3, 11)][1]
    assert all(count > 10 * ordinary for count in midnight.values())


def test_counters_of_auckland_stand_where_the_file_beside_says(city):
    with (city.shared / "pedestrian" / "auckland_locations.csv").open(newline="") as lines:
        known = {row["Address"]: (float(row["Longitude"]), float(row["Latitude"])) for row in csv.DictReader(lines)}
    found = city.ask(
        "SELECT t.name, l.longitude, l.latitude FROM thing t JOIN thing_location tl ON tl.thing_id = t.id"
        " JOIN location l ON l.id = tl.location_id WHERE t.code LIKE 'AKL-%'"
    )
    assert {row["name"]: (row["longitude"], row["latitude"]) for row in found} == known


@pytest.mark.parametrize(
    ("name", "time", "zone", "columns"),
    [
        ("aix_air_hourly", "timestamp", "Europe/Paris", {"pm10": "FR03029/pm10", "pm25": "FR03029/pm2_5"}),
        (
            "dublin_noise",
            "datetime",
            "Europe/Dublin",
            {"Raheny9": "DUB-Raheny9/laeq", "BullIsland2": "DUB-BullIsland2/laeq"},
        ),
    ],
)
def test_hours_of_a_local_clock_are_stored_as_the_standard_library_reads_them(city, name, time, zone, columns):
    rows = plain(city.file(name))
    for column, code in columns.items():
        read = ((instant(datetime.fromisoformat(row[time]), zone), row[column]) for row in rows if row[column])
        expected = {start: (start + HOUR, float(text)) for start, text in read if start is not None}
        assert city.series(code) == expected


def test_aix_has_no_gap_where_clocks_skip_and_one_where_they_repeat(city):
    pm10 = city.series("FR03029/pm10")
    assert utc(2017, 3, 26, 0) in pm10  # 01:00 in Paris, UTC+1
    assert utc(2017, 3, 26, 1) in pm10  # 03:00 in Paris, UTC+2
    assert utc(2018, 10, 28, 0) in pm10  # 02:00, the first time
    assert utc(2018, 10, 28, 1) not in pm10
    pm2_5 = city.series("FR03029/pm2_5")
    assert min(value for _, value in pm2_5.values()) == -2.9  # a value, not a code


def test_daily_means_of_aix_cover_the_local_day(city):
    pm10 = city.series("FR03029/pm10-daily")
    assert pm10[utc(2016, 12, 31, 23)] == (utc(2017, 1, 1, 23), 34.0)
    assert pm10[utc(2017, 3, 25, 23)][0] - utc(2017, 3, 25, 23) == 23 * HOUR
    assert pm10[utc(2017, 10, 28, 22)][0] - utc(2017, 10, 28, 22) == 25 * HOUR


def test_missing_hours_of_dublin_stay_missing_and_spikes_stay(city):
    laeq = city.series("DUB-Raheny9/laeq")
    assert utc(2015, 3, 29, 0) in laeq
    assert utc(2015, 3, 29, 1) not in laeq  # 01:00 did not exist, 02:00 has no row
    assert utc(2015, 3, 29, 2) in laeq
    assert not any(utc(2016, 3, 29, 20) <= start < utc(2016, 4, 6, 0) for start in laeq)
    assert (
        max(
            value
            for code in city.store.directory.by_code
            if code.startswith("DUB-")
            for _, value in city.series(code).values()
        )
        > 97
    )


def test_street_lights_of_montpellier_stand_where_the_kml_twin_says(city):
    with zipfile.ZipFile(city.shared / "lighting" / "montpellier_eclairage_public_kml.zip") as archive:
        kml = archive.read(archive.namelist()[0]).decode()
    twin = [tuple(map(float, text.split(",")[:2])) for text in re.findall(r"<coordinates>([^<]+)<", kml)]
    lamps = city.ask(
        "SELECT l.longitude, l.latitude FROM thing t JOIN thing_location tl ON tl.thing_id = t.id"
        " JOIN location l ON l.id = tl.location_id WHERE t.code LIKE 'MTP-LIGHT-%' ORDER BY l.id"
    )
    assert len(lamps) == 29_969
    found = [(lamp["longitude"], lamp["latitude"]) for lamp in lamps]
    assert all(
        abs(a - b) < 1e-7 for one, other in zip(found, twin, strict=True) for a, b in zip(one, other, strict=True)
    )
    assert all(3.80 < longitude < 3.94 and 43.56 < latitude < 43.66 for longitude, latitude in found)


def test_what_was_set_aside_is_in_the_inbox_with_its_lines(city):
    letters = city.ask("SELECT channel, where_ FROM dead_letter WHERE network = 'file' ORDER BY id")
    assert [(letter["channel"].split("_")[0], letter["where_"].split(", ")[1]) for letter in letters] == [
        ("auckland", "lines 6502–41446"),
        ("auckland", "line 50353"),
        ("dublin", "line 2091"),
    ]


def test_a_second_import_adds_nothing(city):
    before, after = city.figures
    assert after == before
    assert before["observation_change"] == 0
    for name, said in city.again.items():
        stored = re.search(r"values: ([\d,]+) stored", city.said[name])
        if stored:
            assert f"values: 0 stored, {stored[1]} already there, 0 corrected" in said


@pytest.mark.parametrize("name", FILES)
def test_a_dry_run_stores_nothing(city, tmp_path, name):
    said = import_(city.file(name), name, "--dry-run", "--data", str(tmp_path / "fresh"))
    assert "Nothing was stored." in said
    assert not (tmp_path / "fresh").exists()
