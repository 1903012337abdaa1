"""From counts by hand and the counts of a running city to the calibration file."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import httpx
import pytest

from placette import calibrating, city, control
from placette.access import Tokens
from placette.api import Access
from placette.model.errors import BadInput

PARIS = ZoneInfo("Europe/Paris")
PATIENCE_S = 60
MODELS = """
[scanner]
kind = "counter"
names = { fr = "Scanner", en = "Scanner" }
every_s = 300
quantities = [ { property = "pedestrians", key = "devices", minimum = 0, maximum = 9000 } ]
"""
NETWORK = """
[square]
kind = "wifi"
names = { fr = "Wi-Fi", en = "Wi-Fi" }
token_env = "A_SECRET"
options = { opt_out_env = "A_KEY" }
"""
MORNINGS = [datetime(2026, 3, day, 9, tzinfo=PARIS) for day in (9, 10, 11)]
EVENINGS = [datetime(2026, 3, day, 17, tzinfo=PARIS) for day in (9, 10, 11)]
SATURDAYS = [datetime(2026, 3, day, 15, tzinfo=PARIS) for day in (7, 14, 21)]


class Running(NamedTuple):
    """A served city."""

    folder: Path
    data: Path
    environment: dict[str, str]


def placette(running: Running, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "placette", *arguments, "--city", running.folder, "--data", running.data]
    return subprocess.run(command, capture_output=True, check=False, env=running.environment, input=given)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A city whose scanner has counted 30 devices in each interval of nine half-hours, but 8 untold in one of them."""
    home = tmp_path_factory.mktemp("calibrating")
    folder, data = home / "city", home / "data"
    city.scaffold("Petite", folder)
    row = (folder / "things.csv").read_text().splitlines()[1].split(",")
    (folder / "things.csv").write_text(
        f"id,model,place,longitude,latitude,network\nS-1,scanner,{row[2]},{row[3]},{row[4]},square\n"
    )
    for name, text in (("models.toml", MODELS), ("networks.toml", NETWORK)):
        with (folder / name).open("a") as file:
            file.write(text)
    environment = os.environ | {"A_SECRET": "s", "A_KEY": "k"}
    serve = [sys.executable, "-m", "placette", "serve", "--city", folder, "--data", data, "--port", "0"]
    with subprocess.Popen(serve, env=environment, stdout=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + PATIENCE_S
        while (found := control.find(data)) is None:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        try:
            token = Tokens(data).create("test", Access.WRITE)
            lines = [
                f'{{"datastream": "S-1/pedestrians", "time": "{(start + timedelta(minutes=at)).isoformat()}",'
                f' "result": {"null" if (start, at) == (MORNINGS[0], 0) else 30}}}\n'
                for start in (*MORNINGS, *EVENINGS, *SATURDAYS)
                for at in range(0, 30, 5)
            ]
            answer = httpx.post(
                f"{found.url}/api/observations",
                content="".join(lines),
                headers={"Content-Type": "application/x-ndjson", "Authorization": f"Bearer {token}"},
                trust_env=False,
            )
            assert answer.status_code == 201, answer.text
            yield Running(folder, data, environment)
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


def counts(folder: Path, sessions: list[datetime], people: float = 360) -> Path:
    file = folder / "counts.csv"
    lines = [
        f"S-1,{start:%Y-%m-%dT%H:%M},{start + timedelta(minutes=30):%Y-%m-%dT%H:%M},{people}" for start in sessions
    ]
    file.write_text("device,start,end,people\n" + "\n".join(lines) + "\n")
    return file


def test_counts_by_hand_become_a_ratio_of_each_class_of_time(running: Running, tmp_path: Path) -> None:
    file = counts(tmp_path, [*MORNINGS, *EVENINGS, *SATURDAYS])
    done = placette(running, "wifi", "calibrate", str(file))
    assert done.returncode == 0, done.stderr.decode()
    assert "S-1, weekday-evening: 2.00 people per device (2.00 to 2.00, 3 sessions)" in done.stdout.decode()
    assert city.check(running.folder) == []
    found = {each.time_class: each.ratio for each in city.read(running.folder).wifi_calibrations}
    assert found["saturday"] == 2.0
    assert found["weekday-morning"] == pytest.approx(3 * 360 / (17 * 30 + 5), abs=1e-4)


def test_too_few_sessions_say_what_is_missing(running: Running, tmp_path: Path) -> None:
    done = placette(running, "wifi", "calibrate", str(counts(tmp_path, [*MORNINGS, *EVENINGS, *SATURDAYS[:2]])))
    assert done.returncode == 1
    assert b"saturday has 2 of 3 sessions" in done.stderr


def test_a_session_the_sensor_did_not_hear_is_refused(running: Running, tmp_path: Path) -> None:
    done = placette(
        running, "wifi", "calibrate", str(counts(tmp_path, [*MORNINGS, datetime(2026, 3, 12, 9, tzinfo=PARIS)]))
    )
    assert done.returncode == 1
    assert b"0 of 6 intervals" in done.stderr


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("S-1,2026-03-09T09:01,2026-03-09T09:30,4", "whole intervals"),
        ("S-1,2026-03-09T09:30,2026-03-09T09:00,4", "whole intervals"),
        ("S-1,yesterday,2026-03-09T09:00,4", "cannot be read"),
        ("S-1,2026-03-09T09:00,2026-03-09T09:30,-4", "negative"),
        ("S-1,2026-03-09T09:00,2026-03-09T09:30,nan", "negative"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, said: str) -> None:
    file = tmp_path / "counts.csv"
    file.write_text(f"device,start,end,people\n{line}\n")
    with pytest.raises(BadInput, match=said) as caught:
        calibrating.read_counts(file, PARIS)
    assert caught.value.where.endswith(":2")


def test_an_objection_is_read_from_standard_input_and_kept_as_a_hash(running: Running) -> None:
    done = placette(running, "wifi", "opt-out", "square", given=b"f8:77:b8:00:00:2a\n")
    assert done.returncode == 0, done.stderr.decode()
    kept = (running.data / "wifi-opt-out.square").read_text()
    assert re.fullmatch(r"[0-9a-f]{64}\n", kept)
    assert placette(running, "wifi", "opt-out", "square", given=b"not one").returncode == 1
    assert placette(running, "wifi", "opt-out", "street-mqtt", given=b"f8:77:b8:00:00:2a").returncode == 1
    assert (running.data / "wifi-opt-out.square").read_text() == kept
