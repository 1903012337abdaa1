"""Field work in a browser: over HTTP without scripts, and on a phone in a real Chromium, with and without a network."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect
from tests.model.test_pictures import PNG, jpeg
from tests.web.conftest import World

from placette.access import COOKIE
from placette.api import Access
from placette.model.observations import ObservationRow

OWN = {"Sec-Fetch-Site": "same-origin"}
NEW = {
    "device": "LW:D0:70B3D57ED0000000:70B3D57ED00000%02X:00010002",
    "model": "hive",
    "network": "street-mqtt",
    "place": "rotonde",
    "latitude": "43,5263",
    "longitude": "5.4454",
    "address": "Kiosque",
}
CODE = "AIX-ROT-AIR-01"
SIZES = """() => [...document.querySelectorAll('main a.button, main button, main input:not([type=hidden]), main select,'
  + ' main textarea, main .chip, main .round-site')].filter(e => e.checkVisibility())
  .filter(e => e.getBoundingClientRect().height < 47.9).map(e => e.outerHTML.slice(0, 90))"""


@pytest.fixture(scope="module")
def town(start_city: Callable[..., World], world: World) -> World:
    """A city to work in."""
    return start_city(world.city, lambda _: None)


@pytest.fixture(scope="module")
def secret(town: World) -> str:
    return town.tokens.create("Zoé's phone", Access.WRITE)


@pytest.fixture
def client(town: World, secret: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=town.url, trust_env=False, cookies={COOKIE: secret}, headers=OWN, timeout=30) as opened:
        yield opened


def numbered(number: int) -> dict[str, str]:
    return NEW | {"device": NEW["device"] % number, "key": f"test-{number}"}


def multipart(said: dict[str, str], photo: bytes = b"") -> dict[str, Any]:
    """Return what a browser posts for a form with a file field, chosen or not."""
    return {"data": said, "files": {"photo": ("photo.jpg" if photo else "", photo, "image/jpeg")}}


def test_a_stranger_is_led_to_the_sign_in(town: World) -> None:
    for path in ("", "/install", f"/{CODE}", "/labels"):
        answer = httpx.get(f"{town.url}/en/field{path}", trust_env=False)
        assert (answer.status_code, answer.headers["location"][:11]) == (303, "/en/sign-in")


def test_an_installation_works_without_scripts(client: httpx.Client, town: World) -> None:
    answer = client.post("/en/field/install", **multipart(numbered(1), jpeg(gps=True)))
    where = answer.headers["location"]
    assert answer.status_code == 303
    again = client.post("/en/field/install", **multipart(numbered(1)))
    assert again.headers["location"].split("?")[0] == where.split("?")[0]
    page = client.get(where).text
    assert "Waiting for the first frame" in page
    assert "70B3D57ED0000001" in page
    photo = re.search(r'src="(/api/sites/[^"]+/photos/[^"]+)"', page)
    assert photo is not None
    assert b"GPSLATITUDE" not in client.get(photo[1]).content
    code = where.split("/")[3].split("?")[0]
    assert code in client.get("/fr/places/rotonde").text
    assert "Kiosque" in httpx.get(f"{town.url}/fr/things/{code}", trust_env=False).text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model": ""}, "model"),
        ({"latitude": "48.85", "longitude": "2.35"}, "outside the city"),
        ({"latitude": "north"}, "latitude"),
        ({"code": "../../etc"}, "code"),
    ],
)
def test_a_form_with_a_fault_comes_back_filled(client: httpx.Client, change: dict[str, str], words: str) -> None:
    answer = client.post("/en/field/install", **multipart(numbered(2) | change))
    assert answer.status_code == 400
    assert words in answer.text
    assert 'value="Kiosque"' in answer.text


def test_a_form_of_another_site_is_refused(client: httpx.Client) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert client.post("/en/field/install", **multipart(numbered(3)), headers=headers).status_code == 403


def test_a_device_is_replaced_photographed_and_retired_without_scripts(client: httpx.Client, town: World) -> None:
    site = "/en/field/AIX-TOR-AIR-01"
    said = {"do": "replace", "device": "70B3D57ED0000021", "note": "battery dead"}
    assert "frame=1" in client.post(site, **multipart(said)).headers["location"]
    assert "battery dead" in client.get(site).text
    assert client.post(site, **multipart({"do": "photo"}, PNG)).headers["location"].endswith("done=photo")
    assert client.post(site, **multipart({"do": "photo"}, b"GIF89a")).status_code == 400
    assert client.post(site, **multipart({"do": "retire", "note": "works"})).headers["location"].endswith("done=retire")
    page = client.get(site).text
    assert "retired" in page
    assert "Install here" in page
    public = httpx.get(f"{town.url}/en/things/AIX-TOR-AIR-01", trust_env=False).text
    assert "The life of this site" in public
    assert "battery dead" not in public
    assert "70B3D57ED0000021" not in public


def test_a_page_for_the_phone_to_keep_says_nothing_about_persons(client: httpx.Client) -> None:
    client.post(f"/api/sites/{CODE}/replace", json={"device": "70B3D57ED0000031", "note": "ask Mrs Martin"})
    for path in (f"/en/field/{CODE}", "/en/field", "/en/field/install"):
        page = client.get(path, headers={"Placette-Keep": "1"}).text
        assert "A copy kept on this phone" in page
        assert "Martin" not in page
        assert "Zoé" not in page
    assert "Martin" in client.get(f"/en/field/{CODE}").text


def test_signing_out_makes_the_browser_forget(client: httpx.Client) -> None:
    assert client.post("/fr/sign-out").headers["clear-site-data"] == '"cache", "storage"'


def test_labels_are_printed_by_sheets_of_twenty_four(client: httpx.Client, town: World) -> None:
    page = client.get("/fr/field/labels").text
    labels = page.count('class="qrline"')
    assert page.count('class="sheet-a4"') == -(-labels // 24)
    one = httpx.get(f"{town.url}/fr/things/{CODE}/label", trust_env=False).text
    assert one.count('class="qrline"') == 1


@pytest.fixture
def see(visit: Callable[..., Page], town: World, secret: str) -> Callable[..., Page]:
    """Open a page as who has signed in, on a phone unless said."""

    def open_page(path: str, *, wide: bool = False, **options: Any) -> Page:
        cookie = {
            "name": COOKIE,
            "value": secret,
            "domain": "127.0.0.1",
            "path": "/",
            "expires": -1,
            "httpOnly": True,
            "secure": False,
            "sameSite": "Strict",
        }
        state = {"cookies": [cookie], "origins": []}
        return visit(path, base=town.url, wide=wide, storage_state=state, **options)

    return open_page


See = Callable[..., Page]


@pytest.mark.browser
@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_every_target_is_hit_with_gloves(
    see: See, axe: Callable[[Page], list[str]], language: str, wide: bool, scheme: str
) -> None:
    page = see(f"/{language}/field", wide=wide, color_scheme=scheme)
    base = page.url.removesuffix("/field")
    for path in ("field", "field/install", f"field/{CODE}", "field/labels?place=rotonde", f"things/{CODE}/label"):
        page.goto(f"{base}/{path}")
        page.evaluate("document.querySelectorAll('details.act').forEach(d => d.open = true)")
        page.wait_for_function("customElements.get('placette-print') !== undefined")
        assert axe(page) == [], path
        assert page.evaluate(SIZES) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    assert page.complaints == []  # type: ignore[attr-defined]


def fill(page: Page, number: int) -> None:
    """Fill the form as a technician does."""
    said = numbered(number)
    page.fill("#device", said["device"])
    page.locator("#device").dispatch_event("change")
    for name in ("model", "network", "place"):
        page.select_option(f"#{name}", said[name])
    for name in ("latitude", "longitude", "address"):
        page.fill(f"#{name}", said[name])


@pytest.mark.browser
def test_the_code_of_a_maker_or_of_our_label_is_understood(see: See) -> None:
    page = see("/en/field/install")
    page.fill("#device", NEW["device"] % 9)
    page.locator("#device").dispatch_event("change")
    expect(page.locator("#device")).to_have_value("70B3D57ED0000009")
    expect(page.get_by_text("Device read: 70B3D57ED0000009")).to_be_visible()
    page.fill("#device", f"https://placette.example/t/{CODE}")
    page.locator("#device").dispatch_event("change")
    expect(page.locator("#code")).to_have_value(CODE)


@pytest.mark.browser
def test_the_position_of_the_phone_fills_the_form_and_says_how_exact_it_is(see: See) -> None:
    here = {"longitude": 5.4455, "latitude": 43.5264, "accuracy": 7.3}
    page = see("/en/field/install", geolocation=here, permissions=["geolocation"])
    page.click("text=My position")
    expect(page.get_by_text("Accuracy: 8 m")).to_be_visible()
    expect(page.locator("#latitude")).to_have_value("43.526400")
    expect(page.locator("#place")).to_have_value("rotonde")


@pytest.mark.browser
def test_the_round_is_sorted_by_distance(see: See) -> None:
    here = {"longitude": 5.467, "latitude": 43.521, "accuracy": 9}
    page = see("/en/field", geolocation=here, permissions=["geolocation"])
    page.click("text=Nearest first")
    expect(page.locator(".round-away").first).to_contain_text("m away")
    assert "AIX-TOR-" in (page.locator("#round code").first.text_content() or "")


@pytest.mark.browser
def test_an_installation_ends_with_the_first_frame(see: See, town: World) -> None:
    page = see("/en/field/install")
    fill(page, 0x41)
    page.set_input_files("#photo", {"name": "a.png", "mimeType": "image/png", "buffer": _picture(page, 2400, 1200)})
    page.click("text=Install and wait")
    page.wait_for_url("**/en/field/AIX-ROT-AIR-*")
    expect(page.get_by_text("Waiting for the first frame")).to_be_visible()
    code = page.url.split("/field/")[1].split("?")[0]
    stream = town.store.directory.by_code[f"{code}/no2"]
    town.store.change_now(lambda _: None)
    _observe(town, ObservationRow(stream.id, time.time_ns() // 1000, 21.5))
    expect(page.get_by_text("First frame received")).to_be_visible(timeout=15_000)
    expect(page.locator(".frame-values")).to_contain_text("21.5")
    photo = page.locator(".photos img")
    photo.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('.photos img').naturalWidth > 0")
    size = photo.evaluate("e => [e.naturalWidth, e.naturalHeight]")
    assert size == [1600, 800]


def _observe(town: World, row: ObservationRow) -> None:
    import pyarrow as pa

    table = pa.table({"datastream_id": [row.datastream_id], "phenomenon_time": [row.phenomenon_time], "result": [21.5]})
    town.store.append_now(table.set_column(1, "phenomenon_time", table.column(1).cast(pa.timestamp("us"))))


def _picture(page: Page, width: int, height: int) -> bytes:
    """Return a PNG of this size, drawn by the browser."""
    import base64

    drawn = page.evaluate(
        "([w, h]) => { const c = document.createElement('canvas'); c.width = w; c.height = h;"
        " c.getContext('2d').fillRect(0, 0, w / 2, h / 2); return c.toDataURL('image/png').split(',')[1] }",
        [width, height],
    )
    return base64.b64decode(drawn)


def _kept(page: Page, last: str = "/install") -> None:
    """Wait until the worker has kept what is wanted offline, and works for this page."""
    asked = (
        "async last => navigator.serviceWorker.controller && (await caches.keys()).length == 2"
        " && (await (await caches.open('placette-field-pages')).keys()).some(each => each.url.endsWith(last))"
    )
    deadline = time.monotonic() + 60
    while not page.evaluate(asked, last):
        assert time.monotonic() < deadline, "the worker keeps nothing"
        page.wait_for_timeout(50)


@pytest.mark.browser
def test_what_is_done_offline_is_sent_once_and_in_order(see: See, town: World, client: httpx.Client) -> None:
    page = see("/en/field")
    _kept(page, CODE)
    before = len(client.get("/api/sites").json())
    context: BrowserContext = page.context
    context.set_offline(True)
    page.goto(f"{town.url}/en/field/install")
    expect(page.get_by_text("A copy kept on this phone")).to_be_visible()
    fill(page, 0x51)
    page.set_input_files("#photo", {"name": "a.png", "mimeType": "image/png", "buffer": _picture(page, 400, 300)})
    page.click("text=Install and wait")
    expect(page.get_by_text("2 actions are waiting to be sent")).to_be_visible()
    expect(page.get_by_text("Kept on this phone. It is sent")).to_be_visible()
    page.goto(f"{town.url}/en/field/{CODE}")
    page.click("#replace > summary")
    page.fill("#replace-device", "70B3D57ED0000052")
    page.click("text=Replace the device")
    expect(page.get_by_text("3 actions are waiting to be sent")).to_be_visible()
    assert len(client.get("/api/sites").json()) == before
    page.reload()
    expect(page.get_by_text("3 actions are waiting to be sent")).to_be_visible()
    context.set_offline(False)
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("placette-queue")).to_be_hidden(timeout=20_000)
    found = [each for each in client.get("/api/sites").json() if each["device"] == "70B3D57ED0000051"]
    assert len(found) == 1
    whole = client.get(f"/api/sites/{found[0]['code']}").json()
    assert len(whole["photos"]) == 1
    assert [each["state"] for each in whole["events"]] == ["installed"]
    replaced = client.get(f"/api/sites/{CODE}").json()
    assert replaced["device"] == "70B3D57ED0000052"
    assert page.evaluate("localStorage.getItem('placette-waiting')") == "0"


@pytest.mark.browser
def test_an_order_whose_answer_was_lost_is_not_done_twice(see: See, client: httpx.Client) -> None:
    page = see("/en/field/install")
    fill(page, 0x61)

    def lose(route: Any) -> None:
        route.fetch()  # the server does it
        route.abort()  # the phone never hears of it

    page.route("**/api/sites", lose, times=1)
    page.click("text=Install and wait")
    expect(page.get_by_text("1 action is waiting to be sent")).to_be_visible()
    page.click("text=Send now")
    expect(page.locator("placette-queue")).to_be_hidden()
    found = [each for each in client.get("/api/sites").json() if each["device"] == "70B3D57ED0000061"]
    assert len(found) == 1
    assert len(client.get(f"/api/sites/{found[0]['code']}").json()["events"]) == 1


@pytest.mark.browser
def test_a_refused_order_that_a_phone_keeps_says_why_in_its_language(see: See) -> None:
    page = see("/fr/field/install")
    fill(page, 0x72)
    page.fill("#latitude", "48.85")
    page.click("text=Poser et attendre")
    expect(page.locator(".queue-fault")).to_contain_text("du contour de la ville — corriger la position")
    expect(page.locator(".queue-fault")).to_have_attribute("lang", "fr")


@pytest.mark.browser
def test_a_refused_order_says_why_and_is_corrected(see: See, client: httpx.Client) -> None:
    page = see("/en/field/install")
    fill(page, 0x71)
    page.fill("#latitude", "48.85")
    page.click("text=Install and wait")
    expect(page.locator(".queue-fault")).to_contain_text("outside the city")
    page.click("placette-queue >> text=Correct")
    expect(page.locator("#address")).to_have_value("Kiosque")
    page.fill("#latitude", "43.5263")
    page.click("text=Install and wait")
    page.wait_for_url("**/en/field/AIX-ROT-AIR-*")
    expect(page.locator("placette-queue")).to_be_hidden()
    assert sum(each["device"] == "70B3D57ED0000071" for each in client.get("/api/sites").json()) == 1


@pytest.mark.browser
def test_signing_out_asks_before_it_drops_orders_and_then_forgets_all(see: See, town: World) -> None:
    page = see("/en/field")
    _kept(page)
    page.context.set_offline(True)
    page.goto(f"{town.url}/en/field/install")
    fill(page, 0x81)
    page.click("text=Install and wait")
    expect(page.get_by_text("1 action is waiting to be sent")).to_be_visible()
    asked: list[str] = []

    def answer(dialog: Any) -> None:
        asked.append(dialog.message)
        dialog.dismiss() if len(asked) == 1 else dialog.accept()

    page.on("dialog", answer)
    page.click("text=Sign out")
    expect(page.get_by_text("1 action is waiting to be sent")).to_be_visible()
    page.context.route("**/api/sites", lambda route: route.abort())
    page.context.set_offline(False)
    page.click("text=Sign out")
    page.wait_for_url("**/en/")
    assert [text[:8] for text in asked] == ["1 action", "1 action"]
    assert page.evaluate("async () => [await caches.keys(), (await indexedDB.databases()).length]") == [[], 0]


@pytest.mark.browser
def test_the_page_of_a_device_leads_technicians_to_its_site(see: See) -> None:
    page = see(f"/fr/things/{CODE}")
    page.click("text=Intervenir sur ce site")
    page.wait_for_url(f"**/fr/field/{CODE}")
