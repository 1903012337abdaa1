"""Sorting old days changes where rows lie, and nothing else."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
from tests.store.conftest import SECOND, make_datastreams, stored, table

from placette.model.times import micros
from placette.store import Store, compaction
from placette.store.compaction import Span

MINUTE = 60 * SECOND
DAY = 1440 * MINUTE
JUNE = micros("2025-06-01")
JULY = micros("2025-07-01")


def fill(store: Store, start: int, rows: int) -> list[int]:
    """One row per minute, of seven datastreams in turn."""
    streams = make_datastreams(store, 7)
    numbers = np.arange(rows)
    store.append_now(table(np.array(streams)[numbers % 7], start + numbers * MINUTE, numbers.astype(float)))
    return streams


def sort(store: Store, until: int) -> list[int]:
    return [rows for span in compaction.due(store, until) for rows in compaction.compact(store, span)]


def test_every_row_keeps_its_id_and_its_values(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "SLICE_ROWS", 300)
    fill(store, JUNE - DAY, 3 * 1440)
    before = stored(store, "*")
    slices = sort(store, JULY)
    assert sum(slices) == 3 * 1440
    assert len(slices) > 10
    assert stored(store, "*") == before


def test_many_rows_are_cut_into_windows_of_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "WINDOW_ROWS", 400)
    fill(store, JUNE, 1600)
    before = stored(store, "*")
    assert len(sort(store, JULY)) == 4
    assert stored(store, "*") == before
    spans = store.query_now(
        "SELECT max(id) - min(id) AS span FROM (SELECT id, row_number() OVER (ORDER BY rowid) AS place"
        " FROM observation) GROUP BY (place - 1) // 400"
    )
    assert max(spans.column("span").to_pylist()) < 800  # the ids of one window lie together


def test_the_rows_lie_sorted_afterwards(store: Store) -> None:
    fill(store, JUNE, 3000)
    sort(store, JULY)
    lying = store.query_now("SELECT datastream_id, phenomenon_time FROM observation")
    assert lying.equals(lying.sort_by([("datastream_id", "ascending"), ("phenomenon_time", "ascending")]))


def test_a_month_is_due_when_it_is_over_and_only_once(store: Store) -> None:
    fill(store, JUNE - DAY, 3 * 1440)
    may = Span(JUNE - DAY, JUNE, 1440)
    assert compaction.due(store, JUNE + 10 * DAY) == [may]
    assert sum(compaction.compact(store, may)) == 1440
    assert compaction.due(store, JUNE + 10 * DAY) == []
    assert compaction.due(store, JULY + 1) == [Span(JUNE, JUNE + 2 * DAY, 2880)]


def test_days_with_very_many_rows_do_not_wait_for_the_end_of_the_month(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "WINDOW_ROWS", 2000)
    fill(store, JUNE, 3 * 1440)
    until = JUNE + 2 * DAY + 7
    assert compaction.due(store, until) == [Span(JUNE, JUNE + 2 * DAY, 2880)]
    sort(store, until)
    assert compaction.due(store, until) == compaction.due(store, JUNE + 3 * DAY) == []


def test_a_span_is_sorted_again_when_many_late_rows_have_come(store: Store) -> None:
    streams = fill(store, JUNE, 1440)
    sort(store, JULY)
    store.append_now(table(streams[:1] * 50, [JUNE + 1 + n for n in range(50)], [0.5] * 50))
    assert compaction.due(store, JULY) == []
    store.append_now(table(streams[:1] * 50, [JUNE + 100 + n for n in range(50)], [0.5] * 50))
    assert compaction.due(store, JULY) == [Span(JUNE, JUNE + DAY, 1540)]
    sort(store, JULY)
    assert compaction.due(store, JULY) == []


def test_corrections_find_their_row_after_compaction(store: Store) -> None:
    fill(store, JUNE, 3000)
    sort(store, JULY)
    (found,) = store.query_now(
        "SELECT datastream_id, epoch_us(phenomenon_time) AS time FROM observation WHERE id = 2000"
    ).to_pylist()
    receipt = store.append_now(table([found["datastream_id"]], [found["time"]], [-1.0]))
    assert (receipt.ids.tolist(), receipt.replaced) == ([2000], 1)


def test_the_next_start_knows_the_latest_after_compaction(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "city.duckdb")
    fill(store, JUNE, 3000)
    sort(store, JULY)
    before = store.latest.all()
    store.close()
    store = Store.open(tmp_path / "city.duckdb")
    assert store.latest.all() == before
    store.close()


async def test_the_task_sorts_what_has_settled(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    await asyncio.to_thread(fill, store, JUNE, 3000)
    sorted_once = asyncio.Event()

    async def note_the_pause(_: float) -> None:
        sorted_once.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(compaction.asyncio, "sleep", note_the_pause)
    tending = asyncio.ensure_future(compaction.tend(store))
    await sorted_once.wait()
    tending.cancel()
    assert compaction.due(store, JULY) == []
