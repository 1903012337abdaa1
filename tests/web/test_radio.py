"""Radio and battery on the page of a LoRaWAN device."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import httpx
import msgspec
import pytest
from playwright.sync_api import Browser
from tests.web.conftest import World

from placette.city import City
from placette.store import Store
from placette.web.words import Words

HEARD, UNHEARD = "AIX-ROT-AIR-01", "AIX-HDV-CNT-01"


@pytest.fixture(scope="module")
def lora(aix: City, start_city: Callable[..., World]) -> World:
    """Aix with all its devices on a ChirpStack; one of them was heard."""
    networks = {
        key: msgspec.structs.replace(network, format="chirpstack") if network.kind == "mqtt" else network
        for key, network in aix.networks.items()
    }

    def fill(store: Store) -> None:
        def write(con: object) -> None:
            con.execute(  # type: ignore[attr-defined]
                """INSERT INTO uplink (arrival_id, thing_code, device, event, time, clock, spreading_factor,
                payload_bytes, frequency_hz) VALUES (1, ?, 'd', 'up', TIMESTAMP '2026-07-01', 'gateway', 12, 40,
                869525000)""",
                [HEARD],
            )

        store.change_now(write)

    return start_city(msgspec.structs.replace(aix, networks=networks), fill)


def page(world: World, code: str, language: str = "en", **asked: object) -> str:
    found = httpx.get(f"{world.url}/{language}/things/{code}", params=asked, trust_env=False)
    assert found.status_code == 200
    return found.text


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_last_message_heard_fills_the_form(lora: World, language: str) -> None:
    text = page(lora, HEARD, language)
    words = Words(language)
    assert words("radio.heard") in text
    assert "<option selected>12</option>" in text
    assert 'name="bytes" id="radio-bytes" value="40"' in text
    assert ("2,465.8" if language == "en" else "2\u202f465,8") in text
    assert "869.4" in text.replace(",", ".")


def test_a_device_never_heard_has_the_figures_of_a_plausible_one(lora: World) -> None:
    text = page(lora, UNHEARD)
    assert Words("en")("radio.assumed") in text
    assert "267.3" in text


def test_what_is_asked_is_computed(lora: World) -> None:
    text = page(lora, UNHEARD, bytes=10, spreading_factor=7, every_min=60, capacity_mah="10000,5")
    assert "61.7" in text
    assert 'id="radio-capacity_mah" value="10000.5"' in text


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"bytes": "many"}, "could not be used"),
        ({"spreading_factor": 13}, "could not be used"),
        ({"usable_percent": 0}, "could not be used"),
        ({"bytes": 1.5}, "could not be used"),
        ({"measure_s": "nan"}, "could not be used"),
        ({"bytes": 60, "spreading_factor": 12}, "longer than the 51 bytes"),
        ({"every_min": 0.05, "spreading_factor": 12}, "awake for more than a day"),
        ({"every_min": 0.1, "spreading_factor": 12, "measure_s": 0}, "More messages than the duty cycle allows"),
        ({"self_discharge_percent": 0, "sleep_ua": 0, "measure_ma": 0, "transmit_ma": 0, "receive_ma": 0}, "nothing"),
        ({"bytes": "<script>"}, "could not be used"),
    ],
)
def test_what_cannot_be_is_told(lora: World, asked: dict[str, object], said: str) -> None:
    text = page(lora, UNHEARD, **asked)
    assert said in text
    assert "<script>" not in text.split('id="radio"')[1].split("</section>")[0]


def test_a_device_of_another_network_has_no_such_section(start_city: Callable[..., World], aix: City) -> None:
    world = start_city(aix, lambda store: None)
    assert 'id="radio"' not in page(world, UNHEARD)


@pytest.mark.browser
@pytest.mark.parametrize(
    ("language", "scheme", "width"), [*itertools.product(("fr",), ("light", "dark"), (390, 1280)), ("en", "light", 390)]
)
def test_axe_finds_nothing_and_nothing_overflows(
    lora: World, browser: Browser, axe: Callable[..., list[str]], language: str, scheme: str, width: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    opened = context.new_page()
    opened.goto(f"{lora.url}/{language}/things/{HEARD}")
    opened.evaluate("document.querySelectorAll('.radio details').forEach(each => each.open = true)")
    assert axe(opened) == []
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    context.close()
