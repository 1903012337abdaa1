"""Tomorrow on pages of places and devices, the scoreboard, the two addresses of the API; made by a short learning."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page
from tests.services.forecast.conftest import make, put, street
from tests.web.conftest import World

from placette.city import City
from placette.services.forecast.foreseeing import HOUR_US, Foreseeing
from placette.services.forecast.thresholds import thresholds
from placette.store import Store
from placette.web.words import Words

COUNTER, PM10, HEAT = "AIX-ROT-CNT-01/pedestrians", "AIX-ROT-AIR-01/pm10", "AIX-ROT-AIR-01/temperature"
WEEKS = 7


@pytest.fixture(scope="module")
def foreseen(start_city: Callable[..., World], aix: City, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A city with three series, forecast until now."""
    now = time.time_ns() // 1000
    hour = now // HOUR_US * HOUR_US

    def fill(store: Store) -> None:
        times, counts = street(WEEKS * 168, end=hour)
        put(store, COUNTER, times, counts)
        put(store, PM10, times, counts / 2)
        put(store, HEAT, times, 10 + counts / 4)
        foreseeing = Foreseeing(store, aix, tmp_path_factory.mktemp("forecast"))
        assert make(foreseeing, now, "hour") is not None
        assert make(foreseeing, now, "day") is not None

    return start_city(aix, fill)


def text(world: World, path: str) -> str:
    answer = httpx.get(f"{world.url}{path}")
    assert answer.status_code == 200, answer.text
    return answer.text


def test_a_place_says_what_tomorrow_brings_without_a_script(foreseen: World) -> None:
    page = text(foreseen, "/fr/places/rotonde")
    section = page[page.index('id="outlook"') :]
    for said in ("Demain", "prévu", "de valeurs simulées", "Prévision émise le", "neuf fois sur dix", "fan-outer"):
        assert said in section
    assert section.count("<tr>") > 48
    assert "l’heure et le jour de la semaine" in section


def test_a_device_shows_the_forecast_that_is_chosen_with_its_chances(foreseen: World) -> None:
    chosen = foreseen.store.directory.by_code[HEAT].id
    part = text(foreseen, f"/en/things/AIX-ROT-AIR-01?part=outlook&forecast={chosen}")
    assert "Air temperature" in part
    assert "Great heat" in part
    assert "Chances of passing a threshold" in part
    assert "<html" not in part


@pytest.mark.parametrize(
    ("language", "source"),
    [("fr", "Jour de chaleur\u00a0: maximum de 30\u00a0°C et plus"), ("en", "Hot day: a maximum of 30 °C or more")],
)
def test_where_a_threshold_comes_from_is_told_in_the_readers_language(
    foreseen: World, language: str, source: str
) -> None:
    chosen = foreseen.store.directory.by_code[HEAT].id
    assert source in text(foreseen, f"/{language}/things/AIX-ROT-AIR-01?part=outlook&forecast={chosen}")
    assert source in text(foreseen, f"/{language}/console?view=forecast&datastream={HEAT}")


def test_every_known_threshold_has_its_name_and_source() -> None:
    named = {(f"threshold.{each.key}", f"threshold_source.{each.key}") for each in thresholds()}
    for language in ("fr", "en"):
        words = Words(language)
        assert all(words(key) for pair in named for key in pair)


def test_forecasts_are_no_figures_of_the_device(foreseen: World) -> None:
    page = text(foreseen, "/en/things/AIX-ROT-AIR-01")
    assert page.count('class="live-value"') == len(
        [info for info in foreseen.store.directory.observed if info.thing_code == "AIX-ROT-AIR-01"]
    )
    latest = httpx.get(f"{foreseen.url}/api/latest").json()["latest"]
    assert not [each for each in latest if "forecast" in (each["code"] or "")]


@pytest.mark.parametrize(("language", "said"), [("fr", "Ce que nous avions prévu"), ("en", "What we had forecast")])
def test_the_scoreboard_stands_beside_the_naive(foreseen: World, language: str, said: str) -> None:
    page = text(foreseen, f"/{language}/forecasts")
    assert said in page
    assert "La Rotonde" in page or "Rotonde" in page
    devices = text(foreseen, f"/{language}/forecasts?place=rotonde")
    assert "AIX-ROT-CNT-01" in devices
    assert "spark-actual" in devices
    assert "AIX-ROT-CNT-01" in text(foreseen, f"/{language}/forecasts?place=rotonde&step=day")


def test_the_api_gives_forecasts_and_scores(foreseen: World) -> None:
    answer = httpx.get(f"{foreseen.url}/api/forecasts", params={"datastream": f"{COUNTER},{HEAT}"}).json()
    counter, heat = answer["forecasts"]
    assert (counter["code"], counter["step_s"], counter["simulated"]) == (COUNTER, 3_600, True)
    assert len(counter["quantiles"]) == len(counter["time"]) == 336
    assert [each["key"] for each in heat["exceedance"]] == ["heat_day", "heat_wave_day"]
    assert all(0 <= chance <= 1 for each in heat["exceedance"] for chance in each["probability"])
    of_days = {"datastream": COUNTER, "step": "day"}
    (day,) = httpx.get(f"{foreseen.url}/api/forecasts", params=of_days).json()["forecasts"]
    for issued, found in ((day["issued"], [day]), (day["issued"].replace(":00Z", ":30Z"), [])):
        asked = httpx.get(f"{foreseen.url}/api/forecasts", params={**of_days, "issued": issued}).json()
        assert asked["forecasts"] == found
    scores = httpx.get(f"{foreseen.url}/api/forecasts/scores").json()
    assert {each["datastream"] for each in scores["hour"]["standings"]} == {
        foreseen.store.directory.by_code[code].id for code in (COUNTER, PM10, HEAT)
    }


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({}, 400),
        ({"datastream": "1", "step": "week"}, 400),
        ({"datastream": "1", "issued": "yesterday"}, 400),
        ({"datastream": "no/such"}, 404),
        ({"datastream": ",".join(["1"] * 25)}, 400),
    ],
)
def test_what_the_api_cannot_answer_it_says(foreseen: World, asked: dict[str, str], status: int) -> None:
    answer = httpx.get(f"{foreseen.url}/api/forecasts", params=asked)
    assert answer.status_code == status
    assert answer.json()["remedy"]


@pytest.mark.browser
@pytest.mark.parametrize("path", ["/fr/forecasts?place=rotonde", "/en/forecasts", "/fr/things/AIX-ROT-AIR-01"])
@pytest.mark.parametrize("wide", [True, False])
def test_axe_finds_nothing_and_nothing_overflows(
    foreseen: World, visit: Callable[..., Page], axe: Callable[[Page], list[str]], path: str, wide: bool
) -> None:
    page = visit(path, base=foreseen.url, wide=wide)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
