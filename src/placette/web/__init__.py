"""The pages: handlers, templates, catalogues of words, and the built custom elements in ``static``.

:func:`routes` returns every address of the pages; :func:`exception_handlers` what answers where there is none.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from placette.access import Tokens
from placette.api import Access, Route, problem
from placette.city.model import City
from placette.model.errors import NotFound
from placette.publish.health import Health
from placette.services.rhythm import Rhythmical
from placette.store import Store
from placette.web.assets import Assets
from placette.web.console.desk import Ask
from placette.web.pages.anomalies import anomalies
from placette.web.pages.appearance import appearance
from placette.web.pages.console import pages as console_pages
from placette.web.pages.dead_letters import change_dead_letters, dead_letters
from placette.web.pages.field import Desk as FieldDesk
from placette.web.pages.field import pages as field_pages
from placette.web.pages.field import short
from placette.web.pages.forecasts import forecasts
from placette.web.pages.health import health as health_page
from placette.web.pages.home import home
from placette.web.pages.imports import Desk
from placette.web.pages.imports import pages as import_pages
from placette.web.pages.layers import Atlas
from placette.web.pages.layers import pages as layer_pages
from placette.web.pages.network import network
from placette.web.pages.place import place
from placette.web.pages.rhythms import rhythms
from placette.web.pages.sign_in import refusal, sign_in, sign_out, signed_in
from placette.web.pages.site import Again, Site, error_page, shown, to_language, visitor_of
from placette.web.pages.thing import thing
from placette.web.render import Renderer
from placette.web.words import LANGUAGES

__all__ = ["Again", "Pages"]


class _Page(NamedTuple):
    """One address of the pages below ``/{language}``; a reader who may not see it is led to the sign-in."""

    path: str
    handler: Callable[[Site, Request, str], Awaitable[Response]]
    summary: str
    access: Access = Access.PUBLIC
    method: str = "GET"


_PAGES = (
    _Page("/", home, "The city map: the places now, every device, the list equal to the map"),
    _Page("/places/{key}", place, "A place: live values, habits, charts"),
    _Page("/things/{code:path}", thing, "A device: what it says now"),
    _Page("/rhythms/{code:path}", rhythms, "The rhythm of one datastream: week, days, year, change"),
    _Page("/anomalies", anomalies, "What is out of the ordinary: events and faults, with causes and evidence"),
    _Page("/forecasts", forecasts, "What was forecast beside what came, and beside the naive"),
    _Page("/health", health_page, "How the system is doing, in plain words"),
    _Page("/network", network, "How each device and each gateway is heard"),
    _Page("/appearance", appearance, "Chooses light, dark or strong contrast"),
    _Page("/sign-in", sign_in, "Asks for a token"),
    _Page("/sign-in", signed_in, "Signs in with a token", method="POST"),
    _Page("/dead-letters", dead_letters, "What arrived and could not be used", Access.ADMIN),
    _Page("/dead-letters", change_dead_letters, "Mends, replays, puts away", Access.ADMIN, "POST"),
    _Page("/sign-out", sign_out, "Signs out", method="POST"),
)


class Pages:
    """The pages of one city. ``basemap`` is a PMTiles file served at ``/tiles/basemap.pmtiles``, or ``None``.

    ``again`` reads again what came before; ``public_url`` is the address under which others reach them, when it is set;
    ``desk`` takes the files that are handed in, ``field`` the orders of technicians, ``atlas`` draws maps,
    ``ask`` answers our own API.

    Raises ``NotFound`` with the remedy when the front end has not been built.
    """

    def __init__(
        self,
        store: Store,
        city: City,
        health: Callable[[], Awaitable[Health]],
        tokens: Tokens,
        again: Again,
        *,
        basemap: Path | None = None,
        public_url: str = "",
        desk: Desk | None = None,
        field: FieldDesk | None = None,
        rhythmical: Rhythmical | None = None,
        atlas: Atlas | None = None,
        ask: Ask | None = None,
    ) -> None:
        self._assets = Assets()
        self._renderer = Renderer(city, self._assets, basemap, partial(visitor_of, tokens))
        self._site = Site(store, city, health, self._renderer, tokens, again, public_url, field, rhythmical)
        handed = import_pages(desk) if desk is not None else []
        self._more = [_Page(path, handler, summary, Access.WRITE, method) for path, method, handler, summary in handed]
        self._more += [_Page(*each) for each in (field_pages(field) if field is not None else [])]
        self._more += [_Page(*each) for each in (layer_pages(atlas) if atlas is not None else [])]
        self._more += [_Page(*each) for each in (console_pages(ask) if ask is not None else [])]

    def use_city(self, city: City) -> None:
        """Show this city from now on: a device was installed, replaced or retired."""
        self._site.use_city(city)

    def routes(self) -> list[Route]:
        """Return every address of the pages, static files included."""
        return [
            Route(
                method="GET",
                path="/",
                handler=to_language,
                access=Access.PUBLIC,
                summary="To the pages in the reader's language",
                media_type="text/html",
            ),
            *(self._route(page, language) for language in LANGUAGES for page in (*self._more, *_PAGES)),
            *self._assets.routes(),
            *([short()] if self._site.field is not None else []),
        ]

    def _route(self, page: _Page, language: str) -> Route:
        return Route(
            method=page.method,
            path=f"/{language}{page.path}",
            handler=shown(self._site, partial(page.handler, self._site), language),
            access=page.access,
            summary=page.summary,
            media_type="text/html",
            refusal=refusal(self._site, language),
        )

    def exception_handlers(self) -> dict[Any, Callable[[Request, Exception], Awaitable[Response]]]:
        """Return what answers where no route does (404, 405) or one fails (500): a page, or a problem for the API."""

        async def answer(request: Request, error: Exception) -> Response:
            status = error.status_code if isinstance(error, HTTPException) else 500
            if status == 404 and request.url.path.startswith("/api/"):
                return problem(NotFound("no such address", request.url.path, "/openapi.json lists every address"))
            return error_page(self._renderer, request, status)

        return {HTTPException: answer, 500: answer}
