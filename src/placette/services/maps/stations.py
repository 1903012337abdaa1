"""The stations of a property: where each stood, what it said hour by hour, and which could not be used.

Measured and simulated values never meet in one map. Where the city corrects what a device measures, the corrected
values stand on the map of the measured property and the raw ones do not. Forecasts and anomalies are on no map. A
station that was moved is two stations: one until then, one from then on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import numpy.typing as npt

from placette.city.model import City
from placette.services.maps.grid import Ground
from placette.services.maps.times import instant_of
from placette.services.panels import regular
from placette.store import DatastreamInfo, Directory, Store
from placette.store.sql import among

Floats = npt.NDArray[np.float64]
Origin = Literal["measured", "simulated"]
ORIGINS: tuple[Origin, ...] = ("measured", "simulated")
KINDS = frozenset({"air", "noise", "temperature", "weather", "heat"})
"""Kinds of devices that say how a place is; what a bin or a parking space measures says nothing of its surroundings."""
SPOT_M = 1.0
"""Stations nearer to each other than this are one."""
MOST_STATIONS = 1_000
_ORIGIN_OF: dict[str, Origin] = {"measured": "measured", "modelled": "measured", "simulated": "simulated"}
_FAR = 1.0
"""A station further outside of the box around the city than this many times its width has wrong coordinates."""

_MOVES = """
SELECT h.thing_id, epoch_us(h.time) AS since, l.longitude, l.latitude
FROM historical_location h
JOIN historical_location_location x ON x.historical_location_id = h.id
JOIN location l ON l.id = x.location_id
WHERE h.thing_id IN {ids} AND l.longitude IS NOT NULL AND l.latitude IS NOT NULL
ORDER BY h.thing_id, h.time, h.id
"""


class Spot(msgspec.Struct, frozen=True, kw_only=True):
    """Where a station stood from ``since`` to before ``until`` (µs UTC; ``None``: always)."""

    longitude: float
    latitude: float
    since: int | None = None
    until: int | None = None


class Station(msgspec.Struct, frozen=True, kw_only=True):
    """One station at one spot: the device, and the datastreams there (more than one when devices share it).

    ``corrected`` says that what is shown was corrected by one of the city's corrections, not read as it is.
    """

    code: str
    name: str
    place: str | None
    kind: str
    longitude: float
    latitude: float
    datastreams: tuple[int, ...]
    corrected: bool = False


class LeftOut(msgspec.Struct, frozen=True):
    """A station that is not on the map, and why."""

    code: str
    reason: Literal["no_position", "far_away", "too_many"]


class Gathered(msgspec.Struct, frozen=True):
    """Stations with their positions in m and their hourly values (hours × stations, NaN: none) from hour ``first``."""

    stations: tuple[Station, ...]
    positions: Floats
    values: Floats
    first: int
    left_out: tuple[LeftOut, ...]


Streams = dict[str, dict[Origin, list[DatastreamInfo]]]


def streams(directory: Directory, city: City) -> Streams:
    """Return per property and origin the datastreams, the first of each device, of devices that say how a place is.

    A corrected datastream takes the place of the one it corrects.
    """
    first: dict[tuple[str, Origin, int], DatastreamInfo] = {}
    instead = corrections_of(city)
    for info in directory.by_id.values():
        known = city.properties.get(info.property_key or "")
        if known is None or info.kind not in KINDS or known.combine not in ("mean", "energetic") or info.about:
            continue
        origin: Origin | None = _ORIGIN_OF.get(info.origin)
        if origin is None or (info.origin == "modelled" and known.key not in instead):
            continue
        own = (instead.get(known.key, known.key), origin, info.thing_id)
        if known.key in instead:
            first[own] = info
        else:
            first.setdefault(own, info)
    found: Streams = {}
    for (key, origin, _), info in first.items():
        found.setdefault(key, {one: [] for one in ORIGINS})[origin].append(info)
    for numbers in found.values():
        for infos in numbers.values():
            infos.sort(key=lambda info: info.code or str(info.id))
    return found


def corrections_of(city: City) -> dict[str, str]:
    """Return by the property of corrected values the one on whose map they stand.

    That is the input which is the same quantity (definition and unit); without such an input, that of a sensor's raw
    signals, corrected values have a map of their own.
    """
    found = {}
    for one in city.corrections:
        output = city.properties[one.output]
        inputs = (city.properties[key] for key in one.inputs)
        alike = (each.key for each in inputs if (each.definition, each.unit) == (output.definition, output.unit))
        found[one.output] = next(alike, one.output)
    return found


def gather(
    store: Store, city: City, ground: Ground, infos: Sequence[DatastreamInfo], hours: range, until: int
) -> Gathered:
    """Return the stations and their values in local hours; ``until`` (µs UTC) is where what is known ends. Blocks."""
    spots = _spots(store, infos)
    placed, left_out = _placed(ground, infos, spots)
    start = instant_of(hours.start, ZoneInfo(city.zone))
    panel = regular(store, city, [info for info, _ in placed], start, until, "hour")
    first = panel.start_s // panel.step_s
    begins = panel.instants(0, len(panel.values))
    columns = []
    for (_, spot), values in zip(placed, panel.values.T, strict=True):
        there = np.ones(len(values), bool)
        if spot.since is not None:
            there &= begins >= spot.since
        if spot.until is not None:
            there &= begins < spot.until
        columns.append(np.where(there, values, np.nan))
    values = np.column_stack(columns) if columns else np.empty((len(panel.values), 0))
    return _joined(ground, placed, values, first, left_out, frozenset(corrections_of(city)))


def _spots(store: Store, infos: Sequence[DatastreamInfo]) -> dict[int, list[Spot]]:
    """Return the spots of the things that were moved; the first one holds for all time before."""
    if not infos:
        return {}
    rows = store.query_now(_MOVES.format(ids=among({info.thing_id for info in infos})), []).to_pylist()
    found: dict[int, list[Spot]] = {}
    for row in rows:
        spots = found.setdefault(row["thing_id"], [])
        here = Spot(longitude=row["longitude"], latitude=row["latitude"], since=row["since"] if spots else None)
        if spots and (spots[-1].longitude, spots[-1].latitude) == (here.longitude, here.latitude):
            continue
        if spots:
            spots[-1] = msgspec.structs.replace(spots[-1], until=row["since"])
        spots.append(here)
    return {thing: spots for thing, spots in found.items() if len(spots) > 1}


def _placed(
    ground: Ground, infos: Sequence[DatastreamInfo], spots: dict[int, list[Spot]]
) -> tuple[list[tuple[DatastreamInfo, Spot]], tuple[LeftOut, ...]]:
    placed: list[tuple[DatastreamInfo, Spot]] = []
    left_out = []
    for info in infos:
        code = info.code or str(info.id)
        if info.longitude is None or info.latitude is None:
            left_out.append(LeftOut(code, "no_position"))
            continue
        here = spots.get(info.thing_id) or [Spot(longitude=info.longitude, latitude=info.latitude)]
        if any(not _is_near(ground, spot) for spot in here):
            left_out.append(LeftOut(code, "far_away"))
        elif len(placed) >= MOST_STATIONS:
            left_out.append(LeftOut(code, "too_many"))
        else:
            placed += [(info, spot) for spot in here]
    return placed, tuple(left_out)


def _is_near(ground: Ground, spot: Spot) -> bool:
    if not (math.isfinite(spot.longitude) and math.isfinite(spot.latitude)):
        return False
    corners = np.concatenate(ground.rings)
    middle, half = (corners.max(axis=0) + corners.min(axis=0)) / 2, np.ptp(corners, axis=0).max() / 2
    away = np.abs(ground.metres([spot.longitude], [spot.latitude])[0] - middle).max()
    return bool(away <= half * (1 + 2 * _FAR))


def _joined(
    ground: Ground,
    placed: list[tuple[DatastreamInfo, Spot]],
    values: Floats,
    first: int,
    left_out: tuple[LeftOut, ...],
    corrected: frozenset[str],
) -> Gathered:
    """Return stations on one spot as one, with the mean of what they say."""
    together: dict[tuple[int, int], list[int]] = {}
    positions = ground.metres([s.longitude for _, s in placed], [s.latitude for _, s in placed]).reshape(-1, 2)
    for place, (east, north) in enumerate(np.rint(positions / SPOT_M).astype(np.int64).tolist()):
        together.setdefault((east, north), []).append(place)
    stations, columns = [], []
    for members in together.values():
        (info, spot), own = placed[members[0]], values[:, members]
        count = (~np.isnan(own)).sum(axis=1)
        columns.append(np.where(count > 0, np.nansum(own, axis=1) / np.maximum(count, 1), np.nan))
        stations.append(
            Station(
                code=info.thing_code or str(info.thing_id),
                name=info.thing_name,
                place=info.place,
                kind=info.kind or "",
                longitude=spot.longitude,
                latitude=spot.latitude,
                datastreams=tuple(placed[member][0].id for member in members),
                corrected=info.property_key in corrected,
            )
        )
    at = positions[[members[0] for members in together.values()]] if together else np.empty((0, 2))
    return Gathered(
        tuple(stations), at, np.column_stack(columns) if columns else np.empty((len(values), 0)), first, left_out
    )
