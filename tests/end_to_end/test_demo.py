"""The first ten minutes: what the demo prints works as it stands, and everything it shows agrees."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.broker]


def until(found: Callable[[], Any], patience_s: float = 60) -> Any:
    deadline = time.monotonic() + patience_s
    while not (value := found()):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return value


def get(demo: Any, path: str, **query: str) -> Any:
    answer = httpx.get(demo.url + path, params=query, trust_env=False, timeout=30)
    answer.raise_for_status()
    return answer.json()


def results(demo: Any, datastream: int) -> list[float]:
    options = {"$orderby": "id desc", "$top": "50", "$select": "result"}
    return [each["result"] for each in get(demo, f"/v1.1/Datastreams({datastream})/Observations", **options)["value"]]


def test_every_place_has_live_values_that_are_labelled_as_simulated(demo: Any) -> None:
    values = get(demo, "/api/latest")["latest"]
    assert {value["origin"] for value in values} == {"simulated"}
    assert {value["place"] for value in values} == {"hotel-de-ville", "torse", "rotonde", "pole-culturel"}


def test_the_printed_curl_line_stores_a_value(demo: Any) -> None:
    command = demo.line("curl").replace("21.5", "-7.25")
    subprocess.run(command, shell=True, check=True, capture_output=True)  # noqa: S602  # the line is what is tested
    datastream = json.loads(command.split("-d '")[1].split("'")[0])["Datastream"]["@iot.id"]
    assert -7.25 in results(demo, datastream)


def test_the_printed_mosquitto_line_stores_a_value(demo: Any) -> None:
    command = demo.line("mosquitto_pub").replace("21.5", "-8.25")
    subprocess.run(command, shell=True, check=True, capture_output=True)  # noqa: S602  # the line is what is tested
    device = command.split("devices/")[1].split("/")[0]
    key = next(iter(json.loads(command.split("-m '")[1].split("'")[0])["values"]))
    found = get(demo, "/v1.1/Datastreams", **{"$filter": f"properties/code eq '{device}/{key}'"})["value"]
    until(lambda: -8.25 in results(demo, found[0]["@iot.id"]))


def test_the_live_stream_shows_what_the_devices_send(demo: Any) -> None:
    with httpx.stream("GET", f"{demo.url}/api/live", trust_env=False, timeout=60) as stream:
        line = next(line for line in stream.iter_lines() if line.startswith("data: ["))
    assert {"datastream", "time", "quality", "id"} <= json.loads(line.removeprefix("data: "))[0].keys()


def test_new_observations_can_be_received_over_mqtt(demo: Any) -> None:
    port = demo.line("mosquitto_pub").split("-p ")[1].split()[0]
    heard = subprocess.run(
        ["mosquitto_sub", "-p", port, "-t", "v1.1/Observations", "-C", "1", "-W", "60"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    entity = json.loads(heard)
    assert get(demo, f"/v1.1/Observations({entity['@iot.id']})")["result"] == entity["result"]


def test_a_new_token_writes_and_a_revoked_one_does_not(demo: Any, placette: Any) -> None:
    secret = placette("token", "create", "visitor", "--data", str(demo.data)).stdout.strip()
    line = b'{"datastream": 1, "time": "2026-01-01T00:00:00Z", "result": 1}\n'
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/x-ndjson"}
    post = lambda: httpx.post(f"{demo.url}/api/observations", content=line, headers=headers, trust_env=False)  # noqa: E731
    assert post().status_code == 201
    placette("token", "revoke", "visitor", "--data", str(demo.data))
    until(lambda: post().status_code == 401, patience_s=10)  # a running server looks at its tokens twice a second


def test_health_says_that_all_is_well(demo: Any) -> None:
    health = get(demo, "/api/health")
    assert health["networks"][0]["connected"]
    assert health["troubles"] == []


def test_a_backup_of_the_running_city_can_be_restored_elsewhere(demo: Any, placette: Any, tmp_path: Path) -> None:
    copy = tmp_path / "copy.duckdb"
    said = placette("backup", str(copy), "--data", str(demo.data)).stdout
    assert "observations" in said
    assert get(demo, "/api/health")["last_backup"] is not None
    placette("restore", str(copy), "--data", str(tmp_path / "elsewhere"))
    assert (
        placette("backup", str(tmp_path / "again.duckdb"), "--data", str(tmp_path / "elsewhere")).stdout.split()[0]
        == (said.split()[0])
    )


def test_a_running_city_is_not_restored_over(demo: Any, placette: Any, tmp_path: Path) -> None:
    refused = placette("restore", str(tmp_path / "x.duckdb"), "--data", str(demo.data), check=False)
    assert refused.returncode == 1
    assert "stop it first" in refused.stderr


def test_it_stops_in_good_order_and_goes_on_where_it_was(start: Any, tmp_path: Path) -> None:
    first = start(tmp_path / "data")
    assert first.stop() == 0
    assert "Traceback" not in (tmp_path / "data.log").read_text()
    assert not (tmp_path / "data" / "placette.duckdb.wal").exists()
    again = start(tmp_path / "data")
    made = [int(demo.said.split("History: ")[1].split()[0].replace(",", "")) for demo in (first, again)]
    assert again.stop() == 0
    assert made[1] < made[0] / 10
