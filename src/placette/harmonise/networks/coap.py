"""Requests of devices that speak CoAP (RFC 7252): what their path and content format say becomes uplinks.

The channel is the request's path with its content format and, when the device gave one, its own number of the message:
``s/AIX-RUC-01/3303/0/5700;ct=0;id=17``. Read are SenML (110, 112), plain text on a LwM2M resource (0), JSON of the
shape of docs/connect.md (50), and bytes for the device's codec (42, or no content format).
"""

from __future__ import annotations

import math
from typing import Any

import msgspec

from placette.harmonise import hive
from placette.harmonise.networks import lwm2m, senml
from placette.model import times
from placette.model.arrivals import Arrival
from placette.model.errors import BadInput
from placette.model.uplinks import Uplink

TEXT, OCTETS, JSON, SENML_JSON, SENML_CBOR = 0, 42, 50, 110, 112
_WORDS: dict[str, bool] = {"true": True, "false": False}


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``oscore``: take only what a device's own key protects; it is the connector's to see to."""

    oscore: bool = False


class _Frame(msgspec.Struct, forbid_unknown_fields=True):
    values: dict[str, float | bool | str | None]
    time: str | None = None


class Request(msgspec.Struct, frozen=True):
    """What a channel says: the device, the rest of the path, the content format, the device's number of the message."""

    device: str
    below: str
    content_format: int | None
    id: str


def read(arrival: Arrival, options: object = None) -> list[Uplink]:
    """Return the uplinks of one request; raises ``BadInput`` and what ``senml.read`` raises."""
    request = parse(arrival.channel)
    found = _read(request, arrival)
    if not request.id:
        return found
    return [
        msgspec.structs.replace(each, deduplication=f"{request.device}/{request.id}/{index}")
        for index, each in enumerate(found)
    ]


def parse(channel: str) -> Request:
    """Return what a channel says; raises ``BadInput`` when it names no device.

    >>> parse("s/AIX-RUC-01/3303/0;ct=110")
    Request(device='AIX-RUC-01', below='3303/0', content_format=110, id='')
    """
    path, _, rest = channel.partition(";")
    _, _, path = path.partition("/")
    device, _, below = path.partition("/")
    if not device:
        raise BadInput("the path names no device", channel[:80], "POST to /s/<device>")
    said = dict(part.partition("=")[::2] for part in rest.split(";"))
    content_format = said.get("ct", "")
    return Request(device, below, int(content_format) if content_format.isdecimal() else None, said.get("id", ""))


def _read(request: Request, arrival: Arrival) -> list[Uplink]:
    if request.content_format in (SENML_JSON, SENML_CBOR):
        values = senml.resolve(senml.records(arrival.payload), arrival.received_time)
        return senml.uplinks(values, request.device, request.below)
    if request.content_format == JSON:
        return [_frame(request, arrival.payload)]
    if request.content_format == TEXT:
        return [_resource(request, arrival.payload)]
    return [hive.uplink(request.device, arrival.payload, arrival.received_time)]


def _frame(request: Request, payload: bytes) -> Uplink:
    try:
        frame = msgspec.json.decode(payload, type=_Frame)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"this is no frame: {error}", remedy='send {"values": {"temperature": 21.5}}') from None
    when = None if frame.time is None else times.micros(frame.time)
    return Uplink(device=request.device, fields=frame.values, device_time=when)


def _resource(request: Request, payload: bytes) -> Uplink:
    """Read one LwM2M resource written as text."""
    path = lwm2m.path(request.below)
    if path is None:
        raise BadInput("text is for a LwM2M resource", request.below[:80], "POST to /s/<device>/3303/0/5700, say")
    try:
        text = payload.decode().strip()
    except UnicodeDecodeError:
        raise BadInput("the text is no UTF-8", request.below[:80]) from None
    known = lwm2m.resource(path)
    value = _value(text)
    units = {known.name: known.unit} if known.unit and not isinstance(value, str | bool) else {}
    return Uplink(device=request.device, fields={known.name: value}, units=units)


def _value(text: str) -> Any:
    """Return a number, a truth or the text itself."""
    try:
        number = float(text)
    except ValueError:
        return _WORDS.get(text.lower(), text)
    if not math.isfinite(number):
        raise BadInput(f"'{text[:20]}' is no finite number")
    return number
