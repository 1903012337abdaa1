"""Frames of people's devices in JSON: Cisco Meraki's Scanning API 2.0, 2.1 and 3.0, and a plain form of our own.

Meraki: https://developer.cisco.com/meraki/scanning-api/ (2-0, 2-1, 3-0). Version 2 sends one body per access point
(``data.apMac``), version 3 one per network, in which each client has ``locations`` with the access points that heard
it (``rssiRecords``) or a ``latestRecord``. The plain form is
``{"secret": …, "sensor": …, "frames": [{"time": …, "mac": …, "rssi": …}]}``.

Every member that could hold an address is a view of the body (``msgspec.Raw``), so that reading makes no copy of it.
Errors never say anything of the content.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TypeVar

import msgspec
from msgspec import Raw

from placette.model import addresses
from placette.model.errors import BadInput, NotAllowed
from placette.model.wifi import Take

T = TypeVar("T")
_NOTHING = Raw()
_WIFI = (b'"WiFi"', b'"DevicesSeen"')
_BLUETOOTH = (b'"BLE"', b'"Bluetooth"', b'"BluetoothDevicesSeen"')
_WHERE = "the body"


class Envelope(msgspec.Struct):
    """The outermost members; those of Meraki and those of the plain form."""

    secret: Raw = _NOTHING
    version: Raw = _NOTHING
    type: Raw = _NOTHING
    data: Raw = _NOTHING
    sensor: Raw = _NOTHING
    frames: Raw = _NOTHING


class Heard(msgspec.Struct):
    """An access point that heard a client (``rssiRecords``)."""

    ap_mac: Raw = msgspec.field(name="apMac", default=_NOTHING)
    rssi: Raw = _NOTHING


class Location(msgspec.Struct):
    """Where a client was at a time, and who heard it."""

    time: datetime | None = None
    rssi_records: list[Heard] = msgspec.field(name="rssiRecords", default_factory=list)


class Latest(msgspec.Struct):
    """The last time a client was heard."""

    time: datetime | None = None
    nearest_ap_mac: Raw = msgspec.field(name="nearestApMac", default=_NOTHING)
    nearest_ap_rssi: Raw = msgspec.field(name="nearestApRssi", default=_NOTHING)


class Seen(msgspec.Struct):
    """One client, in the members of all versions."""

    client_mac: Raw = msgspec.field(name="clientMac", default=_NOTHING)
    seen_epoch: float | None = msgspec.field(name="seenEpoch", default=None)
    seen_time: datetime | None = msgspec.field(name="seenTime", default=None)
    rssi: Raw = _NOTHING
    locations: list[Location] = msgspec.field(default_factory=list)
    latest_record: Latest | None = msgspec.field(name="latestRecord", default=None)


class Data(msgspec.Struct):
    """What Meraki saw."""

    ap_mac: Raw = msgspec.field(name="apMac", default=_NOTHING)
    observations: list[Seen] = msgspec.field(default_factory=list)


class Frame(msgspec.Struct):
    """One frame of the plain form; ``time`` is RFC 3339 text or seconds since 1970."""

    mac: Raw
    time: datetime | float | None = None
    rssi: Raw = _NOTHING


_envelope = msgspec.json.Decoder(Envelope)
_data = msgspec.json.Decoder(Data)
_frames = msgspec.json.Decoder(list[Frame])


class Sensors:
    """The sensors of one network by what the network calls them, without a copy of any name that is asked for."""

    def __init__(self, names: Mapping[str, str], key: Callable[[bytearray | memoryview], int]) -> None:
        self._key = key
        self._address = bytearray(addresses.SIZE)
        self._codes = {self._key_of(memoryview(name.encode())): code for name, code in names.items()}

    def find(self, name: Raw) -> str | None:
        """Return the code of the device that the network calls so, or ``None``."""
        view = memoryview(name)
        return self._codes.get(self._key_of(view[1:-1] if len(view) > 1 and view[0] == 0x22 else view))

    def _key_of(self, view: memoryview) -> int:
        found = self._key(self._address) if addresses.read(view, self._address) else self._key(view)
        addresses.clear(self._address)
        return found


class Frames:
    """Reads the bodies of one network; ``take`` counts each frame of a known sensor."""

    def __init__(self, secret: str, sensors: Sensors, take: Take) -> None:
        self._secret = msgspec.json.encode(secret)
        self._sensors = sensors
        self._take = take
        self._address = bytearray(addresses.SIZE)
        self.unknown_sensor = 0
        """Frames of sensors that the city does not have."""
        self.no_address = 0
        """Frames whose sender is no address."""

    def read(self, body: bytearray) -> None:
        """Count every frame of a body, which the caller overwrites afterwards.

        Raises ``NotAllowed`` on a wrong secret and ``BadInput`` when the body is of no form known here; then nothing
        of it is counted.
        """
        envelope: Envelope = _decode(_envelope, body)
        self._check(envelope.secret)
        try:
            if memoryview(envelope.frames):
                self._read_plain(envelope)
            else:
                self._read_meraki(envelope)
        finally:
            addresses.clear(self._address)

    def _check(self, secret: Raw) -> None:
        given = memoryview(secret)
        if not given:
            raise NotAllowed("the body carries no secret", _WHERE, "set the network's shared secret in its sender")
        if not hmac.compare_digest(given, self._secret):
            remedy = "set the same secret in the sender and in the environment of this server"
            raise NotAllowed("the secret is wrong", _WHERE, remedy, known=True)

    def _read_meraki(self, envelope: Envelope) -> None:
        kind = memoryview(envelope.type)
        if kind not in _WIFI and kind not in _BLUETOOTH:
            raise BadInput("the type of the message is not known", _WHERE, "choose Wi-Fi or Bluetooth in Meraki")
        data: Data = _decode(_data, envelope.data)
        bluetooth = kind in _BLUETOOTH
        listening = self._sensors.find(data.ap_mac) if memoryview(data.ap_mac) else None
        for seen in data.observations:
            if memoryview(data.ap_mac):
                time = seen.seen_time if seen.seen_epoch is None else seen.seen_epoch
                self._count(listening, time, seen.client_mac, seen.rssi, bluetooth)
                continue
            for location in seen.locations:
                nearest = max(location.rssi_records, key=_strength, default=None)
                if nearest is not None:
                    sensor = self._sensors.find(nearest.ap_mac)
                    self._count(sensor, location.time, seen.client_mac, nearest.rssi, bluetooth)
            if (latest := seen.latest_record) is not None:
                sensor = self._sensors.find(latest.nearest_ap_mac)
                self._count(sensor, latest.time, seen.client_mac, latest.nearest_ap_rssi, bluetooth)

    def _read_plain(self, envelope: Envelope) -> None:
        sensor = self._sensors.find(envelope.sensor)
        for frame in _decode(_frames, envelope.frames):
            self._count(sensor, frame.time, frame.mac, frame.rssi, False)

    def _count(self, sensor: str | None, time: datetime | float | None, mac: Raw, rssi: Raw, bluetooth: bool) -> None:
        if sensor is None:
            self.unknown_sensor += 1
        elif not addresses.read(memoryview(mac), self._address) or addresses.is_group(self._address):
            self.no_address += 1
        else:
            self._take(sensor, _micros(time), self._address, rssi_dbm=_number(rssi), bluetooth=bluetooth)


def _decode(decoder: msgspec.json.Decoder[T], body: bytearray | Raw) -> T:
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # not even the parser's own words: they may quote the content
        raise BadInput("the body is of no form known here", _WHERE, "see docs/wifi.md for the forms") from None


def _micros(time: datetime | float | None) -> int | None:
    if isinstance(time, datetime):
        return round((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1e6)
    return None if time is None else round(time * 1e6)


def _number(text: Raw) -> float | None:
    """Return a number or a number in quotes; only what is too short to be an address is looked at."""
    view = memoryview(text)
    if not 0 < len(view) <= 8:
        return None
    try:
        return float(bytes(view).strip(b'"'))
    except ValueError:
        return None


def _strength(heard: Heard) -> float:
    found = _number(heard.rssi)
    return -1000.0 if found is None else found
