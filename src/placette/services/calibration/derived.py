"""The datastreams that hold corrected values: one per device and correction, beside those of the measured values."""

from __future__ import annotations

from typing import Any

import duckdb
import msgspec

from placette.city.corrections import corrected
from placette.city.model import City
from placette.model import units
from placette.model.entities import Datastream, Identity, Origin, Sensor
from placette.services.calibration.methods import Method
from placette.store import Store, catalogue
from placette.store.sql import first


class Pair(msgspec.Struct, frozen=True):
    """One device's inputs and where its corrected values go, all ids of datastreams."""

    inputs: tuple[int, ...]
    output: int


def ensure(store: Store, city: City, method: Method) -> list[Pair]:
    """Return the pairs of a correction; what its datastreams lack is made, in one transaction of the writer's.

    A device without all inputs is left out: its measured datastreams are made with the city folder. Blocks.
    """
    wanted = method.correction
    found: list[Pair] = []
    missing: list[tuple[str, tuple[int, ...]]] = []
    known = store.directory.by_code
    for code in corrected(wanted, city.devices):
        inputs = tuple(known[f"{code}/{name}"].id for name in wanted.inputs if f"{code}/{name}" in known)
        if len(inputs) < len(wanted.inputs):
            continue
        output = known.get(f"{code}/{wanted.output}")
        if output is None:
            missing.append((code, inputs))
        else:
            found.append(Pair(inputs, output.id))
    if missing:
        found += store.change_now(lambda con: _make(con, store, city, method, missing))
    return found


def _make(
    con: duckdb.DuckDBPyConnection,
    store: Store,
    city: City,
    method: Method,
    missing: list[tuple[str, tuple[int, ...]]],
) -> list[Pair]:
    wanted = method.correction
    properties: dict[str, Any] = {"correction": wanted.key, "version": method.version}
    sensor = catalogue.insert_sensor(
        con, Sensor(name=wanted.key, description=method.about, metadata=method.about, properties=properties)
    )
    row = first(con, "SELECT id FROM observed_property WHERE key = ? ORDER BY id LIMIT 1", [wanted.output])
    if row is None:
        return []
    made = []
    observed = city.properties[wanted.output]
    for code, inputs in missing:
        source = store.directory.by_id[inputs[0]]
        origin = Origin.SIMULATED if source.origin == Origin.SIMULATED else Origin.MODELLED
        name = observed.names[city.languages[0]]
        datastream = Datastream(
            name=f"{name}, {source.thing_name}",
            description=method.about,
            unit_of_measurement=units.unit(observed.unit),
            thing_id=source.thing_id,
            sensor_id=sensor,
            observed_property_id=row[0],
            properties={
                "code": f"{code}/{wanted.output}",
                "origin": str(origin),
                "identity": str(Identity.PHENOMENON_TIME),
                "derivedFrom": [store.directory.by_id[each].code for each in inputs],
                "correction": wanted.key,
            },
        )
        made.append(Pair(inputs, catalogue.insert_datastream(con, datastream)))
    return made
