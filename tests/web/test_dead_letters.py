"""The page of frames set aside: over HTTP without scripts, and in a real Chromium."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlparse

import httpx
import msgspec
import pytest
from playwright.sync_api import Page
from tests.web.conftest import World

from placette import replaying
from placette.access import COOKIE
from placette.api import Access
from placette.model.arrivals import Arrival, DeadLetter
from placette.store import Store, causes, inbox, shares

OWN = {"Sec-Fetch-Site": "same-origin"}
NOW = time.time_ns() // 1000
DEVICE = "AIX-ROT-AIR-01"


def letter(payload: bytes, what: str, *, network: str = "lorawan", channel: str = "", age: int = 0) -> DeadLetter:
    came = Arrival(
        network=network, channel=channel or f"devices/{DEVICE}/up", payload=payload, received_time=NOW - age * 1_000_000
    )
    return DeadLetter(arrival=came, what=what, where=came.channel, remedy="correct the names in the frame, then replay")


def fill(store: Store) -> None:
    unknown = [
        letter(f'{{"values": {{"temp": {20 + n}}}}}'.encode(), f"'AIX-{n}' has no datastream for temp", age=60 * n)
        for n in range(12)
    ]
    evil = letter(b"<script>alert(1)</script>", '<img src=x onerror="alert(1)"> is no JSON', channel="a/<b>")
    binary = letter(bytes(range(200)) * 4, "no reader for this topic", channel="other/topic")
    file = letter(b'{"line": 3}', "the value is not a number", network=inbox.FILES, channel="counts.csv")
    inbox.keep_new_now(store, [*unknown, evil, binary, file])


@pytest.fixture(scope="module")
def troubled(start_city: Callable[..., World], world: World) -> World:
    """A city with frames set aside, one of whose models has a codec."""
    key = next(iter(world.city.models))
    decoded = msgspec.structs.replace(world.city.models[key], codec="milesight-em300-th")
    return start_city(msgspec.structs.replace(world.city, models=world.city.models | {key: decoded}), fill)


@pytest.fixture(scope="module")
def secret(troubled: World) -> str:
    return troubled.tokens.create("town hall", Access.ADMIN)


@pytest.fixture
def client(troubled: World, secret: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=troubled.url, trust_env=False, cookies={COOKIE: secret}, headers=OWN) as opened:
        yield opened


@pytest.fixture
def anew(start_city: Callable[..., World], world: World) -> Iterator[tuple[httpx.Client, Store]]:
    """A city of its own to change, with its administrator's browser."""
    other = start_city(world.city, fill)
    cookies = {COOKIE: other.tokens.create("town hall", Access.ADMIN)}
    with httpx.Client(base_url=other.url, trust_env=False, cookies=cookies, headers=OWN) as opened:
        yield opened, other.store


def key_of(client: httpx.Client, what: str) -> str:
    found = client.get("/api/dead-letters/causes").json()
    return str(next(each["cause"] for each in found if what in each["what"]))


def said(answer: httpx.Response) -> dict[str, str]:
    """What the page will report, from where the form leads to."""
    assert answer.status_code == 303
    return {name: values[0] for name, values in parse_qs(urlparse(answer.headers["location"]).query).items()}


def waiting(store: Store) -> int:
    counted: int = store.query_now(f"SELECT count(*) AS n FROM dead_letter WHERE {causes.in_state('waiting')}")["n"][
        0
    ].as_py()
    return counted


def test_whoever_may_not_see_it_is_led_to_the_sign_in_and_back(troubled: World, secret: str) -> None:
    with httpx.Client(base_url=troubled.url, trust_env=False, headers=OWN) as stranger:
        answer = stranger.get("/fr/dead-letters?state=dismissed&part=x")
        assert answer.status_code == 303
        assert answer.headers["location"] == "/fr/sign-in?next=%2Ffr%2Fdead-letters%3Fstate%3Ddismissed"
        assert stranger.post("/fr/dead-letters", data={"do": "replay"}).status_code == 303
        form = stranger.get(answer.headers["location"]).text
        goal = re.search(r'name="next" value="([^"]+)"', form)
        assert goal is not None
        assert goal[1] == "/fr/dead-letters?state=dismissed"
        done = stranger.post("/fr/sign-in", data={"token": secret, "next": goal[1]})
        assert (done.status_code, done.headers["location"]) == (303, goal[1])


def test_a_token_that_is_not_enough_is_told_so(troubled: World) -> None:
    cookies = {COOKIE: troubled.tokens.create("a gateway")}
    with httpx.Client(base_url=troubled.url, trust_env=False, cookies=cookies, headers=OWN) as gateway:
        answer = gateway.get("/en/dead-letters")
        assert answer.status_code == 403
        assert "“a gateway” is not enough" in answer.text
        assert gateway.post("/en/dead-letters", data={"do": "dismiss"}).status_code == 403


def test_another_site_changes_nothing(troubled: World, client: httpx.Client) -> None:
    answer = client.post("/en/dead-letters", data={"do": "dismiss"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert (answer.status_code, waiting(troubled.store)) == (403, 15)
    assert "Not allowed" in answer.text


@pytest.mark.parametrize(
    ("language", "words"),
    [("fr", "«\u00a0…\u00a0» n’a pas de série pour temp"), ("en", "&#39;…&#39; has no datastream for temp")],
)
def test_every_cause_is_there_with_its_frames_and_remedy(client: httpx.Client, language: str, words: str) -> None:
    text = client.get(f"/{language}/dead-letters").text
    assert text.count('<li class="cause">') == 4
    assert "‘" not in text
    assert words in text
    assert ('<span lang="en">correct the names in the frame' in text) is (language == "fr")  # nobody of ours says that
    assert client.get(f"/{language}/dead-letters").headers["cache-control"] == "no-store"


def test_what_had_to_go_from_a_full_inbox_is_told(anew: tuple[httpx.Client, Store]) -> None:
    client, store = anew
    gone = shares.LetGo(network="lorawan", what="no reader for this topic", count=12_345, bytes=9, last=NOW)
    words = msgspec.json.encode([gone]).decode()
    store.change_now(lambda con: con.execute("INSERT INTO meta VALUES ('letters_let_go', ?)", [words]).fetchall())
    text = client.get("/en/dead-letters").text
    assert "The inbox was full: 12,345 frames had to go unused" in text
    assert "lorawan, 12,345 frames: no reader for this topic" in text


def test_what_one_order_could_not_reach_is_tried_by_the_next(
    anew: tuple[httpx.Client, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, _ = anew
    monkeypatch.setattr(inbox, "PIECE", 5)
    monkeypatch.setattr(replaying, "MOST", 10)
    report = said(client.post("/en/dead-letters", data={"do": "replay"}))
    assert (report["failed"], report["left"]) == ("9", "5")
    text = client.get("/en/dead-letters", params=report).text
    assert "5 have not been tried yet." in text
    before = re.search(r'name="before" value="(\d+)"', text)
    assert before is not None
    report = said(client.post("/en/dead-letters", data={"do": "replay", "before": before[1]}))
    assert (report["failed"], report["left"]) == ("5", "0")


def test_what_came_is_shown_and_harms_nobody(client: httpx.Client) -> None:
    for path in ("/en/dead-letters", f"/en/dead-letters?cause={key_of(client, 'is no JSON')}"):
        text = client.get(path).text
        assert "<script>alert" not in text
        assert "<img" not in text
        assert "&lt;script&gt;alert(1)" in text


def test_bytes_are_shown_in_hexadecimal(client: httpx.Client) -> None:
    text = client.get(f"/en/dead-letters?cause={key_of(client, 'no reader')}").text
    assert "0000  00 01 02" in text
    assert "only the beginning" in text


def test_frames_come_page_by_page(client: httpx.Client) -> None:
    first = client.get(f"/en/dead-letters?cause={key_of(client, 'temp')}").text
    more = re.search(r'href="([^"]+before=[^"]+)"', first)
    assert more is not None
    assert first.count('<li class="cause"') == 10
    assert client.get(more[1].replace("&amp;", "&")).text.count('<li class="cause"') == 2


def test_files_are_not_replayed_but_imported_again(client: httpx.Client) -> None:
    text = client.get(f"/en/dead-letters?cause={key_of(client, 'not a number')}").text
    assert 'value="replay"' not in text
    assert 'value="dismiss"' in text


def test_a_preview_changes_nothing(troubled: World, client: httpx.Client) -> None:
    asked = {"cause": key_of(client, "temp"), "find": '"temp"', "by": '"temperature"', "part": "payload"}
    text = client.get("/en/dead-letters", params=asked).text
    assert "12 frames of 12 would change" in text
    assert text.count("&#34;temperature&#34;: ") == 3
    assert (text.count(">Before</p>"), text.count(">After</p>")) == (3, 3)
    assert not any(row["mended"] for row in client.get("/api/dead-letters").json())


def test_a_cause_is_mended_and_replayed(anew: tuple[httpx.Client, Store]) -> None:
    client, store = anew
    cause = key_of(client, "temp")
    order = {"cause": cause, "find": '"temp"', "by": '"temperature"', "part": "payload"}
    assert said(client.post("/en/dead-letters", data=order | {"do": "mend-all"}))["letters"] == "12"
    answer = client.post("/en/dead-letters", data={"cause": cause, "do": "replay"})
    assert said(answer)["replayed"] == "12"
    assert waiting(store) == 3
    page = client.get(answer.headers["location"]).text
    assert "12 frames replayed. 12 observations came of it." in page
    assert "No frame waits for this cause any more" in page


def test_one_frame_is_mended_by_hand_and_the_original_stays(anew: tuple[httpx.Client, Store]) -> None:
    client, _ = anew
    cause = key_of(client, "is no JSON")
    key = client.get("/api/dead-letters", params={"cause": cause}).json()[0]["id"]
    order = {"id": str(key), "cause": cause, "do": "mend", "channel": f"devices/{DEVICE}/up"}
    client.post("/en/dead-letters", data=order | {"payload": '{"values":\r\n{"temperature": 21}}'})
    page = client.get(f"/en/dead-letters?cause={cause}").text
    assert "Will be replayed as:" in page
    assert "&lt;script&gt;" in page
    mended = client.get(f"/api/dead-letters/{key}").json()
    assert mended["mended_payload"] == '{"values":\n{"temperature": 21}}'
    assert said(client.post("/en/dead-letters", data={"id": str(key), "do": "replay"}))["replayed"] == "1"


def test_frames_are_put_away_and_brought_back(anew: tuple[httpx.Client, Store]) -> None:
    client, store = anew
    cause = key_of(client, "temp")
    assert said(client.post("/en/dead-letters", data={"cause": cause, "do": "dismiss"}))["letters"] == "12"
    assert waiting(store) == 3
    assert "has no datastream" in client.get("/en/dead-letters?state=dismissed").text
    back = client.post("/en/dead-letters", data={"cause": cause, "state": "dismissed", "do": "restore"})
    assert (said(back)["letters"], waiting(store)) == ("12", 15)


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"do": "burn"},
        {"do": "dismiss"},
        {"do": "restore"},
        {"do": "mend"},
        {"do": "mend-all", "find": ""},
        {"do": "mend", "id": "x"},
    ],
)
def test_a_form_that_means_nothing_is_refused(client: httpx.Client, troubled: World, form: dict[str, str]) -> None:
    assert client.post("/en/dead-letters", data=form).status_code == 400
    assert waiting(troubled.store) == 15


def test_kept_frames_are_tried_and_read_again(client: httpx.Client) -> None:
    form = {"of": "codec:milesight-em300-th", "do": "try-again"}
    answer = client.post("/fr/dead-letters", data=form)
    assert said(answer)["frames"] == "0"
    assert "Rien à relire" in client.get(answer.headers["location"]).text
    assert client.post("/fr/dead-letters", data=form | {"of": "codec:nothing"}).status_code == 404
    assert client.post("/fr/dead-letters", data=form | {"of": "model:nothing", "do": "replay"}).status_code == 404


def test_the_health_page_leads_there(client: httpx.Client) -> None:
    assert 'href="/en/dead-letters"' in client.get("/en/health?part=health").text


def test_the_foot_of_every_page_leads_those_there_who_may_go(client: httpx.Client, troubled: World) -> None:
    assert 'href="/en/dead-letters"' in client.get("/en/").text
    cookies = {COOKIE: troubled.tokens.create("a writer")}
    with httpx.Client(base_url=troubled.url, trust_env=False, cookies=cookies) as writer:
        assert 'href="/en/dead-letters"' not in writer.get("/en/").text


@pytest.fixture
def see(visit: Callable[..., Page], troubled: World, secret: str) -> Callable[..., Page]:
    """Open a page of the troubled city as its administrator."""

    def open_page(path: str, **options: object) -> Page:
        state = {
            "cookies": [
                {
                    "name": COOKIE,
                    "value": secret,
                    "domain": "127.0.0.1",
                    "path": "/",
                    "expires": -1,
                    "httpOnly": True,
                    "secure": False,
                    "sameSite": "Strict",
                }
            ],
            "origins": [],
        }
        return visit(path, base=troubled.url, storage_state=state, **options)

    return open_page


@pytest.mark.browser
@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(
    see: Callable[..., Page],
    axe: Callable[[Page], list[str]],
    client: httpx.Client,
    language: str,
    wide: bool,
    scheme: str,
) -> None:
    cause = key_of(client, "temp")
    for path in ("", f"?cause={cause}", f"?cause={cause}&find=temp&by=temperature"):
        page = see(f"/{language}/dead-letters{path}", wide=wide, color_scheme=scheme)
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.complaints == []  # type: ignore[attr-defined]


@pytest.mark.browser
@pytest.mark.parametrize("javascript", [True, False])
def test_a_person_previews_a_mend(see: Callable[..., Page], client: httpx.Client, javascript: bool) -> None:
    page = see("/fr/dead-letters", javascript=javascript)
    page.get_by_role("link", name="n’a pas de série pour temp").first.click()
    page.fill("#find", '"temp"')
    page.fill("#by", '"temperature"')
    page.get_by_role("button", name="Aperçu").click()
    assert "12 trames sur 12 changeraient" in page.locator("[role=status]").inner_text()
