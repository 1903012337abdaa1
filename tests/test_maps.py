"""Maps over HTTP: the list, GeoJSON of each shape, thresholds, refusals, questions that cannot be answered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from tests.services.maps.towns import NOON, filled, scattered

from placette.access import Tokens
from placette.api import mount
from placette.maps import Atlas, question
from placette.model.errors import BadQuery
from placette.services.maps import Question


class Client:
    """Asks an application in this process."""

    def __init__(self, application: Starlette) -> None:
        self._application = application

    def get(self, path: str, params: dict[str, Any] | None = None) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self._application)
            async with httpx.AsyncClient(transport=transport, base_url="http://town") as client:
                return await client.get(path, params=params)

        return asyncio.run(ask())


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder = tmp_path_factory.mktemp("maps")
    made = filled(folder, scattered(12))
    atlas = Atlas(made.store, lambda: made.city, lambda: NOON)
    yield Client(Starlette(routes=mount(atlas.routes(), Tokens(folder))))
    made.store.close()


def asked(client: Client, **parameters: Any) -> dict[str, Any]:
    answer = client.get("/api/maps/temperature", params=parameters)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/geo+json"
    found: dict[str, Any] = answer.json()
    return found


def parts(found: dict[str, Any], part: str) -> list[dict[str, Any]]:
    return [feature for feature in found["features"] if feature["properties"]["part"] == part]


def test_the_list_names_properties_with_their_stations(client: Client) -> None:
    (only,) = client.get("/api/maps").json()["maps"]
    assert (only["property"], only["stations"]["measured"], only["enough"]) == ("temperature", 12, True)


def test_hexagons_carry_value_error_band_and_nearest_station(client: Client) -> None:
    found = asked(client)
    cell = parts(found, "cell")[0]
    said = cell["properties"]
    assert said["low"] < said["value"] < said["high"]
    assert said["standard_error"] > 0
    assert said["nearest"].startswith("S-")
    assert len(cell["geometry"]["coordinates"][0]) == 7
    assert found["map"]["frames"][0]["score"]["r2"] > 0.5
    assert found["map"]["breaks"] == sorted(found["map"]["breaks"])
    assert len(parts(found, "station")) == 12


def test_a_row_of_hours_is_one_answer(client: Client) -> None:
    found = asked(client, frames=24)
    assert len(found["map"]["frames"]) == 24
    assert {len(cell["properties"]["values"]) for cell in parts(found, "cell")} == {24}


def test_a_threshold_adds_the_chance_of_exceeding_it(client: Client) -> None:
    middle = asked(client)["map"]["frames"][0]["mean"]
    cells = parts(asked(client, threshold=str(middle)), "cell")
    pairs = sorted((cell["properties"]["value"], cell["properties"]["probability"]) for cell in cells)
    assert pairs[0][1] < 0.5 < pairs[-1][1]


def test_contours_hold_each_value_once_and_hatch_what_is_doubtful(client: Client) -> None:
    found = asked(client, shape="contours")
    bounds = [(each["properties"]["low"], each["properties"]["high"]) for each in parts(found, "contour")]
    assert bounds == sorted(bounds)
    assert all(one[1] <= other[0] for one, other in pairwise(bounds))
    assert json.dumps(found).count("NaN") == 0


def test_points_come_with_nearest_areas(client: Client) -> None:
    found = asked(client, shape="points")
    assert len(parts(found, "area")) == len(parts(found, "station")) == 12
    assert "standard_error" not in parts(found, "area")[0]["properties"]


@pytest.mark.parametrize(
    "parameters",
    [
        {"period": "week"},
        {"shape": "circles"},
        {"frames": "0"},
        {"frames": "49"},
        {"frames": "२"},
        {"period": "night", "frames": "15"},
        {"shape": "contours", "frames": "2"},
        {"origin": "guessed"},
        {"threshold": "warm"},
        {"threshold": "nan"},
        {"time": "yesterday"},
    ],
)
def test_what_cannot_be_asked_is_answered_with_the_remedy(client: Client, parameters: dict[str, str]) -> None:
    answer = client.get("/api/maps/temperature", params=parameters)
    assert answer.status_code == 400
    assert answer.json()["remedy"]


def test_a_property_without_stations_is_not_found(client: Client) -> None:
    assert client.get("/api/maps/pm10").status_code == 404
    assert client.get("/api/maps/nothing").status_code == 404


def test_the_parameters_become_a_question() -> None:
    assert question("no2", {"period": "night", "frames": "3", "time": "1970-01-01T01:00:00Z"})[0] == Question(
        "no2", 3_600_000_000, "night", 3
    )
    with pytest.raises(BadQuery):
        question("no2", {"frames": "x"})


async def test_maps_are_drawn_one_after_the_other(tmp_path: Path) -> None:
    made = filled(tmp_path, scattered(9))
    atlas = Atlas(made.store, lambda: made.city, lambda: NOON)
    first, second = await asyncio.gather(*(atlas.draw(Question("temperature")) for _ in range(2)))
    assert first is second
    made.store.close()
