"""The pages: handlers, templates, catalogues of words, and the built custom elements in ``static``.

:func:`routes` returns every address of the pages; :func:`exception_handlers` what answers where there is none.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from placette.api import Access, Route, problem
from placette.city.model import City
from placette.model.errors import NotFound
from placette.publish.health import Health
from placette.store import Store
from placette.web.assets import Assets
from placette.web.pages.appearance import appearance
from placette.web.pages.health import health as health_page
from placette.web.pages.home import home
from placette.web.pages.place import place
from placette.web.pages.site import Site, error_page, shown, to_language
from placette.web.pages.thing import thing
from placette.web.render import Renderer
from placette.web.words import LANGUAGES

__all__ = ["Pages"]

_PAGES = (
    ("/", home, "The city map: the places now, every device, the list equal to the map"),
    ("/places/{key}", place, "A place: live values, habits, charts"),
    ("/things/{code:path}", thing, "A device: what it says now"),
    ("/health", health_page, "How the system is doing, in plain words"),
    ("/appearance", appearance, "Chooses light, dark or strong contrast"),
)


class Pages:
    """The pages of one city. ``basemap`` is a PMTiles file served at ``/tiles/basemap.pmtiles``, or ``None``.

    Raises ``NotFound`` with the remedy when the front end has not been built.
    """

    def __init__(
        self,
        store: Store,
        city: City,
        health: Callable[[], Awaitable[Health]],
        *,
        basemap: Path | None = None,
    ) -> None:
        self._assets = Assets()
        self._renderer = Renderer(city, self._assets, basemap)
        self._site = Site(store, city, health, self._renderer)

    def routes(self) -> list[Route]:
        """Return every address of the pages, static files included."""
        return [
            _page("/", to_language, "To the pages in the reader's language"),
            *(
                _page(f"/{language}{path}", shown(self._site, partial(handler, self._site), language), summary)
                for language in LANGUAGES
                for path, handler, summary in _PAGES
            ),
            *self._assets.routes(),
        ]

    def exception_handlers(self) -> dict[Any, Callable[[Request, Exception], Awaitable[Response]]]:
        """Return what answers where no route does (404, 405) or one fails (500): a page, or a problem for the API."""

        async def answer(request: Request, error: Exception) -> Response:
            status = error.status_code if isinstance(error, HTTPException) else 500
            if status == 404 and request.url.path.startswith("/api/"):
                return problem(NotFound("no such address", request.url.path, "/openapi.json lists every address"))
            return error_page(self._renderer, request, status)

        return {HTTPException: answer, 500: answer}


def _page(path: str, handler: Callable[[Request], Awaitable[Response]], summary: str) -> Route:
    return Route(
        method="GET", path=path, handler=handler, access=Access.PUBLIC, summary=summary, media_type="text/html"
    )
