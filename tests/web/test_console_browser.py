"""The analysts' page in a real Chromium: picking, links, magnifying, keys, every file read back, accessibility."""

from __future__ import annotations

import csv
import io
import struct
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import pyarrow.parquet as pq
import pytest
from playwright.sync_api import Page

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]
Axe = Callable[[Page], list[str]]
WARM = "datastream=AIX-ROT-AIR-01/temperature&datastream=AIX-HDV-AIR-01/temperature"
SERIES = f"/fr/console?{WARM}&range=7d"
DRAWN = "placette-console[ready]"


def shown(page: Page) -> dict[str, object]:
    """What a reader sees of a view: title, period, lines, figures."""
    page.wait_for_selector(DRAWN)
    return {
        "title": page.locator("#console-title").inner_text(),
        "lede": page.locator(".console-lede").inner_text(),
        "lines": page.locator("[data-legend] li").all_inner_texts(),
        "rows": page.locator("#console-table-1 tbody tr").all_inner_texts(),
        "chosen": page.locator("input[name=datastream]:checked").count(),
    }


def test_what_is_picked_is_drawn_and_its_link_shows_the_same(visit: Visit) -> None:
    page = visit("/fr/console")
    page.wait_for_selector("placette-console[live]")
    page.fill("#console-find", "temperature rotonde")
    page.locator("input[name=datastream][value='AIX-ROT-AIR-01/temperature']").wait_for()
    page.wait_for_function("() => document.querySelectorAll('input[name=datastream]').length < 20")
    page.locator("label:has([value='AIX-ROT-AIR-01/temperature'])").click()
    page.wait_for_selector(DRAWN)
    page.locator("label:has([value='AIX-ROT-AIR-02/temperature'])").click()
    page.wait_for_function("() => document.querySelectorAll('[data-legend] li').length == 2")
    page.locator("label:has(#console-range-30d)").click()
    page.wait_for_url("**range=30d**")
    page.wait_for_selector(f"{DRAWN} #console-range-30d:checked")
    first = shown(page)
    assert first["chosen"] == 2
    assert page.complaints == []  # type: ignore[attr-defined]
    address = urlsplit(page.url)
    assert shown(visit(f"{address.path}?{address.query}")) == first


def test_anomalies_stand_filled_behind_the_lines(visit: Visit) -> None:
    page = visit("/fr/")
    address = SERIES.replace("/console?", "/console/plot.json?")
    plot = page.evaluate("address => fetch(address).then(answer => answer.json())", address)
    for tone, dashed, first in (("lavender", False, 20), ("brick", True, 90)):
        times = {"start": plot["x"][first], "end": plot["x"][first + 30]}
        plot["marks"].append(times | {"text": f"marked {tone}", "tone": tone, "dashed": dashed, "kind": tone})
    page.route("**/plot.json**", lambda route: route.fulfill(json=plot))
    page.goto(page.url.replace("/fr/", SERIES))
    page.wait_for_selector(DRAWN)
    event, fault, plain = page.evaluate(
        """() => {
        const canvas = document.querySelector('.u-wrap canvas'), over = document.querySelector('.u-over');
        const scale = canvas.width / canvas.clientWidth, seen = canvas.getContext('2d');
        const at = hour => [(over.offsetLeft + over.clientWidth * hour / 167) * scale, (over.offsetTop + 7) * scale];
        return [35.4, 105.4, 60.4].map(hour => [...seen.getImageData(...at(hour), 1, 1).data]);
        }"""
    )
    assert event[2] > event[0] > 0
    assert fault[0] > fault[2] > 0
    assert plain[3] == 0
    page.locator(".chart-stage").focus()
    page.keyboard.press("Home")
    for _ in range(25):
        page.keyboard.press("ArrowRight")
    assert page.locator("[data-at] span").inner_text() == "marked lavender"


def test_a_drag_magnifies_and_going_back_shows_all_again(visit: Visit) -> None:
    page = visit(SERIES)
    page.wait_for_selector(DRAWN)
    before = page.locator(".console-lede").inner_text()
    box = page.locator(".u-over").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 220, box["y"] + 100, steps=4)
    page.mouse.up()
    page.wait_for_url("**range=custom**")
    page.wait_for_selector(f"{DRAWN} #console-range-custom:checked")
    assert page.locator(".console-lede").inner_text() != before
    page.go_back()
    page.wait_for_selector(f"{DRAWN} #console-range-7d:checked")
    again = page.locator(".console-lede").inner_text()
    page.reload()
    page.wait_for_selector(DRAWN)
    assert again in {before, page.locator(".console-lede").inner_text()}  # an hour may have passed meanwhile


def test_the_chart_is_read_with_keys_and_a_line_is_hidden(visit: Visit) -> None:
    page = visit(SERIES)
    page.wait_for_selector(DRAWN)
    page.locator(".chart-stage").focus()
    page.keyboard.press("Home")
    assert "°C" in page.locator("[data-value]").first.inner_text()
    assert ":" in page.locator("[data-at] strong").inner_text()
    button = page.locator("[data-line='0']")
    button.focus()
    page.keyboard.press("Enter")
    assert button.get_attribute("aria-pressed") == "false"


def test_a_finger_that_slides_reads_the_chart(visit: Visit) -> None:
    page = visit(SERIES, wide=False)
    page.wait_for_selector(DRAWN)
    page.evaluate(
        """() => { const stage = document.querySelector('.chart-stage'), box = stage.getBoundingClientRect();
        const at = { clientX: box.left + box.width / 2, clientY: box.top + 90, pointerType: 'touch', bubbles: true };
        stage.dispatchEvent(new PointerEvent('pointermove', at)); }"""
    )
    assert "°C" in page.locator("[data-value]").first.inner_text()


def test_every_file_is_what_it_says(visit: Visit, tmp_path: Path) -> None:
    page = visit(SERIES, accept_downloads=True)
    page.wait_for_selector(DRAWN)
    files = {}
    for ending, button in (
        ("png", "[data-png]"),
        ("svg", "[data-svg]"),
        ("csv", "a[href*='data.csv']"),
        ("parquet", "a[href*='data.parquet']"),
    ):
        with page.expect_download() as loading:
            page.locator(button).click()
        assert loading.value.suggested_filename.startswith("aix-overlay-AIX-ROT-AIR-01-temperature-and-1-more-2")
        assert loading.value.suggested_filename.endswith(ending)
        files[ending] = tmp_path / ending
        loading.value.save_as(files[ending])
    png = files["png"].read_bytes()
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    root = ET.parse(files["svg"]).getroot()  # noqa: S314  # we made it
    size = tuple(2 * int(root.attrib[side]) for side in ("width", "height"))
    assert struct.unpack(">II", png[16:24]) == size
    rows = list(csv.DictReader(io.StringIO(files["csv"].read_text(encoding="utf-8"))))
    table = pq.read_table(files["parquet"])
    assert [row["datastream"] for row in rows] == table.column("datastream").to_pylist()
    assert [float(row["value"]) if row["value"] else None for row in rows] == table.column("value").to_pylist()
    assert len(rows) == 2 * 7 * 24


def test_twenty_five_are_refused_in_words(visit: Visit) -> None:
    page = visit("/en/console?find=AIX-ROT")
    page.wait_for_selector("placette-console[live]")
    page.evaluate(
        "[...document.querySelectorAll('input[name=datastream]')].slice(0, 24).forEach(e => e.checked = true)"
    )
    page.locator("input[name=datastream]:not(:checked)").first.click()
    assert "24 series at most" in page.locator(".console-found").inner_text()
    assert page.locator("input[name=datastream]:checked").count() == 24


def test_it_works_by_form_alone(visit: Visit) -> None:
    page = visit("/fr/console?find=temperature", javascript=False)
    page.check("input[value='AIX-ROT-AIR-01/temperature']")
    page.locator("#console-go").click()
    assert page.locator("svg.paper").count() == 2
    assert page.locator("#console-table-1 tbody tr").count() == 1
    assert not page.locator("[data-png]").is_visible()


@pytest.mark.parametrize(
    ("view", "language", "scheme", "width"),
    [
        ("overlay", "fr", "light", 1440),
        ("overlay", "en", "dark", 320),
        ("correlation", "fr", "dark", 1440),
        ("correlation", "fr", "light", 320),
        ("compare", "en", "light", 390),
        ("map", "fr", "light", 1440),
        ("forecast", "fr", "dark", 390),
        ("anomalies", "en", "light", 390),
    ],
)
def test_axe_finds_nothing_and_nothing_runs_over(
    visit: Visit, axe: Axe, view: str, language: str, scheme: str, width: int
) -> None:
    options = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
    page = visit(f"/{language}/console?{WARM}&view={view}", wide=width > 1000, **options)
    page.wait_for_selector(
        DRAWN if view in ("overlay", "compare", "forecast", "anomalies") else "placette-console[live]"
    )
    if view == "map":
        page.wait_for_selector(".console-stage placette-points[ready]")
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    over = "[...document.querySelectorAll('.list')].filter(e => e.scrollWidth > e.parentElement.clientWidth).length"
    assert page.evaluate(over) == 0
    assert page.complaints == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("options", [{"contrast": "more", "color_scheme": "dark"}, {"forced_colors": "active"}])
def test_axe_finds_nothing_in_strong_contrast_or_forced_colours(
    visit: Visit, axe: Axe, options: dict[str, str]
) -> None:
    page = visit(f"/fr/console?{WARM}&view=correlation", **options)
    page.wait_for_selector("placette-console[live]")
    assert axe(page) == []
    chosen = "getComputedStyle(document.querySelector('.chip[aria-current]')).backgroundColor"
    assert page.evaluate(chosen) != page.evaluate(chosen.replace("[aria-current]", ":not([aria-current])"))
