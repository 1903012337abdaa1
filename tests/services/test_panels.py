"""Regular series on the local clock: what a step's value is, days that change the clocks, steps that lack values."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest

from placette import city as cities
from placette.city.model import City
from placette.model.entities import Origin
from placette.model.observations import TIME
from placette.publish.city_sync import sync
from placette.services.panels import Regular, regular
from placette.store import Store

AIX = Path(__file__).resolve().parents[2] / "cities" / "aix"
PARIS = ZoneInfo("Europe/Paris")
HOUR_S = 3_600


@pytest.fixture
def city() -> City:
    return cities.read(AIX)


@pytest.fixture
def store(tmp_path: Path, city: City) -> Iterator[Store]:
    opened = Store.open(tmp_path / "placette.duckdb")
    sync(opened, city, Origin.MEASURED)
    yield opened
    opened.close()


def micros(year: int, month: int, day: int, hour: int = 0) -> int:
    return int(datetime(year, month, day, hour, tzinfo=PARIS).timestamp()) * 1_000_000


def measure(store: Store, key: str, start: int, values: list[float], every_s: int, quality: int = 1) -> str:
    """Store values of the first datastream of a property and return its code."""
    info = next(each for each in store.directory.by_id.values() if each.property_key == key)
    times = start + np.arange(len(values)) * every_s * 1_000_000
    table = {
        "datastream_id": pa.array(np.full(len(values), info.id, np.int64)),
        "phenomenon_time": pa.array(times).cast(TIME),
        "result": pa.array(np.array(values, np.float64)),
        "quality": pa.array(np.full(len(values), quality, np.uint8)),
    }
    store.append_now(pa.table(table))
    assert info.code is not None
    return info.code


def read(store: Store, city: City, code: str, start: int, end: int, step: str = "hour") -> Regular:
    return regular(store, city, [store.directory.by_code[code]], start, end, "day" if step == "day" else "hour")


@pytest.mark.parametrize(
    ("key", "values", "expected"),
    [
        ("temperature", [10, 20, 30, 40], 25.0),
        ("pedestrians", [1, 2, 3, 4], 10.0),
        ("laeq", [60, 60, 60, 70], 10 * np.log10((3 * 10**6 + 10**7) / 4)),
    ],
)
def test_a_step_is_what_its_property_combines(
    store: Store, city: City, key: str, values: list[float], expected: float
) -> None:
    start = micros(2026, 5, 4, 10)
    code = measure(store, key, start, values, 900)
    found = read(store, city, code, start, start + HOUR_S * 1_000_000)
    assert found.values.ravel().tolist() == pytest.approx([expected])
    assert datetime.fromtimestamp(found.start_s, UTC).hour == 10
    assert found.instants(0, 1).tolist() == [start]


def test_a_step_that_lacks_a_quarter_of_its_values_is_missing(store: Store, city: City) -> None:
    start = micros(2026, 5, 4)
    code = measure(store, "pedestrians", start - 2 * HOUR_S * 1_000_000, [1.0] * 36, 300)
    measure(store, "pedestrians", start + HOUR_S * 1_000_000, [1.0] * 8, 300)
    measure(store, "pedestrians", start + 2 * HOUR_S * 1_000_000, [1.0] * 9, 300)
    hour = HOUR_S * 1_000_000
    found = read(store, city, code, start - 2 * hour, start + 3 * hour).values.ravel()
    np.testing.assert_array_equal(found, [12, 12, 12, np.nan, 9])


def test_a_device_that_sends_less_often_than_before_keeps_its_steps(store: Store, city: City) -> None:
    start, day = micros(2026, 3, 2), 24 * HOUR_S * 1_000_000
    code = measure(store, "temperature", start, [20.0] * (28 * 288), 300)
    measure(store, "temperature", start + 28 * day, [20.0] * (14 * 96), 900)
    assert not np.isnan(np.delete(read(store, city, code, start, start + 42 * day).values.ravel(), 27 * 24 + 2)).any()


def test_what_failed_or_is_missing_does_not_count(store: Store, city: City) -> None:
    start = micros(2026, 5, 4)
    code = measure(store, "temperature", start, [20.0] * 4, 900, quality=4)
    assert np.isnan(read(store, city, code, start, start + HOUR_S * 1_000_000).values).all()


def test_the_hour_spring_leaves_out_is_missing_and_has_no_instant(store: Store, city: City) -> None:
    start = micros(2026, 3, 29)
    code = measure(store, "temperature", start, list(map(float, range(23))), HOUR_S)
    found = read(store, city, code, start, micros(2026, 3, 30))
    expected = [0, 1, np.nan, *range(2, 23)]
    np.testing.assert_array_equal(found.values.ravel(), expected)
    assert found.instants(0, 4).tolist() == [start, start + 3_600_000_000, -1, start + 7_200_000_000]
    day = read(store, city, code, start, micros(2026, 3, 30), "day")
    assert day.values.ravel().tolist() == [pytest.approx(11.0)]


@pytest.mark.parametrize(("key", "expected", "whole"), [("temperature", 2.5, 12.0), ("pedestrians", 2.5, 300.0)])
def test_the_two_autumn_hours_are_one_step_and_both_count_in_the_day(
    store: Store, city: City, key: str, expected: float, whole: float
) -> None:
    start = micros(2026, 10, 25)
    code = measure(store, key, start, list(map(float, range(25))), HOUR_S)
    found = read(store, city, code, start, micros(2026, 10, 26)).values.ravel()
    assert len(found) == 24
    assert found[2] == expected
    assert found[3] == 4.0
    day = read(store, city, code, start, micros(2026, 10, 26), "day")
    assert day.values.ravel().tolist() == [pytest.approx(whole)]


def test_only_whole_steps_are_returned(store: Store, city: City) -> None:
    start = micros(2026, 5, 4)
    code = measure(store, "temperature", start, [20.0] * 40, 900)
    found = read(store, city, code, start + 1_700_000_000, start + 9 * 900_000_000)
    assert found.values.shape == (2, 1)
    assert timedelta(seconds=found.step_s) == timedelta(hours=1)
    assert read(store, city, code, start, start - HOUR_S * 1_000_000).values.shape == (0, 1)
