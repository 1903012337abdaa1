"""Sorting a month changes where rows lie, and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.store.conftest import SECOND, make_datastreams, stored, table

from placette.store import Store, compaction
from placette.store.compaction import Month

JUNE = Month(2025, 6)


def fill(store: Store, rows: int = 3000) -> list[int]:
    streams = make_datastreams(store, 7)
    numbers = np.arange(rows)
    times = compaction.Month(2025, 5).bounds[1] - rows // 2 * 60 * SECOND + numbers * 60 * SECOND
    store.append_now(table(np.array(streams)[numbers % 7], times, numbers.astype(float)))
    return streams


@pytest.mark.parametrize("month", [Month(2024, 2), Month(2025, 12)])
def test_a_month_ends_where_the_next_begins(month: Month) -> None:
    after = Month(2024, 3) if month.month == 2 else Month(2026, 1)
    assert month.bounds[1] == after.bounds[0]


def test_every_row_keeps_its_id_and_its_values(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "SLICE_ROWS", 300)
    fill(store)
    before = stored(store, "*")
    slices = list(compaction.compact(store, JUNE))
    assert sum(slices) == 1500
    assert len(slices) > 3
    assert stored(store, "*") == before


def test_a_full_month_is_cut_into_windows_of_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "WINDOW_ROWS", 400)
    fill(store)
    before = stored(store, "*")
    assert len(list(compaction.compact(store, JUNE))) == 4
    assert stored(store, "*") == before
    spans = store.query_now(
        "SELECT max(id) - min(id) AS span FROM (SELECT id, rowid, row_number() OVER (ORDER BY rowid) AS place"
        " FROM observation WHERE id > 1500) GROUP BY (place - 1) // 400"
    )
    assert max(spans.column("span").to_pylist()) < 800  # ids of one window lie together


def test_the_rows_of_a_month_lie_sorted_afterwards(store: Store) -> None:
    fill(store)
    list(compaction.compact(store, JUNE))
    start, end = JUNE.bounds
    lying = store.query_now(
        "SELECT datastream_id, phenomenon_time FROM observation"
        " WHERE phenomenon_time >= make_timestamp(?) AND phenomenon_time < make_timestamp(?)",
        [start, end],
    )
    assert lying.equals(lying.sort_by([("datastream_id", "ascending"), ("phenomenon_time", "ascending")]))


def test_only_whole_months_with_other_rows_are_due(store: Store) -> None:
    streams = fill(store)
    assert compaction.due(store, JUNE) == [Month(2025, 5)]
    assert compaction.due(store, Month(2025, 7)) == [Month(2025, 5), JUNE]
    list(compaction.compact(store, JUNE))
    assert compaction.due(store, Month(2025, 7)) == [Month(2025, 5)]
    store.append_now(table(streams[:1], [JUNE.bounds[0] + 1], [0.5]))
    assert JUNE in compaction.due(store, Month(2025, 7))


def test_late_rows_and_corrections_find_their_place_after_compaction(store: Store) -> None:
    fill(store)
    list(compaction.compact(store, JUNE))
    (found,) = store.query_now("SELECT * FROM observation WHERE id = 2000").to_pylist()
    when = store.query_now("SELECT epoch_us(phenomenon_time) AS t FROM observation WHERE id = 2000").to_pylist()[0]["t"]
    receipt = store.append_now(table([found["datastream_id"]], [when], [-1.0]))
    assert (receipt.ids.tolist(), receipt.replaced) == ([2000], 1)


def test_the_next_start_knows_the_latest_after_compaction(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "city.duckdb")
    fill(store)
    list(compaction.compact(store, JUNE))
    before = store.latest.all()
    store.close()
    store = Store.open(tmp_path / "city.duckdb")
    assert store.latest.all() == before
    store.close()
