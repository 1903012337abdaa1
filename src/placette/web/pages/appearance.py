"""Chooses the appearance for readers without JavaScript: sets the cookie and returns to the page they came from."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from placette.web.pages.site import Site, inside
from placette.web.render import THEME_COOKIE, THEMES

_A_YEAR_S = 31_536_000


async def appearance(site: Site, request: Request, language: str) -> Response:
    """Answer ``/fr/appearance?theme=dark&back=/fr/``; ``back`` must be an address of these pages."""
    theme = request.query_params.get("theme", "auto")
    back = request.query_params.get("back", "")
    answer = RedirectResponse(back if inside(back) else f"/{language}/", 303, {"Cache-Control": "no-store"})
    answer.set_cookie(THEME_COOKIE, theme if theme in THEMES else "auto", max_age=_A_YEAR_S, samesite="lax")
    return answer
