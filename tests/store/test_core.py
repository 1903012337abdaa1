"""The store as its callers meet it."""

from __future__ import annotations

import asyncio

import numpy as np
import pyarrow as pa
import pytest
from tests.store.conftest import NOON, SECOND, Opener, make_datastreams, stored, table

from placette.model.errors import BadObservation, Busy, StorageFailure
from placette.model.observations import ObservationRow
from placette.store import Store


async def test_rows_of_many_callers_are_stored_and_each_gets_its_own_ids(store: Store) -> None:
    (stream,) = make_datastreams(store)
    receipts = await asyncio.gather(
        *(store.append_rows([ObservationRow(stream, NOON + n * SECOND, float(n))]) for n in range(200))
    )
    ids = {int(receipt.ids[0]): n for n, receipt in enumerate(receipts)}
    rows = store.query_now("SELECT id, result FROM observation").to_pylist()
    assert {row["id"]: row["result"] for row in rows} == {key: float(n) for key, n in ids.items()}


async def test_tables_and_rows_in_one_group_keep_their_order(store: Store) -> None:
    (stream,) = make_datastreams(store, identity="all")
    await asyncio.gather(
        store.append(table([stream] * 2, [NOON, NOON], [1.0, 2.0])),
        store.append_rows([ObservationRow(stream, NOON, 3.0), ObservationRow(stream, NOON, None, '"open"')]),
        store.append(table([stream], [NOON], [5.0])),
    )
    assert stored(store, "result, result_json") == [
        (1.0, None),
        (2.0, None),
        (3.0, None),
        (None, '"open"'),
        (5.0, None),
    ]


async def test_nothing_to_store_is_no_work(store: Store) -> None:
    assert (await store.append_rows([])).inserted == 0
    assert store.append_now(table([], [], [])).inserted == 0


def test_everything_is_there_after_opening_again(open_store: Opener) -> None:
    store = open_store()
    streams = make_datastreams(store, 3)
    store.append_now(table(streams, [NOON, NOON + 1, NOON + 2], [1.0, None, 3.0]))
    before = (stored(store), store.latest.all(), store.directory.by_id)
    store.close()
    store = open_store()
    assert (stored(store), store.latest.all(), store.directory.by_id) == before
    assert store.append_now(table(streams[:1], [NOON + 9], [4.0])).ids.tolist() == [4]


def test_the_latest_of_some_comes_in_the_order_asked(store: Store) -> None:
    streams = make_datastreams(store, 3)
    store.append_now(table([streams[0], streams[2]], [NOON, NOON], [1.0, 3.0]))
    assert store.latest.of([streams[2], streams[1], streams[0], 99_999, -1]).column("result").to_pylist() == [3.0, 1.0]


def test_a_late_row_does_not_become_the_latest(store: Store) -> None:
    (stream,) = make_datastreams(store)
    store.append_now(table([stream] * 2, [NOON, NOON - SECOND], [1.0, 2.0]))
    store.append_now(table([stream], [NOON - 2 * SECOND], [3.0]))
    assert store.latest.all().column("result").to_pylist() == [1.0]


@pytest.mark.parametrize(
    ("sent", "word"),
    [
        (pa.table({"result": [1.0]}), "datastream_id"),
        (pa.table({"datastream_id": [1], "phenomenon_time": ["yesterday"]}), "wrong type"),
        (pa.table({"datastream_id": pa.array([None], pa.int64()), "phenomenon_time": [NOON]}), "empty cells"),
    ],
)
def test_a_table_that_cannot_be_observations_is_refused(store: Store, sent: pa.Table, word: str) -> None:
    with pytest.raises(BadObservation, match=word):
        store.append_now(sent)


async def test_a_full_queue_says_busy_and_takes_nothing(open_store: Opener) -> None:
    store = open_store(queue_rows=10)
    (stream,) = make_datastreams(store, identity="all")
    rows = [ObservationRow(stream, NOON, 1.0)] * 8
    results = await asyncio.gather(*(store.append_rows(rows) for _ in range(20)), return_exceptions=True)
    refused = [result for result in results if isinstance(result, Busy)]
    assert refused
    assert len(stored(store)) == 8 * (20 - len(refused))


async def test_a_change_that_raises_leaves_nothing_behind(store: Store) -> None:
    (stream,) = make_datastreams(store)

    def fail(con: object) -> None:
        con.execute("DELETE FROM datastream")  # type: ignore[attr-defined]
        raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        await store.change(fail)
    assert stream in store.directory.by_id
    assert store.query_now("SELECT count(*) AS n FROM datastream").to_pylist() == [{"n": 1}]


async def test_even_the_end_of_the_world_in_a_change_reaches_its_caller_alone(store: Store) -> None:
    def leave(_: object) -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        store.change_now(leave)
    assert make_datastreams(store)


async def test_a_change_by_raw_sql_reaches_the_directory(store: Store) -> None:
    (stream,) = make_datastreams(store)
    await store.change(lambda con: con.execute("UPDATE datastream SET name = 'other'"))
    assert store.directory.by_id[stream].name == "other"


async def test_a_caller_that_went_away_does_not_disturb_the_others(store: Store) -> None:
    (stream,) = make_datastreams(store, identity="all")
    impatient = asyncio.create_task(store.append_rows([ObservationRow(stream, NOON, 1.0)]))
    await asyncio.sleep(0)
    impatient.cancel()
    await store.append_rows([ObservationRow(stream, NOON, 2.0)])
    assert (2.0,) in stored(store, "result")


def test_a_closed_store_says_so(open_store: Opener) -> None:
    store = open_store()
    (stream,) = make_datastreams(store)
    store.close()
    with pytest.raises(StorageFailure, match="closed"):
        store.append_now(table([stream], [NOON], [1.0]))


def test_the_figures_tell_what_is_there(store: Store) -> None:
    streams = make_datastreams(store, 2)
    store.append_now(table(streams, [NOON, NOON], [1.0, 2.0]))
    figures = store.stats()
    assert (figures.observations, figures.datastreams, figures.queued_rows, figures.dead_letters) == (2, 2, 0, 0)
    assert figures.stored_per_second == pytest.approx(2 / 60)
    assert figures.disk_free_bytes > 0
    assert figures.last_commit > NOON
    assert figures.file_bytes > 0


def test_ids_are_never_given_twice(open_store: Opener) -> None:
    store = open_store()
    (stream,) = make_datastreams(store)
    first = store.append_now(table([stream], [NOON], [1.0])).ids[0]
    store.change_now(lambda con: _delete_all(con, stream))
    store.close()
    store = open_store()
    assert store.append_now(table([stream], [NOON], [1.0])).ids[0] > first


def _delete_all(con: object, stream: int) -> None:
    from placette.store.retention import delete_observations

    assert delete_observations(con, 0, 2 * NOON, [stream]) == 1  # type: ignore[arg-type]


def test_a_hundred_thousand_rows_of_many_datastreams_come_back_as_they_went(store: Store) -> None:
    streams = np.array(make_datastreams(store, 10))
    count = 100_000
    numbers = np.arange(count)
    store.append_now(table(streams[numbers % 10], NOON + numbers, numbers.astype(float)))
    found = store.query_now("SELECT count(*) AS n, count(DISTINCT id) AS ids, sum(result) AS total FROM observation")
    assert found.to_pylist() == [{"n": count, "ids": count, "total": float(numbers.sum())}]
