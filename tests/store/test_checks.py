"""What is refused, with the rows and the remedy named, and what is not."""

from __future__ import annotations

import asyncio
import math
import time

import pytest
from tests.store.conftest import NOON, SECOND, Opener, make_datastreams, stored

from placette.model.errors import BadObservation
from placette.model.observations import ObservationRow, table_of
from placette.store import Store

YEAR_0001 = -62_135_596_800 * SECOND
YEAR_9999 = 253_370_764_800 * SECOND


def soon(seconds: float) -> int:
    return time.time_ns() // 1000 + int(seconds * SECOND)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"datastream_id": 999_999}, "unknown datastream in row 1, e.g. 999999"),
        ({"datastream_id": -5}, "unknown datastream in row 1"),
        ({"datastream_id": 0}, "unknown datastream in row 1"),
        ({"result": math.nan}, "NaN or infinite in row 1"),
        ({"result": math.inf}, "NaN or infinite in row 1"),
        ({"result": -math.inf}, "NaN or infinite in row 1"),
        ({"phenomenon_time": YEAR_0001}, "outside 1900–2200 in row 1"),
        ({"phenomenon_time": YEAR_9999}, "outside 1900–2200 in row 1"),
        ({"phenomenon_time": soon(2 * 86_400)}, "more than 86400 s ahead in row 1"),
        ({"phenomenon_end": YEAR_9999}, "the end lies outside"),
        ({"phenomenon_end": NOON - SECOND}, "the end lies before the start in row 1"),
        ({"phenomenon_end": soon(2 * 86_400)}, "more than 86400 s ahead in row 1"),
        ({"result_time": YEAR_0001}, "the resultTime lies outside"),
        ({"feature_id": 77}, "unknown feature of interest in row 1"),
        ({"quality": 7}, "unknown quality flag in row 1"),
    ],
)
def test_a_bad_row_is_named_and_nothing_of_its_batch_is_stored(
    store: Store, change: dict[str, object], what: str
) -> None:
    (stream,) = make_datastreams(store)
    good = {"datastream_id": stream, "phenomenon_time": NOON, "result": 1.0}
    rows = [ObservationRow(**good), ObservationRow(**(good | change)), ObservationRow(**good)]  # type: ignore[arg-type]
    with pytest.raises(BadObservation) as caught:
        store.append_now(table_of(rows))
    assert what in caught.value.what
    assert caught.value.rows == (1,)
    assert caught.value.remedy
    assert stored(store) == []


def test_many_bad_rows_are_all_counted_and_the_first_ten_named(store: Store) -> None:
    (stream,) = make_datastreams(store)
    rows = [ObservationRow(stream, NOON + n, math.nan if n % 2 else 1.0) for n in range(100)]
    with pytest.raises(BadObservation, match=r"rows 1, 3, 5, 7, 9, 11, 13, 15, 17, 19 …") as caught:
        store.append_now(table_of(rows))
    assert len(caught.value.rows) == 50


async def test_one_bad_caller_does_not_fail_the_others_of_its_group(store: Store) -> None:
    (stream,) = make_datastreams(store)
    rows = [ObservationRow(stream if n % 3 else 4711, NOON + n, float(n)) for n in range(60)]
    outcomes = await asyncio.gather(*(store.append_rows([row]) for row in rows), return_exceptions=True)
    refused = [n for n, outcome in enumerate(outcomes) if isinstance(outcome, BadObservation)]
    assert refused == list(range(0, 60, 3))
    assert len(stored(store)) == 40


def test_a_forecast_may_lie_ahead(store: Store) -> None:
    (stream,) = make_datastreams(store, origin="forecast")
    assert store.append_now(table_of([ObservationRow(stream, soon(5 * 86_400), 1.0)])).inserted == 1


def test_how_far_ahead_is_a_setting(open_store: Opener) -> None:
    store = open_store(max_future_s=0)
    (stream,) = make_datastreams(store)
    with pytest.raises(BadObservation, match="0 s ahead"):
        store.append_now(table_of([ObservationRow(stream, soon(60), 1.0)]))


def test_null_is_a_result_and_so_is_any_json(store: Store) -> None:
    (stream,) = make_datastreams(store)
    rows = [ObservationRow(stream, NOON, None), ObservationRow(stream, NOON + 1, None, '{"a":[1]}')]
    store.append_now(table_of(rows))
    assert stored(store, "result, result_json") == [(None, None), (None, '{"a":[1]}')]


@pytest.mark.parametrize("change", [{"datastream_id": 2**70}, {"quality": 300}, {"phenomenon_time": "soon"}])
async def test_a_value_that_fits_no_column_harms_its_caller_alone(store: Store, change: dict[str, object]) -> None:
    (stream,) = make_datastreams(store)
    good = {"datastream_id": stream, "phenomenon_time": NOON, "result": 1.0}
    outcomes = await asyncio.gather(
        store.append_rows([ObservationRow(**good)]),  # type: ignore[arg-type]
        store.append_rows([ObservationRow(**(good | change))]),  # type: ignore[arg-type]
        return_exceptions=True,
    )
    assert isinstance(outcomes[1], BadObservation)
    assert len(stored(store)) == 1


def test_an_interval_may_end_in_1970(store: Store) -> None:
    (stream,) = make_datastreams(store)
    store.append_now(table_of([ObservationRow(stream, -SECOND, 1.0, phenomenon_end=0)]))
    assert stored(store, "epoch_us(phenomenon_end) AS e") == [(0,)]


def test_a_deleted_datastream_is_unknown_at_once(store: Store) -> None:
    from placette.store import catalogue

    (stream,) = make_datastreams(store)
    store.change_now(lambda con: catalogue.delete_datastream(con, stream))
    with pytest.raises(BadObservation, match="unknown datastream"):
        store.append_now(table_of([ObservationRow(stream, NOON, 1.0)]))
