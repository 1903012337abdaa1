"""Device frames: the JSON a device of the city sends on ``devices/<thing code>/up``.

::

    {"time": "2026-07-01T12:00:00Z", "values": {"pm10": 17.5, "door": "open"}, "quality": 1}

``values`` holds one member per observed property key; a value is a number, a string, a boolean or null, which says
that the device tried and got nothing (quality 9). ``time`` is when it was measured; without it the frame is of the
moment it was received. ``quality`` is a QARTOD flag for all values.
"""

from __future__ import annotations

import msgspec

from placette.harmonise.directory import Directory
from placette.model import times
from placette.model.arrivals import Arrival, DeadLetter
from placette.model.errors import BadInput, PlacetteError
from placette.model.observation_json import decode, result_columns
from placette.model.observations import ObservationRow, Quality

_FLAGS = frozenset(Quality)
_MEMBERS = "time, values, quality"


class Frame(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A frame as it is sent."""

    values: dict[str, float | bool | str | None]
    time: str | None = None
    quality: int = Quality.NOT_EVALUATED


_decoder = msgspec.json.Decoder(Frame)


def read(
    arrival: Arrival, thing_code: str, directory: Directory, arrival_id: int | None = None
) -> tuple[list[ObservationRow], DeadLetter | None]:
    """Return the observations of a frame, and a dead letter with its reason when all or some of it is unusable.

    A frame with an unknown key gives the observations of its other keys; it is kept whole, so that a replay after the
    mend adds what was missing and changes nothing else. A retained frame without a time says nothing about when it was
    measured: it gives neither.
    """
    try:
        frame: Frame = decode(arrival.payload, _decoder, arrival.channel, _MEMBERS)
        _check_quality(frame.quality, arrival.channel)
        time = arrival.received_time if frame.time is None else times.micros(frame.time)
    except PlacetteError as error:
        return [], DeadLetter(
            arrival=arrival, what=error.what, where=error.where or arrival.channel, remedy=error.remedy
        )
    if frame.time is None and arrival.retained:
        return [], None
    rows: list[ObservationRow] = []
    unknown: list[str] = []
    for key, value in frame.values.items():
        entry = directory.by_code.get(f"{thing_code}/{key}")
        if entry is None:
            unknown.append(key)
        else:
            rows.append(_row(entry.id, time, value, frame.quality, arrival_id))
    return rows, _unknown(arrival, thing_code, unknown, known=bool(rows)) if unknown or not frame.values else None


def _row(
    datastream_id: int, time: int, value: float | bool | str | None, quality: int, arrival_id: int | None
) -> ObservationRow:
    if type(value) is float:
        return ObservationRow(datastream_id, time, value, quality=quality, arrival_id=arrival_id)
    number, text = result_columns(value)
    flag = Quality.MISSING if value is None else quality
    return ObservationRow(datastream_id, time, number, text, quality=flag, arrival_id=arrival_id)


def _check_quality(quality: int, where: str) -> None:
    if quality not in _FLAGS:
        raise BadInput(
            f"{quality} is no quality flag", where, "QARTOD: 1 good, 2 not evaluated, 3 suspect, 4 fail, 9 missing"
        )


def _unknown(arrival: Arrival, thing_code: str, keys: list[str], *, known: bool) -> DeadLetter:
    if not keys:
        return DeadLetter(arrival=arrival, what="the frame has no values", where=arrival.channel, remedy="send some")
    named = ", ".join(key[:40] for key in keys[:10]) + (", …" if len(keys) > 10 else "")
    return DeadLetter(
        arrival=arrival,
        what=f"'{thing_code[:80]}' has no datastream for {named}",
        where=f"{arrival.channel} values",
        remedy=(
            "add the quantity to the device's model, or correct the key"
            if known
            else "declare the device in the city folder, or correct the code in the topic"
        )
        + "; then replay the frame",
    )
