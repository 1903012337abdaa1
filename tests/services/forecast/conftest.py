"""A city with a few weeks of hourly values: counters, one that is even, one that is new, one that has fallen silent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from placette import city as cities
from placette.analyse.forecast import system
from placette.analyse.forecast.boosted import Boosted
from placette.analyse.forecast.learning import Drawing
from placette.analyse.forecast.neural import Neural
from placette.city.model import City, Threshold
from placette.model.entities import Origin
from placette.model.observations import TIME
from placette.publish.city_sync import sync
from placette.services.forecast.foreseeing import Foreseeing
from placette.services.forecast.terms import Step
from placette.services.forecast.worker import Told, work
from placette.store import Store

AIX = Path(__file__).resolve().parents[3] / "cities" / "aix"
HOUR = 3_600_000_000
DAY = 24 * HOUR
MIDNIGHT = 1_780_264_800_000_000
"""Monday 2026-06-01 00:00 in Paris."""
SOON = MIDNIGHT + 400_000_000
"""Some minutes later."""
WEEKS = 9
QUICK = system.Settings(
    drawing=Drawing(examples=2_000),
    boosted=Boosted(trees=20),
    neural=Neural(steps=60, networks=1),
    tuned=Boosted(trees=10, leaves=7, steps_in_leaf=20),
    taught=Neural(steps=10, rate=0.0005, decay=0.02),
)


def street(hours: int, seed: int = 1, end: int = MIDNIGHT) -> tuple[np.ndarray, np.ndarray]:
    """Times and counts of the last hours before ``end``: a day, a quiet weekend, noise."""
    times = end - HOUR * np.arange(hours, 0, -1)
    steps = (times - MIDNIGHT) // HOUR
    day = 60 + 50 * np.sin((steps % 24 - 8) / 24 * 2 * np.pi)
    quiet = np.where(steps // 24 % 7 >= 5, 0.4, 1.0)
    return times, day * quiet * np.random.default_rng(seed).lognormal(0, 0.2, hours)


def put(store: Store, code: str, times: np.ndarray, values: np.ndarray) -> None:
    table = {
        "datastream_id": pa.array(np.full(len(times), store.directory.by_code[code].id, np.int64)),
        "phenomenon_time": pa.array(times).cast(TIME),
        "result": pa.array(np.asarray(values, np.float64)),
    }
    store.append_now(pa.table(table))


def make(foreseeing: Foreseeing, now: int, step: Step = "hour") -> Told | None:
    """Make what is due of one step, the learning short and in this process."""
    due = next((each for each in foreseeing.due(now) if each.step == step), None)
    ask = foreseeing.ask(due) if due else None
    if ask is None:
        return None
    told = work(ask, QUICK)
    foreseeing.write(ask, told)
    return told


@pytest.fixture(scope="package")
def city() -> City:
    """Aix, which holds its counters against a busy day and a busy hour of its own."""
    busy = Threshold(
        key="busy_day",
        property="pedestrians",
        step="day",
        value=1_200,
        unit="{person}",
        kind="practice",
        valid_from=date(2020, 1, 1),
        source="the shop-keepers",
        names={"fr": "Jour animé", "en": "Busy day"},
    )
    hour = msgspec.structs.replace(busy, key="busy_hour", step="hour", value=130, names={"fr": "Heure", "en": "Hour"})
    return msgspec.structs.replace(cities.read(AIX), thresholds=(busy, hour))


@pytest.fixture
def store(tmp_path: Path, city: City) -> Iterator[Store]:
    opened = Store.open(tmp_path / "placette.duckdb")
    sync(opened, city, Origin.SIMULATED)
    yield opened
    opened.close()


COUNTER, OTHER, EVEN, YOUNG, SILENT = (
    "AIX-ROT-CNT-01/pedestrians",
    "AIX-ROT-CNT-02/pedestrians",
    "AIX-ROT-AIR-01/pm10",
    "AIX-ROT-AIR-01/no2",
    "AIX-ROT-AIR-01/o3",
)


class Lived(NamedTuple):
    """A city that has made its first issue of midnight; tests only look at it."""

    store: Store
    foreseeing: Foreseeing
    told: Told


@pytest.fixture(scope="package")
def lived(tmp_path_factory: pytest.TempPathFactory, city: City) -> Iterator[Lived]:
    folder = tmp_path_factory.mktemp("lived")
    opened = Store.open(folder / "placette.duckdb")
    sync(opened, city, Origin.SIMULATED)
    fill(opened)
    foreseeing = Foreseeing(opened, city, folder / "forecast")
    told = make(foreseeing, SOON)
    assert told is not None
    yield Lived(opened, foreseeing, told)
    opened.close()


@pytest.fixture
def foreseeing(store: Store, city: City, tmp_path: Path) -> Foreseeing:
    """Five series until the midnight."""
    fill(store)
    return Foreseeing(store, city, tmp_path / "forecast")


def fill(store: Store) -> None:
    times, counts = street(WEEKS * 168)
    put(store, COUNTER, times, counts)
    put(store, OTHER, times, 3 * street(WEEKS * 168, seed=2)[1])
    put(store, EVEN, times, np.full(len(times), 7.0))
    put(store, YOUNG, times[-240:], counts[-240:])
    put(store, SILENT, times[:-100], counts[:-100])
