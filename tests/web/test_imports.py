"""The import wizard: over HTTP without scripts, and in a real Chromium from a file to stored observations."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect
from tests.web.conftest import World

from placette.access import COOKIE
from placette.api import Access

OWN = {"Sec-Fetch-Site": "same-origin"}
HOURS = [f"{day:02}/05/2024 {hour:02}:00" for day in range(1, 6) for hour in range(24)]
AIR = "date;NO2 (µg/m3);Température (°C);contact\n" + "".join(
    f"{hour};{10 + at % 7},5;{12 + at % 9};jean.dupont@example.fr\n" for at, hour in enumerate(HOURS)
)
BAD = AIR + "06/05/2024 00:00;beaucoup;12;x@example.fr\n"


@pytest.fixture(scope="module")
def desk(start_city: Callable[..., World], world: World) -> World:
    """A city to import into."""
    return start_city(world.city, lambda _: None)


@pytest.fixture(scope="module")
def secret(desk: World) -> str:
    return desk.tokens.create("air office", Access.WRITE)


@pytest.fixture
def client(desk: World, secret: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=desk.url, trust_env=False, cookies={COOKIE: secret}, headers=OWN, timeout=30) as opened:
        yield opened


def hand_in(client: httpx.Client, content: str | bytes, name: str = "air.csv") -> str:
    answer = client.post("/en/import", files={"file": (name, content)})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def report(client: httpx.Client, where: str) -> str:
    """Read the page again, as a reader without scripts does, until the import has ended."""
    for _ in range(600):
        page = client.get(where).text
        if "See the report" not in page and "Importing:" not in page:
            return page
        time.sleep(0.05)
    raise AssertionError("the import does not end")


def test_a_stranger_is_led_to_the_sign_in(desk: World) -> None:
    answer = httpx.get(desk.url + "/en/import", trust_env=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/en/sign-in?next=%2Fen%2Fimport")
    refused = httpx.post(desk.url + "/en/import", files={"file": ("a.csv", "a")}, headers=OWN, trust_env=False)
    assert refused.headers["location"].startswith("/en/sign-in")


def test_a_form_of_another_site_is_refused(client: httpx.Client) -> None:
    answer = client.post("/en/import", files={"file": ("a.csv", AIR)}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code in (401, 403)


def test_what_was_understood_is_shown_and_persons_are_not(client: httpx.Client) -> None:
    page = client.get(hand_in(client, AIR)).text
    assert "each column is a property of one device" in page
    assert "every text is a time" in page
    assert "jean.dupont" not in page
    assert "not shown: it may be about persons" in page
    assert "Of the first 120 rows, 240 of 240 values would be stored" in page


def test_a_file_is_corrected_imported_reported_and_known_next_time(client: httpx.Client, desk: World) -> None:
    where = hand_in(client, BAD, "../../etc/air.csv")
    said = {
        "seen": "1",
        "do": "import",
        "zone": "Europe/Paris",
        "code": "AIR-TEST",
        "source": "Town",
        "unit.1": "ug/m3",
    }
    assert client.post(where, data=said).status_code == 303
    page = report(client, where)
    assert "The file is imported" in page
    assert "the value is not a number" in page
    assert "/en/things/AIR-TEST" in page
    entry = desk.store.directory.by_code["AIR-TEST/no2"]
    rows = desk.store.query_now("SELECT count(*) AS n FROM observation WHERE datastream_id = ?", [entry.id]).to_pylist()
    assert rows == [{"n": 120}]
    assert "AIR-TEST" in client.get("/en/things/AIR-TEST").text
    assert client.post(where, data={"do": "save"}).headers["location"].endswith("?done=save")
    again = client.get(hand_in(client, BAD, "may.csv")).text
    assert "A mapping saved for files with these columns is used" in again
    assert "AIR-TEST/no2" in again


def test_nothing_of_a_person_reaches_the_store(client: httpx.Client, desk: World) -> None:
    where = hand_in(client, BAD)
    client.post(where, data={"seen": "1", "do": "import", "zone": "UTC", "code": "AIR-PRIVATE"})
    report(client, where)
    for table in ("thing", "datastream", "dead_letter", "observation"):
        assert "example.fr" not in str(desk.store.query_now(f"SELECT * FROM {table}").to_pylist())


def test_a_correction_of_the_separator_looks_at_the_file_again(client: httpx.Client) -> None:
    where = hand_in(client, "date;a,b\n2024-01-01;1,2\n2024-01-02;2,3\n", "odd.csv")
    client.post(where, data={"seen": "1", "do": "preview", "separator": ",", "decimal": "."})
    assert ">date;a<" in client.get(where).text.replace("\n", "")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.csv", b"", "the file is empty"),
        ("a.docx", b"PK nothing", "the kind of"),
        ("a.xlsx", b"PK nothing", "cannot be read"),
        ("a.csv", b"a,b\n1,2\n1,2\n", "neither a time nor a place"),
    ],
)
def test_files_that_cannot_be_used_say_why(client: httpx.Client, name: str, content: bytes, said: str) -> None:
    answer = client.post("/en/import", files={"file": (name, content)}, follow_redirects=True)
    assert said in answer.text


def test_a_mistaken_correction_is_told_and_nothing_is_imported(client: httpx.Client) -> None:
    where = hand_in(client, AIR)
    client.post(where, data={"seen": "1", "do": "import", "zone": "Europe/Pariss", "code": "AIR-WRONG"})
    page = client.get(where).text
    assert "unknown time zone" in page
    assert "did you mean Europe/Paris" in page


def test_a_file_can_be_removed_and_unknown_ones_are_missing(client: httpx.Client) -> None:
    where = hand_in(client, AIR)
    assert client.post(where, data={"do": "forget"}).headers["location"] == "/en/import"
    assert client.get(where).status_code == 404
    for odd in ("../../tokens", "zz", "0" * 16):
        assert client.get(f"/en/import/{odd}").status_code == 404


def signed_in(visit: Callable[..., Page], desk: World, secret: str, path: str, **options: object) -> Page:
    page = visit("/fr/", base=desk.url, **options)
    page.context.add_cookies([{"name": COOKIE, "value": secret, "url": desk.url}])
    page.goto(desk.url + path)
    return page


@pytest.mark.browser
@pytest.mark.parametrize("javascript", [True, False])
def test_a_reader_imports_a_file_in_chromium(
    visit: Callable[..., Page], desk: World, secret: str, tmp_path: Path, javascript: bool
) -> None:
    file = tmp_path / f"air-{javascript}.csv"
    file.write_text(AIR)
    page = signed_in(visit, desk, secret, "/fr/import", javascript=javascript)
    page.set_input_files("#file", file)
    page.get_by_role("button", name="Examiner le fichier").click()
    expect(page.get_by_role("heading", name=file.name)).to_be_visible()
    page.get_by_label("Code des équipements").fill(f"CHROME-{javascript}")
    page.get_by_role("button", name="Corriger et revoir").click()
    expect(page.locator("#preview")).to_contain_text(f"CHROME-{javascript}/no2")
    page.get_by_role("button", name="Importer", exact=True).click()
    if javascript:
        expect(page.get_by_text("Le fichier est importé").or_(page.get_by_text("L’import est terminé"))).to_be_visible()
    page.goto(re.sub(r"[?#].*", "", page.url))
    while page.get_by_role("link", name="Actualiser").count():
        page.get_by_role("link", name="Actualiser").click()
    expect(page.get_by_text("Le fichier est importé")).to_be_visible()
    page.get_by_role("link", name=f"CHROME-{javascript}/no2").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert f"CHROME-{javascript}/temperature" in desk.store.directory.by_code
    assert page.complaints == []  # type: ignore[attr-defined]


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("wide", [True, False])
def test_axe_finds_nothing_and_nothing_overflows(
    visit: Callable[..., Page], axe: Callable[[Page], list[str]], client: httpx.Client, desk: World, secret: str,
    scheme: str, wide: bool,
) -> None:  # fmt: skip
    waiting, done = hand_in(client, BAD), hand_in(client, BAD)
    client.post(done, data={"seen": "1", "do": "import", "zone": "UTC", "code": "AIR-AXE"})
    report(client, done)
    page = signed_in(visit, desk, secret, "/fr/import", wide=wide, color_scheme=scheme)
    for path in ("/fr/import", waiting.replace("/en/", "/fr/"), done.replace("/en/", "/fr/")):
        page.goto(desk.url + path)
        assert axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
