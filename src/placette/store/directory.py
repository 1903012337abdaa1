"""The datastreams as everybody needs them at hand: an immutable snapshot in memory, replaced after every change."""

from __future__ import annotations

from collections.abc import Iterable

import duckdb
import msgspec

from placette.model import units
from placette.store.ledger import Ledger
from placette.store.sql import among

_SELECT = """
SELECT d.id, d.code, d.name, d.unit_definition, d.unit_symbol, p.key, p.name, t.id, t.code, t.name, t.place,
       d.origin, d.identity, l.longitude, l.latitude, t.kind,
       coalesce(json_extract_string(d.properties, '$.forecastOf'), json_extract_string(d.properties, '$.anomalyOf')),
       json_extract_string(t.properties, '$.retired') IS NOT NULL
FROM datastream d
JOIN thing t ON t.id = d.thing_id
JOIN observed_property p ON p.id = d.observed_property_id
LEFT JOIN (
    SELECT tl.thing_id, arg_min(l.longitude, l.id) AS longitude, arg_min(l.latitude, l.id) AS latitude
    FROM thing_location tl JOIN location l ON l.id = tl.location_id
    WHERE l.longitude IS NOT NULL GROUP BY tl.thing_id
) l ON l.thing_id = t.id
"""


class DatastreamInfo(msgspec.Struct, frozen=True):
    """What the ways in, the ways out and the pages ask of a datastream.

    ``unit`` is the UCUM code ("" when a client of the API gave none), ``unit_symbol`` what people see; longitude and
    latitude (degrees, WGS 84) are those of its Thing. Codes, keys and the place are ``None`` where a client of the API
    gave none.
    """

    id: int
    code: str | None
    name: str
    unit: str
    unit_symbol: str
    property_key: str | None
    property_name: str
    thing_id: int
    thing_code: str | None
    thing_name: str
    place: str | None
    origin: str
    identity: str
    longitude: float | None
    latitude: float | None
    kind: str | None
    about: str | None = None
    """The code of the datastream that this one foretells or whose anomalies it holds; ``None`` for all others."""
    retired: bool = False
    """Whether its Thing was taken away for good: its series stay, maps and lists leave it out."""


class Directory:
    """All datastreams at one moment; ``version`` rises whenever any of them changed."""

    __slots__ = ("_observed", "by_code", "by_id", "version")

    def __init__(self, by_id: dict[int, DatastreamInfo], by_code: dict[str, DatastreamInfo], version: int) -> None:
        self.by_id = by_id
        self.by_code = by_code
        self.version = version
        self._observed: tuple[DatastreamInfo, ...] | None = None

    @property
    def observed(self) -> tuple[DatastreamInfo, ...]:
        """Return what was seen or worked out of a moment: all datastreams but forecasts and anomalies of others."""
        if self._observed is None:
            self._observed = tuple(info for info in self.by_id.values() if info.about is None)
        return self._observed


EMPTY = Directory({}, {}, 0)


def load(con: duckdb.DuckDBPyConnection, version: int) -> Directory:
    """Read the whole directory from the catalogue."""
    infos = [_info(row) for row in con.execute(_SELECT).fetchall()]
    return Directory({info.id: info for info in infos}, {info.code: info for info in infos if info.code}, version)


def follow(con: duckdb.DuckDBPyConnection, before: Directory, ledger: Ledger) -> tuple[Directory, set[int]]:
    """Return the directory after the change the ledger tells of, and the ids of datastreams that are gone."""
    if ledger.everything or ledger.is_empty():
        after = load(con, before.version + 1)
        return after, before.by_id.keys() - after.by_id.keys()
    if not ledger.touches_directory():
        return before, set()
    touched = _touched(con, before, ledger)
    found = {info.id: info for info in map(_info, _select_some(con, touched))}
    by_id, by_code = dict(before.by_id), dict(before.by_code)
    for key in touched:
        old = by_id.pop(key, None)
        if old is not None and old.code is not None:
            by_code.pop(old.code, None)
    by_id.update(found)
    by_code.update({info.code: info for info in found.values() if info.code})
    return Directory(by_id, by_code, before.version + 1), {k for k in touched if k in before.by_id and k not in found}


def _touched(con: duckdb.DuckDBPyConnection, before: Directory, ledger: Ledger) -> set[int]:
    touched = set(ledger.datastreams)
    for column, ids in (("thing_id", ledger.things), ("observed_property_id", ledger.properties)):
        if ids:
            found = f"SELECT id FROM datastream WHERE {column} IN {among(ids)}"  # noqa: S608  # fixed names, integers
            touched.update(key for (key,) in con.execute(found).fetchall())
    if ledger.things:
        touched.update(info.id for info in before.by_id.values() if info.thing_id in ledger.things)
    return touched


def _select_some(con: duckdb.DuckDBPyConnection, ids: Iterable[int]) -> list[tuple[object, ...]]:
    return con.execute(f"{_SELECT} WHERE d.id IN {among(ids)}").fetchall()


def _info(row: tuple[object, ...]) -> DatastreamInfo:
    values = list(row)
    values[3] = values[3] or ""
    values[4] = values[4] or units.symbol(str(values[3]))
    return DatastreamInfo(*values)  # type: ignore[arg-type]  # the columns of _SELECT in the order of the fields
