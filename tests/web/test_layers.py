"""Maps between stations as pages: whole without JavaScript, doubt in the picture, time by keyboard, values by touch."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

import httpx
import msgspec
import numpy as np
import pytest
from playwright.sync_api import Page
from tests.services.maps.towns import NOON, filled, scattered
from tests.web.conftest import DAY_US, World, put

from placette.city import City
from placette.demo.simulation import history
from placette.services.maps import Maps, Question, legend
from placette.web.layer_pictures import picture

Visit = Callable[..., Page]
READY = "placette-layers[ready]"
NO2 = "/fr/maps/no2"


@pytest.fixture(scope="module")
def client(world: World) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=world.url, trust_env=False, timeout=30) as opened:
        yield opened


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_list_shows_every_map_or_why_there_is_none(client: httpx.Client, language: str) -> None:
    text = client.get(f"/{language}/maps").text
    listed = re.findall(rf'<h3><a href="/{language}/maps/(\w+)"', text)
    assert {"temperature", "no2", "laeq"} <= set(listed)
    assert len(re.findall(r'<svg class="drawn layer layer-card"', text)) == len(listed)


def test_a_map_is_whole_without_javascript(client: httpx.Client) -> None:
    text = client.get("/en/maps/no2").text
    assert re.search(r'class="cell tone-\d doubt-\d"', text)
    assert len(re.findall(r'class="station tone-\d"', text)) == 16  # in the wide and in the narrow picture
    assert text.count('<th scope="row"><a class="quiet" href="/en/things/') == 8
    assert "A station that is left out is foretold by the others to within" in text
    assert "simulated" in text
    assert "style=" not in text


def test_where_there_is_no_map_points_and_nearest_ground_are_shown(start_city: Callable[..., World], aix: City) -> None:
    now = time.time_ns() // 1000
    few = msgspec.structs.replace(aix, devices=tuple(each for each in aix.devices if each.kind == "noise")[:6])
    quiet = start_city(few, lambda store: [put(store, table) for table in history(few, now - DAY_US, now)])
    assert "trop peu pour une carte" in httpx.get(f"{quiet.url}/fr/maps", trust_env=False).text
    text = httpx.get(f"{quiet.url}/fr/maps/laeq", trust_env=False).text
    assert "Pas de carte : 6 stations, il en faut 8" in text.replace("\u00a0", " ")
    assert 'class="nearest tone-' in text
    assert 'class="cell' not in text


@pytest.mark.parametrize(
    ("path", "status"), [("/fr/maps/nothing", 404), ("/fr/maps/fill", 404), ("/fr/maps/no2?time=soon", 400)]
)
def test_what_is_not_mapped_is_said_in_a_page(client: httpx.Client, path: str, status: int) -> None:
    assert client.get(path).status_code == status


@pytest.mark.parametrize("period", ["day", "night", "24h", "century"])
def test_every_period_has_its_page(client: httpx.Client, period: str) -> None:
    assert client.get(f"/fr/maps/no2?period={period}").status_code == 200


def test_a_place_leads_to_the_maps_of_what_it_measures(client: httpx.Client) -> None:
    text = client.get("/fr/places/rotonde").text
    assert 'href="/fr/maps/temperature"' in text
    assert 'href="/fr/maps/fill"' not in text


def test_doubt_is_drawn_and_no_hexagon_outside_of_what_is_known(tmp_path_factory: pytest.TempPathFactory) -> None:
    made = filled(tmp_path_factory.mktemp("town"), scattered(12))
    drawn = Maps(made.store, lambda: made.city, lambda: NOON).draw(Question("temperature"))
    found = picture(made.city, drawn, legend(drawn), "fr", 960, 620)
    made.store.close()
    assert drawn.cells is not None
    known = int((~np.isnan(drawn.cells.values[-1])).sum())
    assert 0 < sum(patch.path.count("z") for patch in found.patches) <= known
    assert {patch.doubt for patch in found.patches} > {0}


def test_names_of_places_lie_beside_stations_not_on_them(aix: City, tmp_path_factory: pytest.TempPathFactory) -> None:
    made = filled(tmp_path_factory.mktemp("town"), scattered(12))
    drawn = Maps(made.store, lambda: made.city, lambda: NOON).draw(Question("temperature"))
    made.store.close()
    at = [(one.longitude, one.latitude) for one in drawn.gathered.stations]
    places = [msgspec.structs.replace(aix.places[0], longitude=x, latitude=y) for x, y in at[:4]]
    city = msgspec.structs.replace(made.city, places=tuple(places))
    for width, height in ((960, 620), (400, 440)):
        found = picture(city, drawn, legend(drawn), "fr", width, height)
        assert len(found.labels) == len(places)
        for label in found.labels:
            half = len(label.text) * 4
            assert not [one for one in found.marks if abs(one.x - label.x) < half and -15 < one.y - label.y < 5]
            assert half < label.x < width - half


@pytest.mark.browser
def test_the_map_goes_through_time_by_keyboard_and_tells_its_doubt(
    visit: Visit, axe: Callable[[Page], list[str]]
) -> None:
    page = visit(NO2)
    page.wait_for_selector(READY)
    slider = page.locator(".layers-controls input[type=range]")
    last = int(slider.get_attribute("max") or 0)
    assert last == 23
    slider.press("Home")
    page.wait_for_selector('placette-layers[frame="0"]')
    slider.press("ArrowRight")
    page.wait_for_selector('placette-layers[frame="1"]')
    assert re.search(r"\d{2}:\d{2}", slider.get_attribute("aria-valuetext") or "")
    drawn = page.evaluate("document.querySelector('placette-layers').drawn()")
    assert drawn["cell"] > 50
    assert drawn["station"] == 8
    page.get_by_label("Doute").check()
    page.wait_for_selector('placette-layers[view="error"]')
    assert "douteux" in page.locator(".legend-now").inner_text()
    assert not page.locator(".legend-served, .legend-doubt").filter(visible=True).count()
    page.locator("placette-layers .maplibregl-canvas").focus()
    page.keyboard.press("Enter")
    said = page.locator(".layers-readout", has_text="±")
    said.wait_for()
    assert "AIX-" in said.inner_text()
    page.get_by_label("Contours").check()
    page.wait_for_selector('placette-layers[shape="contours"]')
    assert page.evaluate("document.querySelector('placette-layers').drawn().contour") > 1
    assert axe(page) == []
    assert page.complaints == []  # type: ignore[attr-defined]


@pytest.mark.browser
def test_the_map_is_printed_as_it_was_served_and_nothing_to_press(visit: Visit) -> None:
    page = visit(NO2, color_scheme="dark")
    page.wait_for_selector(READY)
    drawn = page.locator("placette-layers .layers-drawn .layer-wide")
    page.get_by_label("Doute").check()
    page.wait_for_selector('placette-layers[view="error"]')
    assert not drawn.is_visible()
    page.emulate_media(media="print", color_scheme="dark")
    assert drawn.is_visible()
    assert "µg/m³" in page.locator(".legend-served").inner_text()
    assert page.locator(".legend-doubt").is_visible()
    assert not page.locator(".legend-now").is_visible()
    assert not page.locator("placette-layers .map-canvas").is_visible()
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"
    assert page.get_by_role("button").and_(page.locator("main :visible")).count() == 0


@pytest.mark.browser
@pytest.mark.parametrize(("path", "wide", "scheme"), [("/fr/maps", False, "light"), ("/en/maps/laeq", True, "dark")])
def test_axe_finds_nothing_and_nothing_overflows(
    visit: Visit, axe: Callable[[Page], list[str]], path: str, wide: bool, scheme: str
) -> None:
    page = visit(path, wide=wide, color_scheme=scheme)
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
