"""Flags are written over flags alone, and the latest values show them at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pyarrow as pa
import pytest
from tests.store.conftest import NOON, SECOND, make_datastreams, stored, table

from placette.store import Store
from placette.store.flags import FLAGS_SCHEMA, set_flags

COLUMNS = "id, datastream_id, phenomenon_time, result, quality"


def verdicts(store: Store, flags: list[int]) -> pa.Table:
    """Everything stored, with the flags it should have."""
    read = store.query_now(f"SELECT {COLUMNS} FROM observation ORDER BY id")
    columns = [*read.columns, pa.array(flags, pa.uint8())]
    return pa.table(columns, names=FLAGS_SCHEMA.names).cast(FLAGS_SCHEMA)


@pytest.fixture
def three(store: Store) -> int:
    """A datastream with three observations."""
    (datastream,) = make_datastreams(store)
    store.append_now(table([datastream] * 3, [NOON, NOON + SECOND, NOON + 2 * SECOND], [20.0, 99.0, None]))
    return datastream


def test_flags_change_and_results_stay(store: Store, three: int) -> None:
    asked = verdicts(store, [1, 4, 9])
    assert store.change_now(partial(set_flags, verdicts=asked), refresh=False) == 3
    assert stored(store, "result, quality") == [(20.0, 1), (99.0, 4), (None, 9)]
    assert store.latest.of([three]).column("quality").to_pylist() == [9]


def test_flags_outlive_a_restart(open_store: Callable[..., Store]) -> None:
    store = open_store()
    (datastream,) = make_datastreams(store)
    store.append_now(table([datastream], [NOON], [20.0]))
    store.close()
    again = open_store()
    again.change_now(partial(set_flags, verdicts=verdicts(again, [3])), refresh=False)
    again.close()
    assert open_store().latest.of([datastream]).column("quality").to_pylist() == [3]


def test_what_was_corrected_meanwhile_is_left_alone(store: Store, three: int) -> None:
    asked = verdicts(store, [1, 4, 9])
    store.append_now(table([three] * 2, [NOON + SECOND, NOON + 2 * SECOND], [21.0, 22.0]))
    assert store.change_now(partial(set_flags, verdicts=asked), refresh=False) == 1
    assert stored(store, "result, quality") == [(20.0, 1), (21.0, 2), (22.0, 2)]
    assert store.latest.of([three]).column("quality").to_pylist() == [2]


def test_the_catalogue_is_not_read_again(store: Store, three: int) -> None:
    before = store.directory
    store.change_now(partial(set_flags, verdicts=verdicts(store, [1, 1, 9])), refresh=False)
    assert store.directory is before
    assert store.change_now(partial(set_flags, verdicts=FLAGS_SCHEMA.empty_table()), refresh=False) == 0
