"""Flags in a running city: by MQTT at once, by post within a minute, on the page, and through the command line."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from tests.connect.conftest import Mosquitto
from tests.end_to_end.served import PATIENCE_S, free_port, observations, served, wait_until, write_city

pytestmark = pytest.mark.broker

MODELS = """
[climate]
kind = "air"
names = { fr = "Climat", en = "Climate" }
every_s = 600
quantities = [{ property = "temperature", minimum = -30, maximum = 60 }]
"""
NETWORKS = """
[sensors]
kind = "mqtt"
names = {{ fr = "Capteurs", en = "Sensors" }}
host = "127.0.0.1"
port = {port}
"""
DEVICES = """id,model,place,longitude,latitude,network
V-CLI-01,climate,centre,0,0,sensors
V-CLI-02,climate,centre,0,0,sensors
"""
QUALITY = "[temperature]\nsuspect = [-20, 20.35]\n"


class Living(NamedTuple):
    """A running city: its client, its broker, its data folder."""

    client: httpx.Client
    broker: Mosquitto
    data: Path

    def flags(self, code: str) -> list[tuple[float | None, str]]:
        """Return result and flag of each observation of a thermometer, oldest first."""
        found = observations(self.client, f"{code}/temperature")
        return [(each["result"], str(each["resultQuality"])) for each in found]

    def run(self, *arguments: str) -> str:
        """Run a command on the city's data and return what it prints."""
        command = [sys.executable, "-m", "placette", "quality", *arguments, "--data", str(self.data)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    folder = tmp_path_factory.mktemp("quality")
    broker = Mosquitto(folder, free_port())
    broker.start()
    networks = NETWORKS.format(port=broker.port)
    write_city(folder / "city", models=MODELS, networks=networks, things=DEVICES, quality=QUALITY)
    with served(folder / "city", folder / "data") as city:
        wait_until(city.connected, (folder / "log").read_text)
        yield Living(city.client, broker, folder / "data")
    broker.stop()


def moment(step: int) -> str:
    """The time of a reading, ten minutes apart, the last ones a moment ago."""
    return time.strftime("%Y-%m-%dT%H:%M:00Z", time.gmtime(time.time() - 7200 + 600 * step))


def test_what_comes_over_mqtt_is_flagged_at_once_and_a_spike_when_it_is_over(living: Living) -> None:
    values = [20.0, 20.2, 35.0, 20.3, 20.4, 75.0]
    for step, value in enumerate(values):
        body = json.dumps({"time": moment(step), "values": {"temperature": value}})
        command = ["mosquitto_pub", "-p", str(living.broker.port), "-q", "1", "-t", "devices/V-CLI-01/up", "-m", body]
        subprocess.run(command, check=True, timeout=PATIENCE_S)
        wait_until(lambda expected=step + 1: len(living.flags("V-CLI-01")) == expected)  # type: ignore[misc]
    assert living.flags("V-CLI-01") == list(zip(values, "114334", strict=True))
    page = living.client.get("/en/places/centre").text
    assert 'quality="4"' in page
    assert "rejected" in page


def test_what_is_posted_is_judged_by_the_command_line(living: Living) -> None:
    found = living.client.get("/v1.1/Datastreams", params={"$filter": "properties/code eq 'V-CLI-02/temperature'"})
    number = found.json()["value"][0]["@iot.id"]
    for step, value in enumerate([20.0, 99.0, 20.1]):
        body = {"phenomenonTime": moment(step), "result": value}
        living.client.post(f"/v1.1/Datastreams({number})/Observations", json=body).raise_for_status()
    living.run("run")
    assert living.flags("V-CLI-02") == [(20.0, "1"), (99.0, "4"), (20.1, "1")]
    latest = living.client.get("/api/latest").json()["latest"]
    assert [each["quality"] for each in latest if each["code"] == "V-CLI-02/temperature"] == [1]
    said = living.run("report", "--property", "temperature", "--each")
    assert "V-CLI-02/temperature" in said
    assert "33.33%" in said


def test_a_stopped_city_is_judged_too_and_a_wrong_span_is_said(living: Living, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "placette", "quality", "report", "--data", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "there is no data" in done.stderr) == (1, True)
    command = ["run", "--from", "2026-01-02", "--to", "2026-01-01", "--data", str(living.data)]
    done = subprocess.run(
        [sys.executable, "-m", "placette", "quality", *command], capture_output=True, text=True, check=False
    )
    assert (done.returncode, "the time span is empty" in done.stderr) == (1, True)
