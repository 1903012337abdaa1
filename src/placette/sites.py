"""Field work over HTTP: sites and what hangs there, installing, replacing, retiring, photos, first frames, labels."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from placette.access import Tokens
from placette.api import Access, Route, json_response, read_body
from placette.fielddesk import FieldDesk
from placette.labels import Label, drawn
from placette.model.errors import BadInput, BadQuery, NotAllowed
from placette.model.times import micros
from placette.photos import LIMIT, TYPES
from placette.site_json import (
    FirstFrame,
    Installation,
    Photo,
    Replacement,
    Retirement,
    SiteState,
    SiteWhole,
    state_of,
)

PATH = "/api/sites"
KEY = "idempotency-key"
BODY_BYTES = 16_384
_KEPT = "private, max-age=31536000, immutable"
_LOCKED = "default-src 'none'; sandbox"
Body = TypeVar("Body", Installation, Replacement, Retirement)


def routes(desk: FieldDesk, tokens: Tokens, address: Callable[[Request], str]) -> list[Route]:
    """Return the routes; ``address`` gives the address under which a reader reaches us, for labels."""
    handlers = _Handlers(desk, tokens, address)
    write, public = Access.WRITE, Access.PUBLIC

    def route(method: str, path: str, handler: Any, access: Access, summary: str, **more: Any) -> Route:
        return Route(method=method, path=PATH + path, handler=handler, access=access, summary=summary, **more)

    drawing: dict[str, Any] = {"media_type": "image/svg+xml"}
    picture: dict[str, Any] = {"media_type": "image/*"}
    changed: dict[str, Any] = {"gives": SiteState}
    return [
        route("GET", "", handlers.all, write, "Every site with its state", gives=list[SiteState]),
        route("POST", "", handlers.install, write, "Hangs a device at a site", takes=Installation, **changed),
        route("GET", "/{code}", handlers.one, public, "A site with what hung there, what happened", gives=SiteWhole),
        route("GET", "/{code}/first-frame", handlers.heard, write, "Whether it was heard ?since=", gives=FirstFrame),
        route("GET", "/{code}/label.svg", handlers.label, public, "Its label with a QR code", **drawing),
        route("POST", "/{code}/replace", handlers.replace, write, "Hangs another", takes=Replacement, **changed),
        route("POST", "/{code}/retire", handlers.retire, write, "Takes its device away", takes=Retirement, **changed),
        route("POST", "/{code}/photos", handlers.photograph, write, "Keeps a photo of it", **picture, gives=Photo),
        route("GET", "/{code}/photos/{name}", handlers.photo, write, "A photo of it", **picture),
        Route(
            method="GET",
            path="/api/things.csv",
            handler=handlers.things,
            access=write,
            summary="things.csv with what the field declared",
            media_type="text/csv",
        ),
    ]


class _Handlers:
    """What answers: each decodes, asks the desk beside the event loop, and encodes."""

    def __init__(self, desk: FieldDesk, tokens: Tokens, address: Callable[[Request], str]) -> None:
        self._desk = desk
        self._tokens = tokens
        self._address = address

    async def all(self, request: Request) -> Response:
        """Answer every site, narrowed by ``place=`` and ``state=``."""
        place, state = request.query_params.get("place"), request.query_params.get("state")
        found = await asyncio.to_thread(self._desk.sites)
        chosen = [site for site in found if place in (None, site.device.place) and state in (None, site.state)]
        return json_response([state_of(site, known=True) for site in chosen], headers={"Cache-Control": "no-store"})

    async def one(self, request: Request) -> Response:
        """Answer one site; what only technicians need is told to who may write."""
        try:
            self._tokens.check(request, Access.WRITE)
            known = True
        except NotAllowed:
            known = False
        found = await asyncio.to_thread(self._desk.whole, request.path_params["code"], known=known)
        return json_response(found, headers={"Cache-Control": "no-store" if known else "no-cache"})

    async def install(self, request: Request) -> Response:
        order = await _body(request, Installation)
        done = await asyncio.to_thread(self._desk.install, order)
        await self._desk.catch_up(done)
        return json_response(done, 201)

    async def replace(self, request: Request) -> Response:
        order = await _body(request, Replacement)
        done = await asyncio.to_thread(self._desk.replace, request.path_params["code"], order)
        await self._desk.catch_up(done)
        return json_response(done)

    async def retire(self, request: Request) -> Response:
        order = await _body(request, Retirement)
        return json_response(await asyncio.to_thread(self._desk.retire, request.path_params["code"], order))

    async def heard(self, request: Request) -> Response:
        """Answer whether a site was heard since a time, or since its device was hung."""
        site = await asyncio.to_thread(self._desk.site, request.path_params["code"])
        text = request.query_params.get("since", "")
        since = _since(text) if text else await asyncio.to_thread(self._desk.waits_since, site)
        return json_response(
            await self._desk.first_frame(site.device.code, since), headers={"Cache-Control": "no-store"}
        )

    async def photograph(self, request: Request) -> Response:
        content = await read_body(request, LIMIT)
        key = request.headers.get(KEY, "")[:100]
        return json_response(
            await asyncio.to_thread(self._desk.photograph, request.path_params["code"], content, key), 201
        )

    async def photo(self, request: Request) -> Response:
        """Answer a photo, which never changes under its name, so that nothing in it can do anything."""
        file = self._desk.photos.file(request.path_params["code"], request.path_params["name"])
        headers = {"Cache-Control": _KEPT, "X-Content-Type-Options": "nosniff", "Content-Security-Policy": _LOCKED}
        return FileResponse(file, media_type=TYPES[file.suffix], headers=headers)

    async def label(self, request: Request) -> Response:
        """Answer the label of a site as a drawing; ``lang=`` chooses the language of its words."""
        site = await asyncio.to_thread(self._desk.site, request.path_params["code"])
        label = Label.of(self._desk.city, site.device, self._address(request), request.query_params.get("lang", ""))
        return Response(drawn(label), 200, {"Cache-Control": "no-cache"}, "image/svg+xml")

    async def things(self, request: Request) -> Response:
        text = await asyncio.to_thread(self._desk.things_csv)
        return Response(text, 200, {"Cache-Control": "no-store"}, "text/csv")


async def _body(request: Request, kind: type[Body]) -> Body:
    content = await read_body(request, BODY_BYTES)
    try:
        order = msgspec.json.decode(content, type=kind)
    except msgspec.DecodeError as error:
        raise BadInput(f"the order cannot be read: {error}", request.url.path, "/openapi.json describes it") from None
    key = request.headers.get(KEY, "")[:100]
    return msgspec.structs.replace(order, key=key) if key else order


def _since(text: str) -> int:
    try:
        return micros(text)
    except BadInput as error:
        raise BadQuery(error.what, "since", "write it as 2026-06-01T10:00:00Z") from None
