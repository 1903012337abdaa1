"""The QR codes of devices and labels before the camera of a real Chromium, which is given a film of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from tests.web.conftest import CHROMIUM, CHROMIUM_ARGS, World
from tests.web.film import makers_label, shoot

from placette.access import COOKIE
from placette.api import Access
from placette.labels import Label, drawn

pytestmark = pytest.mark.browser

CODE = "AIX-ROT-AIR-01"
EUI = "70B3D57ED00000A7"
LABEL = Label(
    name="Qualité de l’air",
    place="Rotonde, lampadaire 12",
    code=CODE,
    city="Aix-en-Provence",
    url=f"https://placettes.aixenprovence.example/t/{CODE}",
)
PATIENCE_MS = 60_000
ELSEWHERE = "street.example"
"""A name for this machine that browsers do not trust without https."""
SHOWN = "document.querySelector('.scan-view').checkVisibility()"
NOTE_TRACKS = """const give = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);
  globalThis.tracks = [];
  if (give) navigator.mediaDevices.getUserMedia = async (asked) => {
    const stream = await give(asked);
    tracks.push(...stream.getTracks());
    return stream;
  };"""
OFF = "tracks.length > 0 && tracks.every(each => each.readyState === 'ended')"


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the camera sees; read anew each time that it is turned on."""
    return tmp_path_factory.mktemp("camera") / "seen.y4m"


@pytest.fixture(scope="module")
def phone(film: Path) -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.skip(f"Chromium is not here: {CHROMIUM} (set CHROME_PATH)")
    camera = [
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
        f"--host-resolver-rules=MAP {ELSEWHERE} 127.0.0.1",
    ]
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=[*CHROMIUM_ARGS, *camera])
        yield found
        found.close()


@pytest.fixture(scope="module")
def secret(world: World) -> str:
    return world.tokens.create("Ali's phone", Access.WRITE)


See = Callable[..., Page]


@pytest.fixture
def see(phone: Browser, world: World, secret: str) -> Iterator[See]:
    """Open the installation page on a phone; ``allowed`` says whether its owner gives the camera."""
    contexts: list[BrowserContext] = []

    def open_page(path: str = "/en/field/install", *, allowed: bool = True, host: str = "127.0.0.1") -> Page:
        context = phone.new_context(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
        contexts.append(context)
        if allowed:
            context.grant_permissions(["camera"])
        context.add_cookies([{"name": COOKIE, "value": secret, "domain": host, "path": "/"}])
        page = context.new_page()
        page.add_init_script(NOTE_TRACKS)
        page.asked = []  # type: ignore[attr-defined]
        page.on("request", lambda request: page.asked.append(request.url))  # type: ignore[attr-defined]
        page.goto(world.url.replace("127.0.0.1", host) + path)
        return page

    yield open_page
    for context in contexts:
        context.close()


def test_the_codes_of_the_device_and_of_our_label_fill_the_form_and_the_camera_is_off(see: See, film: Path) -> None:
    page = see()
    shoot(page, makers_label(f"LW:D0:70B3D57ED0000000:{EUI}:00010002:SYYWWNNNNNN"), film, 300)
    assert not any("/qr-" in each for each in page.asked), "the decoder is loaded when it is wanted"  # type: ignore[attr-defined]
    page.click("text=Scan the QR code")
    expect(page.locator("#device")).to_have_value(EUI, timeout=PATIENCE_MS)
    expect(page.get_by_text(f"Device read: {EUI}")).to_be_visible(timeout=PATIENCE_MS)
    page.wait_for_function(OFF, timeout=PATIENCE_MS)
    shoot(page, drawn(LABEL), film)
    page.click("text=Scan the QR code")
    expect(page.locator("#code")).to_have_value(CODE, timeout=PATIENCE_MS)
    expect(page.get_by_text(f"Label of the site {CODE}")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("#device")).to_have_value(EUI, timeout=PATIENCE_MS)
    page.wait_for_function(OFF, timeout=PATIENCE_MS)
    assert not page.evaluate(SHOWN)


def test_the_camera_is_off_when_somebody_stops_it_or_leaves_the_page(
    see: See, film: Path, axe: Callable[[Page], list[str]]
) -> None:
    page = see()
    shoot(page, makers_label("too far away to be read"), film, 12)
    faults: list[list[str]] = []
    for leave in (
        lambda: page.click("text=Stop the camera"),
        lambda: page.evaluate(
            "Object.defineProperty(document, 'hidden', {value: true, configurable: true});"
            "document.dispatchEvent(new Event('visibilitychange'))"
        ),
        lambda: page.evaluate("document.querySelector('placette-scan').remove()"),
    ):
        page.click("text=Scan the QR code")
        expect(page.get_by_text("Hold the QR code still")).to_be_visible(timeout=PATIENCE_MS)
        page.wait_for_function(SHOWN)
        faults.append(axe(page) if not faults else [])
        leave()
        page.wait_for_function(OFF, timeout=PATIENCE_MS)
    assert not any(faults)


@pytest.mark.parametrize(
    ("language", "press", "words"),
    [
        ("en", "Scan the QR code", "The camera is not allowed. Allow it for this site"),
        ("fr", "Scanner le code QR", "La caméra n’est pas permise. Autorisez-la pour ce site"),
    ],
)
def test_a_camera_that_is_refused_says_what_to_do(see: See, language: str, press: str, words: str) -> None:
    page = see(f"/{language}/field/install", allowed=False)
    page.click(f"text={press}")
    expect(page.get_by_text(words)).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text(press)).to_be_visible(timeout=PATIENCE_MS)


def test_a_camera_that_is_not_there_says_so(see: See) -> None:
    page = see()
    gone = "async () => { throw new DOMException('', 'NotFoundError') }"
    page.evaluate(f"() => {{ navigator.mediaDevices.getUserMedia = {gone} }}")
    page.click("text=Scan the QR code")
    expect(page.get_by_text("no camera that the browser may use. Type or paste the code")).to_be_visible(
        timeout=PATIENCE_MS
    )


def test_without_https_the_page_says_what_to_type_and_offers_no_camera(see: See) -> None:
    page = see(host=ELSEWHERE)
    expect(page.get_by_text("only works at an address that begins with https://. Type or paste")).to_be_visible(
        timeout=PATIENCE_MS
    )
    expect(page.get_by_text("Scan the QR code")).to_be_hidden()


def test_the_browsers_own_reader_is_used_where_it_reads_qr_codes(see: See, film: Path) -> None:
    page = see()
    shoot(page, makers_label(EUI), film, 300)
    page.evaluate(
        """() => { globalThis.BarcodeDetector = class {
          static async getSupportedFormats() { return ['ean_13', 'qr_code'] }
          constructor({ formats }) { this.formats = formats }
          async detect() { return [{ rawValue: this.formats.join() }] }
        } }"""
    )
    page.click("text=Scan the QR code")
    expect(page.locator("#device")).to_have_value("qr_code", timeout=PATIENCE_MS)
    assert not any("/qr-" in each for each in page.asked)  # type: ignore[attr-defined]
    page.evaluate("() => { BarcodeDetector.getSupportedFormats = async () => ['ean_13'] }")
    page.click("text=Scan the QR code")
    expect(page.locator("#device")).to_have_value(EUI, timeout=PATIENCE_MS)


def test_the_decoder_is_kept_for_when_there_is_no_network(see: See, film: Path) -> None:
    page = see()
    shoot(page, makers_label(EUI), film, 300)
    page.wait_for_function(
        "(async () => !!navigator.serviceWorker.controller"
        " && (await (await caches.open('placette-field-files')).keys()).some(each => each.url.includes('/qr-')))()",
        timeout=PATIENCE_MS,
    )
    page.context.set_offline(True)
    page.click("text=Scan the QR code")
    expect(page.locator("#device")).to_have_value(EUI, timeout=PATIENCE_MS)
