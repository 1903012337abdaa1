"""A store with the devices of a quarter: thermometers that stand within 300 m, and a counter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from placette.model import units
from placette.model.entities import Datastream, Location, ObservedProperty, Sensor, Thing
from placette.model.quality import Checks
from placette.store import Store, catalogue

NOON = 1_750_000_200_000_000
MINUTE = 60_000_000
TEN = 10 * MINUTE
HOUR = 60 * MINUTE

CHECKS = {
    "temperature": Checks(
        unit="Cel",
        fail=(-50, 60),
        suspect=(-20, 45),
        spike=(4, 8),
        rate=60,
        flat=(1, 2),
        flat_tolerance=0.05,
        neighbour=6,
        neighbour_floor=1,
    ),
    "pedestrians": Checks(unit="{person}", fail=(0, 100_000), counts=True),
}

Make = Callable[..., int]


def insert(
    con: duckdb.DuckDBPyConnection, code: str, key: str, unit: str, properties: dict[str, object], east: float
) -> int:
    """Insert a thing with one datastream; ``east`` is metres from the others."""
    thing = catalogue.insert_thing(con, Thing(name=code, description="", properties={"code": code}))
    position = {"type": "Point", "coordinates": [5.4477 + east / 80_000, 43.5263]}
    catalogue.insert_location(con, Location(name="Rotonde", description="", location=position), [thing])
    sensor = catalogue.insert_sensor(con, Sensor(name="s", description=""))
    known = con.execute("SELECT id FROM observed_property WHERE key = ?", [key]).fetchall()
    observed = known[0][0] if known else _observed(con, key)
    return catalogue.insert_datastream(
        con,
        Datastream(
            name=code,
            description="",
            unit_of_measurement=units.unit(unit),
            thing_id=thing,
            sensor_id=sensor,
            observed_property_id=observed,
            properties={"code": f"{code}/{key}", "identity": "phenomenonTime", "origin": "measured", **properties},
        ),
    )


def _observed(con: duckdb.DuckDBPyConnection, key: str) -> int:
    return catalogue.insert_observed_property(
        con, ObservedProperty(name=key, definition="urn:x", description="", properties={"key": key})
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "city.duckdb")
    yield opened
    opened.close()


@pytest.fixture
def make(store: Store) -> Make:
    """Makes a datastream; ``properties`` are its own, ``east`` its distance from the others in m."""

    def made(
        code: str,
        key: str = "temperature",
        unit: str = "Cel",
        every_s: int = 600,
        east: float = 0,
        **properties: object,
    ) -> int:
        own = {"every_s": every_s, **properties}
        return store.change_now(lambda con: insert(con, code, key, unit, own, east))

    return made


def put(store: Store, datastream: int, times: object, results: object) -> None:
    """Store values as an import does: not evaluated."""
    store.append_now(
        pa.table(
            {
                "datastream_id": pa.array(np.full(len(np.asarray(times)), datastream)),
                "phenomenon_time": pa.array(np.asarray(times, np.int64)).cast(pa.timestamp("us")),
                "result": pa.array(results, pa.float64()),
            }
        )
    )


def flags(store: Store, datastream: int) -> list[int]:
    """The stored flags of a datastream by time."""
    sql = "SELECT quality FROM observation WHERE datastream_id = ? ORDER BY phenomenon_time"
    found: list[int] = store.query_now(sql, [datastream]).column("quality").to_pylist()
    return found
