"""Anomalies as they are given out: chosen by time, datastream, place, property and kind, the most serious first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import msgspec

from placette.model.times import MICROS_PER_S, iso
from placette.services.anomaly.keeping import stored
from placette.services.anomaly.terms import WITHDRAWN, Candidate, Details, Kind, Picture, Proof
from placette.store import DatastreamInfo, Store


class Anomaly(msgspec.Struct, frozen=True, kw_only=True):
    """One anomaly of one datastream; times ISO 8601, values in ``unit`` at its strangest hour.

    ``score``: once in how many days an hour so strange comes. ``fault`` is the probability that the sensor is at
    fault; ``kind`` follows from it, "undecided" where the evidence is thin.
    ``low`` to ``high``: 98 of 100 such hours. ``seen`` is when it could first be told.
    """

    datastream: int
    code: str
    anomaly_datastream_code: str
    name: str
    property: str | None
    thing: str | None
    place: str | None
    unit: str
    symbol: str
    origin: str
    start: str
    end: str
    seen: str
    ongoing: bool
    kind: Kind
    fault: float
    score: float
    chart: str
    direction: int
    observed: float | None
    expected: float | None
    low: float | None
    high: float | None
    causes: tuple[Candidate, ...]
    evidence: tuple[Proof, ...]
    picture: Picture | None


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for; times in µs UTC, ``None`` where any will do. ``start`` and ``end`` bound what they touch."""

    start: int
    end: int
    datastreams: tuple[int, ...] | None = None
    place: str | None = None
    property: str | None = None
    kind: Kind | None = None
    pictures: bool = True


def chosen(store: Store, choice: Choice) -> list[Anomaly]:
    """Return the anomalies asked for: those that still go on first, then by how rare they are. Blocks."""
    infos = [info for info in store.directory.observed if _wanted(info, choice)]
    found = [
        _anomaly(each.info, each.details, choice.pictures)
        for each in stored(store, infos, choice.start)
        if each.details.state != WITHDRAWN and each.details.start * MICROS_PER_S < choice.end
        if choice.kind is None or each.details.kind == choice.kind
    ]
    return sorted(found, key=lambda one: (not one.ongoing, -one.score, one.start))


def _wanted(info: DatastreamInfo, choice: Choice) -> bool:
    return (
        (choice.datastreams is None or info.id in choice.datastreams)
        and (choice.place is None or info.place == choice.place)
        and (choice.property is None or info.property_key == choice.property)
    )


def _anomaly(info: DatastreamInfo, details: Details, pictures: bool) -> Anomaly:
    values = {name: getattr(details, name) for name in _SAME}
    return Anomaly(
        datastream=info.id,
        code=info.code or str(info.id),
        anomaly_datastream_code=f"{info.code}.anomaly",
        name=info.name,
        property=info.property_key,
        thing=info.thing_code,
        place=info.place,
        unit=info.unit,
        symbol=info.unit_symbol,
        origin=info.origin,
        start=iso(details.start * MICROS_PER_S),
        end=iso(details.end * MICROS_PER_S),
        seen=iso(details.seen * MICROS_PER_S),
        picture=details.picture if pictures else None,
        **values,
    )


_SAME = (
    "ongoing", "kind", "fault", "score", "chart", "direction", "observed", "expected", "low", "high", "causes",
    "evidence",
)  # fmt: skip


def by_kind(found: Sequence[Anomaly]) -> dict[Kind, list[Anomaly]]:
    """Return events, faults and what is neither for sure apart, in their order."""
    return {kind: [one for one in found if one.kind == kind] for kind in get_args(Kind)}
