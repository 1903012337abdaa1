"""Arrivals from message networks, many at once: each topic goes to the reader of its kind."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec

from placette.harmonise import frames
from placette.harmonise.directory import Directory
from placette.model import observation_json
from placette.model.arrivals import Arrival, DeadLetter
from placette.model.errors import PlacetteError
from placette.model.observations import ObservationRow

FRAME_TOPIC = "devices/{code}/up"
"""Where devices publish their frames, unless their network says otherwise."""
_SENSORTHINGS = re.compile(r"(?:.+/)?v1\.[01]/(?:Datastreams\((-?\d{1,19})\)/)?Observations")


class Harmonised(msgspec.Struct):
    """What some arrivals have become: rows, for each row the number of its arrival, and what nobody could use."""

    rows: list[ObservationRow]
    origins: list[int]
    dead: list[DeadLetter]


class MessageReader:
    """Reads the messages of every network; ``frame_topics`` gives for a network the topic of its frames.

    In it ``{code}`` stands for the thing's code; a network that is not named uses ``FRAME_TOPIC``. What comes before
    the topic is free, as gateways put their own name there.
    """

    def __init__(self, frame_topics: Mapping[str, str] | None = None) -> None:
        self._frames = {network: _pattern(topic) for network, topic in (frame_topics or {}).items()}
        self._usual = _pattern(FRAME_TOPIC)

    def read(self, arrivals: Iterable[Arrival], directory: Directory) -> Harmonised:
        """Return the observations of these arrivals and the dead letters; never raises on their content."""
        result = Harmonised([], [], [])
        for number, arrival in enumerate(arrivals):
            rows, dead = self._read_one(arrival, directory)
            result.rows += rows
            result.origins += [number] * len(rows)
            if dead is not None:
                result.dead.append(dead)
        return result

    def _read_one(self, arrival: Arrival, directory: Directory) -> tuple[list[ObservationRow], DeadLetter | None]:
        if found := self._frames.get(arrival.network, self._usual).fullmatch(arrival.channel):
            return frames.read(arrival, found[1], directory)
        if found := _SENSORTHINGS.fullmatch(arrival.channel):
            return _sensorthings(arrival, None if found[1] is None else int(found[1]))
        return [], DeadLetter(
            arrival=arrival,
            what="no reader for this topic",
            where=arrival.channel,
            remedy="publish on the network's topic in the city folder or on v1.1/Datastreams(<id>)/Observations",
        )


def _pattern(topic: str) -> re.Pattern[str]:
    return re.compile("(?:.+/)?" + "([^/]+)".join(map(re.escape, topic.split("{code}", 1))))


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
