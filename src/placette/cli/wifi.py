"""``placette wifi``: calibrate counting by Wi-Fi against counts by hand, and keep objections."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from cyclopts import App

from placette.cli import DATA

app = App(name="wifi", help="Calibrate counting by Wi-Fi, keep objections to it.")


@app.command
def calibrate(counts: Path, *, city: Path, basis: str = "devices", data: Path = DATA) -> int:
    """Turn counts by hand into people per device, with its interval, and write wifi-calibration.toml.

    Example: placette wifi calibrate counts.csv --city cities/aix

    Args:
        counts: CSV with a header: device, start, end, people; times as 2026-03-10T09:00, local to the city.
        city: The city folder, where wifi-calibration.toml is written.
        basis: "devices" (default), or "frames" for the count by rate.
        data: The data folder of the running city, whose counts are compared.
    """
    from placette import calibrating  # noqa: PLC0415  # httpx and NumPy, for this command alone

    for line in calibrating.calibrate(counts, city, data, basis):
        print(line)
    return 0


@app.command(name="opt-out")
def opt_out(network: str, *, city: Path, data: Path = DATA) -> int:
    """Keep an objection: read one address from standard input; its keyed hash is kept, never itself.

    Example: placette wifi opt-out square --city cities/aix < address

    Args:
        network: The network's key in networks.toml.
        city: The city folder.
        data: The data folder.
    """
    from placette import city as cities  # noqa: PLC0415
    from placette import wifi  # noqa: PLC0415
    from placette.model import addresses  # noqa: PLC0415
    from placette.model.errors import BadInput, NotFound  # noqa: PLC0415
    from placette.model.wifi import options  # noqa: PLC0415

    found = cities.read(city).networks.get(network)
    if found is None or found.kind != "wifi":
        raise NotFound(f"there is no Wi-Fi network '{network}'", str(city), "its key stands in networks.toml")
    variable = options(found.options).opt_out_env
    key = os.environ.get(variable, "") if variable else ""
    if not key:
        raise NotFound("the list of objections has no key", variable, "name 'opt_out_env' in networks.toml and set it")
    address = bytearray(addresses.SIZE)
    text = bytearray(64)
    try:
        with os.fdopen(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as given:
            size = given.readinto(text) or 0
        if not addresses.read(memoryview(text)[: _end(text, size)], address):
            raise BadInput("standard input holds no address", "", "write it as aa:bb:cc:dd:ee:ff")
        data.mkdir(parents=True, exist_ok=True)
        wifi.objections(data, network, key).add(address)
    finally:
        addresses.clear(address)
        addresses.clear(text)
    print("The objection is kept; a running city follows it within seconds.")
    return 0


def _end(text: bytearray, size: int) -> int:
    """Return where the address ends: before line ends and blanks."""
    while size and text[size - 1] in b" \r\n\t":
        size -= 1
    return size
