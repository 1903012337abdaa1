"""The datastreams that hold forecasts: one per datastream and step, beside the one they foretell."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import duckdb

from placette import __version__
from placette.model import units
from placette.model.entities import Datastream, Identity, Origin, Sensor
from placette.services.forecast.terms import LEVELS, Step
from placette.store import DatastreamInfo, Store, catalogue
from placette.store.sql import first

SENSOR = "placette forecast"
ABOUT = (
    "Global quantile forecaster (docs/forecasting.md): trees, small networks, an autoregression and the profile of past"
    " weeks, weighted by their record, corrected conformally. The result is the median; parameters hold the quantiles."
)


def code_of(info: DatastreamInfo, step: Step) -> str:
    """Return the code of a datastream's forecast: of its hours, or of its local days."""
    return f"{info.code}.forecast" if step == "hour" else f"{info.code}.forecast.day"


def outputs(store: Store, infos: Sequence[DatastreamInfo], step: Step) -> tuple[int, ...]:
    """Return the ids of the forecasts of these datastreams; what is lacking is made in one transaction. Blocks."""
    known = store.directory.by_code
    missing = [info for info in infos if code_of(info, step) not in known]
    if missing:
        store.change_now(partial(_make, missing=missing, step=step))
        known = store.directory.by_code
    return tuple(known[code_of(info, step)].id for info in infos)


def _make(con: duckdb.DuckDBPyConnection, *, missing: Sequence[DatastreamInfo], step: Step) -> None:
    row = first(con, "SELECT id FROM sensor WHERE name = ? ORDER BY id LIMIT 1", [SENSOR])
    sensor = row[0] if row else catalogue.insert_sensor(con, Sensor(name=SENSOR, description=ABOUT, metadata=ABOUT))
    for info in missing:
        owner = first(con, "SELECT observed_property_id, unit_symbol FROM datastream WHERE id = ?", [info.id])
        if owner is None:
            continue
        properties: dict[str, Any] = {
            "code": code_of(info, step),
            "origin": str(Origin.FORECAST),
            "identity": str(Identity.PHENOMENON_AND_RESULT_TIME),
            "forecastOf": info.code,
            "step": step,
            "method": ABOUT,
            "levels": list(LEVELS),
            "version": __version__,
        }
        if info.origin == Origin.SIMULATED:
            properties["simulated"] = True
        datastream = Datastream(
            name=f"{info.name} – forecast",
            description=ABOUT,
            unit_of_measurement=units.unit(info.unit),
            thing_id=info.thing_id,
            sensor_id=sensor,
            observed_property_id=owner[0],
            properties=properties,
        )
        catalogue.insert_datastream(con, datastream)
