"""The pages over HTTP: whole without JavaScript, in both languages, with their headers; what is not there says so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import httpx
import pytest
from tests.web.conftest import World

PARIS = ZoneInfo("Europe/Paris")

PAGES = ("/", "/places/rotonde", "/things/AIX-ROT-AIR-01", "/health", "/sign-in")


@pytest.fixture(scope="module")
def client(world: World) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=world.url, trust_env=False) as opened:
        yield opened


@pytest.mark.parametrize(
    ("accepted", "language"), [("en-US,en;q=0.9", "en"), ("de,fr;q=0.5", "fr"), ("", "fr"), ("ja", "fr")]
)
def test_the_root_leads_to_the_readers_language(client: httpx.Client, accepted: str, language: str) -> None:
    answer = client.get("/", headers={"Accept-Language": accepted})
    assert (answer.status_code, answer.headers["location"]) == (302, f"/{language}/")


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_in_both_languages_and_says_so(client: httpx.Client, path: str) -> None:
    french, english = client.get(f"/fr{path}"), client.get(f"/en{path}")
    assert (french.status_code, english.status_code) == (200, 200)
    assert '<html lang="fr-FR"' in french.text
    assert '<html lang="en-GB"' in english.text
    for language in ("fr", "en"):
        assert f'hreflang="{language}" href="{client.base_url}/{language}{path}"' in french.text.replace("//fr", "/fr")


@pytest.mark.parametrize("path", ["/fr/", "/fr/nowhere", "/fr/places/nowhere", "/fr/health?part=health"])
def test_every_answer_guards_the_reader(client: httpx.Client, path: str) -> None:
    headers = client.get(path).headers
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["content-security-policy"].startswith("default-src 'self'")
    assert headers["x-content-type-options"] == "nosniff"
    assert "referrer-policy" in headers


def test_no_page_has_a_script_or_a_style_of_its_own(client: httpx.Client) -> None:
    for path in PAGES:
        text = client.get(f"/fr{path}").text
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", text)


@pytest.mark.parametrize(
    "path", ["/fr/nowhere", "/en/places/nowhere", "/fr/things/nothing", "/static/../pyproject.toml"]
)
def test_what_is_not_there_is_a_404(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_a_missing_page_speaks_the_readers_language(client: httpx.Client) -> None:
    assert "Cette page n’existe pas" in client.get("/fr/nowhere").text
    assert "This page does not exist" in client.get("/nowhere", headers={"Accept-Language": "en"}).text


def test_a_missing_api_address_is_a_problem_and_not_a_page(client: httpx.Client) -> None:
    answer = client.get("/api/nowhere")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.parametrize(
    ("back", "reached"),
    [
        ("/fr/health", "/fr/health"),
        ("https://example.org/", "/fr/"),
        ("//example.org", "/fr/"),
        ("/fr/\\example.org", "/fr/"),
    ],
)
def test_the_appearance_is_kept_and_leads_back_inside_only(client: httpx.Client, back: str, reached: str) -> None:
    answer = client.get("/fr/appearance", params={"theme": "dark", "back": back})
    assert (answer.status_code, answer.headers["location"]) == (303, reached)
    assert "placette-theme=dark" in answer.headers["set-cookie"]
    assert 'data-theme="dark"' in client.get("/fr/", headers={"Cookie": "placette-theme=dark"}).text


def test_every_figure_says_its_unit_age_and_origin(client: httpx.Client) -> None:
    text = client.get("/fr/places/rotonde").text
    values = re.findall(r"<placette-live.*?</placette-live>", text, re.DOTALL)
    assert len(values) == 81
    assert all("placette-age" in value for value in values)
    assert text.count("simulé</span>") >= 10


@pytest.mark.parametrize("span", ["24h", "7d", "1y"])
def test_the_table_says_what_the_chart_draws(client: httpx.Client, span: str) -> None:
    text = client.get("/fr/places/torse", params={"property": "temperature", "range": span, "part": "chart"}).text
    rows = text.count('<tr><th scope="row"><time')
    asked = {"$filter": "Datastream/properties/code eq 'AIX-TOR-TMP-01/temperature'", "$orderby": "phenomenonTime"}
    first = client.get("/v1.1/Observations", params=asked | {"$top": "1"}).json()["value"][0]["phenomenonTime"]
    begun = datetime.fromisoformat(first).astimezone(PARIS).date()
    days = (datetime.now(PARIS).date() - begun).days  # to yesterday: today has not had all its hours
    assert days in {29, 30}
    assert rows == {"24h": 25, "7d": 169, "1y": days}[span]
    assert "drawn-chart" in text


@pytest.mark.parametrize("asked", [{"property": "nothing"}, {"property": "<b>"}])
def test_a_property_that_nobody_observes_is_a_404(client: httpx.Client, asked: dict[str, str]) -> None:
    assert client.get("/fr/places/torse", params=asked).status_code == 404


@pytest.mark.parametrize(
    "asked", [{"page": "-4"}, {"page": "x"}, {"page": "99999999999999999999"}, {"kind": "<script>"}]
)
def test_odd_parameters_of_the_list_are_harmless(client: httpx.Client, asked: dict[str, str]) -> None:
    answer = client.get("/fr/", params=asked)
    assert answer.status_code == 200
    assert "<script>" not in answer.text


@pytest.mark.parametrize(
    ("path", "page", "before", "after"),
    [("/en/network", "", 0, 1), ("/en/network", "4", 1, 0), ("/en/", "9" * 5000, 1, 0)],
)
def test_long_lists_come_in_pages(client: httpx.Client, path: str, page: str, before: int, after: int) -> None:
    text = client.get(path, params={"page": page}).text
    assert (text.count("Previous page"), text.count("Next page")) == (before, after)


def test_static_files_are_kept_for_ever_and_come_compressed(client: httpx.Client) -> None:
    address = re.search(r'href="(/static/assets/[^"]+\.css)"', client.get("/fr/").text)
    assert address is not None
    answer = client.get(address[1], headers={"Accept-Encoding": "br, gzip"})
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-encoding"] == "br"
    assert client.get(address[1] + ".br").status_code == 404


def test_a_page_is_compressed_and_not_sent_twice(client: httpx.Client) -> None:
    answer = client.get("/fr/nowhere", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["vary"] == "Accept-Encoding, Cookie"
