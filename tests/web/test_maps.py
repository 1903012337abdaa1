"""Drawn maps: everything on the sheet, labels apart, thousands gathered, bad coordinates left aside."""

from __future__ import annotations

import math

import msgspec
import pytest

from placette.city import City
from placette.model.entities import Origin
from placette.publish.city_sync import sync
from placette.store import Directory, Store
from placette.web.fleet import Fleet
from placette.web.maps import MOST_DOTS, city_map, place_map

SIZES = [(960, 600), (400, 440)]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory, aix: City) -> Directory:
    store = Store.open(tmp_path_factory.mktemp("maps") / "p.duckdb")
    sync(store, aix, Origin.SIMULATED)
    store.close()
    return store.directory


def moved(directory: Directory, **changes: float) -> Directory:
    """Return the directory with the first device's position changed."""
    first = min(directory.by_id)
    thing = directory.by_id[first].thing_id
    by_id = {
        key: msgspec.structs.replace(info, **changes) if info.thing_id == thing else info
        for key, info in directory.by_id.items()
    }
    return Directory(by_id, {}, 2)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_every_device_and_label_is_on_the_sheet(aix: City, directory: Directory, width: int, height: int) -> None:
    names = {place.key: place.names["fr"] for place in aix.places}
    found = city_map(aix, Fleet(aix, directory), names, width, height)
    assert len(found.dots) == len(aix.devices)
    assert all(0 <= dot.x <= width and 0 <= dot.y <= height for dot in found.dots)
    assert all(0 <= ground.label_x <= width and 0 <= ground.label_y <= height for ground in found.grounds)
    assert len(found.links) == 3
    assert found.inset is not None


def test_a_length_that_a_name_would_cover_is_not_written(aix: City, directory: Directory) -> None:
    def lengths(names: dict[str, str], size: tuple[int, int]) -> list[float | None]:
        return [link.metres for link in city_map(aix, Fleet(aix, directory), names, *size).links]

    names = {place.key: place.names["en"] for place in aix.places}
    assert None not in lengths(names, SIZES[0])
    narrow = lengths(names, SIZES[1])
    assert len(narrow) == 3
    assert 1 <= narrow.count(None) < 3


@pytest.mark.parametrize("changes", [{"longitude": 500.0}, {"latitude": math.nan}, {"latitude": 89.0}])
def test_a_bad_coordinate_takes_one_device_away_and_nothing_else(
    aix: City, directory: Directory, changes: dict[str, float]
) -> None:
    whole = city_map(aix, Fleet(aix, directory), {}, *SIZES[0])
    found = city_map(aix, Fleet(aix, moved(directory, **changes)), {}, *SIZES[0])
    assert len(found.dots) == len(whole.dots) - 1
    assert found.bounds == pytest.approx(whole.bounds, abs=0.003)


def test_a_device_gone_astray_does_not_stretch_the_map(aix: City, directory: Directory) -> None:
    found = city_map(aix, Fleet(aix, moved(directory, longitude=0.0, latitude=0.0)), {}, *SIZES[0])
    assert found.bounds[0] > 5.4


def test_too_many_devices_are_gathered(aix: City, directory: Directory) -> None:
    info = directory.by_id[min(directory.by_id)]
    many = {
        number: msgspec.structs.replace(
            info, id=number, thing_id=number, thing_code=f"L-{number}", longitude=5.44 + number % 50 / 2000, place=None
        )
        for number in range(1, MOST_DOTS + 2)
    }
    found = city_map(aix, Fleet(aix, Directory(many, {}, 3)), {}, *SIZES[0])
    assert found.dots == ()
    assert sum(heap.count for heap in found.heaps) == MOST_DOTS + 1


def test_a_place_without_devices_has_a_ground(aix: City) -> None:
    found = place_map(aix, Fleet(aix, Directory({}, {}, 1)), "rotonde", 320, 190)
    assert (len(found.grounds), found.dots) == (1, ())
