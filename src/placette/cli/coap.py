"""``placette coap``: keys of devices that protect what they send over CoAP."""

from __future__ import annotations

import json
from pathlib import Path

from cyclopts import App

from placette.cli import DATA
from placette.connect import coap_oscore

app = App(name="coap", help="Give constrained devices keys that protect what they send over CoAP.")


@app.command
def key(device: str, *, network: str, data: Path = DATA) -> None:
    """Make a device's OSCORE key and print it for the device, this once; the server knows it after its next start.

    Example: placette coap key AIX-ROT-AIR-01 --network tiny

    Args:
        device: Its code in things.csv, or its network_id.
        network: The key of its network in networks.toml.
        data: The data folder.
    """
    made = coap_oscore.make_key(coap_oscore.folder_of(data, network), device)
    print(json.dumps(made, indent=2))
