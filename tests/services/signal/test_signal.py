"""How devices are heard: lost frames, time on air, and when their batteries will be empty."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from placette import city as cities
from placette.analyse import lorawan
from placette.city.model import City
from placette.model.arrivals import Arrival
from placette.model.entities import Origin
from placette.model.lineage import UplinkRecord
from placette.model.observations import ObservationRow
from placette.publish.city_sync import sync
from placette.services.signal import compute
from placette.services.signal.battery import forecast
from placette.store import Store, arrivals

AIX = Path(__file__).resolve().parents[3] / "cities" / "aix"
NOON = 1_780_000_000_000_000
MINUTE = 60_000_000
DAY = 1440 * MINUTE
CODE = "AIX-ROT-AIR-01"


@pytest.fixture
def city() -> City:
    return cities.read(AIX)


@pytest.fixture
def store(tmp_path: Path, city: City) -> Iterator[Store]:
    opened = Store.open(tmp_path / "placette.duckdb")
    sync(opened, city, Origin.MEASURED)
    yield opened
    opened.close()


async def heard(store: Store, *records: dict[str, Any]) -> None:
    book = arrivals.of(store)
    made = [
        UplinkRecord(**({"arrival": 0, "device": "70B3", "thing_code": CODE, "time": NOON} | record))
        for record in records
    ]
    arrival = Arrival(network="lora", channel="up", payload=b"x", received_time=NOON)
    await book.keep(book.allot(1), [arrival], made)


async def device(store: Store, city: City, code: str = CODE) -> Any:
    found = await compute(store, city, NOON)
    return next(each for each in found.devices if each.code == code)


async def test_lost_frames_are_told_by_the_counter_of_each_session(store: Store, city: City) -> None:
    counters = [("A", 5), ("A", 6), ("A", 9), ("B", 0), ("B", 1)]
    await heard(store, *({"session": session, "counter": counter} for session, counter in counters))
    found = await device(store, city)
    assert found.frames == 5
    assert found.lost == pytest.approx(1 - 5 / 7)
    assert "lost" in found.troubles


async def test_without_a_counter_the_model_says_how_many_should_have_come(store: Store, city: City) -> None:
    await heard(store, *({"time": NOON - minutes * MINUTE} for minutes in range(0, 1200, 20)))
    assert (await device(store, city)).lost == pytest.approx(0.5, abs=0.02)


async def test_time_on_air_is_that_of_each_frame(store: Store, city: City) -> None:
    frames = [
        {"time": NOON - minutes * MINUTE, "spreading_factor": 12, "payload_bytes": 24, "bandwidth_hz": 125_000}
        for minutes in (0, 60, 120)
    ]
    await heard(store, *frames)
    one = lorawan.airtime_s(lorawan.Frame(bytes=24, spreading_factor=12))
    assert (await device(store, city)).duty_cycle == pytest.approx(3 * one / 7200)


async def test_the_first_frame_is_not_yet_a_loss(store: Store, city: City) -> None:
    await heard(store, {"time": NOON - MINUTE})
    assert (await device(store, city)).lost == 0


async def test_gateways_are_known_by_what_they_heard(store: Store, city: City) -> None:
    await heard(
        store,
        {"gateway": "G1", "gateways": 2, "rssi_dbm": -97.0, "snr_db": -15.0},
        {"gateway": "G1", "rssi_dbm": -95.0, "snr_db": -13.0},
        {"gateway": "G2", "rssi_dbm": -60.0, "snr_db": 9.0, "device": "70B4"},
    )
    found = await compute(store, city, NOON)
    assert [(each.gateway, each.frames, each.devices, each.rssi_dbm) for each in found.gateways] == [
        ("G1", 2, 1, -96.0),
        ("G2", 1, 1, -60.0),
    ]
    assert "weak" in (await device(store, city)).troubles


async def test_a_device_that_was_not_heard_is_silent(store: Store, city: City) -> None:
    assert (await device(store, city)).troubles == ("silent",)
    stream = store.directory.by_code[f"{CODE}/no2"].id
    await store.append_rows([ObservationRow(stream, NOON - 20 * MINUTE, 12.0)])
    assert (await device(store, city)).troubles == ()


async def test_a_battery_is_foretold_by_its_levels(store: Store, city: City) -> None:
    code = next(each.code for each in city.devices if each.kind == "bin")
    stream = store.directory.by_code[f"{code}/battery"].id
    rows = [ObservationRow(stream, NOON - day * DAY, 40.0 + day) for day in range(20)]
    await store.append_rows(rows)
    found = await device(store, city, code)
    assert found.battery_percent == 40
    assert found.battery.days == pytest.approx(30)
    assert "battery" in found.troubles


@pytest.mark.parametrize(
    "levels", [[80] * 20, list(range(60, 80)), [80, 81, 79, 80, 82, 80, 79, 81, 80, 80], [90, 89, 88]]
)
def test_a_level_that_does_not_clearly_fall_is_not_foretold(levels: list[float]) -> None:
    assert forecast(range(len(levels)), levels) is None


def test_single_wrong_levels_do_not_matter() -> None:
    levels = [90.0 - day for day in range(30)]
    levels[7] = levels[21] = 0.0
    found = forecast(range(30), levels)
    assert found is not None
    assert found.days == pytest.approx(51, abs=2)
    assert found.soonest <= found.days <= (found.latest or 1e9)
