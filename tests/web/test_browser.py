"""The pages in a real Chromium: accessibility, keyboard, requests, width, words, with and without JavaScript."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from urllib.parse import urlparse

import pyarrow as pa
import pytest
from playwright.sync_api import Page
from tests.web.conftest import World

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]
Axe = Callable[[Page], list[str]]
PAGES = ("/", "/places/rotonde", "/health")
EVERY_PAGE = (*PAGES, "/things/AIX-ROT-AIR-01", "/places/nowhere", "/sign-in", "/network", "/anomalies")


@pytest.mark.parametrize(
    ("path", "language", "scheme", "wide"),
    [
        *itertools.product(PAGES, ("fr",), ("light", "dark"), (True, False)),
        *itertools.product(EVERY_PAGE, ("en",), ("light",), (True,)),
    ],
)
def test_axe_finds_nothing(visit: Visit, axe: Axe, path: str, language: str, scheme: str, wide: bool) -> None:
    page = visit(f"/{language}{path}", wide=wide, color_scheme=scheme)
    if path == "/" and wide:
        page.wait_for_selector("placette-map[ready]")
    assert axe(page) == []


def test_axe_finds_nothing_in_strong_contrast_or_with_all_opened(visit: Visit, axe: Axe) -> None:
    page = visit("/fr/appearance?theme=contrast&back=/fr/places/rotonde")
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.locator("a[data-panel]").first.click()
    page.wait_for_selector("placette-panel:not([hidden])")
    assert page.get_attribute("html", "data-contrast") == "more"
    assert axe(page) == []


@pytest.mark.parametrize("path", EVERY_PAGE)
def test_no_page_asks_another_host_or_complains(visit: Visit, path: str) -> None:
    page = visit(f"/fr{path}")
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    page.wait_for_load_state("load")
    if path == "/":
        page.wait_for_selector("placette-map[ready]")
    hosts = {urlparse(url).hostname for url in page.asked if not url.startswith(("data:", "blob:"))}
    missing = ["404"] if path == "/places/nowhere" else []
    assert hosts == {"127.0.0.1"}
    assert [said for said in page.complaints if not any(word in said for word in missing)] == []


@pytest.mark.parametrize("path", EVERY_PAGE)
@pytest.mark.parametrize("language", ["fr", "en"])
def test_nothing_runs_over_at_320_pixels(visit: Visit, path: str, language: str) -> None:
    page = visit(f"/{language}{path}", wide=False, viewport={"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("language", ["fr", "en"])
def test_values_are_there_without_javascript(visit: Visit, language: str) -> None:
    home = visit(f"/{language}/", javascript=False)
    assert home.locator(".card .key-figure").count() == 16
    assert home.locator(".list-devices tbody tr").count() == 24
    assert home.locator(".drawn-wide .dot").count() == 96
    place = visit(f"/{language}/places/rotonde", javascript=False)
    assert "µg/m³" in place.locator(".values").nth(2).inner_text()
    assert place.locator(".drawn-chart .bars").count() == 4
    assert place.locator("#chart-data tbody tr").count() == 25


def test_the_chart_is_chosen_without_javascript(visit: Visit) -> None:
    page = visit("/fr/places/rotonde", javascript=False)
    page.select_option("#pick-property", "temperature")
    page.check("#pick-7d", force=True)
    page.click("#pick-go")
    assert "property=temperature" in page.url
    assert "range=7d" in page.url
    assert page.locator(".drawn-chart .line").count() == 4  # two hives and two thermometers


def test_a_chart_is_chosen_in_place_with_javascript(visit: Visit) -> None:
    page = visit("/fr/places/rotonde")
    page.focus("#pick-property")
    page.select_option("#pick-property", "laeq")
    page.wait_for_selector("text=Niveau sonore LAeq >> visible=true")
    page.wait_for_url("**property=laeq**")
    assert page.evaluate("document.activeElement.id") == "pick-property"


def test_every_interactive_element_is_reached_by_tab_with_a_visible_focus(visit: Visit) -> None:
    page = visit("/fr/")
    page.wait_for_selector("placette-map[ready]")
    wanted = page.evaluate(
        "() => [...document.querySelectorAll('a[href], button, summary, select, input, canvas[tabindex]')]"
        ".filter(e => e.checkVisibility({visibilityProperty: true})).length"
    )
    seen, unmarked = 0, []
    for _ in range(wanted):
        page.keyboard.press("Tab")
        marked, name = page.evaluate(
            "() => { const e = document.activeElement, s = getComputedStyle(e), c = e.closest('.card');"
            " const outlined = s.outlineStyle !== 'none' || (c && getComputedStyle(c).outlineStyle !== 'none');"
            " return [outlined, e.outerHTML.slice(0, 80)] }"
        )
        seen += not name.startswith("<body")
        if not marked:
            unmarked.append(name)
    assert (seen, unmarked) == (wanted, [])


def test_escape_closes_the_panel_and_gives_the_focus_back(visit: Visit) -> None:
    page = visit("/fr/")
    link = page.locator("#row-AIX-HDV-CNT-01")
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("placette-panel:not([hidden]) h2")
    assert page.evaluate("document.activeElement.tagName") == "H2"
    assert "pers." in page.locator("placette-panel").inner_text()
    page.keyboard.press("Escape")
    assert page.locator("placette-panel").is_hidden()
    assert page.evaluate("document.activeElement.id") == "row-AIX-HDV-CNT-01"


def test_the_chart_is_read_with_the_arrow_keys(visit: Visit) -> None:
    page = visit("/fr/places/rotonde?property=temperature&device=AIX-ROT-AIR-01")
    page.locator("placette-chart").scroll_into_view_if_needed()
    page.wait_for_selector("placette-chart[ready]")
    page.locator(".chart-stage").focus()
    page.keyboard.press("Home")
    first = page.locator(".chart-readout").inner_text()
    page.keyboard.press("ArrowRight")
    second = page.locator(".chart-readout").inner_text()
    assert "°C" in first
    assert "maximum" in first
    assert first != second


def test_the_appearance_is_chosen_and_kept(visit: Visit) -> None:
    page = visit("/fr/")
    page.click("summary.switch")
    page.click("[data-theme-choice=dark]")
    dark = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    page.reload()
    assert page.get_attribute("html", "data-theme") == "dark"
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == dark


def test_a_new_observation_is_seen_at_once(visit: Visit, world: World) -> None:
    page = visit("/fr/things/AIX-POL-SON-01")
    page.wait_for_selector("placette-stream[state=open]")
    info = world.store.directory.by_code["AIX-POL-SON-01/laeq"]
    now = pa.array([time.time_ns() // 1000], pa.int64()).cast(pa.timestamp("us"))
    world.store.append_now(pa.table({"datastream_id": [info.id], "phenomenon_time": now, "result": [77.7]}))
    live = page.locator(f"placette-live[datastream='{info.id}']")
    live.get_by_text("77,7\u00a0dB").wait_for()
    assert "il y a 1\u00a0s" in live.inner_text().replace(" s", "\u00a0s")


def test_the_health_page_reads_itself_again(visit: Visit) -> None:
    page = visit("/fr/health")
    before = page.locator(".verdict-foot time").inner_text()
    page.evaluate("document.querySelector('placette-refresh').refresh()")
    page.wait_for_function("before => document.querySelector('.verdict-foot time').innerText !== before", arg=before)
