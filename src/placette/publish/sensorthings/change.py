"""Changes and deletes stored entities (OGC 18-088, sections 10.3 and 10.4). Runs inside ``Store.change``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import msgspec

from placette.model import observation_json, times
from placette.model.errors import BadInput, NotFound
from placette.model.observation_json import ObservationBody
from placette.model.observations import ObservationRow
from placette.publish.sensorthings import make
from placette.publish.sensorthings.drafts import Draft, draft
from placette.publish.sensorthings.entities import OBSERVED_AT, Entity
from placette.publish.sensorthings.json_patch import apply
from placette.publish.sensorthings.make import Maker
from placette.publish.sensorthings.serialise import interval
from placette.publish.sensorthings.tree import Kind
from placette.store import catalogue
from placette.store.ledger import notes

Con = duckdb.DuckDBPyConnection
Edit = Callable[[dict[str, Any]], dict[str, Any]]
"""From the properties an entity has to those it shall have, and the links that change."""


def merging(sent: Any) -> Edit:
    """Return the edit of a ``PATCH``: the properties sent replace their namesakes, the others stay."""
    return lambda stored: stored | _object(sent)


def replacing(sent: Any) -> Edit:
    """Return the edit of a ``PUT``: what was not sent goes back to its default, links not sent stay."""
    return lambda _: _object(sent)


def patching(sent: Any) -> Edit:
    """Return the edit of a JSON Patch (RFC 6902)."""
    return lambda stored: _object(apply(stored, sent))


def change(con: Con, entity: Entity, key: int, edit: Edit, now: int) -> set[int]:
    """Change one entity; return the datastreams whose observations changed. Raises ``NotFound`` or ``BadInput``."""
    stored = properties(con, entity, key)
    wanted = draft(edit(stored), entity)
    if entity.name == "Observation":
        return {_change_observation(con, key, wanted, now)}
    wanted.require()
    _CHANGES[entity.name](con, key, wanted)
    return set()


def properties(con: Con, entity: Entity, key: int) -> dict[str, Any]:
    """Return the writable properties of a stored entity as plain JSON values; raises ``NotFound``."""
    columns = [column for column in entity.columns.values() if not column.derived]
    parts = ", ".join(part.format(t="t") for column in columns for part in column.parts)
    row = con.execute(f"SELECT {parts} FROM {entity.table} t WHERE t.id = ?", [key]).fetchone()  # noqa: S608  # our own names
    if row is None:
        raise NotFound(f"there is no {entity.set}({key})", remedy="it may have been deleted; list the set to see")
    found: dict[str, Any] = {}
    position = 0
    for column in columns:
        values = row[position : position + len(column.parts)]
        position += len(values)
        found[column.name] = _plain(column.kind, values, column.members)
    return {name: value for name, value in found.items() if value is not None or name == "result"}


def delete(con: Con, entity: Entity, key: int) -> set[int]:
    """Delete one entity and what hangs on it; return the datastreams whose observations changed."""
    before = set(notes().observations_of)
    if entity.name == "Observation":
        return {_delete_observation(con, key)}
    if entity.name == "FeatureOfInterest":
        _delete_observed_at(con, key)
    if entity.name == "Location":
        _keep_features(con, key)
    if entity.name == "HistoricalLocation":
        catalogue.require(con, entity.table, key)
        catalogue.delete_historical_locations(con, [key])
    else:
        _DELETES[entity.name](con, key)
    return notes().observations_of - before


def undo(con: Con, made: list[tuple[str, int]]) -> None:
    """Delete what a request made before its last step failed."""
    for name, key in reversed(made):
        try:
            if name == "HistoricalLocation":
                catalogue.delete_historical_locations(con, [key])
            else:
                _DELETES[name](con, key)
        except NotFound:  # gone with the entity it hung on
            continue


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadInput("the body is not a JSON object", "$", "send the properties to change as one object")
    return value


def _plain(kind: Kind, values: tuple[Any, ...], members: tuple[str, ...]) -> Any:
    match kind:
        case Kind.OBJECT:
            return dict(zip(members, values, strict=True))
        case Kind.JSON:
            return None if values[0] is None else msgspec.json.decode(values[0])
        case Kind.RESULT:
            return (
                msgspec.json.decode(values[1])
                if values[1] is not None
                else observation_json.shown_result(values[0], None)
            )
        case Kind.TIME | Kind.INTERVAL:
            return interval(*(None if value is None else _micros(value) for value in (*values, None)[:2]))
        case _:
            return values[0]


def _micros(moment: Any) -> int:
    return times.micros(moment.isoformat())


# --- one function per entity


def _thing(con: Con, key: int, wanted: Draft) -> None:
    catalogue.update(con, key, make.thing(wanted.values))
    if "Locations" in wanted.links:
        catalogue.move_thing(con, key, Maker(con).many(wanted, "Locations"))


def _location(con: Con, key: int, wanted: Draft) -> None:
    catalogue.update(con, key, make.location(wanted.values))
    for thing_id in Maker(con).many(wanted, "Things"):
        catalogue.move_thing(con, thing_id, [key])


def _historical_location(con: Con, key: int, wanted: Draft) -> None:
    con.execute(
        "UPDATE historical_location SET time = make_timestamp(?) WHERE id = ?",
        [times.micros(wanted.values["time"]), key],
    )
    if "Locations" in wanted.links:
        places = Maker(con).many(wanted, "Locations")
        con.execute("DELETE FROM historical_location_location WHERE historical_location_id = ?", [key])
        for place in places:
            con.execute("INSERT INTO historical_location_location VALUES (?, ?)", [key, place])


def _datastream(con: Con, key: int, wanted: Draft) -> None:
    row = con.execute("SELECT thing_id, sensor_id, observed_property_id FROM datastream WHERE id = ?", [key]).fetchone()
    links = dict(zip(("Thing", "Sensor", "ObservedProperty"), row or (), strict=True))
    maker = Maker(con)
    links |= {name: maker.one(wanted, name) for name in links if name in wanted.links}
    catalogue.update(con, key, make.datastream(wanted.values, links))
    make.keep_area(con, key, wanted.values.get("observedArea"))


_CHANGES: dict[str, Callable[[Con, int, Draft], None]] = {
    "Thing": _thing,
    "Location": _location,
    "HistoricalLocation": _historical_location,
    "Datastream": _datastream,
    "Sensor": lambda con, key, wanted: catalogue.update(con, key, make.sensor(wanted.values)),
    "ObservedProperty": lambda con, key, wanted: catalogue.update(con, key, make.observed_property(wanted.values)),
    "FeatureOfInterest": lambda con, key, wanted: catalogue.update(con, key, make.feature(wanted.values)),
}

_DELETES: dict[str, Callable[[Con, int], None]] = {
    "Thing": catalogue.delete_thing,
    "Location": catalogue.delete_location,
    "Datastream": catalogue.delete_datastream,
    "Sensor": catalogue.delete_sensor,
    "ObservedProperty": catalogue.delete_observed_property,
    "FeatureOfInterest": catalogue.delete_feature,
}


# --- observations


def _change_observation(con: Con, key: int, wanted: Draft, now: int) -> int:
    body = wanted.observation or ObservationBody(result=None)
    stored = con.execute("SELECT datastream_id, feature_id FROM observation WHERE id = ?", [key]).fetchone() or (
        0,
        None,
    )
    maker = Maker(con)
    stream = maker.one(wanted, "Datastream") if "Datastream" in wanted.links else stored[0]
    about = maker.one(wanted, "FeatureOfInterest") if "FeatureOfInterest" in wanted.links else stored[1]
    row = observation_json.row(body, now=now, datastream_id=stream, where="$")
    con.execute(
        """INSERT INTO observation_change
           SELECT id, datastream_id, phenomenon_time, result, result_json, $2, $3, make_timestamp($4) FROM observation
           WHERE id = $1 AND (result IS DISTINCT FROM $2 OR result_json IS DISTINCT FROM $3)""",
        [key, row.result, row.result_json, now],
    )
    con.execute(
        """UPDATE observation SET datastream_id = $2, phenomenon_time = make_timestamp($3),
               phenomenon_end = make_timestamp($4), result = $5, result_json = $6, result_time = make_timestamp($7),
               quality = $8, feature_id = $9, extra = $10
           WHERE id = $1""",
        [key, *_columns(row, about)],
    )
    notes().observations_of.update((stored[0], stream))
    return int(stored[0])


def _columns(row: ObservationRow, about: int | None) -> list[Any]:
    times_and_results = [row.phenomenon_time, row.phenomenon_end, row.result, row.result_json, row.result_time]
    return [row.datastream_id, *times_and_results, int(row.quality), about, row.extra]


def _delete_observation(con: Con, key: int) -> int:
    row = con.execute("SELECT datastream_id FROM observation WHERE id = ?", [key]).fetchone()
    if row is None:
        raise NotFound(f"there is no Observations({key})", remedy="it may have been deleted already")
    con.execute("DELETE FROM observation WHERE id = ?", [key])
    notes().observations_of.add(row[0])
    return int(row[0])


def _delete_observed_at(con: Con, feature_id: int) -> None:
    """Delete the observations that are about this place without naming it."""
    ids = f"SELECT observation_id FROM {OBSERVED_AT} WHERE feature_id = ?"  # noqa: S608  # our own names
    rows = con.execute(f"SELECT DISTINCT datastream_id FROM observation WHERE id IN ({ids})", [feature_id]).fetchall()  # noqa: S608
    con.execute(f"DELETE FROM observation WHERE id IN ({ids})", [feature_id])  # noqa: S608  # our own names
    notes().observations_of.update(stream for (stream,) in rows)


def _keep_features(con: Con, location_id: int) -> None:
    """Name the feature in the observations that are about this place, since the place is about to be forgotten."""
    con.execute(
        f"""UPDATE observation SET feature_id = v.feature_id FROM {OBSERVED_AT} v
            WHERE v.observation_id = observation.id AND observation.feature_id IS NULL
              AND v.feature_id IN (SELECT feature_id FROM location_feature WHERE location_id = ?)""",  # noqa: S608  # our own names
        [location_id],
    )
