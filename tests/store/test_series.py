"""Hours, days, weeks and months as the people of a place live them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.store.conftest import NOON, SECOND, make_datastreams, table

from placette.model.errors import BadQuery
from placette.model.observations import ObservationRow, table_of
from placette.model.times import micros
from placette.store import Store, series

QUARTER = 900 * SECOND


def fill(store: Store, start: str, end: str) -> int:
    """One observation per quarter of an hour, of value 1."""
    (stream,) = make_datastreams(store)
    times = range(micros(start), micros(end), QUARTER)
    store.append_now(table([stream] * len(times), times, [1.0] * len(times)))
    return stream


async def buckets(store: Store, stream: int, interval: series.Interval, zone: str = "Europe/Paris") -> dict[str, int]:
    found = await series.aggregate(store, [stream], 0, 2 * NOON, interval, zone)
    return {row["start"].isoformat(): row["count"] for row in found.to_pylist()}


async def test_the_day_in_march_has_23_hours_and_the_one_in_october_25(store: Store) -> None:
    stream = fill(store, "2026-03-27T23:00:00Z", "2026-03-30T22:00:00Z")
    assert await buckets(store, stream, "day") == {
        "2026-03-27T23:00:00": 96,
        "2026-03-28T23:00:00": 92,
        "2026-03-29T22:00:00": 96,
    }


async def test_the_day_in_october_has_25_hours(store: Store) -> None:
    stream = fill(store, "2025-10-25T22:00:00Z", "2025-10-26T23:00:00Z")
    assert await buckets(store, stream, "day") == {"2025-10-25T22:00:00": 100}
    assert len(await buckets(store, stream, "hour")) == 25


async def test_the_repeated_hour_in_october_gives_two_intervals(store: Store) -> None:
    stream = fill(store, "2025-10-26T00:00:00Z", "2025-10-26T02:00:00Z")
    assert await buckets(store, stream, "hour") == {"2025-10-26T00:00:00": 4, "2025-10-26T01:00:00": 4}


async def test_hours_of_a_zone_that_is_half_an_hour_off_begin_at_half_past(store: Store) -> None:
    stream = fill(store, "2026-01-01T00:30:00Z", "2026-01-01T02:30:00Z")
    assert await buckets(store, stream, "hour", "Asia/Kolkata") == {
        "2026-01-01T00:30:00": 4,
        "2026-01-01T01:30:00": 4,
    }


async def test_hours_before_1970_fall_where_they_should(store: Store) -> None:
    stream = fill(store, "1965-06-01T00:00:00Z", "1965-06-01T02:00:00Z")
    for zone in ("Europe/Paris", "Asia/Kolkata"):
        found = await series.aggregate(store, [stream], micros("1960-01-01"), 0, "hour", zone)
        starts = [row["start"].minute for row in found.to_pylist()]
        assert starts == ([0, 0] if zone == "Europe/Paris" else [30, 30, 30])


async def test_a_week_begins_on_monday_and_a_month_on_its_first_local_day(store: Store) -> None:
    stream = fill(store, "2026-01-31T00:00:00Z", "2026-02-03T00:00:00Z")
    weeks = await buckets(store, stream, "week")
    assert list(weeks) == ["2026-01-25T23:00:00", "2026-02-01T23:00:00"]
    assert list(await buckets(store, stream, "month")) == ["2025-12-31T23:00:00", "2026-01-31T23:00:00"]


async def test_the_statistics_are_those_of_the_good_rows(store: Store) -> None:
    (stream,) = make_datastreams(store)
    rows = [ObservationRow(stream, NOON + n, float(n)) for n in range(1, 101)]
    spoiled = [
        ObservationRow(stream, NOON + 200, 1e9, quality=4),
        ObservationRow(stream, NOON + 201, None, quality=9),
        ObservationRow(stream, NOON + 202, 1e9, quality=9),
        ObservationRow(stream, NOON + 203, None, '"word"'),
    ]
    store.append_now(table_of(rows + spoiled))
    (found,) = (await series.aggregate(store, [stream], NOON, NOON + SECOND, "day", "UTC")).to_pylist()
    assert found.pop("start") == datetime(2025, 6, 15, tzinfo=UTC).replace(tzinfo=None)
    assert found == pytest.approx(
        {
            "datastream_id": stream,
            "count": 100,
            "mean": 50.5,
            "min": 1.0,
            "max": 100.0,
            "sum": 5050.0,
            "median": 50.5,
            "p05": 5.95,
            "p95": 95.05,
        }
    )


async def test_raw_gives_the_newest_when_there_are_too_many(store: Store) -> None:
    (stream,) = make_datastreams(store)
    store.append_now(table([stream] * 10, range(NOON, NOON + 10), [float(n) for n in range(10)]))
    found = await series.raw(store, stream, NOON, NOON + 9, limit=3)
    assert found.column("result").to_pylist() == [6.0, 7.0, 8.0]


async def test_several_datastreams_come_one_after_the_other(store: Store) -> None:
    streams = make_datastreams(store, 3)
    store.append_now(table(streams, [NOON] * 3, [1.0, 2.0, 3.0]))
    found = await series.aggregate(store, streams[:2], NOON, NOON + 1, "hour", "Europe/Paris")
    assert found.select(["datastream_id", "mean"]).to_pylist() == [
        {"datastream_id": streams[0], "mean": 1.0},
        {"datastream_id": streams[1], "mean": 2.0},
    ]
    assert (await series.aggregate(store, [], NOON, NOON + 1, "hour", "UTC")).num_rows == 0


async def test_any_time_range_has_an_answer(store: Store) -> None:
    stream = fill(store, "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")
    found = await series.aggregate(store, [stream], -(10**18), 10**18, "hour", "Europe/Paris")
    assert found.num_rows == 24


@pytest.mark.parametrize(("interval", "zone"), [("minute", "Europe/Paris"), ("day", "Mars/Olympus"), ("day", "../etc")])
async def test_unknown_words_are_refused(store: Store, interval: str, zone: str) -> None:
    with pytest.raises(BadQuery):
        await series.aggregate(store, [1], 0, 1, interval, zone)  # type: ignore[arg-type]
