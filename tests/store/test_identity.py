"""What makes two observations the same one, against a dictionary that does it row by row."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.store.conftest import NOON, SECOND, insert_device, make_datastreams, stored, table

from placette.model.entities import FeatureOfInterest, Identity
from placette.model.observations import ObservationRow, table_of
from placette.store import Store, catalogue

Key = tuple[object, ...]
Value = tuple[float | None, str | None]

_RESULTS = st.sampled_from([(1.0, None), (2.0, None), (None, None), (None, '"open"'), (None, '"shut"')])
_TIMES = st.integers(0, 6).map(lambda n: NOON + n * SECOND)
_ISSUES = st.sampled_from([None, NOON, NOON + SECOND])


class Model:
    """The rules in a dozen lines: a dictionary from identity to value, and a list where everything is its own."""

    def __init__(self) -> None:
        self.values: dict[Key, Value] = {}
        self.ids: dict[Key, int] = {}
        self.changes: list[tuple[Value, Value]] = []
        self.count = 0

    def store(self, row: ObservationRow, identity: Identity, key_id: int) -> str:
        value = (row.result, row.result_json)
        key: Key = (row.datastream_id, row.phenomenon_time, row.phenomenon_end, row.feature_id)
        if identity is Identity.ALL:
            key = (key_id,)
        elif identity is Identity.PHENOMENON_AND_RESULT_TIME:
            key += (row.result_time,)
        if key not in self.values:
            self.values[key], self.ids[key] = value, key_id
            return "inserted"
        assert self.ids[key] == key_id
        if self.values[key] == value:
            return "unchanged"
        self.changes.append((self.values[key], value))
        self.values[key] = value
        return "replaced"


@pytest.fixture(scope="module")
def shelf() -> tuple[Store, list[int]]:  # type: ignore[misc]  # a generator fixture
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(Path(folder) / "city.duckdb")
        place = FeatureOfInterest(name="f", description="", feature={"type": "Point", "coordinates": [5, 43]})
        features = store.change_now(lambda con: [catalogue.insert_feature(con, place) for _ in range(2)])
        yield store, features
        store.close()


@pytest.mark.parametrize("identity", Identity)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_batches_in_any_order_end_as_the_model_says(
    shelf: tuple[Store, list[int]], identity: Identity, data: st.DataObject
) -> None:
    store, features = shelf
    number = store.directory.version
    streams = store.change_now(lambda con: insert_device(con, f"{identity}-{number}", 2, identity))
    row = st.builds(
        lambda stream, time, length, value, issue, feature: ObservationRow(
            stream,
            time,
            *value,
            phenomenon_end=None if length is None else time + length,
            result_time=issue,
            feature_id=feature,
        ),
        st.sampled_from(streams),
        _TIMES,
        st.sampled_from([None, None, SECOND]),
        _RESULTS,
        _ISSUES,
        st.sampled_from([None, None, *features]),
    )
    model = Model()
    for batch in data.draw(st.lists(st.lists(row, min_size=1, max_size=8), max_size=5)):
        receipt = store.append_now(table_of(batch))
        done = [model.store(one, identity, int(key)) for one, key in zip(batch, receipt.ids, strict=True)]
        counts = (receipt.inserted, receipt.replaced, receipt.unchanged)
        assert counts == tuple(done.count(word) for word in ("inserted", "replaced", "unchanged"))
    _assert_same(store, streams, model)


def _assert_same(store: Store, streams: list[int], model: Model) -> None:
    where = f"WHERE datastream_id IN ({streams[0]}, {streams[1]})"
    found = store.query_now(f"SELECT id, result, result_json FROM observation {where}").to_pylist()
    assert sorted(
        (row["id"], row["result"], row["result_json"]) for row in found if row["result"] is not None
    ) == sorted((key_id, *model.values[key]) for key, key_id in model.ids.items() if model.values[key][0] is not None)
    assert {row["id"]: (row["result"], row["result_json"]) for row in found} == {
        key_id: model.values[key] for key, key_id in model.ids.items()
    }
    changes = store.query_now(f"SELECT * FROM observation_change {where}").to_pylist()
    recorded = [
        ((row["old_result"], row["old_result_json"]), (row["new_result"], row["new_result_json"])) for row in changes
    ]
    assert sorted(map(repr, recorded)) == sorted(map(repr, model.changes))
    latest = {row["datastream_id"]: row for row in store.latest.of(streams).to_pylist()}
    newest = store.query_now(
        f"SELECT datastream_id, max(phenomenon_time) AS time FROM observation {where} GROUP BY ALL"
    ).to_pylist()
    assert {key: row["phenomenon_time"] for key, row in latest.items()} == {
        row["datastream_id"]: row["time"] for row in newest
    }
    shown = {row["id"]: (row["result"], row["result_json"]) for row in latest.values()}
    assert shown.items() <= {row["id"]: (row["result"], row["result_json"]) for row in found}.items()


def test_importing_a_file_again_changes_nothing(store: Store) -> None:
    streams = make_datastreams(store, 2)
    rows = table(streams * 500, [NOON + n // 2 * SECOND for n in range(1000)], [float(n) for n in range(1000)])
    first = store.append_now(rows)
    again = store.append_now(rows)
    assert (again.inserted, again.replaced, again.unchanged) == (0, 0, 1000)
    assert again.ids.tolist() == first.ids.tolist()


def test_a_correction_keeps_the_id_and_is_on_record(store: Store) -> None:
    (stream,) = make_datastreams(store)
    store.append_now(table([stream] * 3, [NOON, NOON + 1, NOON + 2], [1.0, 2.0, 3.0]))
    receipt = store.append_now(table([stream], [NOON + 1], [9.0]))
    assert (receipt.ids.tolist(), receipt.replaced) == ([2], 1)
    assert stored(store, "id, result") == [(1, 1.0), (2, 9.0), (3, 3.0)]
    (change,) = store.query_now("SELECT old_result, new_result FROM observation_change").to_pylist()
    assert change == {"old_result": 2.0, "new_result": 9.0}


def test_a_frame_sent_again_does_not_take_back_a_verdict_on_its_quality(store: Store) -> None:
    (stream,) = make_datastreams(store)
    store.append_now(table_of([ObservationRow(stream, NOON, 1.0, quality=1)]))
    assert store.append_now(table_of([ObservationRow(stream, NOON, 1.0)])).unchanged == 1
    assert stored(store, "quality") == [(1,)]
    assert store.append_now(table_of([ObservationRow(stream, NOON, 1.0, quality=4)])).replaced == 1
    assert stored(store, "quality") == [(4,)]


def test_each_issue_of_a_forecast_is_kept(store: Store) -> None:
    (stream,) = make_datastreams(store, identity="phenomenonTime+resultTime", origin="forecast")
    issues = [
        [ObservationRow(stream, NOON + n * SECOND, float(n + issue), result_time=NOON + issue) for n in range(3)]
        for issue in range(2)
    ]
    assert [store.append_now(table_of(rows)).inserted for rows in [*issues, issues[0]]] == [3, 3, 0]


def test_the_snapshot_of_the_latest_follows_a_correction(tmp_path: Path) -> None:
    file = tmp_path / "city.duckdb"
    store = Store.open(file)
    streams = make_datastreams(store, 2)
    store.append_now(table(streams, [NOON, NOON], [1.0, 2.0]))
    store.close()
    store = Store.open(file)
    store.append_now(table(streams[:1], [NOON], [7.0]))
    assert store.query_now("SELECT result FROM latest ORDER BY datastream_id").to_pylist() == [
        {"result": 7.0},
        {"result": 2.0},
    ]
    store.close()
