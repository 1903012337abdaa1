"""The analysts' page over HTTP: every view, every file, every address that cannot be answered."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import httpx
import pyarrow.parquet as pq
import pytest
from starlette.datastructures import QueryParams
from tests.web.conftest import World

from placette.inside import Inside
from placette.model.errors import NotFound
from placette.model.times import micros
from placette.web.console.paper import INKS
from placette.web.console.question import VIEWS, Question, read

PARIS = ZoneInfo("Europe/Paris")
NOW = micros("2026-07-15T10:20:00Z")
WARM = ["AIX-ROT-AIR-01/temperature", "AIX-HDV-AIR-01/temperature"]
FOOT = "AIX-HDV-CNT-01/pedestrians"
TOKENS = Path(__file__).resolve().parents[2] / "components" / "styles" / "tokens.css"


@pytest.fixture(scope="module")
def client(world: World) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=world.url, trust_env=False, timeout=30) as opened:
        yield opened


def ask(world: World, **asked: Any) -> Question:
    pairs = [
        (key, value) for key, values in asked.items() for value in (values if isinstance(values, list) else [values])
    ]
    return read(QueryParams(pairs), world.store.directory, PARIS, NOW)


def test_an_address_is_read_and_written_the_same(world: World) -> None:
    chosen = {"view": "compare", "range": "custom", "start": "2026-07-01", "end": "2026-07-07", "against": "year"}
    question = ask(world, datastream=WARM, interval="day", **chosen)
    again = read(QueryParams(question.address("").removeprefix("?")), world.store.directory, PARIS, NOW)
    assert again == question
    assert (question.span.days, question.step, question.faults) == (7, "day", ())


def test_a_relative_period_stays_relative_and_ends_with_the_last_full_hour(world: World) -> None:
    question = ask(world, datastream=WARM[0], range="24h")
    assert question.span.end == micros("2026-07-15T10:00:00Z")
    assert ask(world, datastream=WARM[0], range="24h", interval="raw").span.end == micros("2026-07-15T11:00:00Z")
    assert question.address("/fr/console") == "/fr/console?datastream=AIX-ROT-AIR-01/temperature&range=24h"


def test_days_end_at_midnight_of_the_city(world: World) -> None:
    span = ask(world, datastream=WARM[0], range="1y").span
    assert (span.end, round(span.days)) == (micros("2026-07-14T22:00:00Z"), 365)


@pytest.mark.parametrize(
    ("asked", "fault"),
    [
        ({"datastream": ["NOPE", *WARM]}, "unknown"),
        ({"start": "2026-07-10", "end": "2026-07-01"}, "order"),
        ({"range": "custom", "start": "yesterday"}, "time"),
        ({"range": "custom", "start": "0001-01-01"}, "time"),
        ({"view": "pie"}, "choice"),
        ({"range": "1000y"}, "choice"),
        ({"start": "1950-01-01", "end": "2026-01-01", "interval": "hour"}, "fine"),
    ],
)
def test_what_cannot_be_is_a_fault_and_the_rest_is_answered(world: World, asked: dict[str, Any], fault: str) -> None:
    question = ask(world, **{"datastream": WARM, **asked})
    assert [each.key for each in question.faults] == [fault]
    assert len(question.infos) == 2


def test_no_more_than_twenty_four_are_taken(world: World) -> None:
    codes = list(world.store.directory.by_code)[:25]
    question = ask(world, datastream=codes)
    assert (len(question.infos), [each.key for each in question.faults]) == (24, ["many"])


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_a_whole_page_without_javascript(client: httpx.Client, language: str, view: str) -> None:
    answer = client.get(f"/{language}/console", params={"datastream": [*WARM, FOOT], "view": view, "range": "30d"})
    assert answer.status_code == 200
    assert 'aria-current="page"' in answer.text
    assert answer.text.count('name="datastream"') > 100
    assert "console-figure" in answer.text
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", answer.text)
    if view not in ("forecast", "rhythm"):
        assert answer.text.count('class="paper') == 2, "one for desktops, one for phones"
        assert "<tbody><tr>" in answer.text


@pytest.mark.parametrize("view", [view for view in VIEWS if view not in ("forecast", "rhythm", "anomalies")])
def test_the_files_of_a_view_say_the_same(client: httpx.Client, view: str) -> None:
    asked = {"datastream": [*WARM, FOOT], "view": view}
    answers = [client.get(f"/fr/console/data.{ending}", params=asked) for ending in ("csv", "parquet")]
    assert [answer.status_code for answer in answers] == [200, 200]
    rows = list(csv.DictReader(io.StringIO(answers[0].text)))
    table = pq.read_table(io.BytesIO(answers[1].content))
    assert len(rows) == table.num_rows > 0
    assert list(rows[0]) == table.column_names
    for name in table.column_names:
        listed = table.column(name).to_pylist()
        if isinstance(listed[0], float):
            assert [float(row[name]) if row[name] else None for row in rows] == listed
    about = {key.decode(): value.decode() for key, value in table.schema.metadata.items()}
    assert about["licence"]
    assert about["attribution"]
    assert f"-{view}-AIX-ROT-AIR-01-temperature-and-2-more-" in answers[0].headers["content-disposition"]


@pytest.mark.parametrize("view", VIEWS)
def test_the_picture_is_a_vector_that_says_what_it_is(client: httpx.Client, view: str) -> None:
    answer = client.get("/fr/console/picture.svg", params={"datastream": [*WARM, FOOT], "view": view})
    root = ET.fromstring(answer.content)  # noqa: S314  # we made it
    assert answer.headers["content-type"] == "image/svg+xml"
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    written = " ".join("".join(each.itertext()) for each in root.iter())
    for words in ("Aix-en-Provence", "Licence Ouverte", "Exporté le"):
        assert words in written or view == "forecast"
    assert not list(root.iter("{http://www.w3.org/2000/svg}image"))


def test_series_come_as_parquet_with_unit_and_licence(client: httpx.Client) -> None:
    asked = {"datastream": ",".join(WARM), "interval": "hour"}
    found = pq.read_table(io.BytesIO(client.get("/api/series", params=asked | {"format": "parquet"}).content))
    rows = list(csv.DictReader(io.StringIO(client.get("/api/series", params=asked | {"format": "csv"}).text)))
    assert found.num_rows == len(rows) > 40
    assert set(found.column("unit").to_pylist()) == {"Cel"}
    assert b"licence" in found.schema.metadata
    raw = client.get("/api/series", params=asked | {"format": "parquet", "interval": "raw"}).content
    assert pq.read_table(io.BytesIO(raw)).column_names[-2:] == ["result", "quality"]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"datastream": ["<b>x</b>", *WARM]}, "Unknown series: &lt;b&gt;x&lt;/b&gt;"),
        ({"datastream": WARM, "start": "2026-02-01", "end": "2026-01-01"}, "is not after the start"),
        ({"datastream": WARM, "view": "correlation", "x": "nothing", "y": "nothing"}, "Correlation matrix"),
        ({"datastream": WARM[:1], "view": "correlation"}, "at least two"),
        ({"datastream": WARM, "view": "compare", "against": "custom"}, "date to compare with"),
        ({"datastream": [*WARM, FOOT, "AIX-ROT-SON-01/laeq"]}, "3 units do not fit"),
        ({"find": "nothing-of-the-kind"}, "0 series"),
        ({}, "Where to begin?"),
    ],
)
def test_the_page_says_what_could_not_be_done(client: httpx.Client, asked: dict[str, Any], words: str) -> None:
    answer = client.get("/en/console", params=asked)
    assert answer.status_code == 200
    assert words in answer.text


def test_too_many_values_are_drawn_as_hours(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("placette.web.console.overlay.MOST_RAW", 50)
    answer = client.get("/en/console", params={"datastream": WARM, "interval": "raw"})
    assert "a longer step is shown" in answer.text
    assert "hourly values" in answer.text


@pytest.mark.parametrize("path", ["picture.gif", "data.csv", "plot.json"])
def test_files_of_nothing_are_not_found(client: httpx.Client, path: str) -> None:
    assert client.get(f"/fr/console/{path}").status_code == 404


@pytest.mark.parametrize(
    ("find", "least"), [("temperature hotel", 2), ("TEMPÉRATURE Hôtel", 2), ("AIX-ROT-SON-01", 2), ("laeq", 4)]
)
def test_the_list_is_searched_without_accents(client: httpx.Client, find: str, least: int) -> None:
    text = client.get("/fr/console", params={"find": find, "part": "list"}).text
    assert least <= text.count('name="datastream"') < 60


def test_what_is_chosen_stays_on_top_whatever_is_searched(client: httpx.Client) -> None:
    text = client.get("/fr/console", params={"find": "laeq", "datastream": WARM, "part": "list"}).text
    assert text.count(" checked>") == 2
    assert text.index(" checked>") < text.index("LAeq</b>")


def test_an_hour_that_is_missing_is_not_compared(client: httpx.Client) -> None:
    asked = {"datastream": WARM[0], "view": "compare", "range": "30d", "against": "month"}
    rows = list(csv.DictReader(io.StringIO(client.get("/fr/console/data.csv", params=asked).text)))
    there = [row for row in rows if row["value"] and row["value_compared"]]
    text = client.get("/en/console", params=asked).text
    assert 0 < len(there) < len(rows)
    assert f"{len(there)} of {len(rows)}: too few to conclude" in text


class Answers:
    """Stands where the console asks our own API: what it answers by address, an error, or no such address."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.by_path: dict[str, Any] = {}

        async def answer(_inside: Inside, path: str, _parameters: dict[str, str]) -> bytes | None:
            found = self.by_path.get(path)
            if isinstance(found, Exception):
                raise found
            return None if found is None else json.dumps(found).encode()

        monkeypatch.setattr(Inside, "__call__", answer)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    return Answers(monkeypatch)


def anomaly(world: World, code: str, kind: str, hours_ago: int, **more: Any) -> dict[str, Any]:
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours_ago)
    about = {"datastream": world.store.directory.by_code[code].id, "code": code, "kind": kind, "score": 9.0}
    times = {"start": start.isoformat()[:19] + "Z", "end": (start + timedelta(hours=5)).isoformat()[:19] + "Z"}
    return about | times | {"causes": [{"key": "stuck"}]} | more


def test_anomalies_are_marked_listed_and_lead_to_their_evidence(
    world: World, client: httpx.Client, answers: Answers
) -> None:
    found = [
        anomaly(world, WARM[0], "event", 40, observed=31.4, low=14.0, high=19.5),
        anomaly(world, WARM[1], "fault", 12, observed=12.0),
    ]
    answers.by_path["/api/anomalies"] = {"anomalies": found}
    asked = {"datastream": WARM, "view": "anomalies"}
    text = client.get("/fr/console", params=asked).text
    svg = client.get("/fr/console/picture.svg", params=asked).text
    marks = client.get("/fr/console/plot.json", params=asked).json()["marks"]
    assert [(mark["tone"], mark["dashed"]) for mark in marks] == [("lavender", False), ("brick", True)]
    assert svg.count('class="fill-brick"') == svg.count('class="fill-lavender"') == 1
    assert ">événement</text>" in svg
    assert text.count('class="console-mark"') == 2
    assert "14,0 à 19,5" in text
    evidence = f"/fr/anomalies?datastream={','.join(WARM)}&amp;days=30"
    assert evidence in text
    narrowed = client.get(evidence.replace("&amp;", "&")).text
    assert "Voir toutes les séries" in narrowed
    answers.by_path.clear()
    assert "ne cherche pas encore les anomalies" in client.get("/fr/console", params=asked).text


def forecast(world: World, code: str, **more: Any) -> dict[str, Any]:
    now = int(time.time()) // 3600 * 3600
    times = [now + 3600 * hour for hour in range(14 * 24)]
    issued = datetime.fromtimestamp(now, UTC).isoformat()[:19] + "Z"
    about = {"datastream": world.store.directory.by_code[code].id, "step_s": 3600, "issued": issued, "shown": True}
    levels = {"time": times, "levels": [0.05, 0.5, 0.95], "quantiles": [[8.0, 15.0, 22.0]] * len(times)}
    return about | levels | {"reason": "", "exceedance": []} | more


def test_each_forecast_tells_its_own_reason_and_reaches_as_far_as_the_period(
    world: World, client: httpx.Client, answers: Answers
) -> None:
    found = [forecast(world, WARM[0]), forecast(world, WARM[1], shown=False, reason="worse_than_naive")]
    answers.by_path["/api/forecasts"] = {"forecasts": found}
    silent = {"datastream": world.store.directory.by_code[FOOT].id, "reason": "silent"}
    answers.by_path["/api/forecasts/scores"] = {"hour": {"standings": [silent]}, "day": {"standings": []}}
    asked = {"datastream": [*WARM, FOOT, "AIX-ROT-SON-01/laeq"], "view": "forecast", "range": "24h"}
    text = client.get("/en/console", params=asked).text
    assert "our model did worse than mere repetition, so repetition is shown" in text
    assert "no value for three days" in text
    assert "not a measure that we forecast" in text
    assert "by mere repetition</span>" in text
    times = client.get("/en/console/plot.json", params=asked).json()["x"]
    assert times[-1] == found[0]["time"][0] + 47 * 3600


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_leads_to_the_api_that_answers_it(client: httpx.Client, view: str) -> None:
    text = client.get("/fr/console", params={"datastream": WARM, "view": view}).text
    address = html.unescape(re.findall(r'href="(/api/[^"]+)" data-api', text)[0])
    assert client.get(address).status_code == 200


def test_what_an_address_does_not_find_is_not_a_missing_address(client: httpx.Client, answers: Answers) -> None:
    answers.by_path["/api/anomalies"] = NotFound("no datastream 'x'", "datastream", "/v1.1/Datastreams lists them")
    answer = client.get("/fr/console", params={"datastream": WARM, "view": "anomalies"})
    assert answer.status_code == 404


def test_the_colours_of_pictures_are_those_of_the_day() -> None:
    css = TOKENS.read_text(encoding="utf-8")
    by_day = dict(re.findall(r"--([a-z0-9-]+): light-dark\((#[0-9a-f]{6}),", css.split("data-theme", 2)[1]))
    assert {key: by_day[key] for key in INKS} == INKS


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"datastream": WARM[0]}, 400),
        ({"datastream": ",".join(WARM), "method": "kendall"}, 400),
        ({"datastream": ",".join(WARM), "lag": "99"}, 400),
        ({"datastream": ",".join(WARM), "start": "2026-02-01", "end": "2026-01-01"}, 400),
        ({"datastream": ",".join(WARM), "start": "1950-01-01"}, 413),
        ({"datastream": "NOPE,ALSO"}, 404),
    ],
)
def test_correlations_that_cannot_be_say_why(client: httpx.Client, asked: dict[str, str], status: int) -> None:
    answer = client.get("/api/correlations", params=asked)
    assert answer.status_code == status
    assert answer.json()["remedy"]


def test_correlations_come_as_json_csv_and_parquet(client: httpx.Client) -> None:
    asked = {"datastream": ",".join([*WARM, FOOT]), "without": "day"}
    found = client.get("/api/correlations", params=asked).json()
    rows = list(csv.DictReader(io.StringIO(client.get("/api/correlations", params=asked | {"format": "csv"}).text)))
    table = pq.read_table(io.BytesIO(client.get("/api/correlations", params=asked | {"format": "parquet"}).content))
    assert [len(found["pairs"]), len(rows), table.num_rows] == [3, 3, 3]
    assert [pair["coefficient"] for pair in found["pairs"]] == table.column("coefficient").to_pylist()
    assert found["pairs"][0]["low"] <= found["pairs"][0]["coefficient"] <= found["pairs"][0]["high"]
