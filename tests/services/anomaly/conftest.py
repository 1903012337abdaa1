"""A city of real datastreams with half a year of counts, noise and air behind it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest

from placette import city as cities
from placette.anomalies import Anomalies
from placette.city.model import City
from placette.model.entities import Origin
from placette.model.observations import TIME
from placette.publish.city_sync import sync
from placette.services.anomaly import Asked, Told, work
from placette.store import Store

AIX = Path(__file__).resolve().parents[3] / "cities" / "aix"
PARIS = ZoneInfo("Europe/Paris")
HOUR_US = 3_600_000_000
DAYS = 120
NOW = int(datetime(2026, 6, 15, 20, 10, tzinfo=PARIS).timestamp()) * 1_000_000
COUNTERS = ("AIX-ROT-CNT-01", "AIX-ROT-CNT-02", "AIX-ROT-CNT-03", "AIX-ROT-CNT-04")
SOUND = "AIX-ROT-SON-01/laeq"


class Town:
    """The store, the city, and values by hour (places in a table that ends at ``NOW``)."""

    def __init__(self, store: Store, city: City) -> None:
        self.store = store
        self.city = city
        self.until(NOW)
        self.anomalies = Anomalies(store, lambda: city, lambda: self.now, inline)

    def until(self, now: int) -> None:
        """Let the values end at another time (µs UTC)."""
        self.now = now
        self.hours = np.arange(now // HOUR_US - DAYS * 24, now // HOUR_US)

    def local(self) -> list[datetime]:
        """Return the hours by the city's clock."""
        return [datetime.fromtimestamp(int(hour) * 3600, UTC).astimezone(PARIS) for hour in self.hours]

    def usual(self, seed: int = 0, level: float = 300.0) -> np.ndarray:
        """Return counts as a street has them: by hour, quieter on Sundays, with chance."""
        local = self.local()
        clock = np.array([each.hour for each in local])
        sunday = np.array([each.weekday() == 6 for each in local])
        shape = np.exp(-((clock - 15.5) ** 2) / 18) * np.where(sunday, 0.6, 1.0) + 0.02
        common = np.exp(np.random.default_rng(99).normal(0, 0.05, len(shape)))
        return np.random.default_rng(seed).poisson(level * shape * common).astype(float)

    def put(self, code: str, values: np.ndarray, first: int = 0) -> None:
        """Store hourly values from place ``first`` on; NaN is left out."""
        there = np.flatnonzero(~np.isnan(values))
        info = self.store.directory.by_code[code]
        table = {
            "datastream_id": pa.array(np.full(len(there), info.id, np.int64)),
            "phenomenon_time": pa.array(self.hours[first + there] * HOUR_US).cast(TIME),
            "result": pa.array(values[there]),
            "quality": pa.array(np.ones(len(there), np.uint8)),
        }
        self.store.append_now(pa.table(table))

    def rows(self) -> list[dict[str, Any]]:
        """Return every stored record of an anomaly."""
        ids = [info.id for info in self.store.directory.by_id.values() if (info.code or "").endswith(".anomaly")]
        return [
            row
            for each in ids
            for row in self.store.query_now(
                "SELECT datastream_id, epoch_us(phenomenon_time) AS time, result, extra FROM observation"
                " WHERE datastream_id = ? ORDER BY phenomenon_time",
                [each],
            ).to_pylist()
        ]


async def inline(asked: Asked) -> Told:
    return work(asked)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    city = cities.read(AIX)
    store = Store.open(tmp_path / "placette.duckdb")
    sync(store, city, Origin.MEASURED)
    yield Town(store, city)
    store.close()
