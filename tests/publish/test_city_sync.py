"""A city folder in the store: added, changed, moved, kept; what a figure is never changes."""

from pathlib import Path

import msgspec
import pytest

from placette import city
from placette.model.entities import Origin
from placette.model.errors import Conflict
from placette.publish.city_sync import SyncReport, sync
from placette.store import Store

NOTHING = SyncReport()


@pytest.fixture
def store(tmp_path):
    opened = Store.open(tmp_path / "placette.duckdb")
    yield opened
    opened.close()


@pytest.fixture
def arles(tmp_path: Path) -> city.City:
    city.scaffold("Arles", tmp_path / "arles", longitude=4.6278, latitude=43.6777)
    return city.read(tmp_path / "arles")


def with_device(found: city.City, index: int, **changes) -> city.City:
    devices = list(found.devices)
    devices[index] = msgspec.structs.replace(devices[index], **changes)
    return msgspec.structs.replace(found, devices=tuple(devices))


def test_every_quantity_becomes_a_datastream_with_its_place_unit_and_origin(store, arles):
    report = sync(store, arles, Origin.SIMULATED)
    assert (report.things_added, report.datastreams_added) == (3, 8)
    info = store.directory.by_code["ARLES-AIR-01/pm10"]
    assert (info.unit, info.place, info.kind, info.origin) == ("ug/m3", "centre", "air", "simulated")
    assert (info.identity, info.longitude) == ("phenomenonTime", pytest.approx(4.6282))


def test_the_order_of_the_folder_is_the_order_of_the_ids(store, arles):
    sync(store, arles, Origin.MEASURED)
    ids = [store.directory.by_code[one.code].id for one in city.entities(arles).datastreams]
    assert ids == sorted(ids)


def test_a_second_time_changes_nothing(store, arles):
    sync(store, arles, Origin.MEASURED)
    assert sync(store, arles, Origin.MEASURED) == NOTHING


def test_a_new_device_is_added_and_the_others_are_left_alone(store, arles):
    sync(store, msgspec.structs.replace(arles, devices=arles.devices[:2]), Origin.MEASURED)
    report = sync(store, arles, Origin.MEASURED)
    assert report == SyncReport(things_added=1, datastreams_added=3)
    assert "ARLES-LGT-01/power" in store.directory.by_code


def test_a_changed_address_changes_thing_and_datastreams(store, arles):
    sync(store, arles, Origin.MEASURED)
    report = sync(store, with_device(arles, 0, address="Rue Neuve"), Origin.MEASURED)
    assert report == SyncReport(things_changed=1, datastreams_changed=1)
    assert "Rue Neuve" in store.directory.by_code["ARLES-CNT-01/pedestrians"].thing_name


def test_a_device_that_moved_leaves_its_former_location_in_its_history(store, arles):
    sync(store, arles, Origin.MEASURED)
    report = sync(store, with_device(arles, 0, longitude=4.63), Origin.MEASURED)
    assert report == SyncReport(things_moved=1)
    info = store.directory.by_code["ARLES-CNT-01/pedestrians"]
    assert info.longitude == 4.63
    history = store.query_now("SELECT count(*) AS n FROM historical_location WHERE thing_id = ?", [info.thing_id])
    assert history.to_pylist() == [{"n": 2}]


def test_a_device_that_left_the_folder_is_kept_and_named(store, arles):
    sync(store, arles, Origin.MEASURED)
    report = sync(store, msgspec.structs.replace(arles, devices=arles.devices[1:]), Origin.MEASURED)
    assert report == SyncReport(kept=("ARLES-CNT-01",))
    assert "ARLES-CNT-01/pedestrians" in store.directory.by_code


def test_properties_that_others_added_stay(store, arles):
    sync(store, arles, Origin.MEASURED)
    add = 'UPDATE thing SET properties = json_merge_patch(properties, \'{"lamp": "LED"}\')'
    store.change_now(lambda con: con.execute(add) and None)
    assert sync(store, arles, Origin.MEASURED) == NOTHING
    sync(store, with_device(arles, 0, address="Rue Neuve"), Origin.MEASURED)
    table = store.query_now("SELECT properties ->> 'lamp' AS lamp FROM thing WHERE code = 'ARLES-CNT-01'")
    assert table.to_pylist() == [{"lamp": "LED"}]


def test_simulated_figures_never_become_measured_ones(store, arles):
    sync(store, arles, Origin.SIMULATED)
    with pytest.raises(Conflict, match="use another data folder"):
        sync(store, arles, Origin.MEASURED)


def test_a_unit_never_changes_under_stored_figures(store, arles):
    sync(store, arles, Origin.MEASURED)
    hive = arles.models["hive"]
    quantities = (msgspec.structs.replace(hive.quantities[0], unit="mg/m3"), *hive.quantities[1:])
    models = {**arles.models, "hive": msgspec.structs.replace(hive, quantities=quantities)}
    with pytest.raises(Conflict, match="ug/m3, they cannot become mg/m3"):
        sync(store, msgspec.structs.replace(arles, models=models), Origin.MEASURED)
