"""Signing in over HTTP: what the cookie is like, who is refused, where it leads; and once in a real Chromium."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from http.cookies import SimpleCookie
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page
from tests.web.conftest import World

from placette.access import COOKIE, Tokens
from placette.api import Access
from placette.app import House
from placette.settings import ServerSettings, Settings
from placette.web.attempts import MOST

OWN = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture(scope="module")
def secret(world: World) -> str:
    return world.tokens.create("town hall", Access.ADMIN)


@pytest.fixture
def client(world: World) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=world.url, trust_env=False) as opened:
        yield opened


@pytest.fixture
def known(world: World, secret: str) -> Iterator[httpx.Client]:
    """A browser that has signed in."""
    with httpx.Client(base_url=world.url, trust_env=False, cookies={COOKIE: secret}) as opened:
        yield opened


def sign_in(client: httpx.Client, token: str, **more: str) -> httpx.Response:
    return client.post("/en/sign-in", data={"token": token, **more}, headers=OWN)


def test_the_cookie_is_kept_from_scripts_and_other_sites(client: httpx.Client, secret: str) -> None:
    answer = sign_in(client, f" {secret}\n")
    assert (answer.status_code, answer.headers["location"]) == (303, "/en/")
    cookie = SimpleCookie(answer.headers["set-cookie"])[COOKIE]
    assert cookie.value == secret
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "strict", "/")
    assert (cookie["max-age"], cookie["secure"]) == ("43200", "")
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(("public_url", "asked"), [("https://aix.example", "http"), ("", "https")])
async def test_over_tls_the_cookie_is_secure(
    world: World, secret: str, tmp_path: Path, public_url: str, asked: str
) -> None:
    chosen = Settings(server=ServerSettings(public_url=public_url))
    house = House(store=world.store, city=world.city, settings=chosen, tokens=world.tokens, data=tmp_path, url="x")
    transport = httpx.ASGITransport(app=house.asgi())  # type: ignore[arg-type]  # httpx names the same types otherwise
    async with httpx.AsyncClient(transport=transport, base_url=f"{asked}://aix.example") as client:
        answer = await client.post("/fr/sign-in", data={"token": secret}, headers=OWN)
    assert SimpleCookie(answer.headers["set-cookie"])[COOKIE]["secure"] is True


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [
        ("/fr/health?part=1", "/fr/health?part=1"),
        ("https://example.org/", "/en/"),
        ("//example.org/fr/", "/en/"),
        ("/\\example.org", "/en/"),
        ("/fr/\\example.org", "/en/"),
        ("/fr/\r\nX: y", "/en/"),
        ("/fr/\t/example.org", "/en/"),
        ("javascript:alert(1)", "/en/"),
        ("", "/en/"),
    ],
)
def test_signing_in_leads_back_inside_only(client: httpx.Client, secret: str, wanted: str, reached: str) -> None:
    assert sign_in(client, secret, next=wanted).headers["location"] == reached


@pytest.mark.parametrize("token", ["", "plc_nonsense", "é\x00\udc80".encode("utf-8", "replace").decode()])
def test_a_token_that_is_no_good_signs_nobody_in(client: httpx.Client, token: str) -> None:
    answer = sign_in(client, token)
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    assert "unknown, revoked or has expired" in answer.text


def test_the_secret_of_the_command_line_signs_nobody_in(client: httpx.Client, world: World) -> None:
    local = world.tokens.grant_for_this_run(Access.LOCAL)
    assert sign_in(client, local).status_code == 401
    client.cookies.set(COOKIE, local)
    assert client.post("/api/admin/backup", headers=OWN).status_code == 401


def test_whoever_guesses_has_to_wait_even_with_a_good_token(
    start_city: Callable[..., World], world: World, tmp_path: Path
) -> None:
    other = start_city(world.city, lambda store: None)
    good = other.tokens.create("late")
    with httpx.Client(base_url=other.url, trust_env=False) as client:
        assert {sign_in(client, f"guess {number}").status_code for number in range(MOST)} == {401}
        answer = sign_in(client, good)
        assert (answer.status_code, int(answer.headers["retry-after"]) > 0) == (429, True)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "{own}"}, 200),
        ({"Origin": "https://example.org"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "{own}", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "{own}.example.org"}, 403),
        ({}, 403),
    ],
)
def test_with_the_cookie_only_our_own_pages_may_change_anything(
    known: httpx.Client, headers: dict[str, str], status: int
) -> None:
    own = str(known.base_url).rstrip("/")
    sent = {name: value.format(own=own) for name, value in headers.items()}
    assert known.post("/api/dead-letters/replay", json={}, headers=sent).status_code == status
    assert known.get("/api/dead-letters", headers=sent).status_code == 200


@pytest.mark.parametrize("path", ["/en/sign-in", "/en/sign-out"])
def test_another_site_signs_nobody_in_or_out(known: httpx.Client, secret: str, path: str) -> None:
    answer = known.post(path, data={"token": secret}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_sensorthings_is_guarded_alike(known: httpx.Client) -> None:
    for headers, status in ((OWN, 400), ({"Sec-Fetch-Site": "cross-site"}, 403)):
        assert known.post("/v1.1/Things", content=b"{}", headers=headers).status_code == status


def test_a_bearer_token_needs_no_page(client: httpx.Client, secret: str) -> None:
    answer = client.post("/api/dead-letters/replay", json={}, headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 200


def test_the_cookie_ends_with_its_token(world: World, client: httpx.Client) -> None:
    secret = world.tokens.create("for a day", Access.ADMIN)
    client.cookies.set(COOKIE, secret)
    assert client.get("/api/dead-letters").status_code == 200
    assert "Signed in: for a day" in client.get("/en/health").text
    world.tokens.revoke("for a day")
    assert client.get("/api/dead-letters").status_code == 401
    assert "Signed in" not in client.get("/en/health").text
    assert "was revoked or has expired" in client.get("/en/sign-in").text


def test_a_writing_token_may_not_administrate_by_cookie_either(world: World, client: httpx.Client) -> None:
    client.cookies.set(COOKIE, world.tokens.create("gateway"))
    assert client.get("/api/dead-letters").status_code == 403


def test_signing_out_forgets_the_cookie_and_what_was_seen(known: httpx.Client) -> None:
    assert known.get("/en/").headers["cache-control"] == "no-store"
    answer = known.post("/en/sign-out", headers=OWN)
    cookie = SimpleCookie(answer.headers["set-cookie"])[COOKIE]
    assert (answer.status_code, cookie.value, cookie["max-age"]) == (303, "", "0")


@pytest.mark.parametrize("site", ["cross-site", "same-origin"])
def test_a_link_on_another_site_is_asked_again_so_that_the_cookie_comes_along(client: httpx.Client, site: str) -> None:
    answer = client.get("/en/sign-in?next=/en/health", headers={"Sec-Fetch-Site": site})
    assert answer.headers.get("refresh") == ("0; url=/en/health" if site == "cross-site" else None)


def test_the_secret_is_not_in_any_page(known: httpx.Client, secret: str) -> None:
    assert secret not in known.get("/en/sign-in").text
    assert secret not in sign_in(known, f"{secret}x").text


@pytest.mark.browser
@pytest.mark.parametrize("javascript", [True, False])
def test_a_person_signs_in_and_out(visit: Callable[..., Page], world: World, secret: str, javascript: bool) -> None:
    page = visit("/fr/sign-in?next=/fr/health", javascript=javascript)
    page.fill("#token", "plc_wrong")
    page.click("main button")
    assert "inconnu, révoqué ou expiré" in page.locator("[role=alert]").inner_text()
    page.fill("#token", secret)
    page.click("main button")
    page.wait_for_url("**/fr/health")
    assert "Connecté" in page.locator(".backstage").inner_text()
    page.click(".backstage button")
    page.wait_for_url("**/fr/")
    assert page.locator(".backstage").count() == 0


def test_the_tokens_of_two_folders_do_not_mix(tmp_path: Path, client: httpx.Client) -> None:
    client.cookies.set(COOKIE, Tokens(tmp_path).create("elsewhere", Access.ADMIN))
    assert client.get("/api/dead-letters").status_code == 401
