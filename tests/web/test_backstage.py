"""The backstage: every page of those who run the squares is one click away, for those who may open it and no others."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page
from tests.web.conftest import World

from placette.access import COOKIE
from placette.api import Access
from placette.web.backstage import TOOLS


def client_of(world: World, access: Access | None) -> httpx.Client:
    """Return a browser in which a token with these rights has signed in."""
    cookies = {COOKIE: world.tokens.create(f"backstage {access} {len(world.tokens.kept())}", access)} if access else {}
    return httpx.Client(base_url=world.url, trust_env=False, cookies=cookies)


@pytest.mark.parametrize(
    ("access", "shown"),
    [
        (None, []),
        (Access.WRITE, [tool.path for tool in TOOLS if tool.access == Access.WRITE]),
        (Access.ADMIN, [tool.path for tool in TOOLS]),
    ],
)
@pytest.mark.parametrize("path", ["/fr/", "/en/health", "/en/things/AIX-ROT-AIR-01"])
def test_every_page_leads_to_what_the_visitor_may_open(
    world: World, access: Access | None, shown: list[str], path: str
) -> None:
    with client_of(world, access) as client:
        strip = re.search(r'<nav class="backstage".*?</nav>', client.get(path).text, re.DOTALL)
    found = re.findall(r'<li><a href="/..(/[^"]+)"', strip[0]) if strip else []
    assert found == shown


def test_a_page_of_the_backstage_says_that_it_is_the_one(world: World) -> None:
    with client_of(world, Access.ADMIN) as client:
        assert '<a href="/fr/dead-letters" aria-current="page">' in client.get("/fr/dead-letters").text


def test_the_health_page_tells_those_who_have_not_signed_in_where_to(world: World) -> None:
    with client_of(world, None) as client:
        assert "/en/sign-in?next=/en/health" in client.get("/en/health").text
    with client_of(world, Access.WRITE) as client:
        assert "/en/sign-in?next=" not in client.get("/en/health").text


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("language", "wide"), [("fr", False), ("en", True)])
def test_axe_finds_nothing_and_nothing_overflows(
    world: World, visit: Callable[..., Page], axe: Callable[[Page], list[str]], language: str, wide: bool, scheme: str
) -> None:
    cookie = {"name": COOKIE, "value": world.tokens.create(f"{language} {scheme}", Access.ADMIN), "url": world.url}
    page = visit(f"/{language}/health", wide=wide, color_scheme=scheme)
    page.context.add_cookies([cookie])  # type: ignore[list-item]
    page.reload()
    assert page.locator(".backstage li").count() == len(TOOLS)
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
