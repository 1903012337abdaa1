"""ChirpStack v4: events over MQTT (``application/+/device/+/event/up``) or HTTP (``?event=up``), JSON or protobuf.

Source: ``api/proto/integration/integration.proto`` of ChirpStack v4, whose generated messages are the package
``chirpstack-api``. JSON and protobuf are one schema: a protobuf event is turned into the JSON form first. Zero, false
and empty members may be absent in either; 64-bit numbers are strings in JSON.
"""

from __future__ import annotations

import importlib
import re
from typing import Any

import msgspec

from placette.harmonise.networks import lorawan
from placette.model.arrivals import Arrival
from placette.model.errors import BadInput, Unprocessable
from placette.model.observation_json import decode
from placette.model.uplinks import Radio, Reception, Uplink

TOPICS = ("application/+/device/{device}/event/+",)
_EVENT = re.compile(r"(?:/event/|[?&]event=)(\w+)")
_MESSAGES = {
    "up": "UplinkEvent",
    "join": "JoinEvent",
    "status": "StatusEvent",
    "location": "LocationEvent",
    "log": "LogEvent",
    "ack": "AckEvent",
    "txack": "TxAckEvent",
}
_PASSED_OVER = frozenset({"integration"})
"""Events of other integrations (geolocation servers): their results come as ``location``."""


class _Part(msgspec.Struct, frozen=True, rename="camel"):
    """A part of an event; members that we do not use are ignored."""


class _Device(_Part, frozen=True, rename="camel"):
    dev_eui: str = ""


class _Lora(_Part, frozen=True, rename="camel"):
    bandwidth: int | None = None
    spreading_factor: int | None = None
    code_rate: str = ""


class _Modulation(_Part, frozen=True, rename="camel"):
    lora: _Lora | None = None


class _Sent(_Part, frozen=True, rename="camel"):
    frequency: int | None = None
    modulation: _Modulation | None = None


class _Heard(_Part, frozen=True, rename="camel"):
    gateway_id: str = ""
    gw_time: str | None = None
    ns_time: str | None = None
    time_since_gps_epoch: str | None = None
    rssi: float = 0
    snr: float = 0


class _Event(_Part, frozen=True, rename="camel", kw_only=True):
    """Every member that any event has and we use."""

    deduplication_id: str = ""
    time: str | None = None
    device_info: _Device | None = None
    dev_addr: str = ""
    f_cnt: int = 0
    f_port: int = 0
    data: str | None = None
    object: dict[str, Any] | None = None
    rx_info: list[_Heard] | None = None
    tx_info: _Sent | None = None
    margin: int | None = None
    external_power_source: bool = False
    battery_level_unavailable: bool = False
    battery_level: float = 0
    location: dict[str, Any] | None = None
    level: str = ""
    code: str = ""
    description: str = ""
    acknowledged: bool = False
    f_cnt_down: int = 0
    old_application: Any = msgspec.field(name="applicationID", default=None)
    """ChirpStack v3 wrote ``applicationID`` and ``devEUI``."""


_decoder = msgspec.json.Decoder(_Event)


def read(arrival: Arrival, options: msgspec.Struct) -> list[Uplink]:
    """Return the event as an uplink; raises ``BadInput`` or ``Unprocessable`` when it is none of ChirpStack v4."""
    kind = _kind(arrival)
    if kind in _PASSED_OVER:
        return []
    if kind not in _MESSAGES:
        known = ", ".join(_MESSAGES)
        raise Unprocessable(f"ChirpStack has no event '{kind[:40]}'", arrival.channel[:200], f"the events are {known}")
    event = _event(arrival, kind)
    if event.old_application is not None:
        raise Unprocessable("this is an event of ChirpStack v3", arrival.channel[:200], "update the server to v4")
    device = lorawan.eui(_eui(event, arrival), arrival.channel[:200])
    return _READERS[kind](event, device, arrival.channel[:200])


def _kind(arrival: Arrival) -> str:
    found = _EVENT.search(arrival.channel)
    if found is None:
        raise BadInput(
            "nothing says which event this is",
            arrival.channel[:200],
            "ChirpStack publishes on …/event/up, and calls an HTTP address with ?event=up",
        )
    return found[1]


def _event(arrival: Arrival, kind: str) -> _Event:
    where = arrival.channel[:200]
    if arrival.payload.lstrip()[:1] == b"{":
        event: _Event = decode(arrival.payload, _decoder, where)
        return event
    try:
        return msgspec.convert(_from_protobuf(arrival.payload, _MESSAGES[kind], where), _Event)
    except msgspec.ValidationError as error:
        raise BadInput(f"the event is not as ChirpStack v4 writes it: {error}", where) from None


def _from_protobuf(payload: bytes, message: str, where: str) -> Any:
    """Return a protobuf event as its JSON form; ``chirpstack-api`` is loaded on the first one (40 ms)."""
    try:
        messages = importlib.import_module("chirpstack_api.integration.integration_pb2")
        json_format = importlib.import_module("google.protobuf.json_format")
        protobuf = importlib.import_module("google.protobuf.message")
    except ImportError:
        raise Unprocessable(
            "protobuf events cannot be read here",
            where,
            "pip install 'placette[lorawan]', or let ChirpStack send JSON; then replay",
        ) from None
    try:
        event = getattr(messages, message).FromString(payload)
    except protobuf.DecodeError:
        raise BadInput("the event is neither JSON nor protobuf", where, "see the integration's marshaler") from None
    return json_format.MessageToDict(event)


def _eui(event: _Event, arrival: Arrival) -> str:
    if event.device_info is not None and event.device_info.dev_eui:
        return event.device_info.dev_eui
    found = re.search(r"/device/([0-9A-Fa-f]{16})/", arrival.channel)
    return found[1] if found else ""


def _told(said: _Event, device: str, **more: Any) -> Uplink:
    return Uplink(
        device=device,
        deduplication=said.deduplication_id,
        server_time=lorawan.moment(said.time),
        **more,
    )


def _up(event: _Event, device: str, where: str) -> list[Uplink]:
    port = event.f_port or None
    heard = event.rx_info or []
    receptions = lorawan.best_first(map(_reception, heard))
    at_server = [time for time in map(lorawan.moment, (each.ns_time for each in heard)) if time is not None]
    return [
        Uplink(
            device=device,
            payload=lorawan.payload(event.data or "", port, where),
            port=port,
            fields=event.object or None,
            counter=event.f_cnt,
            session=event.dev_addr.upper(),
            deduplication=event.deduplication_id,
            gateway_time=lorawan.first_heard(receptions),
            server_time=min(at_server, default=lorawan.moment(event.time)),
            receptions=receptions,
            radio=_radio(event.tx_info),
        )
    ]


def _reception(heard: _Heard) -> Reception:
    return Reception(
        gateway=heard.gateway_id.upper(),
        rssi_dbm=heard.rssi,
        snr_db=heard.snr,
        time=lorawan.moment(heard.gw_time) or lorawan.gps_moment(heard.time_since_gps_epoch),
    )


def _radio(sent: _Sent | None) -> Radio | None:
    if sent is None:
        return None
    lora = (sent.modulation and sent.modulation.lora) or _Lora()
    return Radio(
        spreading_factor=lora.spreading_factor,
        bandwidth_hz=lora.bandwidth,
        frequency_hz=sent.frequency,
        coding_rate=lora.code_rate.removeprefix("CR_").replace("_", "/"),
    )


def _join(event: _Event, device: str, where: str) -> list[Uplink]:
    return [_told(event, device, event="join", session=event.dev_addr.upper())]


def _status(event: _Event, device: str, where: str) -> list[Uplink]:
    """Read the answer to DevStatusReq: margin of the last downlink in dB, battery in percent unless there is none."""
    has_battery = not (event.external_power_source or event.battery_level_unavailable)
    fields: dict[str, Any] = {"margin": event.margin or 0, "externalPowerSource": event.external_power_source}
    battery = event.battery_level if has_battery else None
    return [_told(event, device, event="status", fields=fields, battery_percent=battery)]


def _location(event: _Event, device: str, where: str) -> list[Uplink]:
    return [_told(event, device, event="location", fields=event.location or {})]


def _log(event: _Event, device: str, where: str) -> list[Uplink]:
    fields = {"level": event.level, "code": event.code, "description": event.description}
    return [_told(event, device, event="log", fields=fields)]


def _ack(event: _Event, device: str, where: str) -> list[Uplink]:
    fields = {"acknowledged": event.acknowledged, "fCntDown": event.f_cnt_down}
    return [_told(event, device, event="other", fields=fields)]


def _txack(event: _Event, device: str, where: str) -> list[Uplink]:
    """A gateway has sent something: that says nothing about the device."""
    return []


_READERS = {
    "up": _up,
    "join": _join,
    "status": _status,
    "location": _location,
    "log": _log,
    "ack": _ack,
    "txack": _txack,
}
