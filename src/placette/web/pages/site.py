"""What every page works with: the city, the store, and what was computed once for all of them."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from placette import api
from placette.access import COOKIE, Tokens, Visitor
from placette.city.model import City
from placette.model.errors import NotFound, PlacetteError
from placette.model.replays import ReharmoniseReport, ReplayReport, Rereading
from placette.publish.health import Health
from placette.publish.kept import Kept
from placette.services.rhythm import Rhythmical
from placette.store import Store
from placette.store.inbox import Choice
from placette.web.attempts import Attempts
from placette.web.fleet import Fleet
from placette.web.maps import Picture, city_map, place_map
from placette.web.now import Now, PlaceNow
from placette.web.readings import Cells
from placette.web.render import Renderer
from placette.web.words import LANGUAGES

log = logging.getLogger(__name__)

NOW_S = 2
"""How long the state of all places is kept: a crowd of readers costs one computation every two seconds."""

PageHandler = Callable[[Request, str], Awaitable[Response]]


class Again(NamedTuple):
    """What reads again what came before: dead letters, of one codec or any, and kept frames."""

    replay: Callable[[Choice, str | None], Awaitable[ReplayReport]]
    reharmonise: Callable[[Rereading], Awaitable[ReharmoniseReport]]


class Site:
    """The parts that pages share; ``field`` is the desk of field work (``placette.fielddesk``), or ``None``."""

    def __init__(
        self,
        store: Store,
        city: City,
        health: Callable[[], Awaitable[Health]],
        renderer: Renderer,
        tokens: Tokens,
        again: Again,
        public_url: str = "",
        field: Any = None,
        rhythmical: Rhythmical | None = None,
    ) -> None:
        self.store = store
        self.city = city
        self.health = health
        self.renderer = renderer
        self.tokens = tokens
        self.again = again
        self.public_url = public_url
        self.field = field
        self.rhythmical = rhythmical or Rhythmical(store, lambda: self.city)
        self.attempts = Attempts()
        self._now = Now(store, city)
        self._fleet = Kept(lambda directory: Fleet(self.city, directory))
        self._pictured = -1
        self._pictures: dict[tuple[str, str, int], Picture] = {}
        self._places: tuple[float, list[PlaceNow]] | None = None

    def use_city(self, city: City) -> None:
        """Show this city from now on: a device was installed, replaced or retired."""
        self.city = city
        self._fleet = Kept(lambda directory: Fleet(city, directory))
        self._pictured = -1

    def visitor(self, request: Request) -> Visitor | None:
        """Return who has signed in on this browser."""
        return visitor_of(self.tokens, request)

    @property
    def fleet(self) -> Fleet:
        """All devices, as of the last change of the catalogue or nearly so."""
        fleet = self._fleet.of(self.store.directory)
        if self._pictured != fleet.version:
            self._pictures, self._pictured = {}, fleet.version
        return fleet

    async def places(self) -> list[PlaceNow]:
        """Return every place as it is now."""
        moment = time.monotonic()
        if self._places is None or moment - self._places[0] > NOW_S:
            self._places = moment, await self._now.places(time.time_ns() // 1000)
        return self._places[1]

    def city_map(self, language: str, width: int, height: int) -> Picture:
        """Return the drawn map of all places with labels in a language."""
        fleet = self.fleet
        key = ("", language, width)
        if key not in self._pictures:
            names = {place.key: named(place.names, language) for place in self.city.places}
            self._pictures[key] = city_map(self.city, fleet, names, width, height)
        return self._pictures[key]

    def place_map(self, place: str, width: int, height: int) -> Picture:
        """Return the drawn map of one place."""
        fleet = self.fleet
        key = (place, "", width)
        if key not in self._pictures:
            self._pictures[key] = place_map(self.city, fleet, place, width, height)
        return self._pictures[key]

    def cells(self, language: str) -> Cells:
        """Return what writes readings in a language."""
        return Cells(self.city, self.renderer.words(language), self.renderer.figures(language))


def named(texts: dict[str, str], language: str) -> str:
    """Return the text in this language, or in the first there is."""
    return texts.get(language) or next(iter(texts.values()), "")


def visitor_of(tokens: Tokens, request: Request) -> Visitor | None:
    """Return whom the request's cookie signs in, ``None`` when there is none or its token is no longer good."""
    secret = request.cookies.get(COOKIE)
    return tokens.visitor(secret) if secret else None


def inside(address: str) -> bool:
    """Return whether an address that came from outside leads to a page of ours and nowhere else."""
    ours = address.startswith(tuple(f"/{language}/" for language in LANGUAGES))
    return ours and "\\" not in address and address.isprintable()


def language_of(request: Request) -> str:
    """Return the language of the address, or the first that the reader accepts and we have."""
    first = request.url.path.strip("/").split("/")[0]
    if first in LANGUAGES:
        return first
    accepted = (
        part.split(";")[0].strip()[:2].lower() for part in request.headers.get("accept-language", "").split(",")
    )
    return next((language for language in accepted if language in LANGUAGES), LANGUAGES[0])


def error_page(renderer: Renderer, request: Request, status: int, error: PlacetteError | None = None) -> Response:
    """Return the page that says what went wrong and where to go from there; ``error`` says it in its own words."""
    kind = {403: "refused", 404: "missing"}.get(status, "unusable" if error and status < 500 else "failed")
    values = {"kind": kind, "code": status, "error": error if kind == "unusable" else None}
    return renderer.page(request, language_of(request), "error.html", status=status, **values)


def shown(site: Site, handler: PageHandler, language: str) -> api.Handler:
    """Return the handler for one language; its errors are pages, not JSON."""

    async def call(request: Request) -> Response:
        try:
            return await handler(request, language)
        except NotFound:
            return error_page(site.renderer, request, 404)
        except PlacetteError as error:
            log.warning("%s: %s", request.url.path, error)
            return error_page(site.renderer, request, api.status_of(error), error)
        except Exception:
            log.exception("%s failed", request.url.path)
            return error_page(site.renderer, request, 500)

    return call


async def to_language(request: Request) -> Response:
    """Send ``/`` to the pages in the reader's language."""
    headers = {"Vary": "Accept-Language", "Cache-Control": "no-cache"}
    return RedirectResponse(f"/{language_of(request)}/", 302, headers)
