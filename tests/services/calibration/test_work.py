"""Corrected values follow the measured ones: new, late, corrected, and after the correction itself has changed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from placette import city as cities
from placette.city.model import City
from placette.model.entities import Origin
from placette.model.observations import ObservationRow
from placette.publish.city_sync import sync
from placette.services.calibration import Correcting
from placette.store import Store

AIX = Path(__file__).resolve().parents[3] / "cities" / "aix"
NOON = 1_780_000_000_000_000
MINUTE = 60_000_000
DEVICE = "AIX-ROT-AIR-01"

CORRECTION = """
[humidity]
method = "koehler"
inputs = ["pm2_5", "humidity"]
output = "pm2_5_dry"
models = ["hive"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "aix"
    shutil.copytree(AIX, made)
    (made / "corrections.toml").write_text(CORRECTION)
    return made


@pytest.fixture
def city(folder: Path) -> City:
    return cities.read(folder)


@pytest.fixture
def store(tmp_path: Path, city: City) -> Iterator[Store]:
    opened = Store.open(tmp_path / "placette.duckdb")
    sync(opened, city, Origin.MEASURED)
    yield opened
    opened.close()


async def measure(store: Store, mass: float, humidity: float | None, time: int = NOON) -> None:
    known = store.directory.by_code
    rows = [ObservationRow(known[f"{DEVICE}/pm2_5"].id, time, mass)]
    if humidity is not None:
        rows.append(ObservationRow(known[f"{DEVICE}/humidity"].id, time + MINUTE, humidity))
    await store.append_rows(rows)


def corrected(store: Store) -> list[tuple[float | None, int]]:
    found = store.query_now(
        "SELECT o.result, o.quality FROM observation o JOIN datastream d ON d.id = o.datastream_id"
        " WHERE d.code = ? ORDER BY o.phenomenon_time",
        [f"{DEVICE}/pm2_5_dry"],
    )
    return [(row["result"], row["quality"]) for row in found.to_pylist()]


async def test_a_measured_value_is_corrected_beside_it(store: Store, city: City) -> None:
    await measure(store, 20.0, 80.0)
    work = Correcting(store, city)
    assert work.step(NOON) == 1
    assert corrected(store) == [(pytest.approx(20 / 1.9697, rel=1e-4), 2)]
    assert work.step(NOON) == 0
    made = store.directory.by_code[f"{DEVICE}/pm2_5_dry"]
    assert (made.origin, made.unit) == ("modelled", "ug/m3")


async def test_without_its_humidity_a_value_is_missing_until_it_comes(store: Store, city: City) -> None:
    await measure(store, 20.0, None)
    Correcting(store, city).step(NOON)
    assert corrected(store) == [(None, 9)]


async def test_what_comes_late_or_is_corrected_afterwards_is_corrected_too(store: Store, city: City) -> None:
    work = Correcting(store, city)
    await measure(store, 20.0, 80.0)
    work.step(NOON)
    await measure(store, 40.0, 80.0, NOON - 60 * MINUTE)
    await measure(store, 30.0, 80.0)
    changed = store.query_now("SELECT epoch_us(max(changed_at)) AS at FROM observation_change").to_pylist()[0]["at"]
    work.step(changed)
    assert [value for value, _ in corrected(store)] == [
        pytest.approx(40 / 1.9697, rel=1e-4),
        pytest.approx(30 / 1.9697, rel=1e-4),
    ]


async def test_a_changed_correction_begins_anew(store: Store, city: City, folder: Path) -> None:
    await measure(store, 20.0, 80.0)
    Correcting(store, city).step(NOON)
    (folder / "corrections.toml").write_text(CORRECTION.replace('"koehler"', '"epa"'))
    Correcting(store, cities.read(folder)).step(NOON)
    assert corrected(store)[0][0] == pytest.approx(0.524 * 20 - 0.0862 * 80 + 5.75)


async def test_very_humid_air_makes_the_correction_suspect(store: Store, city: City) -> None:
    await measure(store, 20.0, 99.0)
    Correcting(store, city).step(NOON)
    assert corrected(store)[0][1] == 3


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (CORRECTION.replace("pm2_5_dry", "pm2_5"), "never overwritten"),
        (CORRECTION.replace('"humidity"]', '"temperature"]'), "is in Cel"),
        (CORRECTION.replace('["pm2_5", "humidity"]', '["pm2_5"]'), "needs two inputs"),
        (CORRECTION.replace('models = ["hive"]', ""), "whose values"),
        (CORRECTION.replace('"hive"', '"hives"'), "unknown 'hives'"),
        (CORRECTION.replace("koehler", "colocation"), "'file' is missing"),
    ],
)
def test_a_faulty_correction_is_explained(folder: Path, text: str, words: str) -> None:
    (folder / "corrections.toml").write_text(text)
    assert any(words in fault.what for fault in cities.check(folder))
