"""A sensor hangs beside a reference: fitted by the command line, corrected by the running city."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from benchmarks.server import Server

from placette.access import Tokens

pytestmark = pytest.mark.slow

AIX = Path(__file__).resolve().parents[2] / "cities" / "aix"
PROPERTY = """
[no2_corrected]
names = { fr = "NO₂ étalonné", en = "NO₂, calibrated" }
definition = "http://dd.eionet.europa.eu/vocabulary/aq/pollutant/8"
unit = "ug/m3"
"""
CORRECTION = """
[no2-rotonde]
method = "colocation"
inputs = ["no2", "temperature"]
output = "no2_corrected"
things = ["AIX-ROT-AIR-01"]
file = "no2.json"
"""
SENSOR, REFERENCE = "AIX-ROT-AIR-01", "AIX-HDV-AIR-01/no2"
START = np.datetime64("2026-03-01T00:00:00", "s")


def lines() -> Iterator[str]:
    """Thirty days, hour by hour: a sensor that reads half and feels the temperature, and the truth beside it."""
    chance = np.random.default_rng(5)
    for hour in range(30 * 24):
        truth = 40 + 25 * np.sin(hour / 9) + chance.normal(0, 4)
        temperature = 12 + 7 * np.sin(hour * 2 * np.pi / 24) + chance.normal(0, 1)
        at = f"{START + np.timedelta64(hour, 'h')}Z"
        values = {
            f"{SENSOR}/no2": 0.5 * truth + 0.4 * temperature,
            f"{SENSOR}/temperature": temperature,
            REFERENCE: truth,
        }
        for code, value in values.items():
            yield json.dumps({"datastream": code, "time": at, "result": round(float(value), 4), "quality": 1})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "aix"
    shutil.copytree(AIX, made)
    (made / "properties.toml").write_text((made / "properties.toml").read_text() + PROPERTY)
    return made


def serve(data: Path, folder: Path) -> Server:
    server = Server(data, "serve", "--city", str(folder))
    server.wait()
    return server


def test_from_side_by_side_to_corrected_values(tmp_path: Path, folder: Path, placette: Any) -> None:
    data = tmp_path / "data"
    data.mkdir()
    token = Tokens(data).create("import")
    server = serve(data, folder)
    url = f"http://127.0.0.1:{server.port}"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-ndjson"}
    body = "\n".join(lines()).encode()
    assert httpx.post(f"{url}/api/observations", content=body, headers=headers, trust_env=False).status_code == 201
    said = placette(
        "calibrate", SENSOR, "--signals", "no2", "temperature", "--reference", REFERENCE, "--start", "2026-03-01",
        "--end", "2026-03-31", "--output", str(folder / "no2.json"), "--limit", "200", "--data", str(data),
    ).stdout  # fmt: skip
    assert "foretold" in said
    assert "expanded uncertainty at 200" in said
    server.stop()
    (folder / "corrections.toml").write_text(CORRECTION)
    server = serve(data, folder)
    try:
        found = until(lambda: corrected(server))
    finally:
        server.stop()
    reference = {line["time"]: line["result"] for line in map(json.loads, lines()) if line["datastream"] == REFERENCE}
    errors = [entity["result"] - reference[entity["phenomenonTime"]] for entity in found]
    assert len(found) == 30 * 24
    assert float(np.sqrt(np.mean(np.square(errors)))) < 3
    assert {entity["resultQuality"] for entity in found} == {1}
    assert all(entity["parameters"]["coverageFactor"] == 2 for entity in found)


def corrected(server: Server) -> list[dict[str, Any]]:
    """Return all corrected observations once they are there."""
    code = f"{SENSOR}/no2_corrected"
    asked = f"/v1.1/Datastreams?$filter=properties/code%20eq%20'{code}'&$expand=Observations($top=1000)"
    found = json.loads(server.get(asked))["value"]
    observations: list[dict[str, Any]] = found[0]["Observations"] if found else []
    return observations if len(observations) == 30 * 24 else []


def until(found: Any) -> Any:
    import time

    deadline = time.monotonic() + 240
    while not (value := found()):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return value
