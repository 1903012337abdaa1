"""From a template and values to an answer: one Jinja environment, one set of security headers, one context per page."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import jinja2
import msgspec
from starlette.requests import Request
from starlette.responses import Response

from placette import __version__
from placette.access import Visitor
from placette.city.model import City
from placette.publish.answers import Packed
from placette.web.assets import Assets
from placette.web.backstage import tools_of
from placette.web.figures import Figures
from placette.web.fleet import kind_name, property_name
from placette.web.sentences import Sentences
from placette.web.words import LANGUAGES, LOCALES, Words

KEEP = "placette-keep"
"""Header of a phone that keeps a page for when it has no network: such a page says nothing about persons."""
THEMES = ("auto", "light", "dark", "contrast")
THEME_COOKIE = "placette-theme"

SECURITY = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "geolocation=(self), camera=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Renderer:
    """Writes the pages of one city. ``visitor`` tells who has signed in on the browser that asks."""

    def __init__(
        self, city: City, assets: Assets, basemap: Path | None, visitor: Callable[[Request], Visitor | None]
    ) -> None:
        self.city = city
        self._visitor = visitor
        self.zone = ZoneInfo(city.zone)
        self._assets = assets
        self._basemap = basemap
        self._words = {language: Words(language) for language in LANGUAGES}
        self._figures = {language: Figures(words, self.zone) for language, words in self._words.items()}
        self._sentences = {language: Sentences(words) for language, words in self._words.items()}
        self._environment = jinja2.Environment(
            loader=jinja2.PackageLoader("placette.web"),
            autoescape=True,
            auto_reload=False,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters["json"] = lambda value: msgspec.json.encode(value).decode()

    def words(self, language: str) -> Words:
        """Return the words of a language."""
        return self._words[language]

    def sentences(self, language: str) -> Sentences:
        """Return what tells faults in a language."""
        return self._sentences[language]

    def figures(self, language: str) -> Figures:
        """Return what writes figures in a language."""
        return self._figures[language]

    def page(self, request: Request, language: str, template: str, *, status: int = 200, **values: Any) -> Response:
        """Return the page, or the part of it that ``template`` is, with every header a page needs."""
        visitor = self._visitor(request)
        context = self._context(request, language) | {"visitor": visitor} | values
        text = self._environment.get_template(template).render(context)
        headers = {**SECURITY, "Vary": "Accept-Encoding, Cookie", "Content-Language": language}
        if visitor is not None:
            headers["Cache-Control"] = "no-store"  # what an administrator saw must not be found after signing out
        return Packed(text.encode(), "text/html; charset=utf-8").answer(request, headers, status)

    def _context(self, request: Request, language: str) -> dict[str, Any]:
        words, city = self._words[language], self.city
        rest = request.url.path.removeprefix(f"/{language}")
        theme = request.cookies.get(THEME_COOKIE, "auto")
        return {
            "lang": language,
            "locale": LOCALES[language],
            "t": words,
            "tell": self._sentences[language].tell,
            "fig": self._figures[language],
            "city": city,
            "now": time.time_ns() // 1000,
            "path": request.url.path,
            "rest": rest or "/",
            "languages": LANGUAGES,
            "origin": f"{request.url.scheme}://{request.url.netloc}",
            "theme": theme if theme in THEMES else "auto",
            "themes": THEMES,
            "assets": self._assets,
            "backstage": tools_of,
            "version": __version__,
            "kept": request.headers.get(KEEP) == "1",
            "basemap": self._basemap is not None and self._basemap.is_file(),
            "kind_name": lambda kind, count=1: kind_name(words, kind, count),
            "property_name": lambda info: property_name(city, info, language),
            "query": lambda **changes: _query(request, changes),
        }


def _query(request: Request, changes: dict[str, Any]) -> str:
    """Return this page's address with some parameters changed; "" takes one away, and ``part`` never stays."""
    asked = dict(request.query_params) | changes
    asked.pop("part", None)
    kept = {name: value for name, value in asked.items() if value not in (None, "")}
    return f"{request.url.path}?{urlencode(kept)}" if kept else request.url.path
