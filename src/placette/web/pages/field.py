"""Field work on a phone: my round, one site, an installation. Whole without scripts, which add camera and offline.

The desk that takes the orders is passed in: this room stays out of the ways in. Pages that a phone keeps for when it
has no network (header ``Placette-Keep``) carry no notes, so that no personal data stay on it.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol
from urllib.parse import quote

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from placette.access import refuse_foreign
from placette.api import Access, Route
from placette.labels import Label, drawn
from placette.model.errors import BadInput, NotFound, PlacetteError, TooLarge
from placette.model.scans import LABEL, scan
from placette.model.times import micros
from placette.web.pages.site import Site, language_of
from placette.web.readings import readings
from placette.web.render import SECURITY

STATES = ("silent", "planned", "replaced", "installed", "retired")
"""In the order in which they need somebody to come by."""
PHOTO_BYTES = 8 * 2**20
_FORM_BYTES = 65_536
_FIELDS = 30
_SAID_LONGEST = 1_000
_SHOWN = 300
"""Sites on one page; the filters lead to the others."""
_CAMERA = "geolocation=(self), camera=(self), microphone=()"
_LABELS_SHOWN = 240
_FORM = ("key", "device", "code", "model", "network", "place", "longitude", "latitude", "address", "note")


class Desk(Protocol):
    """Where orders of the field are given; see ``placette.fielddesk``."""

    @property
    def city(self) -> Any:
        """The city as the field has made it."""

    @property
    def networks(self) -> Any:
        """The networks that a device can be hung in."""

    def sites(self) -> list[Any]:
        """Return every site."""

    def site(self, code: str) -> Any:
        """Return a site."""

    def whole(self, code: str, *, known: bool) -> Any:
        """Return a site with its past."""

    def install_said(self, said: Mapping[str, str]) -> Any:
        """Hang a device."""

    def replace_said(self, code: str, said: Mapping[str, str]) -> Any:
        """Hang another device."""

    def retire_said(self, code: str, said: Mapping[str, str]) -> Any:
        """Take a device away."""

    def photograph(self, code: str, content: bytes, key: str = "") -> Any:
        """Keep a photo."""

    async def first_frame(self, code: str, since: int) -> Any:
        """Return whether a site was heard."""

    def waits_since(self, site: Any) -> int:
        """Return since when a frame is the first."""

    async def catch_up(self, site: Any) -> None:
        """Read again what came too early."""


Handler = Callable[[Desk, Site, Request, str], Awaitable[Response]]


def pages(desk: Desk) -> list[tuple[str, Callable[[Site, Request, str], Awaitable[Response]], str, Access, str]]:
    """Return path, handler, summary, rights and method of the addresses of field work."""

    def on(handler: Handler) -> Any:
        async def answer(site: Site, request: Request, language: str) -> Response:
            found = await handler(desk, site, request, language)
            found.headers["Permissions-Policy"] = _CAMERA
            return found

        return answer

    write = Access.WRITE
    return [
        ("/field", on(my_round), "My round: every site with its state", write, "GET"),
        ("/field/install", on(form), "Installs a device", write, "GET"),
        ("/field/install", on(installed), "Takes an installation", write, "POST"),
        ("/field/labels", on(labels), "Labels to print", write, "GET"),
        ("/field/told", on(told), "Why an order was refused, in the reader's language", write, "GET"),
        ("/field/{code}", on(one), "One site: its state, its past, what can be done", write, "GET"),
        ("/field/{code}", on(change), "Replaces, retires, takes a photo", write, "POST"),
        ("/things/{code}/label", on(label), "The label of a device, to print", Access.PUBLIC, "GET"),
    ]


def short() -> Route:
    """Return the short address of labels, which leads to the device's page in the reader's language."""

    async def lead(request: Request) -> Response:
        code = quote(request.path_params["code"])
        headers = {"Vary": "Accept-Language", "Cache-Control": "no-cache"}
        return RedirectResponse(f"/{language_of(request)}/things/{code}", 302, headers)

    return Route(
        method="GET",
        path=f"{LABEL}{{code:path}}",
        handler=lead,
        access=Access.PUBLIC,
        summary="The address on the label of a device: to its page in the reader's language",
        media_type="text/html",
    )


async def my_round(desk: Desk, site: Site, request: Request, language: str) -> Response:
    """Answer ``GET /fr/field``, narrowed by ``place`` and ``state``; what needs somebody to come by stands first."""
    found = await asyncio.to_thread(desk.sites)
    place, state = request.query_params.get("place", ""), request.query_params.get("state", "")
    at_place = [each for each in found if not place or each.device.place == place]
    chosen = [each for each in at_place if not state or each.state == state]
    chosen.sort(key=lambda each: (STATES.index(each.state), each.device.code))
    return site.renderer.page(
        request,
        language,
        "field.html",
        sites=chosen[:_SHOWN],
        total=len(chosen),
        counts=Counter(each.state for each in at_place),
        states=STATES,
        chosen_place=place,
        chosen_state=state,
        models=desk.city.models,
        places={each.key: each.names for each in desk.city.places},
    )


async def form(desk: Desk, site: Site, request: Request, language: str) -> Response:
    """Answer ``GET /fr/field/install``; ``site`` fills in what is known of a site."""
    code = request.query_params.get("site", "")
    said: dict[str, Any] = {"key": _key()}
    if code:
        try:
            device = (await asyncio.to_thread(desk.site, code)).device
        except NotFound:
            said["code"] = code  # the label of a site that the city does not have yet
        else:
            names = ("code", "model", "place", "network", "address", "longitude", "latitude")
            said |= {name: getattr(device, name) for name in names}
    return _form(desk, site, request, language, said)


def _form(
    desk: Desk,
    site: Site,
    request: Request,
    language: str,
    said: Mapping[str, Any],
    fault: PlacetteError | None = None,
    status: int = 200,
) -> Response:
    return site.renderer.page(
        request,
        language,
        "field-install.html",
        status=status,
        said=dict.fromkeys(_FORM, "") | dict(said),
        fault=fault,
        models=desk.city.models,
        networks=desk.networks,
        places=desk.city.places,
    )


async def installed(desk: Desk, site: Site, request: Request, language: str) -> Response:
    """Answer the posted form: hang the device, keep the photo, lead to where its first frame is awaited."""
    refuse_foreign(request)
    said, photo = await _received(request)
    try:
        done = await asyncio.to_thread(desk.install_said, said)
        await desk.catch_up(done)
        if photo:
            await asyncio.to_thread(desk.photograph, done.code, photo)
    except PlacetteError as error:
        return _form(desk, site, request, language, said | {"key": _key()}, error, 400)
    return _lead(f"/{language}/field/{done.code}?frame=1#frame")


async def one(desk: Desk, site: Site, request: Request, language: str) -> Response:
    """Answer ``GET /fr/field/<code>``; ``frame`` shows its first frame, alone as ``part=frame``."""
    return await _one(desk, site, request, language)


async def _one(
    desk: Desk, site: Site, request: Request, language: str, fault: PlacetteError | None = None, status: int = 200
) -> Response:
    code = request.path_params["code"]
    found = await asyncio.to_thread(desk.site, code)
    asked = request.query_params
    wanted = "frame" in asked or asked.get("part") == "frame" or found.state == "replaced" or found.last_frame is None
    frame = None
    if wanted and found.attached:
        frame = await desk.first_frame(code, await asyncio.to_thread(desk.waits_since, found))
    about = {
        "code": code,
        "frame": frame,
        "since": found.attached.since if found.attached else 0,
        "when": micros,
        "cells": _cells(site, language, code, frame),
        "every_s": min(quantity.every_s for quantity in desk.city.models[found.device.model].quantities),
    }
    if asked.get("part") == "frame":
        return site.renderer.page(request, language, "parts/first_frame.html", **about)
    return site.renderer.page(
        request,
        language,
        "field-site.html",
        status=status,
        **about,
        site=found,
        whole=await asyncio.to_thread(desk.whole, code, known=True),
        place=desk.city.place(found.device.place),
        models=desk.city.models,
        fault=fault,
        done=request.query_params.get("done", ""),
        keys={name: _key() for name in ("replace", "retire")},
    )


def _cells(site: Site, language: str, code: str, frame: Any) -> list[Any]:
    """Return what the first frame said, as the pages of a device write it."""
    member = site.fleet.by_code.get(code)
    if frame is None or not frame.received or member is None:
        return []
    came = {value.property for value in frame.values}
    cells, known = site.cells(language), readings(site.store, member.infos)
    return [cells.cell(member, info, known.get(info.id)) for info in member.infos if info.property_key in came]


async def change(desk: Desk, site: Site, request: Request, language: str) -> Response:
    """Answer the forms of a site: do what ``do`` says and lead back."""
    refuse_foreign(request)
    code = request.path_params["code"]
    said, photo = await _received(request)
    do = said.get("do", "")
    try:
        if do == "replace":
            if scan(said.get("device", "")).code:
                raise BadInput("this is the label of a site", "device", "scan the new device itself")
            await desk.catch_up(await asyncio.to_thread(desk.replace_said, code, said))
            return _lead(f"/{language}/field/{code}?frame=1#frame")
        if do == "retire":
            await asyncio.to_thread(desk.retire_said, code, said)
        elif do == "photo":
            if not photo:
                raise BadInput("no photo was chosen", remedy="take one, or choose one")
            await asyncio.to_thread(desk.photograph, code, photo)
        else:
            raise BadInput("the form says nothing to do", request.url.path, "use the page's own buttons")
    except NotFound:
        raise
    except PlacetteError as error:
        return await _one(desk, site, request, language, error, 400)
    return _lead(f"/{language}/field/{code}?done={do}")


async def told(_desk: Desk, site: Site, request: Request, language: str) -> Response:
    """Answer ``GET /fr/field/told``: ``what`` and ``remedy`` of a refused order, which a phone keeps, in our words."""
    said = [request.query_params.get(name, "")[:_SAID_LONGEST] for name in ("what", "remedy")]
    tell = site.renderer.sentences(language).tell
    known = all(tell(text) for text in said if text)
    sentence = " — ".join((tell(text) if known else None) or text for text in said if text)
    headers = {**SECURITY, "Content-Language": language if known else "en", "Cache-Control": "no-store"}
    return Response(sentence, media_type="text/plain; charset=utf-8", headers=headers)


async def labels(desk: Desk, site: Site, request: Request, language: str) -> Response:
    """Answer ``GET /fr/field/labels``: sheets of labels of a ``place``, of the codes ``code``, or of all."""
    place, codes = request.query_params.get("place", ""), set(request.query_params.getlist("code"))
    found = [
        each.device
        for each in await asyncio.to_thread(desk.sites)
        if (not place or each.device.place == place) and (not codes or each.device.code in codes)
        if each.state != "retired"
    ]
    return _labels(desk, site, request, language, found, place)


async def label(desk: Desk, site: Site, request: Request, language: str) -> Response:
    """Answer ``GET /fr/things/<code>/label``."""
    found = await asyncio.to_thread(desk.site, request.path_params["code"])
    return _labels(desk, site, request, language, [found.device], "")


def _labels(desk: Desk, site: Site, request: Request, language: str, devices: list[Any], place: str) -> Response:
    address = site.public_url.rstrip("/") or f"{request.url.scheme}://{request.url.netloc}"
    shown = devices[:_LABELS_SHOWN]
    drawings = [drawn(Label.of(desk.city, device, address, language)) for device in shown]
    return site.renderer.page(
        request,
        language,
        "field-labels.html",
        sheets=[drawings[begin : begin + 24] for begin in range(0, len(drawings), 24)],
        only=devices[0].code if len(devices) == 1 else "",
        total=len(devices),
        count=len(shown),
        chosen_place=place,
        places=desk.city.places,
    )


async def _received(request: Request) -> tuple[dict[str, str], bytes]:
    """Return the texts of a multipart form and its photo, empty when there is none; the size is bounded."""
    declared = request.headers.get("content-length", "")
    if not declared.isdigit() or int(declared) > PHOTO_BYTES + _FORM_BYTES:
        raise TooLarge("the photo is too large", request.url.path, f"choose one below {PHOTO_BYTES // 2**20} MiB")
    async with request.form(max_files=1, max_fields=_FIELDS) as sent:
        said = {name: value for name, value in sent.items() if isinstance(value, str)}
        photo = sent.get("photo")
        content = await photo.read() if isinstance(photo, UploadFile) else b""
    return said, content


def _key() -> str:
    """Return a key for an order: a form sent twice is one order."""
    return secrets.token_urlsafe(16)


def _lead(where: str) -> Response:
    return RedirectResponse(where, 303, {"Cache-Control": "no-store"})
