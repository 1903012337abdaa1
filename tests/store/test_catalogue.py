"""Entities come, change and go, with everything that hangs on them, and the caches follow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import msgspec
import pytest
from tests.store.conftest import NOON, insert_device, make_datastreams, table

from placette.model import units
from placette.model.entities import (
    Datastream,
    FeatureOfInterest,
    Location,
    ObservedProperty,
    Sensor,
    Thing,
    UnitOfMeasurement,
)
from placette.model.errors import BadInput, Conflict, NotFound, Unprocessable
from placette.model.observations import ObservationRow, table_of
from placette.store import Store, catalogue

Con = duckdb.DuckDBPyConnection
AIX = {"type": "Point", "coordinates": [5.4477, 43.5263]}
TORSE = {"type": "Point", "coordinates": [5.4620, 43.5210]}


def count(store: Store, name: str) -> int:
    (row,) = store.query_now(f"SELECT count(*) AS n FROM {name}").to_pylist()
    return int(row["n"])


def only(store: Store, name: str) -> dict[str, Any]:
    (row,) = store.query_now(f"SELECT * FROM {name}").to_pylist()
    return dict(row)


def test_an_entity_keeps_what_was_sent_and_its_keys_have_columns(store: Store) -> None:
    sent = {"code": "AIX-1", "place": "rotonde", "kind": "air", "colour": ["blue"]}
    store.change_now(lambda con: catalogue.insert_thing(con, Thing(name="n", description="d", properties=sent)))
    row = only(store, "thing")
    assert msgspec.json.decode(row["properties"]) == sent
    assert (row["code"], row["place"], row["kind"]) == ("AIX-1", "rotonde", "air")


def test_the_directory_knows_a_new_datastream_at_once(store: Store) -> None:
    before = store.directory.version
    (stream,) = make_datastreams(store)
    info = store.directory.by_id[stream]
    assert store.directory.by_code[info.code or ""] is info
    assert store.directory.version > before
    assert (info.unit, info.unit_symbol, info.place, info.kind) == ("ug/m3", "µg/m³", "rotonde", "air")
    assert (info.longitude, info.latitude) == (5.4477, 43.5263)


def test_a_code_belongs_to_one_entity(store: Store) -> None:
    make_datastreams(store)
    taken = Thing(name="n", description="", properties={"code": "phenomenonTime-measured"})
    with pytest.raises(Conflict, match="belongs to thing 1"):
        store.change_now(lambda con: catalogue.insert_thing(con, taken))
    store.change_now(lambda con: catalogue.update(con, 1, taken))


def test_what_a_datastream_refers_to_must_exist(store: Store) -> None:
    lost = Datastream(name="d", description="", thing_id=7, sensor_id=8, observed_property_id=9)
    with pytest.raises(NotFound, match="thing 7"):
        store.change_now(lambda con: catalogue.insert_datastream(con, lost))


def test_a_client_may_define_a_unit_and_our_ways_in_may_not(store: Store) -> None:
    make_datastreams(store)
    furlong = UnitOfMeasurement(name="furlong", symbol="fur", definition="[fur_us]")
    odd = Datastream(
        name="d", description="", thing_id=1, sensor_id=1, observed_property_id=1, unit_of_measurement=furlong
    )
    key = store.change_now(lambda con: catalogue.insert_datastream(con, odd))
    assert (store.directory.by_id[key].unit, store.directory.by_id[key].unit_symbol) == ("[fur_us]", "fur")
    with pytest.raises(Unprocessable, match="fur_us") as caught:
        store.change_now(lambda con: catalogue.insert_datastream(con, odd, known_unit=True))
    assert units.KNOWN[5] in caught.value.remedy


@pytest.mark.parametrize(
    "insert",
    [
        lambda con: catalogue.insert_location(
            con, Location(name="l", description="", location={"type": "Point", "coordinates": [5, 91]})
        ),
        lambda con: catalogue.insert_location(con, Location(name="l", description="", location="nowhere")),
        lambda con: catalogue.insert_feature(
            con, FeatureOfInterest(name="f", description="", feature={"type": "Blob"})
        ),
        lambda con: catalogue.insert_datastream(
            con,
            Datastream(
                name="d",
                description="",
                thing_id=1,
                sensor_id=1,
                observed_property_id=1,
                properties={"identity": "sometimes"},
            ),
        ),
    ],
)
def test_what_cannot_be_is_refused(store: Store, insert: Callable[[Con], int]) -> None:
    with pytest.raises(BadInput):
        store.change_now(insert)


def test_a_location_in_another_encoding_is_kept_as_it_is(store: Store) -> None:
    gml = Location(name="l", description="", encoding_type="application/gml+xml", location="<gml:Point/>")
    store.change_now(lambda con: catalogue.insert_location(con, gml))
    assert (only(store, "location")["location"], only(store, "location")["longitude"]) == ('"<gml:Point/>"', None)


def test_a_thing_that_moves_leaves_its_history_and_its_datastreams_move_along(store: Store) -> None:
    (stream,) = make_datastreams(store)
    moved = Location(name="Torse", description="", location=TORSE)
    store.change_now(lambda con: catalogue.insert_location(con, moved, [1]))
    assert (store.directory.by_id[stream].longitude, store.directory.by_id[stream].latitude) == (5.462, 43.521)
    history = store.query_now(
        "SELECT h.thing_id, hl.location_id FROM historical_location h"
        " JOIN historical_location_location hl ON hl.historical_location_id = h.id ORDER BY h.id"
    ).to_pylist()
    assert history == [{"thing_id": 1, "location_id": 1}, {"thing_id": 1, "location_id": 2}]
    assert store.change_now(lambda con: catalogue.move_thing(con, 1, [2])) is None


def test_a_corrected_location_moves_its_datastreams(store: Store) -> None:
    (stream,) = make_datastreams(store)
    store.change_now(lambda con: catalogue.update(con, 1, Location(name="l", description="", location=TORSE)))
    assert store.directory.by_id[stream].latitude == 43.521


def test_updates_reach_the_directory(store: Store) -> None:
    (stream,) = make_datastreams(store)

    def rename(con: Con) -> None:
        catalogue.update(con, 1, Thing(name="Bee", description="", properties={"code": "B", "place": "torse"}))
        observed = ObservedProperty(name="Ozone", definition="urn:o3", description="", properties={"key": "o3"})
        catalogue.update(con, 1, observed)
        catalogue.update(con, 1, Sensor(name="other", description=""))

    store.change_now(rename)
    info = store.directory.by_id[stream]
    assert (info.thing_name, info.thing_code, info.place, info.property_key) == ("Bee", "B", "torse", "o3")


def test_updating_what_is_not_there_says_so(store: Store) -> None:
    with pytest.raises(NotFound, match="no sensor 5"):
        store.change_now(lambda con: catalogue.update(con, 5, Sensor(name="s", description="")))


@pytest.mark.parametrize(
    "delete",
    [
        lambda con: catalogue.delete_thing(con, 1),
        lambda con: catalogue.delete_sensor(con, 1),
        lambda con: catalogue.delete_observed_property(con, 1),
        lambda con: catalogue.delete_datastream(con, 1),
    ],
    ids=["thing", "sensor", "observed property", "datastream"],
)
def test_datastreams_and_observations_go_with_what_they_hang_on(store: Store, delete: Callable[[Con], None]) -> None:
    gone, stays = make_datastreams(store, 1) + store.change_now(lambda con: insert_device(con, "other"))
    store.append_now(table([gone, stays, gone], [NOON, NOON, NOON + 1], [1.0, 2.0, 3.0]))
    store.append_now(table([gone], [NOON], [9.0]))
    store.change_now(delete)
    assert (count(store, "datastream"), count(store, "observation"), count(store, "observation_change")) == (1, 1, 0)
    assert set(store.directory.by_id) == {stays}
    assert len(store.directory.by_code) == 1
    assert store.latest.all().column("datastream_id").to_pylist() == [stays]


def test_a_deleted_thing_takes_its_history_along_and_leaves_its_location(store: Store) -> None:
    make_datastreams(store)
    store.change_now(lambda con: catalogue.delete_thing(con, 1))
    for name in ("thing", "thing_location", "historical_location", "historical_location_location"):
        assert count(store, name) == 0, name
    assert count(store, "location") == 1


def test_a_deleted_location_leaves_its_thing(store: Store) -> None:
    (stream,) = make_datastreams(store)
    store.change_now(lambda con: catalogue.delete_location(con, 1))
    assert (count(store, "thing"), count(store, "historical_location"), count(store, "thing_location")) == (1, 0, 0)
    assert store.directory.by_id[stream].longitude is None


def test_observations_go_with_their_feature_and_the_latest_falls_back(store: Store) -> None:
    (stream,) = make_datastreams(store)
    feature = FeatureOfInterest(name="f", description="", feature=AIX)
    key = store.change_now(lambda con: catalogue.insert_feature(con, feature))
    rows = [ObservationRow(stream, NOON, 1.0), ObservationRow(stream, NOON + 1, 2.0, feature_id=key)]
    store.append_now(table_of(rows))
    store.change_now(lambda con: catalogue.delete_feature(con, key))
    assert store.latest.all().column("result").to_pylist() == [1.0]
    assert store.append_now(table([stream], [NOON + 1], [3.0])).inserted == 1


@pytest.mark.parametrize("name", ["thing", "location", "sensor", "observed_property", "datastream", "feature"])
def test_deleting_what_is_not_there_says_so(store: Store, name: str) -> None:
    with pytest.raises(NotFound):
        store.change_now(lambda con: getattr(catalogue, f"delete_{name}")(con, 4711))


def test_ids_of_entities_are_never_used_twice(store: Store) -> None:
    (first,) = make_datastreams(store)
    store.change_now(lambda con: catalogue.delete_thing(con, 1))
    (second,) = make_datastreams(store)
    assert second > first


def test_another_identity_counts_from_the_next_row_on(store: Store) -> None:
    (stream,) = make_datastreams(store, identity="all")
    store.append_now(table([stream] * 2, [NOON, NOON], [1.0, 1.0]))
    stored = Datastream(
        name="d",
        description="",
        thing_id=1,
        sensor_id=1,
        observed_property_id=1,
        properties={"identity": "phenomenonTime"},
    )
    store.change_now(lambda con: catalogue.update(con, stream, stored))
    assert store.append_now(table([stream], [NOON], [1.0])).unchanged == 1
