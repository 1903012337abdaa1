"""Tables as files: CSV that every reader takes, Parquet that says what it holds, and both the same."""

from __future__ import annotations

import csv
import io
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

from placette.city import City
from placette.publish import sheets

PARIS = ZoneInfo("Europe/Paris")
HOUR_US = 3_600_000_000
AUTUMN_US = 1_792_886_400_000_000
"""2026-10-25 00:00 UTC, an hour before the clocks go back."""


def sheet(city: City) -> sheets.Sheet:
    times = pa.array([AUTUMN_US, AUTUMN_US + HOUR_US, None], pa.int64()).cast(sheets.TIMES)
    table = pa.table({"datastream": ["a", "b;\n", "c"], "time": times, "value": pa.array([1.5, None, -2.0])})
    return sheets.Sheet(name="x", table=table, about=sheets.about(city, "Title", AUTUMN_US, AUTUMN_US + HOUR_US, 0))


def test_csv_has_the_offset_of_each_moment_and_leaves_absent_values_empty(aix: City) -> None:
    rows = list(csv.DictReader(io.StringIO(sheets.text(sheet(aix), PARIS), newline="")))
    assert [row["time"] for row in rows] == ["2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00", ""]
    assert [row["value"] for row in rows] == ["1.5", "", "-2.0"]
    assert rows[1]["datastream"] == "b;\n"


def test_parquet_carries_types_and_what_it_is(aix: City) -> None:
    found = pq.read_table(io.BytesIO(sheets.parquet(sheet(aix))))
    assert found.schema.field("time").type == sheets.TIMES
    assert found.column("value").to_pylist() == [1.5, None, -2.0]
    about = {key.decode(): value.decode() for key, value in found.schema.metadata.items()}
    assert (about["title"], about["licence"], about["time_zone"]) == ("Title", aix.licence.name, "Europe/Paris")
    assert about["attribution"] == aix.licence.attribution
