"""What every request of a TALQ gateway must have, and the shape of what it sends."""

from __future__ import annotations

import uuid
from typing import Any

import msgspec
from starlette.requests import Request

from placette.connect.talq.errors import TalqFault
from placette.connect.talq.registry import NIL, Device, Registry

MAJOR = "2"
SINCE_REQUEST_IDS = (2, 6)
"""``talqRequestId`` came with version 2.6.0; older gateways do not send it."""
_LONGEST = 200


def check(request: Request, registry: Registry) -> None:
    """Refuse a request without version or sender, or of a sender that has not announced itself."""
    version = request.headers.get("talq-api-version", "")
    if not version:
        raise TalqFault("headerMissing", "the header talq-api-version is missing")
    numbers = version.split(".")
    if numbers[0] != MAJOR or not all(part.isascii() and part.isdigit() and len(part) < 5 for part in numbers):
        raise TalqFault("headerValueNotValid", f"talq-api-version is '{version[:20]}'; we speak 2.7.1")
    client = _uuid(request, "clientAddress")
    if request.method != "GET" and tuple(map(int, numbers[:2])) >= SINCE_REQUEST_IDS:
        _uuid(request, "talqRequestId")
    announces = request.method == "POST" and request.url.path.endswith("/devices") and client == NIL
    if not announces and not registry.is_gateway(client):
        raise TalqFault("genericError", "the gateway is not known: it begins with POST /devices and the NIL address")


def may_announce(client: str, devices: list[Device]) -> None:
    """Refuse that a sender without address announces anything but a gateway, and two devices of one name."""
    gateways = [
        any(function.get("type") == "GatewayFunction" for function in each.get("functions", [])) for each in devices
    ]
    if client == NIL and not (devices and all(gateways)):
        raise TalqFault("payloadError", "a gateway announces itself first: a device with a GatewayFunction")
    if len({each["name"] for each in devices}) < len(devices):
        raise TalqFault("resourceConflict", "two devices have the same name: the name tells them apart")


def json(payload: bytes) -> Any:
    """Return the body as JSON."""
    try:
        return msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise TalqFault("payloadError", "the body is no JSON") from None


def listed(body: Any) -> list[Any]:
    """Return the body, which must be an array."""
    if not isinstance(body, list):
        raise TalqFault("payloadError", "the body is no array")
    return body


def device(body: Any, *, whole: bool) -> Device:
    """Return a device; ``whole``: with name and class, as in an announcement."""
    if not isinstance(body, dict):
        raise TalqFault("payloadError", "a device is no object")
    for name in ("name", "class") if whole else ():
        if not isinstance(body.get(name), str) or not 0 < len(body[name]) <= _LONGEST:
            raise TalqFault("payloadError", f"a device has no {name}")
    functions = body.get("functions", [])
    if not isinstance(functions, list) or not all(map(_is_function, functions)):
        raise TalqFault("payloadError", "functions is no array of objects with an id")
    return body


def named(body: Any) -> dict[str, Any]:
    """Return a class or a service, which has a name."""
    if not isinstance(body, dict) or not isinstance(body.get("name"), str) or not 0 < len(body["name"]) <= _LONGEST:
        raise TalqFault("payloadError", "an item of the array has no name")
    return body


def address(body: Device, told: str | None) -> str:
    """Return the address of a device: of the path, with which the body must agree, or of the body."""
    own = body.get("address")
    if told is not None and own not in (None, "", NIL, told):
        raise TalqFault("payloadError", "the address in the path and the one in the body differ")
    found = told or own
    if not isinstance(found, str) or not found:
        raise TalqFault("payloadError", "a device has no address")
    return found


def has_readings(body: Device) -> bool:
    """Tell whether any attribute of the device says when it was measured."""
    return any(
        isinstance(attribute, dict) and "timestamp" in attribute
        for function in body.get("functions", [])
        for attribute in function.values()
    )


def number(request: Request, name: str, usual: int) -> int:
    """Return a number of the query."""
    text = request.query_params.get(name)
    if text is None:
        return usual
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise TalqFault("parameterValueNotValid", f"{name} is no number")
    return int(text)


def _is_function(body: Any) -> bool:
    return isinstance(body, dict) and isinstance(body.get("id"), str)


def _uuid(request: Request, name: str) -> str:
    text = request.query_params.get(name, "")
    if not text:
        raise TalqFault("parameterMissing", f"the parameter {name} is missing")
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise TalqFault("parameterValueNotValid", f"{name} is no UUID") from None
