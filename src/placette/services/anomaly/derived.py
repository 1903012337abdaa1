"""The datastreams that hold anomalies: one beside each datastream that has had one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import duckdb

from placette import __version__
from placette.model import units
from placette.model.entities import Datastream, Identity, Origin, Sensor
from placette.store import DatastreamInfo, Store, catalogue
from placette.store.sql import first

SENSOR = "placette anomalies"
ABOUT = (
    "Hours that are rare among those of the year before, by eleven charts against what similar days, level, weather"
    " and neighbours let expect (docs/anomalies.md). The result: once in so many days comes such an hour; 0: withdrawn."
)
SUFFIX = ".anomaly"


def outputs(store: Store, infos: Sequence[DatastreamInfo]) -> dict[int, int]:
    """Return for each datastream the id of the one that holds its anomalies; what is lacking is made. Blocks."""
    known = store.directory.by_code
    missing = [info for info in infos if f"{info.code}{SUFFIX}" not in known]
    if missing:
        store.change_now(partial(_make, missing=missing))
        known = store.directory.by_code
    return {info.id: known[f"{info.code}{SUFFIX}"].id for info in infos}


def existing(store: Store, infos: Sequence[DatastreamInfo]) -> dict[int, DatastreamInfo]:
    """Return by the id of the datastream that holds its anomalies each of these datastreams that has one."""
    known = store.directory.by_code
    return {known[code].id: info for info in infos if (code := f"{info.code}{SUFFIX}") in known}


def _make(con: duckdb.DuckDBPyConnection, *, missing: Sequence[DatastreamInfo]) -> None:
    row = first(con, "SELECT id FROM sensor WHERE name = ? ORDER BY id LIMIT 1", [SENSOR])
    sensor = row[0] if row else catalogue.insert_sensor(con, Sensor(name=SENSOR, description=ABOUT, metadata=ABOUT))
    for info in missing:
        owner = first(con, "SELECT observed_property_id FROM datastream WHERE id = ?", [info.id])
        if owner is None:
            continue
        properties: dict[str, Any] = {
            "code": f"{info.code}{SUFFIX}",
            "origin": str(Origin.MODELLED),
            "identity": str(Identity.PHENOMENON_TIME),
            "anomalyOf": info.code,
            "method": ABOUT,
            "version": __version__,
        }
        if info.origin == Origin.SIMULATED:
            properties["simulated"] = True
        datastream = Datastream(
            name=f"{info.name} – anomalies",
            description=ABOUT,
            unit_of_measurement=units.unit("d"),
            thing_id=info.thing_id,
            sensor_id=sensor,
            observed_property_id=owner[0],
            properties=properties,
        )
        catalogue.insert_datastream(con, datastream)
