"""Arrivals from message networks, many at once: each topic goes to the reader of its kind."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from placette.harmonise import frames
from placette.harmonise.directory import Directory
from placette.model import observation_json
from placette.model.arrivals import Arrival, DeadLetter
from placette.model.errors import PlacetteError
from placette.model.observations import ObservationRow

_FRAME = re.compile(r"(?:.+/)?devices/([^/]+)/up")
_SENSORTHINGS = re.compile(r"(?:.+/)?v1\.[01]/(?:Datastreams\((-?\d{1,19})\)/)?Observations")


class Harmonised(msgspec.Struct):
    """What some arrivals have become: rows, for each row the number of its arrival, and what nobody could use."""

    rows: list[ObservationRow]
    origins: list[int]
    dead: list[DeadLetter]


def read(arrivals: Iterable[Arrival], directory: Directory) -> Harmonised:
    """Return the observations of these arrivals and the dead letters; never raises on their content."""
    result = Harmonised([], [], [])
    for number, arrival in enumerate(arrivals):
        rows, dead = _read_one(arrival, directory)
        result.rows += rows
        result.origins += [number] * len(rows)
        if dead is not None:
            result.dead.append(dead)
    return result


def _read_one(arrival: Arrival, directory: Directory) -> tuple[list[ObservationRow], DeadLetter | None]:
    if found := _FRAME.fullmatch(arrival.channel):
        return frames.read(arrival, found[1], directory)
    if found := _SENSORTHINGS.fullmatch(arrival.channel):
        return _sensorthings(arrival, None if found[1] is None else int(found[1]))
    return [], DeadLetter(
        arrival=arrival,
        what="no reader for this topic",
        where=arrival.channel,
        remedy="publish on devices/<thing code>/up or on v1.1/Datastreams(<id>)/Observations",
    )


def _sensorthings(arrival: Arrival, datastream_id: int | None) -> tuple[list[ObservationRow], DeadLetter | None]:
    """Read a SensorThings create (OGC 18-088, section 14.2); what a server published itself is passed over."""
    try:
        sent = observation_json.body(arrival.payload, arrival.channel)
        if sent.is_echo or (arrival.retained and sent.phenomenon_time is None):
            return [], None
        now = arrival.received_time
        return [observation_json.row(sent, now=now, datastream_id=datastream_id, where=arrival.channel)], None
    except PlacetteError as error:
        return [], DeadLetter(
            arrival=arrival, what=error.what, where=error.where or arrival.channel, remedy=error.remedy
        )
