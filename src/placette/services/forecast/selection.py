"""Which datastreams are forecast, from when on they may be believed, and their regular values.

A datastream is hourly when at least half of the hours between its first and last values have one, daily when half of
the days do. Counts below zero are no counts: they are missing. Where a sensor was moved, what came before is left out;
a device replaced on the spot goes on with the history of its site.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec
import numpy as np

from placette.city.model import City
from placette.model import units
from placette.model.entities import Origin
from placette.services.forecast.terms import STEP_S, Floats, Step
from placette.services.installations import moves
from placette.services.panels import regular
from placette.store import DatastreamInfo, Store

YEAR_US = 366 * 86_400_000_000
_AT_ONCE = 8
"""Datastreams read at once: three years of quarters of an hour of them are 40 MB."""
_ORIGINS = (Origin.MEASURED.value, Origin.SIMULATED.value, Origin.MODELLED.value)


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """Regular values (steps × datastreams) until the issue; ``start_s`` is the local time of the first step."""

    infos: tuple[DatastreamInfo, ...]
    values: Floats
    start_s: int
    step_s: int


def candidates(store: Store, city: City, leave_out: Collection[str]) -> list[DatastreamInfo]:
    """Return the datastreams with numbers of a property of the city, without those to be left out."""
    return [
        info
        for info in store.directory.observed
        if info.code and info.origin in _ORIGINS and info.property_key in city.properties
        if info.property_key not in leave_out and info.unit in units.known()
    ]


def moved(store: Store) -> dict[int, int]:
    """Return for each thing that stood elsewhere before when it came to where it stands, µs UTC. Blocks."""
    return dict(moves(store))


def read(store: Store, city: City, infos: Sequence[DatastreamInfo], end: int, step: Step, years: float) -> Series:
    """Return the values of the last years up to ``end`` (µs UTC), beginning with the first there is. Blocks."""
    since = moved(store)
    start = end - int(years * YEAR_US)
    found = [
        regular(store, city, infos[place : place + _AT_ONCE], start, end, step)
        for place in range(0, len(infos), _AT_ONCE)
    ]
    values = np.concatenate([each.values for each in found], axis=1)
    first = found[0].start_s
    instants = found[0].instants(0, len(values))
    for series, info in enumerate(infos):
        if info.thing_id in since:
            values[(instants < since[info.thing_id]) & (instants >= 0), series] = np.nan
        known = city.properties.get(info.property_key or "")
        if known is not None and known.combine == "sum":
            values[values[:, series] < 0, series] = np.nan
    begin = _first_monday(values, first, STEP_S[step])
    return Series(infos=tuple(infos), values=values[begin:], start_s=first + begin * STEP_S[step], step_s=STEP_S[step])


def rhythm(values: Floats, per_day: int) -> list[Step | None]:
    """Return of hourly columns whether each is an hourly series, a daily one, or neither."""
    found: list[Step | None] = []
    for column in values.T:
        rows = np.flatnonzero(~np.isnan(column))
        if len(rows) < 2:
            found.append(None)
            continue
        span = rows[-1] - rows[0] + 1
        days = len(np.unique(rows // per_day))
        if len(rows) >= span / 2:
            found.append("hour")
        else:
            found.append("day" if days >= span / per_day / 2 else None)
    return found


def _first_monday(values: Floats, start_s: int, step_s: int) -> int:
    """Return the row of the midnight that begins the week of the first value: weeks begin with the panel then."""
    rows = np.flatnonzero(~np.isnan(values).all(axis=1))
    if not len(rows):
        return 0
    day = (start_s + int(rows[0]) * step_s) // 86_400
    monday = (day - (day + 3) % 7) * 86_400
    return max(0, (monday - start_s) // step_s)
