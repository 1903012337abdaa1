"""A store in a folder of the test, and datastreams to fill it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from placette.model import units
from placette.model.entities import Datastream, Location, ObservedProperty, Sensor, Thing
from placette.store import Store, StoreSettings, catalogue

Opener = Callable[..., Store]

NOON = 1_750_000_000_000_000
"""An instant in June 2025, µs UTC."""
SECOND = 1_000_000


@pytest.fixture
def open_store(tmp_path: Path) -> Iterator[Opener]:
    """Opens ``city.duckdb`` of this test's folder, again and again if need be, and closes what is left open."""
    opened: list[Store] = []

    def opener(**settings: object) -> Store:
        store = Store.open(tmp_path / "city.duckdb", StoreSettings(**settings))
        opened.append(store)
        return store

    yield opener
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: Opener) -> Store:
    return open_store()


def make_datastreams(
    store: Store, count: int = 1, *, identity: str = "phenomenonTime", origin: str = "measured"
) -> list[int]:
    """Make one Thing with ``count`` datastreams and return their ids."""
    return store.change_now(lambda con: insert_device(con, f"{identity}-{origin}", count, identity, origin))


def insert_device(
    con: duckdb.DuckDBPyConnection,
    code: str,
    count: int = 1,
    identity: str = "phenomenonTime",
    origin: str = "measured",
) -> list[int]:
    place = Location(name="Rotonde", description="", location={"type": "Point", "coordinates": [5.4477, 43.5263]})
    thing = catalogue.insert_thing(
        con, Thing(name=code, description="", properties={"code": code, "place": "rotonde", "kind": "air"})
    )
    catalogue.insert_location(con, place, [thing])
    sensor = catalogue.insert_sensor(con, Sensor(name="s", description=""))
    observed = catalogue.insert_observed_property(
        con, ObservedProperty(name="PM10", definition="urn:pm10", description="")
    )
    return [
        catalogue.insert_datastream(
            con,
            Datastream(
                name=f"{code} {number}",
                description="",
                unit_of_measurement=units.unit("ug/m3"),
                thing_id=thing,
                sensor_id=sensor,
                observed_property_id=observed,
                properties={"code": f"{code}/{number}", "identity": identity, "origin": origin},
            ),
        )
        for number in range(count)
    ]


def table(datastreams: object, times: object, results: object) -> pa.Table:
    """A table to append; times in µs UTC."""
    return pa.table(
        {
            "datastream_id": pa.array(np.asarray(datastreams, np.int64)),
            "phenomenon_time": pa.array(np.asarray(times, np.int64)).cast(pa.timestamp("us")),
            "result": pa.array(results, pa.float64()),
        }
    )


def stored(
    store: Store, columns: str = "datastream_id, epoch_us(phenomenon_time) AS time, result"
) -> list[tuple[object, ...]]:
    """All stored observations by id, as tuples."""
    rows = store.query_now(f"SELECT {columns} FROM observation ORDER BY id").to_pylist()
    return [tuple(row.values()) for row in rows]
