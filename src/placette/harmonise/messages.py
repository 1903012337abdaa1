"""Arrivals from message networks, many at once: each goes to the reader of its network's format or of its topic."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import unquote_plus

import msgspec

from placette.harmonise import frames
from placette.harmonise.directory import Directory
from placette.harmonise.networks import Read
from placette.harmonise.uplinks import UplinkReader
from placette.model import observation_json
from placette.model.arrivals import Arrival, DeadLetter
from placette.model.errors import PlacetteError
from placette.model.lineage import Lineage, UplinkRecord
from placette.model.observations import ObservationRow
from placette.model.uplinks import Uplink

FRAME_TOPIC = "devices/{code}/up"
"""Where devices publish their frames, unless their network says otherwise."""
FRAME = Lineage(mapping="frame", mapping_version="1")
"""A frame names the properties themselves: its mapping is the format's own."""
_CALLED = re.compile(r"/api/networks/[^/?]+\?(?:[^#]*&)?device=([^&]+)(?:&.*)?")
"""Where devices and gateways post their frames; the address names the device."""
_SENSORTHINGS = re.compile(r"(?:.+/)?v1\.[01]/(?:Datastreams\((-?\d{1,19})\)/)?Observations")


class Harmonised(msgspec.Struct):
    """What some arrivals have become: rows, for each row the number of its arrival, and what nobody could use.

    ``records`` say what the rows came from; ``repeated`` counts messages that had been taken before.
    """

    rows: list[ObservationRow]
    origins: list[int]
    dead: list[DeadLetter]
    records: list[UplinkRecord] = []
    repeated: int = 0

    def take(self, other: Harmonised, number: int | None = None) -> None:
        """Add what other arrivals have become; ``number`` is that of the one arrival it speaks of, if it is alone."""
        self.rows += other.rows
        self.origins += other.origins if number is None else [number] * len(other.rows)
        self.dead += other.dead
        self.records += (
            other.records
            if number is None
            else [msgspec.structs.replace(record, arrival=number) for record in other.records]
        )
        self.repeated += other.repeated


class MessageReader:
    """Reads the messages of every network.

    ``frame_topics`` gives for a network the topic of its frames, in which ``{code}`` stands for the thing's code; a
    network that is not named uses ``FRAME_TOPIC``, and what comes before the topic is free, as gateways put their own
    name there. ``formats`` gives for each network of another format what reads its envelopes, ``uplinks`` what
    understands the messages inside.
    """

    def __init__(
        self,
        frame_topics: Mapping[str, str] | None = None,
        formats: Mapping[str, Read] | None = None,
        uplinks: UplinkReader | None = None,
    ) -> None:
        self._frames = {network: _pattern(topic) for network, topic in (frame_topics or {}).items()}
        self._usual = _pattern(FRAME_TOPIC)
        self._formats = dict(formats or {})
        self._uplinks = uplinks

    def is_packed(self, network: str) -> bool:
        """True for a network whose messages may take a while to understand: not to be done in the event loop."""
        return network in self._formats

    def read(
        self, arrivals: Sequence[Arrival], directory: Directory, first_id: int = 0, *, again: bool = False
    ) -> Harmonised:
        """Return the observations of these arrivals and the dead letters; never raises on their content.

        ``first_id`` is the id of the first arrival, the others follow; ``again`` says that they may have been taken.
        """
        result = Harmonised([], [], [], [], 0)
        uplinks: list[tuple[int, Uplink]] = []
        for number, arrival in enumerate(arrivals):
            envelope = self._formats.get(arrival.network)
            if envelope is not None and self._uplinks is not None:
                dead = _open(arrival, number, envelope, uplinks)
                rows: list[ObservationRow] = []
            else:
                rows, dead = self._read_one(arrival, number, directory, first_id, result)
            result.rows += rows
            result.origins += [number] * len(rows)
            if dead is not None:
                result.dead.append(dead)
        if uplinks and self._uplinks is not None:
            read = self._uplinks.read(arrivals, uplinks, directory, first_id, again=again)
            result.take(Harmonised(read.rows, read.origins, read.dead, read.records, read.repeated))
        return result

    def _read_one(
        self, arrival: Arrival, number: int, directory: Directory, first_id: int, result: Harmonised
    ) -> tuple[list[ObservationRow], DeadLetter | None]:
        topic = self._frames.get(arrival.network, self._usual)
        found = topic.fullmatch(arrival.channel)
        if code := found[1] if found else _called(arrival.channel):
            rows, dead = frames.read(arrival, code, directory, first_id + number)
            if rows:
                time = rows[0].phenomenon_time
                result.records.append(
                    UplinkRecord(
                        arrival=number,
                        device=code,
                        time=time,
                        thing_code=code,
                        lineage=FRAME,
                        clock="received" if time == arrival.received_time else "device",
                    )
                )
            return rows, dead
        if found := _SENSORTHINGS.fullmatch(arrival.channel):
            return _sensorthings(arrival, None if found[1] is None else int(found[1]))
        return [], DeadLetter(
            arrival=arrival,
            what="no reader for this topic",
            where=arrival.channel,
            remedy=(
                "publish on the network's topic in the city folder or on v1.1/Datastreams(<id>)/Observations; "
                "over HTTP name the device in the address: ?device=<id>"
            ),
        )


def _called(channel: str) -> str:
    """Return the device that an address of ours names, or an empty text."""
    found = _CALLED.fullmatch(channel)
    return unquote_plus(found[1]) if found else ""


def _open(arrival: Arrival, number: int, envelope: Read, uplinks: list[tuple[int, Uplink]]) -> DeadLetter | None:
    try:
        uplinks += [(number, uplink) for uplink in envelope(arrival)]
    except PlacetteError as error:
        return DeadLetter(arrival=arrival, what=error.what, where=error.where or arrival.channel, remedy=error.remedy)
    return None


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
