"""Signing in and out: a token is pasted once and then lives in a cookie that no script can read."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from placette.access import COOKIE, refuse_foreign
from placette.api import Refusal, read_form
from placette.model.errors import NotAllowed
from placette.web.pages.site import Site, error_page, inside

SESSION_S = 43_200
"""A working day: a forgotten browser is signed out by the next morning."""
CLEARED = '"cache", "storage"'
"""What the browser forgets: answers, and with "storage" the pages and orders that field work keeps on the phone."""


async def sign_in(site: Site, request: Request, language: str) -> Response:
    """Answer ``GET /fr/sign-in?next=/fr/…``; ``next`` must be an address of these pages."""
    goal = _goal(request.query_params.get("next", ""), language)
    from_elsewhere = request.headers.get("sec-fetch-site") == "cross-site"
    if from_elsewhere and COOKIE not in request.cookies and "next" in request.query_params:
        # A link on another site brings no strict cookie along; asked again from here, the browser sends it.
        return Response(headers={"Refresh": f"0; url={quote(goal, safe='/?&=%')}", "Cache-Control": "no-store"})
    ended = COOKIE in request.cookies and site.visitor(request) is None
    return _form(site, request, language, goal, notice="ended" if ended else "")


async def signed_in(site: Site, request: Request, language: str) -> Response:
    """Answer the posted form: set the cookie and lead to ``next``, or say what is wrong with the token."""
    refuse_foreign(request)
    form = await read_form(request)
    goal = _goal(form.get("next", ""), language)
    address = request.client.host if request.client else ""
    if wait_s := site.attempts.wait_s(address):
        answer = _form(site, request, language, goal, status=429, notice="wait")
        answer.headers["Retry-After"] = str(int(wait_s) + 1)
        return answer
    secret = form.get("token", "").strip()
    if site.tokens.visitor(secret) is None:
        site.attempts.failed(address)
        return _form(site, request, language, goal, status=401, notice="unknown")
    done = RedirectResponse(goal, 303, {"Cache-Control": "no-store"})
    done.set_cookie(
        COOKIE, secret, max_age=SESSION_S, path="/", secure=_secure(site, request), httponly=True, samesite="strict"
    )
    return done


async def sign_out(site: Site, request: Request, language: str) -> Response:
    """Answer ``POST /fr/sign-out``: forget the cookie; the token itself stays good until it is revoked."""
    refuse_foreign(request)
    done = RedirectResponse(f"/{language}/", 303, {"Cache-Control": "no-store", "Clear-Site-Data": CLEARED})
    done.delete_cookie(COOKIE, path="/", secure=_secure(site, request), httponly=True, samesite="strict")
    return done


def refusal(site: Site, language: str) -> Refusal:
    """Return what answers for a page whose reader may not see it: the way to sign in, or why the token is too weak."""

    async def answer(request: Request, error: NotAllowed) -> Response:
        goal = _without_part(request)
        if not error.known:
            where = f"/{language}/sign-in?{urlencode({'next': goal})}"
            return RedirectResponse(where, 303, {"Cache-Control": "no-store"})
        if request.method in ("GET", "HEAD"):
            return _form(site, request, language, goal, status=403, notice="rights")
        return error_page(site.renderer, request, 403)

    return answer


def _form(site: Site, request: Request, language: str, goal: str, *, notice: str, status: int = 200) -> Response:
    return site.renderer.page(request, language, "sign-in.html", status=status, goal=goal, notice=notice)


def _goal(wanted: str, language: str) -> str:
    return wanted if inside(wanted) else f"/{language}/"


def _without_part(request: Request) -> str:
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "part"]
    return f"{request.url.path}?{urlencode(kept)}" if kept else request.url.path


def _secure(site: Site, request: Request) -> bool:
    return request.url.scheme == "https" or site.public_url.startswith("https:")
