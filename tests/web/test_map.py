"""The moving map: when it comes, what it shows, that nothing breaks or moves it, and that 30,000 devices stay few."""

from __future__ import annotations

import json
import math
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Page
from tests.web.conftest import World

from placette.city import City, Device
from placette.publish.areas import distance_m
from placette.store import Store

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]
READY = "placette-map[ready]"
LIGHTS = 30_000
DRAWN = "document.querySelector('placette-map').drawn"
VIEW = "document.querySelector('placette-map').view"


def on_screen(page: Page, longitude: float, latitude: float) -> tuple[float, float]:
    """Return where a position is on the page, by the map's own view (Web Mercator, tiles of 512 pixels)."""
    centre_x, centre_y, zoom = page.evaluate(VIEW)
    box = page.locator("placette-map").bounding_box()
    assert box is not None
    world = 512 * 2**zoom

    def north(degrees: float) -> float:
        return math.log(math.tan(math.pi / 4 + math.radians(degrees) / 2)) / (2 * math.pi)

    x = box["x"] + box["width"] / 2 + (longitude - centre_x) / 360 * world
    return x, box["y"] + box["height"] / 2 - (north(latitude) - north(centre_y)) * world


def settled(page: Page) -> list[float]:
    """Return the map's view once it has stopped moving."""
    before, view = None, page.evaluate(VIEW)
    while view != before:
        page.wait_for_timeout(200)
        before, view = view, page.evaluate(VIEW)
    return view


def test_a_phone_loads_the_engine_at_the_first_touch(visit: Visit) -> None:
    page = visit("/fr/", wide=False)
    page.wait_for_selector(".map-wake")
    assert not any("engine" in url for url in page.asked)
    page.locator(".map-wake").tap()
    page.wait_for_selector(READY)
    assert any("engine" in url for url in page.asked)


def test_a_click_on_a_device_opens_its_panel(visit: Visit, world: World) -> None:
    page = visit("/fr/")
    page.wait_for_selector(READY)
    devices = [device for device in world.city.devices if device.place == "hotel-de-ville"]
    spots = {device.code: (device.longitude, device.latitude) for device in devices}
    lone = max(spots, key=lambda code: min(distance_m(spots[code], spots[other]) for other in spots if other != code))
    page.mouse.click(*on_screen(page, *spots[lone]))
    page.wait_for_selector("placette-panel:not([hidden]) h2")
    assert lone in page.locator("placette-panel").inner_text()


def test_reading_the_devices_again_never_moves_the_view(visit: Visit) -> None:
    page = visit("/fr/")
    page.wait_for_selector(READY)
    page.locator(".maplibregl-ctrl-zoom-in").click()
    before = settled(page)
    body = page.request.get(page.url.replace("/fr/", "/api/things.geojson")).json()
    body["features"] = body["features"][:10]
    page.route("**/api/things.geojson", lambda route: route.fulfill(json=body, headers={"ETag": '"other"'}))
    page.evaluate("document.querySelector('placette-map').refresh()")
    page.wait_for_function(f"async () => (await {DRAWN}()).devices === 10")
    assert page.evaluate(VIEW) == before


def test_bad_coordinates_break_neither_the_map_nor_the_page(visit: Visit) -> None:
    page = visit("/fr/", wide=False)
    body = page.request.get(page.url.replace("/fr/", "/api/things.geojson")).json()
    bad = [None, {"type": "Point", "coordinates": [1e9, 0]}, {"type": "Point", "coordinates": ["x", None]}, {}]
    for feature, geometry in zip(body["features"], bad, strict=False):
        feature["geometry"] = geometry
    page.route("**/api/things.geojson", lambda route: route.fulfill(body=json.dumps(body)))
    page.locator(".map-wake").tap()
    page.wait_for_selector(READY)
    assert page.evaluate(f"{DRAWN}()")["devices"] == 92
    assert page.complaints == []


def test_a_type_chosen_in_the_list_is_chosen_on_the_map(visit: Visit) -> None:
    page = visit("/fr/")
    page.wait_for_selector(READY)
    page.click("#chip-noise")
    page.wait_for_selector("#chip-noise[aria-current]")
    page.wait_for_function(f"async () => (await {DRAWN}()).devices === 6")
    assert page.locator(".list-devices tbody tr").count() == 10
    assert page.url.endswith("?kind=noise#devices")


@pytest.fixture(scope="module")
def bright(start_city: Callable[..., World], aix: City) -> World:
    """Aix-en-Provence with 30,000 street lights more, one of them with coordinates that nobody can draw."""
    chance = random.Random(13001)  # noqa: S311  # positions, not secrets
    model = aix.models["street-light"]
    lamp = msgspec.structs.replace(model, key="lamp", quantities=model.quantities[:1])
    lights = tuple(
        Device(
            code=f"L-{number:05}",
            model="lamp",
            kind="light",
            place="",
            longitude=chance.uniform(5.38, 5.50),
            latitude=chance.uniform(43.48, 43.57) if number else 89.9,
            network="street-mqtt",
        )
        for number in range(LIGHTS)
    )
    return start_city(
        msgspec.structs.replace(aix, devices=aix.devices + lights, models=aix.models | {"lamp": lamp}), _nothing
    )


def _nothing(store: Store) -> None:
    """Leave the store without observations."""


def test_thirty_thousand_lights_are_a_few_hundred_things_to_draw(visit: Visit, bright: World) -> None:
    page = visit("/fr/", base=bright.url)
    page.wait_for_selector(READY)
    drawn = page.evaluate(f"{DRAWN}()")
    assert drawn["devices"] == LIGHTS + 95
    assert 0 < drawn["clusters"] < 400
    assert page.evaluate("document.querySelectorAll('*').length") < 4_000
    assert page.locator(".drawn-wide .drawn-heap").count() > 100
    assert page.complaints == []


def test_a_click_on_a_cluster_comes_nearer(visit: Visit, bright: World) -> None:
    page = visit("/fr/", base=bright.url)
    page.wait_for_selector(READY)
    cluster = page.evaluate(f"{DRAWN}()")["nearest"]
    before = page.evaluate(VIEW)
    page.mouse.click(*on_screen(page, *cluster))
    page.wait_for_function(f"zoom => {VIEW}[2] > zoom", arg=before[2])


def test_the_list_of_thirty_thousand_has_pages(visit: Visit, bright: World) -> None:
    page = visit("/fr/?kind=light&page=1251", base=bright.url, javascript=False)
    assert "Page 1\u202f251 sur 1\u202f251" in page.locator(".pager").inner_text()
    assert page.locator(".list-devices tbody tr").count() == 16
    page.goto(f"{bright.url}/fr/things/L-00000")
    assert page.locator("h1").inner_text() == "Point lumineux avec compteur d’énergie"


def test_our_own_tiles_are_drawn_with_their_attribution(
    visit: Visit, start_city: Callable[..., World], aix: City, shared_data: Path, tmp_path: Path
) -> None:
    pytest.importorskip("osmium")
    tiles = tmp_path / "monaco.pmtiles"
    extract = shared_data / "gis" / "monaco.osm.pbf"
    subprocess.run([sys.executable, "-m", "placette", "basemap", extract, "--output", tiles], check=True)
    monaco = start_city(moved_to(aix, 7.4246, 43.7384), _nothing, tiles)
    page = visit("/fr/", base=monaco.url)
    page.wait_for_selector(READY)
    assert any(url.endswith("/tiles/basemap.pmtiles") for url in page.asked)
    assert "OpenStreetMap" in page.locator(".map-note").inner_text()
    assert page.complaints == []


def moved_to(city: City, longitude: float, latitude: float) -> City:
    """Return the city with its first place at a position and everything else moved along."""
    east, north = longitude - city.places[0].longitude, latitude - city.places[0].latitude

    def moved(one: Any) -> Any:
        return msgspec.structs.replace(one, longitude=one.longitude + east, latitude=one.latitude + north)

    places, devices = tuple(map(moved, city.places)), tuple(map(moved, city.devices))
    return msgspec.structs.replace(city, places=places, devices=devices)
