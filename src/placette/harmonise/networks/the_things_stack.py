"""The Things Stack v3: MQTT (``v3/{application}@{tenant}/devices/{id}/up``) and webhooks, the same JSON in both.

Source: ``ApplicationUp`` of the stack's ``api/messages.proto``. Its JSON leaves out members equal to 0, false or empty.
They are restored here where the schema says what absence means: ``f_cnt`` is 0; ``f_port`` is none; ``snr`` and
``rssi`` are 0 when the gateway measured the signal at all; a frame with a port and without ``frm_payload`` has an empty
payload.

What the stack's own payload formatter gave (``decoded_payload``) is passed on as it came: which members it should have
is known to that formatter alone. The uplink says that it ``leaves_out_zeros``, so that a quantity of the device's model
may say what a missing field means. Where the model names a codec of ours, the raw payload is decoded by it instead.

The stack may send each normalised measurement as a message of its own, too (``…/up/normalized``), a
copy that is passed over unless the network's option ``normalized`` says that it counts: then the uplinks that were
normalised are passed over, and those that no copy follows are read. Of the copies the values are read, not the payload,
which is the same in all measurements of a frame.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from placette.harmonise.networks import lorawan
from placette.model.arrivals import Arrival
from placette.model.errors import BadInput, Unprocessable
from placette.model.observation_json import decode
from placette.model.uplinks import Radio, Reception, Uplink

TOPICS = ("v3/+/devices/{device}/up", "v3/+/devices/{device}/join", "v3/+/devices/{device}/location/solved")


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``normalized``: read the stack's normalised measurements instead of the uplinks that they are copies of."""

    normalized: bool = False


class _Ids(msgspec.Struct, frozen=True):
    device_id: str = ""
    dev_eui: str = ""
    dev_addr: str = ""


class _GatewayIds(msgspec.Struct, frozen=True):
    gateway_id: str = ""
    eui: str = ""


class _Heard(msgspec.Struct, frozen=True):
    gateway_ids: _GatewayIds | None = None
    time: str | None = None
    gps_time: str | None = None
    rssi: float | None = None
    channel_rssi: float | None = None
    snr: float | None = None


class _Lora(msgspec.Struct, frozen=True):
    bandwidth: int | None = None
    spreading_factor: int | None = None
    coding_rate: str = ""


class _DataRate(msgspec.Struct, frozen=True):
    lora: _Lora | None = None


class _Settings(msgspec.Struct, frozen=True):
    data_rate: _DataRate | None = None
    coding_rate: str = ""
    """Where versions before 3.23 wrote it."""
    frequency: str | int | None = None
    time: str | None = None


class _Battery(msgspec.Struct, frozen=True):
    value: float = 0


class _Message(msgspec.Struct, frozen=True, kw_only=True):
    f_cnt: int = 0
    f_port: int = 0
    frm_payload: str = ""
    decoded_payload: dict[str, Any] | None = None
    normalized_payload: list[dict[str, Any]] | dict[str, Any] | None = None
    rx_metadata: list[_Heard] | None = None
    settings: _Settings | None = None
    received_at: str | None = None
    last_battery_percentage: _Battery | None = None


class _Join(msgspec.Struct, frozen=True):
    received_at: str | None = None


class _Located(msgspec.Struct, frozen=True):
    location: dict[str, Any] | None = None


class _Up(msgspec.Struct, frozen=True, kw_only=True):
    """One ``ApplicationUp``: who, when, and one of several messages."""

    end_device_ids: _Ids | None = None
    correlation_ids: list[str] = []
    received_at: str | None = None
    simulated: bool = False
    uplink_message: _Message | None = None
    uplink_normalized: _Message | None = None
    join_accept: _Join | None = None
    location_solved: _Located | None = None


_decoder = msgspec.json.Decoder(_Up)


def read(arrival: Arrival, options: Options) -> list[Uplink]:
    """Return the message as an uplink; nothing for messages about downlinks and the stack's own services."""
    where = arrival.channel[:200]
    up: _Up = decode(arrival.payload, _decoder, where)
    if up.end_device_ids is None:
        raise BadInput("the message names no device", where, "is this a message of The Things Stack v3?")
    if up.simulated:
        raise Unprocessable("a simulated uplink is no measurement", where, "it has arrived well; let the device send")
    if up.uplink_message is not None:
        copied = options.normalized and up.uplink_message.normalized_payload
        return [] if copied else [_uplink(up, up.uplink_message, where)]
    if up.uplink_normalized is not None:
        return [_normalised(up, up.uplink_normalized, where)] if options.normalized else []
    if up.join_accept is not None:
        return [_told(up, where, event="join", session=up.end_device_ids.dev_addr.upper())]
    if up.location_solved is not None:
        return [_told(up, where, event="location", fields=up.location_solved.location or {})]
    return []


def _device(up: _Up, where: str) -> str:
    """Return the DevEUI; a device activated without one is known by the name it has in the stack."""
    ids = up.end_device_ids or _Ids()
    if ids.dev_eui:
        return lorawan.eui(ids.dev_eui, where)
    if not ids.device_id:
        raise BadInput("the message names no device", where, "is this a message of The Things Stack v3?")
    return ids.device_id


def _told(up: _Up, where: str, **more: Any) -> Uplink:
    return Uplink(
        device=_device(up, where),
        deduplication=_same_when_repeated(up.correlation_ids),
        server_time=lorawan.moment(up.received_at),
        **more,
    )


def _uplink(up: _Up, message: _Message, where: str) -> Uplink:
    port = message.f_port or None
    receptions = lorawan.best_first(map(_reception, message.rx_metadata or []))
    settings = message.settings or _Settings()
    ids = up.end_device_ids or _Ids()
    return Uplink(
        device=_device(up, where),
        payload=lorawan.payload(message.frm_payload, port, where),
        port=port,
        fields=_fields(message),
        leaves_out_zeros=True,
        counter=message.f_cnt,
        session=ids.dev_addr.upper(),
        deduplication=_same_when_repeated(up.correlation_ids),
        gateway_time=lorawan.first_heard(receptions) or lorawan.moment(settings.time),
        server_time=lorawan.moment(message.received_at) or lorawan.moment(up.received_at),
        receptions=receptions,
        radio=_radio(settings),
        battery_percent=message.last_battery_percentage.value if message.last_battery_percentage else None,
    )


def _normalised(up: _Up, message: _Message, where: str) -> Uplink:
    whole = _uplink(up, message, where)
    fields = _fields(msgspec.structs.replace(message, decoded_payload=None))
    told = lorawan.moment(fields.get("time")) if fields and isinstance(fields.get("time"), str) else None
    return msgspec.structs.replace(whole, payload=None, fields=fields, device_time=told)


def _fields(message: _Message) -> dict[str, Any] | None:
    """Return the decoded values: in the device's own names, else the stack's normalised ones (first measurement)."""
    if message.decoded_payload:
        return message.decoded_payload
    normalised = message.normalized_payload
    if isinstance(normalised, list):
        return normalised[0] if normalised else None
    return normalised


def _reception(heard: _Heard) -> Reception:
    ids = heard.gateway_ids or _GatewayIds()
    measured = (heard.rssi, heard.channel_rssi, heard.snr) != (None, None, None)
    rssi = heard.channel_rssi if heard.rssi is None else heard.rssi
    return Reception(
        gateway=ids.eui.upper() or ids.gateway_id,
        rssi_dbm=(rssi or 0.0) if measured else None,
        snr_db=(heard.snr or 0.0) if measured else None,
        time=lorawan.moment(heard.time) or lorawan.moment(heard.gps_time),
    )


def _radio(settings: _Settings) -> Radio | None:
    lora = (settings.data_rate and settings.data_rate.lora) or _Lora()
    frequency = str(settings.frequency or "")
    if not frequency and lora == _Lora():
        return None
    return Radio(
        spreading_factor=lora.spreading_factor,
        bandwidth_hz=lora.bandwidth,
        frequency_hz=int(frequency) if re.fullmatch(r"\d{1,12}", frequency, re.ASCII) else None,
        coding_rate=lora.coding_rate or settings.coding_rate,
    )


def _same_when_repeated(correlation_ids: list[str]) -> str:
    """Return the identifier that the gateway server gave the frame: a webhook that is tried again carries it too."""
    return next((each for each in sorted(correlation_ids) if each.startswith("gs:uplink:")), "")
