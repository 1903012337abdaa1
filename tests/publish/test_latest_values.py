"""The newest values as JSON: put together as text, they must read as if each had been encoded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import msgspec
import pytest

from placette.model.entities import Datastream, ObservedProperty, Sensor, Thing
from placette.model.observations import ObservationRow, table_of
from placette.publish.latest_values import LatestTexts, LatestValue, LatestValues
from placette.store import Store, catalogue

NOON = 1_782_900_000_000_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "city.duckdb")
    yield opened
    opened.close()


def _add(store: Store, code: str) -> int:
    def insert(con: duckdb.DuckDBPyConnection) -> int:
        thing = catalogue.insert_thing(con, Thing(name='the "hive"', description="d"))
        sensor = catalogue.insert_sensor(con, Sensor(name="s", description="d"))
        observed = catalogue.insert_observed_property(con, ObservedProperty(name="p", definition="", description="d"))
        stream = Datastream(
            name="n", description="d", thing_id=thing, sensor_id=sensor, observed_property_id=observed,
            properties={"code": code},
        )  # fmt: skip
        return catalogue.insert_datastream(con, stream)

    return store.change_now(insert)


def _read(store: Store) -> list[LatestValue]:
    return msgspec.json.decode(LatestTexts(store).json(lambda info: True), type=LatestValues).latest


def test_an_empty_city_has_no_values(store: Store) -> None:
    assert LatestTexts(store).json(lambda info: True) == b'{"latest":[]}'


def test_every_kind_of_result_and_time_reads_as_sent(store: Store) -> None:
    number, word, nothing, fine = (_add(store, code) for code in "abcd")
    store.append_now(
        table_of(
            [
                ObservationRow(number, NOON, result=21.5, quality=1),
                ObservationRow(word, NOON, result_json='{"a":"b, c"}'),
                ObservationRow(nothing, NOON, quality=9),
                ObservationRow(fine, NOON + 250_000, result=1e300),
            ]
        )
    )
    found = {value.code: (value.time, value.result, value.quality) for value in _read(store)}
    assert found == {
        "a": ("2026-07-01T10:00:00Z", 21.5, 1),
        "b": ("2026-07-01T10:00:00Z", {"a": "b, c"}, 2),
        "c": ("2026-07-01T10:00:00Z", None, 9),
        "d": ("2026-07-01T10:00:00.250000Z", 1e300, 2),
    }


def test_a_new_datastream_is_known_at_once(store: Store) -> None:
    texts = LatestTexts(store)
    for count, code in enumerate("ab", start=1):
        store.append_now(table_of([ObservationRow(_add(store, code), NOON, result=1)]))
        answer = msgspec.json.decode(texts.json(lambda info: True), type=LatestValues)
        assert len(answer.latest) == count


def test_only_what_is_wanted_comes(store: Store) -> None:
    rows = [ObservationRow(_add(store, code), NOON, result=1) for code in "abc"]
    store.append_now(table_of(rows))
    answer = LatestTexts(store).json(lambda info: info.code == "b")
    assert [value.code for value in msgspec.json.decode(answer, type=LatestValues).latest] == ["b"]
