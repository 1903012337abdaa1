"""French pages are French to the end: the wizard with odd files, dead letters of every kind, refused field orders."""

from __future__ import annotations

import io
import re
import time
import zipfile
from collections.abc import Callable, Iterator
from html.parser import HTMLParser

import httpx
import pytest
from tests.model.test_pictures import jpeg
from tests.web.conftest import World
from tests.web.spoken import said
from tests.web.test_field import CODE, multipart, numbered
from tests.web.test_sentences import example

from placette.access import COOKIE
from placette.api import Access
from placette.model.arrivals import Arrival, DeadLetter
from placette.store import Store, inbox

OWN = {"Sec-Fetch-Site": "same-origin"}
NOW = time.time_ns() // 1000
ROOMS = ("harmonise/", "model/", "javascript/", "points.py", "intake.py")
"""Where the reasons of dead letters arise; a mapping that is wrong sets nothing aside."""
MAPPINGS = ("harmonise/mapping.py", "harmonise/plan.py")
ENGLISH = re.compile(r"\b(?:the|is|are|of|not|and|with|cannot|there|its)\b")
"""Words that no French text has."""


class Shown(HTMLParser):
    """What a reader sees of a page: what is marked as English, what is no content of files, the fields of its forms."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.english: list[str] = []
        self.texts: list[str] = []
        self.form: dict[str, str] = {}
        self._open: list[tuple[str, bool, bool]] = [("", False, False)]
        self._select = ""
        self.feed(page[page.index("<main") : page.index("</main>")])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        _, english, content = self._open[-1]
        if tag not in ("br", "input", "link", "meta", "img", "path", "use", "source"):
            content = content or tag in ("code", "pre", "script", "style", "option", "svg") or "samples" in str(attrs)
            self._open.append((tag, english or found.get("lang") == "en", content))
        if tag == "select":
            self._select = found.get("name", "")
        if tag == "option" and "selected" in found and self._select:
            self.form[self._select] = found["value"]
        if tag == "input" and found.get("name") and found.get("type") not in ("file", "submit"):
            self.form[found["name"]] = found.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        while len(self._open) > 1 and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        _, english, content = self._open[-1]
        if data.strip() and not content:
            (self.english if english else self.texts).append(data.strip())


def check(page: httpx.Response | str) -> Shown:
    """Return what a page shows after making sure that it is French."""
    shown = Shown(page if isinstance(page, str) else page.text)
    assert shown.english == []
    assert [text for text in shown.texts if ENGLISH.search(text)] == []
    return shown


def every(*fields: str) -> list[str]:
    """Every sentence that a dead letter can have there."""
    found = [one for one in said() if one.where.startswith(ROOMS) and not one.where.startswith(MAPPINGS)]
    return [example(form) for form in dict.fromkeys(one.form for one in found if one.field in fields and not one.part)]


def fill(store: Store) -> None:
    reasons, remedies = every("what", "fault", "problem", "error"), every("remedy")
    count = max(len(reasons), len(remedies))
    assert count > 150
    letters = [
        DeadLetter(
            arrival=Arrival(network="lorawan", channel="a/b", payload=b"%d" % at, received_time=NOW - at),
            what=reasons[at % len(reasons)],
            where="a/b",
            remedy=remedies[at % len(remedies)],
        )
        for at in range(count)
    ]
    inbox.keep_new_now(store, letters)


@pytest.fixture(scope="module")
def town(start_city: Callable[..., World], world: World) -> World:
    """A city into whose inbox a letter of every kind has come."""
    return start_city(world.city, fill)


@pytest.fixture(scope="module")
def client(town: World) -> Iterator[httpx.Client]:
    secret = town.tokens.create("town hall", Access.ADMIN)
    with httpx.Client(base_url=town.url, trust_env=False, cookies={COOKIE: secret}, headers=OWN, timeout=60) as opened:
        yield opened


def test_dead_letters_of_every_kind_are_told_in_french(client: httpx.Client) -> None:
    shown = check(client.get("/fr/dead-letters"))
    assert sum(text.startswith("«") or "n’" in text for text in shown.texts) > 60
    causes = client.get("/api/dead-letters/causes").json()
    for cause in causes[::40]:
        check(client.get("/fr/dead-letters", params={"cause": cause["cause"]}))
    check(client.get("/fr/health"))


HOURS = [f"{day:02}/05/2024 {hour:02}:00" for day in range(1, 4) for hour in range(24)]
AIR = "date;NO2 (µg/m3);Température (°C);contact\n" + "".join(
    f"{hour};{10 + at % 7},5;{12 + at % 9};jean.dupont@exemple.fr\n" for at, hour in enumerate(HOURS)
)
ODD = (
    AIR
    + f"{HOURS[3]};1,5;2;a@b.fr\npas de date;3;4;a@b.fr\n04/05/2024 00:00;beaucoup;12;x@b.fr\n01/01/2060 00:00;1;2;\n"
)
AUTUMN = "heure,bruit (dB)\n" + "".join(
    f"2023-{month:02}-{day} {hour:02}:{minute},5{hour}\n"
    for month, days in ((3, (25, 26)), (10, (28, 29)))
    for day in days
    for hour in range(24)
    for minute in ("00", "30")
)
LONG = "date,station,valeur,polluant,unité\n" + "".join(
    f"2024-05-{day:02},S{station},{day + station},{what},µg/m3\n"
    for day in range(1, 20)
    for station in (1, 2)
    for what in ("NO2", "PM10")
)
TREES = "id,longitude,latitude,genre,espece,hauteur,famille,adresse,date_plantation,remarquable\n" + "".join(
    f"{at},5.44{at},43.52{at},Platanus,hispanica,{at},Platanacées,cours Mirabeau,2001-01-0{at},non\n"
    for at in range(1, 9)
)
SURVEY = "id,submitdate,lastpage,startlanguage,Venez-vous à pied ?,Votre âge,Remarques\n" + "".join(
    f"{at},2024-05-{at:02} 10:00:00,3,fr,{'oui' if at % 2 else 'non'},{at + 20},{'très long texte libre ' * 4}{at}\n"
    for at in range(1, 28)
)
PEDESTRIANS = "date,Cours Mirabeau,Rotonde,Hôtel de Ville\n" + "".join(
    f"{hour},{at},{at * 2},{at % 5}\n" for at, hour in enumerate(HOURS)
)
BARE = "".join(f"{2024 + at // 12}-{at % 12 + 1:02}-01;{at};{at * 2}\n" for at in range(30))
PLACES = '{"type":"FeatureCollection","features":[' + ",".join(
    f'{{"type":"Feature","properties":{{"nom":"n{at}"}},"geometry":{{"type":"Point","coordinates":[5.4,43.{at}]}}}}'
    for at in range(5)
) + "]}"  # fmt: skip


def packed(*names: str) -> bytes:
    """A ZIP archive of tables."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in names:
            archive.writestr(name, AIR)
    return content.getvalue()


FILES: dict[str, str | bytes] = {
    "air.csv": AIR,
    "bizarre.csv": ODD,
    "latin.csv": ODD.encode("windows-1252"),
    "automne.csv": AUTUMN,
    "long.csv": LONG,
    "arbres.csv": TREES,
    "enquete.csv": SURVEY,
    "pietons.csv": PEDESTRIANS,
    "nu.csv": BARE,
    "lieux.geojson": PLACES,
    "rien.csv": "a,b\n1,2\n1,2\n",
    "une.csv": "valeur\n1\n2\n",
    "vide.csv": b"",
    "lettre.docx": b"PK rien",
    "classeur.xlsx": b"PK rien",
    "deux.zip": packed("a.csv", "b.csv"),
    "coupe.csv.gz": b"\x1f\x8b\x08\x00abc",
    "pas.geojson": '{"type": "Autre"}',
    "pas.json": '{"a": ',
    "lignes.ndjson": "rien\n",
    "table.parquet": b"PAR1 rien",
    "carte.gpkg": b"SQLite rien",
    "lieux.kml": "<kml><rien",
}


@pytest.mark.parametrize("name", FILES)
def test_the_wizard_says_in_french_what_it_makes_of_a_file(client: httpx.Client, name: str) -> None:
    answer = client.post("/fr/import", files={"file": (name, FILES[name])})
    if answer.status_code != 303:
        check(answer)
        return
    where = str(answer.headers["location"])
    untouched = check(client.get(where)).form
    client.post(where, data=untouched | {"do": "preview"})
    form = check(client.get(where)).form
    assert {key: text for key, text in form.items() if untouched.get(key) != text} == {}
    client.post(where, data=form | {"source": "Ville", "licence": "LO", "ambiguous": "refuse", "do": "import"})
    for _ in range(400):
        page = client.get(where).text
        if "<placette-refresh" not in page:
            break
        time.sleep(0.05)
    check(page)


def test_a_wrong_correction_is_told_in_french(client: httpx.Client) -> None:
    where = str(client.post("/fr/import", files={"file": ("air.csv", AIR)}).headers["location"])
    form = check(client.get(where)).form
    for wrong in (
        {"zone": "Europe/Pariss"},
        {"format": "%d/%m %H"},
        {"period": "souvent"},
        {"unit.1": "furlong"},
        {"code": "{contact}{rien}"},
        {"position": "EPSG:9"},
        {"encoding": "utf-99"},
        {"separator": "|"},
    ):
        client.post(where, data=form | wrong | {"do": "import"})
        check(client.get(where))


@pytest.mark.parametrize(
    ("change", "photo"),
    [
        ({"latitude": "48.85"}, b""),
        ({"latitude": "5.4454", "longitude": "43.5263"}, b""),
        ({"latitude": "north"}, b""),
        ({"device": "70B3 D57E"}, b""),
        ({"model": "sextant"}, b""),
        ({"place": "mars"}, b""),
        ({}, b"GIF89a"),
        ({}, jpeg()[:40]),
    ],
)
def test_a_refused_installation_is_told_in_french(client: httpx.Client, change: dict[str, str], photo: bytes) -> None:
    answer = client.post("/fr/field/install", **multipart(numbered(0xA0) | change, photo))
    assert answer.status_code == 400
    check(answer)


@pytest.mark.parametrize(
    "said", [{"do": "replace", "device": "a b"}, {"do": "photo"}, {"do": "dance"}, {"do": "replace"}]
)
def test_a_refused_order_is_told_in_french(client: httpx.Client, said: dict[str, str]) -> None:
    answer = client.post(f"/fr/field/{CODE}", **multipart(said))
    assert answer.status_code == 400
    check(answer)


def test_a_phone_is_told_in_its_language_why_an_order_was_refused(client: httpx.Client) -> None:
    said = {"what": "'A' has the device 'B'", "remedy": "replace it instead"}
    french, english = (client.get(f"/{language}/field/told", params=said) for language in ("fr", "en"))
    assert (french.text, french.headers["content-language"]) == (
        "«\u00a0A\u00a0» a déjà l’appareil «\u00a0B\u00a0» — le remplacer plutôt",
        "fr",
    )
    assert (english.text, english.headers["content-language"]) == ("'A' has the device 'B' — replace it instead", "en")
    strange = client.get("/fr/field/told", params={"what": "<b>goat</b>", "remedy": "replace it instead"})
    assert (strange.text, strange.headers["content-language"]) == ("<b>goat</b> — replace it instead", "en")
    assert strange.headers["content-type"] == "text/plain; charset=utf-8"
