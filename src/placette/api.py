"""Routes as declared values: path, who may call, what goes in and out; errors as problem+json; OpenAPI 3.1.

Every route of ours is a :class:`Route`, so that authorisation is stated where the route is, one table maps errors to
statuses (RFC 9457), and the OpenAPI document is made from the same Structs that decode the bodies.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Iterable
from enum import StrEnum
from typing import Any, Protocol
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route as StarletteRoute

from placette import __version__
from placette.model import errors

log = logging.getLogger(__name__)

Handler = Callable[[Request], Awaitable[Response]]
Refusal = Callable[[Request, errors.NotAllowed], Awaitable[Response]]
"""What answers a caller whom the gate refuses."""

FORM_BYTES = 65_536
FORM_FIELDS = 200

_CONVERTED = re.compile(r"\{(\w+)(?::(\w+))?\}")
"""A parameter in a Starlette path: its name and its convertor."""
_SCHEMAS = {"int": {"type": "integer", "minimum": 0, "maximum": 2**62}}

STATUS: tuple[tuple[type[errors.PlacetteError], int], ...] = (
    (errors.BadInput, 400),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.TooLarge, 413),
    (errors.UnsupportedMedia, 415),
    (errors.Unprocessable, 422),
    (errors.Unreachable, 502),
    (errors.Busy, 503),
    (errors.StorageFailure, 507),
)
"""The one table from error to status; ``NotAllowed`` is 401 or 403 by whether the caller is known."""


class Access(StrEnum):
    """Who may call a route."""

    PUBLIC = "public"
    WRITE = "write"
    """Needs a token that may write observations and entities."""
    ADMIN = "admin"
    """Needs a token that may administrate: dead letters, replay."""
    LOCAL = "local"
    """Only the command line on the server's own machine: it names files of that machine (backup, import)."""


class Gate(Protocol):
    """Decides whether a request may pass; raises ``NotAllowed``."""

    def check(self, request: Request, access: Access) -> None:
        """Return when ``request`` carries a token with the rights of ``access``, else raise ``NotAllowed``."""


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One address of the API. ``takes`` and ``gives`` are Structs (or ``None``) for the OpenAPI document."""

    method: str
    path: str
    handler: Handler
    access: Access
    summary: str
    takes: Any = None
    gives: Any = None
    media_type: str = "application/json"
    refusal: Refusal | None = None
    """Answers instead of problem+json when the gate refuses: a page leads to the sign-in."""


class Problem(msgspec.Struct, frozen=True):
    """RFC 9457 problem details with the three sentences every error of ours has."""

    title: str
    status: int
    what: str
    where: str = ""
    remedy: str = ""
    type: str = "about:blank"


def status_of(error: errors.PlacetteError) -> int:
    """Return the HTTP status of an error; 500 for a family member the table does not know."""
    if isinstance(error, errors.NotAllowed):
        return 403 if error.known else 401
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)


def problem(error: errors.PlacetteError) -> Response:
    """Return the error as an ``application/problem+json`` response."""
    status = status_of(error)
    body = Problem(title=type(error).__name__, status=status, what=error.what, where=error.where, remedy=error.remedy)
    headers = {"Cache-Control": "no-store"}
    if isinstance(error, errors.Busy):
        headers["Retry-After"] = str(error.retry_after_s)
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(msgspec.json.encode(body), status, headers, "application/problem+json")


def json_response(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return ``value`` encoded by msgspec as an ``application/json`` response."""
    return Response(msgspec.json.encode(value), status, headers, "application/json")


async def read_body(request: Request, limit: int) -> bytes:
    """Return the whole body; raises ``TooLarge`` as soon as more than ``limit`` bytes have come."""
    remedy = f"send at most {limit:,} bytes; split larger uploads"
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise errors.TooLarge(f"the body of {int(declared):,} bytes is too large", request.url.path, remedy)
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise errors.TooLarge("the body is too large", request.url.path, remedy)
        chunks.append(chunk)
    return b"".join(chunks)


async def read_form(request: Request, limit: int = FORM_BYTES) -> dict[str, str]:
    """Return the fields of a posted ``application/x-www-form-urlencoded`` form, the last of each name.

    Raises ``TooLarge`` beyond ``limit`` bytes and ``BadInput`` when it is no such form.
    """
    body = await read_body(request, limit)
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FORM_FIELDS, errors="strict"))
    except ValueError as error:  # UnicodeDecodeError is one
        raise errors.BadInput("the form cannot be read", request.url.path, "send the page's own form") from error


def mount(routes: Iterable[Route], gate: Gate) -> list[StarletteRoute]:
    """Return Starlette routes that check the gate first and turn every error of ours into problem+json."""
    return [
        StarletteRoute(route.path, guarded(route.handler, route.access, gate, route.refusal), methods=[route.method])
        for route in routes
    ]


def guarded(handler: Handler, access: Access, gate: Gate, refusal: Refusal | None = None) -> Handler:
    """Wrap a handler so that it is authorised and its errors become problem+json."""

    async def call(request: Request) -> Response:
        try:
            if access is not Access.PUBLIC:
                try:
                    gate.check(request, access)
                except errors.NotAllowed as error:
                    if refusal is None:
                        raise
                    return await refusal(request, error)
            return await handler(request)
        except errors.PlacetteError as error:
            return problem(error)
        except ClientDisconnect:
            return Response(status_code=499)
        except Exception:
            log.exception("%s %s failed", request.method, request.url.path)
            return problem(
                errors.PlacetteError(
                    "an error on our side", request.url.path, "try again; the cause is in the server's log"
                )
            )

    return call


def openapi(routes: Iterable[Route], title: str) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of these routes."""
    listed = list(routes)
    types = [kind for route in listed for kind in (route.takes, route.gives) if kind is not None]
    schemas, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    found = iter(schemas)
    paths: dict[str, dict[str, Any]] = {}
    for route in listed:
        operation: dict[str, Any] = {"summary": route.summary, "responses": {"200": {"description": "done"}}}
        if route.takes is not None:
            operation["requestBody"] = {"content": {route.media_type: {"schema": next(found)}}}
        if route.gives is not None:
            operation["responses"]["200"]["content"] = {"application/json": {"schema": next(found)}}
        if route.access is not Access.PUBLIC:
            operation["security"] = [{"token": [route.access.value]}]
        if parameters := _parameters(route.path):
            operation["parameters"] = parameters
        paths.setdefault(_CONVERTED.sub(r"{\1}", route.path), {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": __version__, "license": {"name": "EUPL-1.2", "identifier": "EUPL-1.2"}},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _parameters(path: str) -> list[dict[str, Any]]:
    """Return the parameters of a Starlette path, such as ``{id:int}``, as OpenAPI names them."""
    return [
        {"name": name, "in": "path", "required": True, "schema": dict(_SCHEMAS.get(kind, {"type": "string"}))}
        for name, kind in _CONVERTED.findall(path)
    ]
