"""What a camera or a keyboard says about a device: the QR code of its maker, our own label, or a bare identifier.

Makers of LoRaWAN devices print ``LW:D0:<JoinEUI>:<DevEUI>:…`` (LoRa Alliance TR005); older ones begin with ``URN:``.
"""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

import msgspec

_TR005 = re.compile(r"(?:URN:(?:DEV:)?)?LW:D[0P]:[0-9A-F]{16}:([0-9A-F]{16})(?::.*)?", re.IGNORECASE | re.DOTALL)
_EUI = re.compile(r"(?:[0-9A-Fa-f]{2}[-: ]?){7}[0-9A-Fa-f]{2}")
LABEL = "/t/"
"""How the address on our own labels begins."""


class Scan(msgspec.Struct, frozen=True):
    """What was read: how the network names the device, or the code of a site of ours."""

    network_id: str = ""
    code: str = ""


def scan(text: str) -> Scan:
    """Return what a scanned or typed text names; a text that is nothing known is an identifier as it stands.

    >>> scan("LW:D0:70B3D57ED0000000:70B3D57ED0000001:00010002:SYYWWNNNNNN").network_id
    '70B3D57ED0000001'
    >>> scan("70-b3-d5-7e-d0-00-00-01").network_id
    '70B3D57ED0000001'
    >>> scan("https://placette.example/t/AIX-ROT-AIR-01").code
    'AIX-ROT-AIR-01'
    """
    text = text.strip()
    found = _TR005.fullmatch(text)
    if found:
        return Scan(network_id=found[1].upper())
    if _EUI.fullmatch(text):
        return Scan(network_id=re.sub("[-: ]", "", text).upper())
    if text.startswith(("https://", "http://")):
        try:
            _, begin, code = urlsplit(text).path.rpartition(LABEL)
        except ValueError:
            return Scan(network_id=text)
        if begin:
            return Scan(code=unquote(code))
    return Scan(network_id=text)
