"""Habits: the same hour of like days, quartiles, the quietest hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from placette.city import City
from placette.model.entities import Origin
from placette.model.times import micros_of
from placette.publish.city_sync import sync
from placette.store import Store
from placette.web.habits import Habit, habit

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 7, 1, 10, 30, tzinfo=PARIS)  # a Wednesday
UNKNOWN = (None,) * 24


def profile(**hours: tuple[float | None, ...]) -> Habit:
    """Return a habit of 100 at every hour with quartiles 80 and 120, unless said otherwise."""
    known = {"usual": (100.0,) * 24, "low": (80.0,) * 24, "high": (120.0,) * 24, "today": UNKNOWN} | hours
    return Habit(**known, weekend=False, days=20)


@pytest.mark.parametrize(("count", "word"), [(79, -1), (80, 0), (120, 0), (121, 1)])
def test_a_count_is_held_against_the_quartiles(count: float, word: int) -> None:
    assert profile().compare(count, NOW) == word


def test_the_bounds_of_two_clock_hours_are_mixed() -> None:
    low = tuple(100.0 if hour == 10 else 0.0 for hour in range(24))
    assert profile(low=low).compare(49, NOW) == -1
    assert profile(low=low).compare(51, NOW) == 0


def test_nothing_is_said_without_a_habit() -> None:
    assert profile(low=UNKNOWN, high=UNKNOWN).compare(10, NOW) is None
    assert profile(usual=UNKNOWN).quietest is None


def test_the_quietest_hour_is_one_of_the_day() -> None:
    usual = tuple({3: 1.0, 14: 20.0}.get(hour, 100.0) for hour in range(24))
    assert profile(usual=usual).quietest == 14


async def test_weekends_do_not_count_for_weekdays(tmp_path: Path, aix: City) -> None:
    store = Store.open(tmp_path / "p.duckdb")
    sync(store, aix, Origin.SIMULATED)
    counter = store.directory.by_code["AIX-ROT-CNT-01/pedestrians"].id
    moments = [NOW.replace(minute=0) - timedelta(days=back) for back in range(28)]
    values = [500.0 if moment.weekday() >= 5 else 100.0 for moment in moments]
    times = pa.array([micros_of(moment.astimezone(UTC)) for moment in moments], pa.int64()).cast(pa.timestamp("us"))
    store.append_now(pa.table({"datastream_id": [counter] * 28, "phenomenon_time": times, "result": values}))
    found = await habit(store, [counter], NOW.astimezone(UTC), PARIS)
    store.close()
    assert found is not None
    assert (found.usual[10], found.today[10], found.weekend, found.days) == (100.0, 100.0, False, 19)
    assert found.usual[9] is None


async def test_a_public_holiday_is_a_day_like_those_of_a_weekend(tmp_path: Path, aix: City) -> None:
    store = Store.open(tmp_path / "p.duckdb")
    sync(store, aix, Origin.SIMULATED)
    counter = store.directory.by_code["AIX-ROT-CNT-01/pedestrians"].id
    holiday = NOW.replace(month=7, day=14)  # a Tuesday
    moments = [holiday.replace(minute=0) - timedelta(days=back) for back in range(28)]
    values = [500.0 if moment.weekday() >= 5 else 100.0 for moment in moments]
    times = pa.array([micros_of(moment.astimezone(UTC)) for moment in moments], pa.int64()).cast(pa.timestamp("us"))
    store.append_now(pa.table({"datastream_id": [counter] * 28, "phenomenon_time": times, "result": values}))
    found = await habit(store, [counter], holiday.astimezone(UTC), PARIS, {holiday.date()})
    store.close()
    assert found is not None
    assert (found.weekend, found.days, found.usual[10]) == (True, 8, 500.0)
