"""Checks what a city says of counting by Wi-Fi, and reads its calibrations (wifi-calibration.toml)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path

from placette.city.documents import Document, Fault, read_toml
from placette.city.model import Device, DeviceModel, Network
from placette.city.tables import Reader
from placette.model.wifi import QUANTITIES, TIME_CLASSES, Calibration, faults

CALIBRATIONS = "wifi-calibration.toml"


def check_wifi(reader: Reader, key: str, network: Network) -> None:
    """Note every fault of a network of kind ``wifi``: its secret and its options."""
    if not network.token_env:
        remedy = "name the environment variable that holds the shared secret, such as PLACETTE_WIFI_SECRET"
        reader.fault((key,), f"'token_env' is missing in {key}", remedy)
    for what, remedy in faults(network.options):
        reader.fault((key, "options"), what, remedy)


def check_quantities(
    devices: Iterable[Device], models: Mapping[str, DeviceModel], networks: Mapping[str, Network], models_file: Document
) -> list[Fault]:
    """Return a fault for each model of a Wi-Fi network's devices that has nothing a Wi-Fi sensor tells."""
    used = {each.model for each in devices if each.network in networks and networks[each.network].kind == "wifi"}
    keys = ", ".join(QUANTITIES)
    return [
        Fault(
            models_file.file,
            models_file.line((name,)),
            f"{name} is of a Wi-Fi network and has none of its quantities",
            f"give a quantity one of the keys {keys}: see docs/wifi.md",
        )
        for name in sorted(used & models.keys())
        if not any(quantity.key in QUANTITIES for quantity in models[name].quantities)
    ]


def read_calibrations(folder: Path, devices: AbstractSet[str], found: list[Fault]) -> tuple[Calibration, ...]:
    """Return the calibrations of a city folder, none when it has no such file."""
    if not (folder / CALIBRATIONS).exists():
        return ()
    document = read_toml(folder, CALIBRATIONS, found)
    if document is None:
        return ()
    reader = Reader(document, found)
    written = document.value.get("calibration")
    if not isinstance(written, list):
        reader.fault((), "there is no [[calibration]]", "`placette wifi calibrate` writes this file")
        return ()
    read = [reader.struct(Calibration, ("calibration", at), value, {}) for at, value in enumerate(written)]
    for at, one in enumerate(read):
        if one is None:
            continue
        if devices and one.device not in devices:
            reader.fault(("calibration", at, "device"), f"unknown device '{one.device}'", "its id stands in things.csv")
        if one.time_class not in TIME_CLASSES:
            what = f"'{one.time_class}' is no class of time"
            reader.fault(("calibration", at, "time_class"), what, f"the classes are {', '.join(TIME_CLASSES)}")
        if not one.lower <= one.ratio <= one.upper:
            reader.fault(("calibration", at), "the ratio lies outside of its interval", "calibrate again")
    return tuple(one for one in read if one is not None)
