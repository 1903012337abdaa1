"""Uplinks become observations: the device, its codec, the meaning of its fields, its clock; repeated ones are left out.

Many at once: the messages of one codec are decoded together. A message of which something cannot be used gives what can
be, and is kept whole as a dead letter, so that a replay after the mend adds what was missing and changes nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from placette.harmonise import clocks
from placette.harmonise.codecs import CodecError, Codecs, Decoded, Frame
from placette.harmonise.devices import ABSENT, Attached, Devices, at
from placette.harmonise.directory import Directory
from placette.harmonise.seen import Seen
from placette.model.arrivals import Arrival, DeadLetter
from placette.model.errors import PlacetteError
from placette.model.lineage import Lineage, UplinkRecord
from placette.model.observation_json import result_columns
from placette.model.observations import ObservationRow, Quality
from placette.model.uplinks import Fields, Uplink

_MOST_RECORDS = 1_000
"""Older readings that one frame may hold."""


class Read(msgspec.Struct):
    """What some uplinks have become; ``origins`` has for each row the number of its arrival."""

    rows: list[ObservationRow]
    origins: list[int]
    records: list[UplinkRecord]
    dead: list[DeadLetter]
    repeated: int = 0


class _Work(msgspec.Struct):
    """One uplink on its way; ``faults`` gathers what is wrong with it."""

    number: int
    uplink: Uplink
    attached: Attached
    fingerprint: int | None
    fields: Fields
    lineage: Lineage
    faults: list[str]


class UplinkReader:
    """Reads uplinks by the devices and codecs of a city; ``seen`` remembers the messages it took."""

    def __init__(self, devices: Devices, codecs: Codecs, seen: Seen) -> None:
        self._devices = devices
        self._codecs = codecs
        self._seen = seen

    def read(
        self,
        arrivals: Sequence[Arrival],
        uplinks: Iterable[tuple[int, Uplink]],
        directory: Directory,
        first_id: int,
        *,
        again: bool = False,
    ) -> Read:
        """Return what these uplinks, each with the number of its arrival, have become.

        ``first_id`` is the id of the first arrival. ``again`` reads messages that were taken before: none of them is a
        repetition then.
        """
        found = Read([], [], [], [])
        works = list(self._known(arrivals, uplinks, found, again=again))
        self._decode(works, arrivals)
        for work in works:
            self._interpret(work, arrivals[work.number], directory, first_id, found)
        return found

    def _known(
        self, arrivals: Sequence[Arrival], uplinks: Iterable[tuple[int, Uplink]], found: Read, *, again: bool
    ) -> Iterable[_Work]:
        here: dict[int, int] = {}
        for number, uplink in uplinks:
            if uplink.fault:
                found.dead.append(_unreadable(arrivals[number], uplink))
                continue
            heard = clocks.heard(uplink, arrivals[number].received_time)
            attached = self._devices.find(uplink.device, heard)
            if attached is None:
                found.dead.append(_unknown(arrivals[number], uplink))
                continue
            fingerprint = fingerprint_of(uplink, arrivals[number].network)
            if fingerprint is not None and not again:
                if self._seen.holds(fingerprint, heard, here):
                    found.repeated += 1
                    continue
                here[fingerprint] = heard
            model = attached.mapping.model
            lineage = Lineage("", "", model.key, attached.mapping.version)
            yield _Work(number, uplink, attached, fingerprint, uplink.fields or {}, lineage, [])

    def _decode(self, works: Sequence[_Work], arrivals: Sequence[Arrival]) -> None:
        """Decode all payloads of one codec together; what the network decoded counts only where we have no codec."""
        groups: dict[str, list[_Work]] = {}
        for work in works:
            name = work.attached.mapping.model.codec
            if name and work.uplink.payload is not None:
                groups.setdefault(name, []).append(work)
        for name, group in groups.items():
            try:
                codec = self._codecs.get(name)
            except PlacetteError as error:
                for work in group:
                    work.faults.append(str(error))
                continue
            frames = [
                Frame(work.uplink.payload or b"", work.uplink.port, arrivals[work.number].received_time)
                for work in group
            ]
            for work, decoded in zip(group, codec.decode_many(frames), strict=True):
                model = work.attached.mapping
                work.lineage = Lineage(codec.name, codec.version, model.model.key, model.version)
                _take(work, decoded)

    def _interpret(self, work: _Work, arrival: Arrival, directory: Directory, first_id: int, found: Read) -> None:
        model = work.attached.mapping.model
        before = len(found.rows)
        moment = None
        if not work.faults or work.fields:
            for fields in _readings(work.fields, model.records_field):
                try:
                    told = _told_time(fields, model.time_field)
                except PlacetteError as error:
                    work.faults.append(str(error))
                    continue
                here = clocks.moment(work.uplink, model, told, arrival.received_time)
                moment = moment or here
                self._rows(work, fields, here, directory, first_id, found)
        moment = moment or clocks.moment(work.uplink, model, None, arrival.received_time)
        if work.uplink.event == "up" and len(found.rows) == before and not work.faults:
            work.faults.append(_nothing(work))
        if len(found.rows) > before or not work.faults:
            found.records.append(_record(work, moment))
        if work.faults:
            found.dead.append(_letter(work, arrival))

    def _rows(
        self, work: _Work, fields: Fields, moment: clocks.Moment, directory: Directory, first_id: int, found: Read
    ) -> None:
        results, faults = work.attached.mapping.results(fields, work.uplink)
        work.faults += faults
        uplink = work.uplink
        for key, value in results.items():
            entry = directory.by_code.get(f"{work.attached.thing_code}/{key}")
            if entry is None:
                work.faults.append(f"'{work.attached.thing_code}' has no datastream for {key}")
                continue
            number, text = result_columns(value)
            flag = Quality.MISSING if value is None else Quality.SUSPECT if moment.doubtful else Quality.NOT_EVALUATED
            found.rows.append(
                ObservationRow(
                    entry.id,
                    moment.time,
                    number,
                    text,
                    uplink.end_time,
                    uplink.issue_time,
                    flag,
                    arrival_id=first_id + work.number,
                )
            )
            found.origins.append(work.number)


def fingerprint_of(uplink: Uplink, network: str) -> int | None:
    """Return a number that is the same whenever this message comes again, ``None`` where nothing tells it apart.

    A LoRaWAN frame is told by its device, session, counter and content, whichever server forwarded it; another message
    by the identifier that its network gave it.
    """
    if uplink.counter is not None:
        content = uplink.payload if uplink.payload is not None else msgspec.json.encode(uplink.fields, order="sorted")
        parts = (uplink.event, uplink.device.casefold(), uplink.session.casefold(), str(uplink.counter))
        text = "\x1f".join(parts).encode("utf-8", "surrogatepass") + content
    elif uplink.deduplication:
        text = f"{network}\x1f{uplink.event}\x1f{uplink.deduplication}".encode("utf-8", "surrogatepass")
    else:
        return None
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big", signed=True)


def _take(work: _Work, decoded: Decoded | CodecError) -> None:
    if isinstance(decoded, CodecError):
        work.fields = {}
        work.faults.append(str(decoded))
    else:
        work.fields = decoded.fields


def _readings(fields: Fields, records_field: str) -> Iterable[Fields]:
    """Yield the fields of each reading of a frame: what it says now, then its older readings."""
    yield fields
    if not records_field:
        return
    records = at(fields, tuple(records_field.split(".")))
    if isinstance(records, list):
        for record in records[:_MOST_RECORDS]:
            if isinstance(record, dict):
                yield record


def _told_time(fields: Fields, time_field: str) -> int | None:
    if not time_field:
        return None
    value: Any = at(fields, tuple(time_field.split(".")))
    return None if value is ABSENT else clocks.read(value, time_field)


def _record(work: _Work, moment: clocks.Moment) -> UplinkRecord:
    uplink = work.uplink
    best = uplink.receptions[0] if uplink.receptions else None
    radio = uplink.radio
    return UplinkRecord(
        arrival=work.number,
        device=uplink.device,
        time=moment.time,
        thing_code=work.attached.thing_code,
        event=uplink.event,
        lineage=work.lineage,
        port=uplink.port,
        counter=uplink.counter,
        session=uplink.session,
        deduplication=uplink.deduplication,
        fingerprint=work.fingerprint,
        clock=moment.clock,
        drift_s=moment.drift_s,
        gateway=best.gateway if best else "",
        gateways=len(uplink.receptions),
        rssi_dbm=best.rssi_dbm if best else None,
        snr_db=best.snr_db if best else None,
        spreading_factor=radio.spreading_factor if radio else None,
        bandwidth_hz=radio.bandwidth_hz if radio else None,
        frequency_hz=radio.frequency_hz if radio else None,
        payload_bytes=None if uplink.payload is None else len(uplink.payload),
        battery_percent=uplink.battery_percent,
    )


def _nothing(work: _Work) -> str:
    mapping = work.attached.mapping
    if not work.fields and work.uplink.payload is not None and not mapping.model.codec:
        return (
            f"the payload of '{work.attached.thing_code}' is not decoded: its model '{mapping.model.key}' has no codec"
        )
    named = ", ".join(sorted(str(key)[:40] for key in work.fields)[:10]) or "nothing"
    return f"'{mapping.model.key}' looks for {mapping.names} and the message has {named}"


def _letter(work: _Work, arrival: Arrival) -> DeadLetter:
    return DeadLetter(
        arrival=arrival,
        what="; ".join(dict.fromkeys(work.faults)),
        where=f"{arrival.channel}, {work.attached.thing_code}",
        remedy="mend the codec or the model of the device, then replay the message",
    )


def _unreadable(arrival: Arrival, uplink: Uplink) -> DeadLetter:
    remedy = "see to what its sender writes, then replay the message"
    return DeadLetter(arrival=arrival, what=uplink.fault, where=arrival.channel, remedy=remedy)


def unknown(device: str) -> str:
    """Return what a dead letter says of a device that the city does not know."""
    return f"no device of the city is called '{device[:80]}' by its network"


def _unknown(arrival: Arrival, uplink: Uplink) -> DeadLetter:
    return DeadLetter(
        arrival=arrival,
        what=unknown(uplink.device),
        where=arrival.channel,
        remedy="write it as network_id of a device in things.csv, or install the device; then replay the message",
    )
