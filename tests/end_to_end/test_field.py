"""A sensor is installed on the page of a phone; its first frame comes through a real broker, and it is on the map."""

from __future__ import annotations

import base64
import json
import os
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from benchmarks import fleet, mqtt_wire
from benchmarks.server import Server
from playwright.sync_api import Page, expect, sync_playwright

from placette.access import Tokens
from placette.api import Access

pytestmark = [pytest.mark.slow, pytest.mark.broker, pytest.mark.browser]

CHROMIUM = os.environ.get("CHROME_PATH", "/usr/bin/chromium")
EUI = "70B3D57ED00000F1"
PATIENCE_MS = 60_000


def frame(counter: int, celsius: float) -> bytes:
    """Return an uplink as ChirpStack v4 publishes it: a thermometer heard at −97 dBm."""
    now = datetime.now(UTC).isoformat()
    heard = {"gatewayId": "a84041ffff000001", "nsTime": now, "rssi": -97, "snr": 7.0, "crcStatus": "CRC_OK"}
    return json.dumps(
        {
            "deduplicationId": f"{counter:032x}",
            "time": now,
            "deviceInfo": {"applicationId": "17c82e96", "deviceName": "new", "devEui": EUI.lower()},
            "devAddr": "260000f1",
            "fCnt": counter,
            "fPort": 2,
            "data": base64.b64encode(struct.pack("<hB", round(celsius * 10), 110)).decode(),
            "rxInfo": [heard],
            "txInfo": {
                "frequency": 868_100_000,
                "modulation": {"lora": {"bandwidth": 125_000, "spreadingFactor": 9, "codeRate": "CR_4_5"}},
            },
        }
    ).encode()


def status() -> bytes:
    device = {"applicationId": "17c82e96", "deviceName": "new", "devEui": EUI.lower()}
    said = {"deduplicationId": "f" * 32, "time": datetime.now(UTC).isoformat(), "deviceInfo": device}
    return json.dumps(said | {"margin": 12, "batteryLevel": 61.0}).encode()


def publish(port: int, event: str, payload: bytes) -> None:
    topic = f"application/17c82e96/device/{EUI.lower()}/event/{event}"
    with ThreadPoolExecutor() as beside:  # Playwright's own event loop runs in this thread
        beside.submit(mqtt_wire.publish, port, [mqtt_wire.packet(1, topic, payload)]).result()


class Town:
    """A city with LoRaWAN behind a broker, and a phone whose owner may sign in."""

    def __init__(self, folder: Path, broker: int) -> None:
        self.broker = broker
        data = folder / "data"
        data.mkdir()
        self.secret = Tokens(data).create("field", Access.WRITE)
        self.server = Server(data, "serve", "--city", str(fleet.write_city(folder / "city", 1, fleet.by_mqtt(broker))))
        self.server.wait()
        self.server.wait_for_networks()
        self.url = f"http://127.0.0.1:{self.server.port}"

    def on_the_map(self, code: str) -> bool:
        return any(
            each["properties"]["code"] == code
            for each in json.loads(self.server.get("/api/things.geojson"))["features"]
        )

    def letters(self) -> int:
        return int(json.loads(self.server.get("/api/health"))["dead_letters"])


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with mqtt_wire.mosquitto(tmp_path / "mosquitto") as port:
        made = Town(tmp_path, port)
        yield made
        made.server.stop()


@pytest.fixture
def phone() -> Iterator[Page]:
    if not Path(CHROMIUM).exists():
        pytest.skip(f"Chromium is not here: {CHROMIUM} (set CHROME_PATH)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        here = {"longitude": 5.4474, "latitude": 43.5297, "accuracy": 6}
        context = browser.new_context(
            **playwright.devices["Pixel 5"], locale="en-GB", geolocation=here, permissions=["geolocation"]
        )
        yield context.new_page()
        browser.close()


def install(page: Page, town: Town) -> str:
    """Sign in, install the device as a technician does, and return its code."""
    page.goto(f"{town.url}/en/sign-in?next=/en/field/install")
    page.fill("#token", town.secret)
    page.click("button:has-text('Sign in')")
    page.fill("#device", f"LW:D0:70B3D57ED0000000:{EUI}:00010002:SYYWWNNNNNN")
    page.select_option("#model", "thermo")
    page.click("text=My position")
    expect(page.get_by_text("Accuracy: 6 m")).to_be_visible()
    expect(page.locator("#place")).not_to_have_value("")
    page.fill("#address", "Lamp post 12")
    page.click("text=Install and wait")
    page.wait_for_url("**/en/field/*frame=1*")
    return page.url.split("/field/")[1].split("?")[0]


def test_a_new_sensor_is_heard_and_on_the_public_map(town: Town, phone: Page) -> None:
    code = install(phone, town)
    expect(phone.get_by_text("Waiting for the first frame")).to_be_visible()
    publish(town.broker, "status", status())
    publish(town.broker, "up", frame(1, 21.4))
    headline = phone.locator(".frame-headline")
    expect(headline).to_contain_text("First frame received", timeout=PATIENCE_MS)
    expect(headline).to_contain_text("-97\u00a0dBm")
    expect(headline).to_contain_text("SNR 7\u00a0dB")
    expect(headline).to_contain_text("battery 61%")
    expect(phone.locator(".frame-values")).to_contain_text("21.4")
    expect(phone.get_by_text("Spreading factor 9.")).to_be_visible()
    town.server.wait_until(lambda: town.on_the_map(code), "the sensor is not on the map")
    phone.goto(f"{town.url}/en/")
    expect(phone.locator(f"[href$='{code}']").first).to_be_attached()


def test_a_sensor_that_was_switched_on_too_early_is_heard_at_once(town: Town, phone: Page) -> None:
    publish(town.broker, "up", frame(1, 19.5))
    town.server.wait_until(lambda: town.letters() == 1, "the unknown device left no letter")
    install(phone, town)
    expect(phone.get_by_text("First frame received")).to_be_visible(timeout=PATIENCE_MS)
    expect(phone.locator(".frame-values")).to_contain_text("19.5")
    assert town.letters() == 0
