"""A crowd and a stuck microphone come in through the API of a city; its own job tells them on the page."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import numpy as np
import pytest

from placette import city as cities
from placette.access import Tokens
from placette.app import House
from placette.model.entities import Origin
from placette.publish.city_sync import sync
from placette.settings import Settings
from placette.store import Store

pytestmark = pytest.mark.slow

AIX = Path(__file__).resolve().parents[2] / "cities" / "aix"
PARIS = ZoneInfo("Europe/Paris")
COUNTERS = tuple(f"AIX-ROT-CNT-0{number}/pedestrians" for number in range(1, 5))
SOUND = "AIX-ROT-SON-01/laeq"
DAYS, CROWD, STUCK = 75, range(14, 19), 30
"""Days of history; the crowd came yesterday afternoon, whenever this runs; the microphone stands still for 30 hours."""


def lines(end: int) -> Iterator[str]:
    """Return history up to the hour ``end`` (since 1970), hour by hour."""
    chance = np.random.default_rng(7)
    yesterday = datetime.fromtimestamp(end * 3600, UTC).astimezone(PARIS).toordinal() - 1
    for hour in range(end - DAYS * 24, end):
        clock = datetime.fromtimestamp(hour * 3600, UTC).astimezone(PARIS)
        shape = (1.1 + np.sin((clock.hour - 9) / 12 * np.pi)) * (0.6 if clock.weekday() == 6 else 1.0)
        busy = 3.0 if clock.toordinal() == yesterday and clock.hour in CROWD else 1.0
        common = float(np.exp(chance.normal(0, 0.12)))
        moment = datetime.fromtimestamp(hour * 3600, UTC).isoformat()
        for number, code in enumerate(COUNTERS):
            count = int(chance.poisson((150 + 60 * number) * shape * common * busy))
            yield json.dumps({"datastream": code, "time": moment, "result": count, "quality": 1})
        level = 61.3 if hour >= end - STUCK else round(float(52 + 6 * shape + chance.normal(0, 1)), 1)
        yield json.dumps({"datastream": SOUND, "time": moment, "result": level, "quality": 1})


async def lived(house: House, token: str) -> dict[str, Any]:
    """Send the history, run the job with its own process, and return what API and pages say."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-ndjson"}
    transport = httpx.ASGITransport(app=house.asgi())
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        before = await client.get("/fr/anomalies")
        body = "\n".join(lines(int(time.time() - 300) // 3600))
        posted = await client.post("/api/observations", content=body, headers=headers)
        health = await house.jobs.once("anomalies")
        api = (await client.get("/api/anomalies?pictures=0")).json()
        paths = ("/fr/anomalies", "/en/anomalies?kind=fault", "/fr/anomalies?place=torse", "/fr/things/AIX-ROT-SON-01")
        pages = {path: (await client.get(path)).text for path in (*paths, "/fr/places/rotonde")}
        wrong = [(await client.get(f"/api/anomalies?{asked}")).status_code for asked in WRONG]
    return {
        "before": before.text, "posted": posted.status_code, "problem": health.problem, "api": api, "pages": pages,
        "wrong": wrong,
    }  # fmt: skip


WRONG = ("kind=odd", "place=nowhere", "property=nothing", "datastream=nothing", "start=2020-01-01T00:00:00Z")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    data = tmp_path_factory.mktemp("anomalies")
    city, store, tokens = cities.read(AIX), Store.open(data / "placette.duckdb"), Tokens(data)
    sync(store, city, Origin.MEASURED)
    house = House(store=store, city=city, settings=Settings(), tokens=tokens, data=data, url="http://test")
    yield asyncio.run(lived(house, tokens.create("import")))
    store.close()


def test_before_the_first_look_the_page_says_so(told: dict[str, Any]) -> None:
    assert "Aucun examen n’a encore eu lieu" in told["before"]


def test_the_job_finds_the_event_and_the_fault(told: dict[str, Any]) -> None:
    assert (told["posted"], told["problem"]) == (201, "")
    found = {
        (one["code"], one["kind"], cause["key"]) for one in told["api"]["anomalies"] for cause in one["causes"][:1]
    }
    assert {code for code, kind, _ in found if kind == "event"} >= {*COUNTERS}
    assert (SOUND, "fault", "stuck") in found
    assert (told["api"]["looked_at"], told["api"]["too_short"]) == (5, 0)


def test_the_page_tells_both_with_picture_causes_and_evidence(told: dict[str, Any]) -> None:
    page = told["pages"]["/fr/anomalies"]
    assert "Valeur figée" in page
    assert "Affluence" in page
    assert "3 capteurs voisins sur 3 ont bougé dans le même sens" in page
    assert re.search(r"Aussi à \d autres? capteurs?", page)
    assert page.count("anomaly-line") == page.count("<article")
    english = told["pages"]["/en/anomalies?kind=fault"]
    assert "Stuck value" in english
    assert "anomaly-event" not in english


def test_where_nothing_is_abnormal_the_page_says_among_how_many(told: dict[str, Any]) -> None:
    assert "Rien d’anormal ces 7 derniers jours parmi 5 séries examinées." in told["pages"]["/fr/anomalies?place=torse"]


def test_the_pages_of_device_and_place_carry_a_mark(told: dict[str, Any]) -> None:
    assert "1 anomalie ces dernières 24 heures" in told["pages"]["/fr/things/AIX-ROT-SON-01"]
    assert re.search(r"\d anomalies? ces dernières 24 heures", told["pages"]["/fr/places/rotonde"])


def test_what_cannot_be_asked_is_refused(told: dict[str, Any]) -> None:
    assert told["wrong"] == [400, 404, 404, 404, 413]
