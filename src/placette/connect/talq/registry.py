"""What the gateways of one network have announced: classes, services, devices. One JSON file, written when it changes.

Addresses are ours to give (the specification, bootstrap process). They are made of the network, the gateway and the
device's name (UUID version 5), so that a gateway that starts anew finds its devices under the addresses they had.
Values that change all the time are kept in memory alone: the file holds what a restart must not forget.
"""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from typing import Any

import msgspec

from placette.connect.talq.errors import TalqFault
from placette.model.errors import StorageFailure

NIL = str(uuid.UUID(int=0))
MOST = 100_000
"""Devices, classes and services of one network, each."""
_NAMESPACE = uuid.UUID("7d1fd0ab-37c6-5b83-9f35-6d3c7a1b9e20")
Device = dict[str, Any]


class _Kept(msgspec.Struct):
    """The file. ``owners`` has for each device the gateway that announced it; a gateway owns itself."""

    devices: dict[str, Device] = {}
    owners: dict[str, str] = {}
    classes: dict[str, dict[str, Any]] = {}
    services: dict[str, dict[str, Any]] = {}


class Registry:
    """The announcements of the network ``key``, kept in ``file``; raises :class:`TalqFault` on what cannot be."""

    def __init__(self, key: str, file: Path) -> None:
        self._key = key
        self._file = file
        self._kept = _read(file)
        self._changed = False

    @property
    def cms_address(self) -> str:
        """Our own TALQ address in this network."""
        return self._address("cms", "")

    def is_gateway(self, address: str) -> bool:
        """Tell whether this address was given to a gateway."""
        return self._kept.owners.get(address) == address

    def devices(self, classes: frozenset[str] = frozenset()) -> list[Device]:
        """Return all devices, or those of these classes, in the order of their announcement."""
        return [each for each in self._kept.devices.values() if not classes or each["class"] in classes]

    def device(self, address: str) -> Device:
        """Return one device."""
        found = self._kept.devices.get(address)
        if found is None:
            raise TalqFault("resourceNotFound", f"there is no device {address[:40]}")
        return found

    def add(self, client: str, device: Device) -> Device:
        """Take a new device under an address of ours, or find it again by its name; return it as kept."""
        named = str(device.get("address") or NIL)
        if named in self._kept.devices:
            raise TalqFault("resourceConflict", f"the device {named[:40]} is known; send PUT or PATCH")
        if named != NIL:
            raise TalqFault("payloadError", "a new device has the address NIL: the CMS gives it one")
        gateway = _is_gateway(device)
        address = self._address("" if gateway else client, device["name"])
        kept = {**device, "address": address}
        if gateway:
            _tell(kept, address, self.cms_address)
        _bounded(self._kept.devices, address)
        self._kept.devices[address] = kept
        self._kept.owners[address] = address if gateway else client
        self._changed = True
        return kept

    def replace(self, address: str, device: Device) -> Device:
        """Take a new definition of a known device."""
        return self._put(address, self.device(address), {**device, "address": address})

    def update(self, address: str, device: Device) -> Device:
        """Add to a known device what the update has: functions by their id, and their attributes."""
        known = self.device(address)
        functions = {each["id"]: each for each in known.get("functions", [])}
        for function in device.get("functions", []):
            functions[function["id"]] = {**functions.get(function["id"], {}), **function}
        said = {key: value for key, value in device.items() if key not in ("address", "functions")}
        return self._put(address, known, {**known, **said, "address": address, "functions": list(functions.values())})

    def remove(self, address: str) -> Device:
        """Forget a device; with a gateway go all its devices."""
        removed = self.device(address)
        gone = [each for each, owner in self._kept.owners.items() if address in (each, owner)]
        for each in gone:
            del self._kept.devices[each], self._kept.owners[each]
        self._changed = True
        return removed

    def announce(self, kind: str, named: dict[str, Any], *, known: bool = False) -> None:
        """Take a class or service under its name; ``known``: it must be there already."""
        table = self._kept.classes if kind == "class" else self._kept.services
        name = named["name"]
        if known and name not in table:
            raise TalqFault("resourceNotFound", f"there is no {kind} '{name[:80]}'")
        _bounded(table, name)
        table[name] = named
        self._changed = True

    def forget_class(self, name: str) -> dict[str, Any]:
        """Forget a device class that no device has."""
        if name not in self._kept.classes:
            raise TalqFault("resourceNotFound", f"there is no class '{name[:80]}'")
        if any(each["class"] == name for each in self._kept.devices.values()):
            raise TalqFault("relatedResourceNotFound", f"devices have the class '{name[:80]}'")
        self._changed = True
        return self._kept.classes.pop(name)

    def save(self) -> None:
        """Write the file when something has changed that a restart must not forget; raises ``StorageFailure``."""
        if not self._changed:
            return
        fresh = self._file.with_suffix(".new")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with fresh.open("wb") as out:
                out.write(self._lasting())
                out.flush()
                os.fsync(out.fileno())
            fresh.replace(self._file)
        except OSError as error:
            raise StorageFailure(
                f"the announcement cannot be kept: {error.strerror}", str(self._file), "make room on the disk"
            ) from None
        self._changed = False

    def _put(self, address: str, before: Device, device: Device) -> Device:
        self._kept.devices[address] = device
        self._changed |= _without_readings(before) != _without_readings(device)
        return device

    def _address(self, client: str, name: str) -> str:
        return str(uuid.uuid5(_NAMESPACE, f"{self._key}\x1f{client}\x1f{name}"))

    def _lasting(self) -> bytes:
        devices = {address: _without_readings(device) for address, device in self._kept.devices.items()}
        return msgspec.json.encode(msgspec.structs.replace(self._kept, devices=devices))


def _read(file: Path) -> _Kept:
    if not file.exists():
        return _Kept()
    try:
        return msgspec.json.decode(file.read_bytes(), type=_Kept)
    except msgspec.DecodeError as error:
        raise StorageFailure(
            f"what TALQ gateways announced cannot be read: {error}", str(file), "delete it; gateways announce again"
        ) from None


def _without_readings(device: Device) -> Device:
    functions = [
        {key: each for key, each in function.items() if not (isinstance(each, dict) and "timestamp" in each)}
        for function in device.get("functions", [])
    ]
    return {**device, "functions": functions}


def _is_gateway(device: Device) -> bool:
    return any(each.get("type") == "GatewayFunction" for each in device.get("functions", []))


def _tell(gateway: Device, address: str, cms: str) -> None:
    told = {
        "gatewayAddress": {"type": "AttributeString", "value": address},
        "cmsAddress": {"type": "AttributeString", "value": cms},
    }
    gateway["functions"] = [
        {**each, **told} if each.get("type") == "GatewayFunction" else each for each in gateway["functions"]
    ]


def _bounded(table: dict[str, Any], key: str) -> None:
    if key not in table and len(table) >= MOST:
        raise TalqFault("serviceConstraintExceeded", f"a network has at most {MOST:,} of these")
