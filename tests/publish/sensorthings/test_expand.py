"""What an expansion may cost, however it is nested."""

from __future__ import annotations

import httpx
import pytest

from placette.publish.sensorthings import expand

TURNING = "Observations?$expand=Datastream/Observations/Datastream/Observations/Datastream/Observations&$select=id"


def objects(value: object) -> int:
    if isinstance(value, dict):
        return ("@iot.id" in value) + sum(map(objects, value.values()))
    return sum(map(objects, value)) if isinstance(value, list) else 0


async def test_going_round_in_circles_stays_bounded(city: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expand, "LEVEL_ROWS", 200)
    answer = (await city.get(TURNING)).json()
    assert objects(answer) <= 30 + 6 * 200
    inner = answer["value"][0]["Datastream"]
    assert len(inner["Observations"]) == 200 // 30
    assert "Observations@iot.nextLink" in inner


async def test_what_stands_at_many_places_is_read_once(city: httpx.AsyncClient) -> None:
    answer = (await city.get("Observations?$expand=Datastream($select=name;$expand=Thing($select=name))&$top=3")).json()
    assert [row["Datastream"] for row in answer["value"]] == [
        {"name": "air", "Thing": {"name": "Thing 1"}},
        {"name": "noise", "Thing": {"name": "Thing 1"}},
        {"name": "heat", "Thing": {"name": "Thing 2"}},
    ]
