"""OSCORE (RFC 8613) for CoAP: a key of its own for each device, kept in a folder of the data folder.

``<data>/coap/<network>/<device>`` is a security context of aiocoap: who is who in ``settings.json``, the secret in
``secret.json``, what was seen in ``sequence.json``. The name of that folder tells who protected a request. Needs the
extra ``oscore``.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from pathlib import Path
from typing import Any

from placette.model.errors import BadInput, Conflict

FOLDER = "coap"
_SERVER = "00"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,79}")


def folder_of(data: Path, network: str) -> Path:
    """Return where the keys of a network's devices are kept."""
    return data / FOLDER / network


def make_key(folder: Path, device: str) -> dict[str, str]:
    """Make a device's key and return what the device needs, in hexadecimal; raises ``BadInput`` or ``Conflict``.

    The secret is 16 random bytes; the device's identifier (its Sender ID) is 4 random ones.
    """
    if not _NAME.fullmatch(device):
        raise BadInput(f"'{device[:80]}' cannot be the name of a key", remedy="letters, digits and . _ : -")
    kept = folder / device
    if kept.exists():
        raise Conflict(f"'{device}' has a key already", str(kept), "delete that folder to give it a new one")
    identifier, secret = secrets.token_hex(4), secrets.token_hex(16)
    kept.mkdir(parents=True, mode=0o700)
    _write(kept / "settings.json", {"sender-id_hex": _SERVER, "recipient-id_hex": identifier})
    _write(kept / "secret.json", {"secret_hex": secret})
    return {"sender-id_hex": identifier, "recipient-id_hex": _SERVER, "secret_hex": secret}


def guarded(door: Any, folder: Path) -> Any:
    """Return the site that takes requests protected by one of the folder's keys, and others, to ``door``.

    Raises ``BadInput`` without the extra, or for a key that cannot be read.
    """
    try:
        from aiocoap import credentials, oscore  # noqa: PLC0415  # an extra
        from aiocoap.oscore_sitewrapper import OscoreSiteWrapper  # noqa: PLC0415
    except ImportError:
        raise BadInput("OSCORE needs a package", str(folder), "pip install 'placette[oscore]'") from None
    known = credentials.CredentialsMap()
    for kept in sorted(folder.iterdir()) if folder.is_dir() else ():
        try:
            known[f":{kept.name}"] = oscore.FilesystemSecurityContext(str(kept))
        except (OSError, ValueError, KeyError) as error:
            raise BadInput(f"a key cannot be read: {error}", str(kept), "delete it and make a new one") from None
    return OscoreSiteWrapper(door, known)


def device_of(remote: Any) -> str | None:
    """Return the device whose key protected a request, ``None`` when it was not protected."""
    context = getattr(remote, "security_context", None)
    return None if context is None else Path(context.basedir).name


def _write(file: Path, content: dict[str, str]) -> None:
    with os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as kept:
        json.dump(content, kept)
