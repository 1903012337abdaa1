"""``/api/series``: columns of JSON, CSV, raw observations, and questions that cannot be answered."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import httpx
import pyarrow as pa
import pytest

from placette.city import City
from placette.model.times import micros
from placette.publish import series
from placette.store import Store

CODE = "AIX-ROT-AIR-01/temperature"
DAY = {"start": "2026-10-25T00:00:00+02:00", "end": "2026-10-26T00:00:00+01:00"}
MINUTE = 60_000_000


@pytest.fixture
def client(aix_store: Store, aix: City, client_of: Callable[..., httpx.AsyncClient]) -> httpx.AsyncClient:
    """The API over a day of 25 hours with a value every ten minutes but in the hour from noon."""
    info = aix_store.directory.by_code[CODE]
    begin = micros(DAY["start"])
    minutes = [minute for minute in range(0, 25 * 60, 10) if not 13 * 60 <= minute < 14 * 60]
    times = pa.array([begin + minute * MINUTE for minute in minutes], pa.int64()).cast(pa.timestamp("us"))
    values = [float(minute // 60) for minute in minutes]
    aix_store.append_now(
        pa.table({"datastream_id": [info.id] * len(minutes), "phenomenon_time": times, "result": values})
    )
    return client_of(series.routes(aix_store, aix))


async def test_a_day_of_twenty_five_hours_has_twenty_five_values_and_its_gap(client: httpx.AsyncClient) -> None:
    answer = (await client.get("/api/series", params={"datastream": CODE, **DAY})).json()
    found = answer["series"][0]
    assert answer["zone"] == "Europe/Paris"
    assert (len(found["time"]), found["symbol"], found["origin"]) == (25, "°C", "simulated")
    assert found["value"][12:15] == [12.0, None, 14.0]
    assert found["count"][13] == 0


async def test_a_local_day_is_one_value(client: httpx.AsyncClient) -> None:
    found = (await client.get("/api/series", params={"datastream": CODE, "interval": "day", **DAY})).json()["series"][0]
    assert (len(found["time"]), found["min"], found["max"]) == (1, [0.0], [24.0])


async def test_raw_gives_the_observations_themselves(client: httpx.AsyncClient) -> None:
    found = (await client.get("/api/series", params={"datastream": CODE, "interval": "raw", **DAY})).json()["series"][0]
    assert (len(found["time"]), found["result"][0], found["quality"][0], found["truncated"]) == (144, 0.0, 2, False)


async def test_csv_carries_the_local_time_with_its_offset(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/series", params={"datastream": CODE, "format": "csv", **DAY})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["time"] for row in rows[2:4]] == ["2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"]
    assert rows[13]["value"] == ""
    assert "AIX-ROT-AIR-01-temperature-hour.csv" in answer.headers["content-disposition"]


async def test_several_datastreams_are_asked_for_by_code_or_id(client: httpx.AsyncClient, aix_store: Store) -> None:
    other = aix_store.directory.by_code["AIX-ROT-AIR-02/temperature"].id
    answer = await client.get("/api/series", params={"datastream": [CODE, str(other)], **DAY})
    assert [one["datastream"] for one in answer.json()["series"]][1] == other


@pytest.mark.parametrize(
    ("asked", "status", "word"),
    [
        ({"datastream": "999999"}, 404, "no datastream"),
        ({}, 400, "0 datastreams"),
        ({"datastream": CODE, "interval": "minute"}, 400, "no interval"),
        ({"datastream": CODE, "start": "yesterday"}, 400, "not a time"),
        ({"datastream": CODE, "start": "2026-02-01", "end": "2026-01-01"}, 400, "not before"),
        ({"datastream": CODE, "start": "1950-01-01", "end": "2026-01-01"}, 413, "intervals"),
        ({"datastream": ",".join([CODE] * 25)}, 400, "25 datastreams"),
    ],
)
async def test_what_cannot_be_answered_says_why(
    client: httpx.AsyncClient, asked: dict[str, str], status: int, word: str
) -> None:
    answer = await client.get("/api/series", params=asked)
    assert answer.status_code == status
    assert word in answer.json()["what"]
    assert answer.json()["remedy"]
