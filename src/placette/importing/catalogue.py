"""The Things and datastreams of a file in the store's catalogue; every function runs inside ``Store.change``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import duckdb
import msgspec
import pyarrow as pa

from placette.harmonise.mapping import Mapping, Values
from placette.harmonise.plan import SeriesSpec, ThingSpec
from placette.model import units
from placette.model.entities import Datastream, Identity, Location, ObservedProperty, Sensor, Thing
from placette.model.errors import Conflict
from placette.store.catalogue import insert_many, insert_observed_property, insert_sensor, locate_many
from placette.store.sql import first


class Source(msgspec.Struct, frozen=True):
    """What every entity of an import carries: the mapping, the file, the properties a city already describes."""

    mapping: Mapping
    file: str
    observed_properties: dict[str, ObservedProperty]


def series_code(thing: ThingSpec, values: Values) -> str:
    """Return the code of the datastream of these values of a Thing."""
    return f"{thing.code}/{values.series_key}"


def ensure_things(con: duckdb.DuckDBPyConnection, source: Source, things: Sequence[ThingSpec]) -> int:
    """Insert the Things whose code is not there, with their Locations; return how many. Known ones stay as they are."""
    known = _ids(con, "thing", (thing.code for thing in things))
    fresh = [thing for thing in things if thing.code not in known]
    ids = insert_many(con, [_thing(source, thing) for thing in fresh])
    placed = [(key, thing) for key, thing in zip(ids, fresh, strict=True) if thing.location is not None]
    locations = insert_many(
        con, [Location(name=thing.name, description=thing.code, location=thing.location) for _, thing in placed]
    )
    locate_many(con, [key for key, _ in placed], locations)
    return len(fresh)


def ensure_series(
    con: duckdb.DuckDBPyConnection, source: Source, series: Sequence[SeriesSpec], things: Sequence[ThingSpec]
) -> tuple[list[int], int]:
    """Insert the datastreams whose code is not there; return the ids of all, and how many are new.

    ``series`` number ``things``, which must be there. Raises ``Conflict`` when a datastream of the same code has
    another unit, origin or identity.
    """
    codes = [series_code(things[each.thing], each.values) for each in series]
    known = _known_series(con, source, codes, series)
    fresh = [number for number, code in enumerate(codes) if code not in known]
    if fresh:
        thing_ids = _ids(con, "thing", (things[series[number].thing].code for number in fresh))
        sensor = _sensor(con, source)
        observed = _observed_properties(con, source, [series[number].values for number in fresh])
        rows = []
        for number in fresh:
            thing, values = things[series[number].thing], series[number].values
            rows.append(_datastream(source, thing, values, (thing_ids[thing.code], sensor), observed))
        known |= dict(zip((codes[number] for number in fresh), insert_many(con, rows), strict=True))
    return [known[code] for code in codes], len(fresh)


def _thing(source: Source, thing: ThingSpec) -> Thing:
    ours = {"code": thing.code, "kind": thing.kind} | ({"place": thing.place} if thing.place else {})
    return Thing(
        name=thing.name, description=thing.description, properties={**thing.properties, **_credits(source), **ours}
    )


def _datastream(
    source: Source, thing: ThingSpec, values: Values, links: tuple[int, int], observed: dict[str, tuple[int, str]]
) -> Datastream:
    observed_id, observed_name = observed[values.observed_property]
    name = f"{observed_name}, {thing.name}" + (f" ({values.variant})" if values.variant else "")
    period = source.mapping.time.period if source.mapping.time else ""
    return Datastream(
        name=name,
        description=values.description or f"{name}: {source.mapping.title}",
        unit_of_measurement=units.unit(values.unit),
        thing_id=links[0],
        sensor_id=links[1],
        observed_property_id=observed_id,
        properties={
            "code": series_code(thing, values),
            "origin": str(source.mapping.origin),
            "identity": str(Identity.PHENOMENON_TIME),
            "file": source.file,
            **_credits(source),
        }
        | ({"period": period} if period else {}),
    )


def _credits(source: Source) -> dict[str, str]:
    return {"source": source.mapping.source, "licence": source.mapping.licence}


def _known_series(
    con: duckdb.DuckDBPyConnection, source: Source, codes: Sequence[str], series: Sequence[SeriesSpec]
) -> dict[str, int]:
    with _Wanted(con, codes):
        rows = con.execute(
            "SELECT code, id, unit_definition, origin, identity FROM datastream WHERE code IN (SELECT code FROM wanted)"
        ).fetchall()
    wanted = {code: each.values.unit for code, each in zip(codes, series, strict=True)}
    for code, _, unit, origin, identity in rows:
        ours = (wanted[code], str(source.mapping.origin), str(Identity.PHENOMENON_TIME))
        if (unit, origin, identity) != ours:
            raise Conflict(
                f"the datastream '{code}' is there already, with unit {unit}, origin {origin}, identity {identity}; "
                f"the mapping says {', '.join(ours)}",
                "[[values]]",
                "correct the mapping, or give these values a `variant` of their own",
            )
    return {code: key for code, key, *_ in rows}


def _observed_properties(
    con: duckdb.DuckDBPyConnection, source: Source, values: Iterable[Values]
) -> dict[str, tuple[int, str]]:
    """Return id and name of the observed properties by key; makes those that are not there."""
    wanted = {each.observed_property: each for each in values}
    with _Wanted(con, list(wanted)):
        rows = con.execute("SELECT key, id, name FROM observed_property WHERE key IN (SELECT code FROM wanted)")
        known = {key: (int(number), str(name)) for key, number, name in rows.fetchall()}
    for key, each in wanted.items():
        if key not in known:
            name = each.name or key
            observed = source.observed_properties.get(key) or ObservedProperty(
                name=name,
                definition=each.definition or f"urn:placette:property:{key}",
                description=each.description or name,
                properties={"key": key},
            )
            known[key] = (insert_observed_property(con, observed), observed.name)
    return known


def _sensor(con: duckdb.DuckDBPyConnection, source: Source) -> int:
    """Return the id of the Sensor of the file, made when none of its name is there."""
    said = source.mapping.sensor
    name = said.name if said else source.mapping.source
    found = first(con, "SELECT id FROM sensor WHERE name = ? ORDER BY id LIMIT 1", [name])
    if found is not None:
        return int(found[0])
    description = (said.description if said else "") or name
    return insert_sensor(con, Sensor(name=name, description=description, metadata=said.metadata if said else ""))


def _ids(con: duckdb.DuckDBPyConnection, table: str, codes: Iterable[str]) -> dict[str, int]:
    with _Wanted(con, list(codes)):
        rows = con.execute(f"SELECT code, id FROM {table} WHERE code IN (SELECT code FROM wanted)").fetchall()  # noqa: S608  # fixed names
    return dict(rows)


class _Wanted:
    """Codes that SQL reads under the name ``wanted``, as long as the block lasts."""

    def __init__(self, con: duckdb.DuckDBPyConnection, codes: Sequence[str]) -> None:
        self._con = con
        self._table = pa.table({"code": pa.array(codes, pa.string())})

    def __enter__(self) -> None:
        self._con.register("wanted", self._table)

    def __exit__(self, *_: object) -> None:
        self._con.unregister("wanted")
