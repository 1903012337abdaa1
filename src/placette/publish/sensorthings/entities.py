"""The eight entities of SensorThings 1.1 as one table: names, properties and links, and where each lies in the store.

Source: OGC 18-088, section 8.2. Everything else in this room is written once and reads this table. ``{t}`` in a column
stands for the alias of the entity's table.
"""

# ruff: noqa: S608  # the SQL is made of the names in our own tables; whatever a user sends is a parameter

from __future__ import annotations

import msgspec

from placette.publish.sensorthings.tree import Kind


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One property: its ``name`` in JSON, its kind, and the SQL of its parts.

    An interval has two parts (start, end), a result two (number, JSON text), an object one for each of ``members``,
    everything else one. ``required`` properties must be sent when the entity is created; a ``sparse`` one is left out
    of an answer when it is null; a ``derived`` one is computed and cannot be written.
    """

    name: str
    kind: Kind
    parts: tuple[str, ...]
    required: bool = False
    sparse: bool = False
    derived: bool = False
    nullable: bool = True
    members: tuple[str, ...] = ()


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """One way to related entities: ``here`` on this side equals ``there`` on the other.

    With ``via`` a table of pairs stands between: ``here = via.near`` and ``via.far = there``. Where its SQL has the
    place ``{only}``, a condition ``WHERE id …`` on this side goes there.
    """

    name: str
    target: str
    many: bool
    here: str = "{t}.id"
    there: str = "{t}.id"
    via: str = ""
    near: str = ""
    far: str = ""
    required: bool = False


class Entity(msgspec.Struct, frozen=True, kw_only=True):
    """One entity: its name, the name of its set, its table, its properties and its links."""

    name: str
    set: str
    table: str
    columns: dict[str, Column]
    links: dict[str, Link]


def _text(name: str, column: str = "", *, required: bool = True) -> Column:
    return Column(name=name, kind=Kind.TEXT, parts=(f"{{t}}.{column or name}",), required=required, sparse=not required)


def _json(name: str, column: str = "", *, required: bool = False) -> Column:
    return Column(name=name, kind=Kind.JSON, parts=(f"{{t}}.{column or name}",), required=required, sparse=not required)


_NAME, _DESCRIPTION, _PROPERTIES = _text("name"), _text("description"), _json("properties")
_ENCODING = _text("encodingType", "encoding_type")

OWN_FEATURE = """(
    SELECT d.id AS datastream_id, w.feature_id, w.since, coalesce(lead(w.since) OVER moves, 'infinity') AS until
    FROM (
        SELECT thing_id, CASE WHEN row_number() OVER earlier = 1 THEN '-infinity' ELSE moved END AS since, feature_id
        FROM (
            SELECT h.thing_id, h.time AS moved, h.id, min(f.feature_id) AS feature_id
            FROM historical_location h
            JOIN historical_location_location x ON x.historical_location_id = h.id
            JOIN location_feature f ON f.location_id = x.location_id
            GROUP BY ALL
            UNION ALL
            SELECT p.thing_id, TIMESTAMP 'epoch', 0, min(f.feature_id)
            FROM thing_location p JOIN location_feature f ON f.location_id = p.location_id
            WHERE p.thing_id NOT IN (SELECT thing_id FROM historical_location)
            GROUP BY ALL
        )
        WINDOW earlier AS (PARTITION BY thing_id ORDER BY moved, id)
    ) w JOIN datastream d ON d.thing_id = w.thing_id
    WINDOW moves AS (PARTITION BY d.id ORDER BY w.since)
)"""
"""Which feature the observations that name none are about: from when (``since``) to when (``until``) it stood there.

The first place holds for all time before, since measurements of the past may be imported into a city set up today.
"""

FEATURE_OF = f"""(
    SELECT o.id AS observation_id, coalesce(o.feature_id, w.feature_id) AS feature_id
    FROM (SELECT id, datastream_id, phenomenon_time, feature_id FROM observation {{only}}) o
    LEFT JOIN {OWN_FEATURE} w ON o.feature_id IS NULL AND w.datastream_id = o.datastream_id
         AND o.phenomenon_time >= w.since AND o.phenomenon_time < w.until
)"""
"""Pairs of observation and feature, for known observations: ``{only}`` takes a condition on ``id``."""

OBSERVED_AT = f"""(
    SELECT id AS observation_id, feature_id FROM observation WHERE feature_id IS NOT NULL
    UNION ALL
    SELECT o.id, w.feature_id FROM {OWN_FEATURE} w JOIN observation o ON o.feature_id IS NULL
         AND o.datastream_id = w.datastream_id AND o.phenomenon_time >= w.since AND o.phenomenon_time < w.until
)"""
"""The same pairs, for known features."""

EXTENT = """(
    SELECT datastream_id AS id, min(phenomenon_time) AS first_time,
           max(coalesce(phenomenon_end, phenomenon_time)) AS last_time,
           min(result_time) AS first_result, max(result_time) AS last_result
    FROM observation GROUP BY datastream_id
)"""
"""The time ranges of every datastream, for filters on them; answers take theirs from ``extents``."""


AREAS = """
SELECT d.id, min(coalesce(json_extract(l.location, '/geometry')::VARCHAR, l.location))
FROM datastream d JOIN thing_location p ON p.thing_id = d.thing_id JOIN location l ON l.id = p.location_id
WHERE d.id IN (SELECT unnest($1::BIGINT[])) AND l.longitude IS NOT NULL GROUP BY d.id
"""
"""The place of the Thing of each datastream: its observedArea where a client gave none."""


def _range(name: str, first: str, last: str) -> Column:
    ends = tuple(f"(SELECT e.{end} FROM {EXTENT} e WHERE e.id = {{t}}.id)" for end in (first, last))
    return Column(name=name, kind=Kind.INTERVAL, parts=ends, sparse=True, derived=True)


def _entity(name: str, plural: str, table: str, columns: list[Column], links: list[Link]) -> Entity:
    return Entity(
        name=name,
        set=plural,
        table=table,
        columns={column.name: column for column in columns},
        links={link.name: link for link in links},
    )


def _one(target: str, column: str) -> Link:
    return Link(name=target, target=target, many=False, here=f"{{t}}.{column}", required=True)


def _many(plural: str, target: str, column: str) -> Link:
    return Link(name=plural, target=target, many=True, there=f"{{t}}.{column}")


_PLACED = {"via": "thing_location", "near": "thing_id", "far": "location_id"}
_MOVED = {"via": "historical_location_location", "near": "historical_location_id", "far": "location_id"}
_OBSERVED = {"via": FEATURE_OF, "near": "observation_id", "far": "feature_id"}
_OBSERVATIONS = {"via": OBSERVED_AT, "near": "feature_id", "far": "observation_id"}


def _reverse(pairs: dict[str, str]) -> dict[str, str]:
    return {"via": pairs["via"], "near": pairs["far"], "far": pairs["near"]}


_ALL = [
    _entity(
        "Thing",
        "Things",
        "thing",
        [_NAME, _DESCRIPTION, _PROPERTIES],
        [
            _many("Datastreams", "Datastream", "thing_id"),
            Link(name="Locations", target="Location", many=True, **_PLACED),  # type: ignore[arg-type]
            _many("HistoricalLocations", "HistoricalLocation", "thing_id"),
        ],
    ),
    _entity(
        "Location",
        "Locations",
        "location",
        [_NAME, _DESCRIPTION, _ENCODING, _json("location", required=True), _PROPERTIES],
        [
            Link(name="Things", target="Thing", many=True, **_reverse(_PLACED)),  # type: ignore[arg-type]
            Link(name="HistoricalLocations", target="HistoricalLocation", many=True, **_reverse(_MOVED)),  # type: ignore[arg-type]
        ],
    ),
    _entity(
        "HistoricalLocation",
        "HistoricalLocations",
        "historical_location",
        [Column(name="time", kind=Kind.TIME, parts=("{t}.time",), required=True, nullable=False)],
        [_one("Thing", "thing_id"), Link(name="Locations", target="Location", many=True, **_MOVED)],  # type: ignore[arg-type]
    ),
    _entity(
        "Datastream",
        "Datastreams",
        "datastream",
        [
            _NAME,
            _DESCRIPTION,
            _text("observationType", "observation_type"),
            Column(
                name="unitOfMeasurement",
                kind=Kind.OBJECT,
                parts=("{t}.unit_name", "{t}.unit_symbol", "{t}.unit_definition"),
                members=("name", "symbol", "definition"),
                required=True,
            ),
            _json("observedArea", "observed_area"),
            _range("phenomenonTime", "first_time", "last_time"),
            _range("resultTime", "first_result", "last_result"),
            _PROPERTIES,
        ],
        [
            _one("Thing", "thing_id"),
            _one("Sensor", "sensor_id"),
            _one("ObservedProperty", "observed_property_id"),
            _many("Observations", "Observation", "datastream_id"),
        ],
    ),
    _entity(
        "Sensor",
        "Sensors",
        "sensor",
        [_NAME, _DESCRIPTION, _ENCODING, _json("metadata", required=True), _PROPERTIES],
        [_many("Datastreams", "Datastream", "sensor_id")],
    ),
    _entity(
        "ObservedProperty",
        "ObservedProperties",
        "observed_property",
        [_NAME, _text("definition"), _DESCRIPTION, _PROPERTIES],
        [_many("Datastreams", "Datastream", "observed_property_id")],
    ),
    _entity(
        "Observation",
        "Observations",
        "observation",
        [
            Column(
                name="phenomenonTime",
                kind=Kind.INTERVAL,
                parts=("{t}.phenomenon_time", "{t}.phenomenon_end"),
                nullable=False,
            ),
            Column(name="result", kind=Kind.RESULT, parts=("{t}.result", "{t}.result_json"), required=True),
            Column(name="resultTime", kind=Kind.TIME, parts=("{t}.result_time",)),
            Column(
                name="resultQuality",
                kind=Kind.JSON,
                parts=("coalesce(json_extract({t}.extra, '/resultQuality')::VARCHAR, {t}.quality::VARCHAR)",),
            ),
            Column(
                name="validTime",
                kind=Kind.JSON,
                parts=("json_extract({t}.extra, '/validTime')::VARCHAR",),
                sparse=True,
            ),
            Column(
                name="parameters",
                kind=Kind.JSON,
                parts=("json_extract({t}.extra, '/parameters')::VARCHAR",),
                sparse=True,
            ),
        ],
        [
            _one("Datastream", "datastream_id"),
            Link(name="FeatureOfInterest", target="FeatureOfInterest", many=False, **_OBSERVED),  # type: ignore[arg-type]
        ],
    ),
    _entity(
        "FeatureOfInterest",
        "FeaturesOfInterest",
        "feature_of_interest",
        [_NAME, _DESCRIPTION, _ENCODING, _json("feature", required=True), _PROPERTIES],
        [Link(name="Observations", target="Observation", many=True, **_OBSERVATIONS)],  # type: ignore[arg-type]
    ),
]

ENTITIES: dict[str, Entity] = {entity.name: entity for entity in _ALL}
"""The entities by name."""

SETS: dict[str, Entity] = {entity.set: entity for entity in _ALL}
"""The entities by the name of their set, as it stands in addresses."""

ID = Column(name="id", kind=Kind.NUMBER, parts=("{t}.id",), nullable=False)
"""What ``id`` and ``@iot.id`` mean in ``$filter`` and ``$orderby``."""
