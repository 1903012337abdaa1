"""Create, link, change and delete over HTTP (OGC 18-088, section 10)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from placette.store import Store

ROOT = "http://city.test/v1.1"
PLACE = {"type": "Point", "coordinates": [5.5, 43.5]}
BODIES: dict[str, dict[str, Any]] = {
    "Things": {"name": "a", "description": "b", "properties": {"k": [1, {"x": None}]}},
    "Locations": {"name": "a", "description": "b", "encodingType": "application/geo+json", "location": PLACE},
    "Sensors": {"name": "a", "description": "b", "encodingType": "text/html", "metadata": {"any": "thing"}},
    "ObservedProperties": {"name": "a", "description": "b", "definition": "http://x.fr"},
    "FeaturesOfInterest": {"name": "a", "description": "b", "encodingType": "application/geo+json", "feature": PLACE},
}


async def read(client: httpx.AsyncClient, address: str) -> Any:
    answer = await client.get(address)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def made(client: httpx.AsyncClient, address: str, body: Any) -> str:
    answer = await client.post(address, json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.headers["location"])


async def total(client: httpx.AsyncClient, place: str) -> int:
    return int((await read(client, f"{place}?$top=0&$count=true"))["@iot.count"])


@pytest.mark.parametrize("place", BODIES)
async def test_an_entity_is_created_and_read_back(client: httpx.AsyncClient, place: str) -> None:
    location = await made(client, place, BODIES[place])
    assert location == f"{ROOT}/{place}(1)"
    entity = await read(client, location)
    assert {name: entity[name] for name in BODIES[place]} == BODIES[place]


async def test_what_was_read_can_be_sent_back(client: httpx.AsyncClient, a_thing: Any, a_datastream: Any) -> None:
    await made(client, "Things", a_thing(1, Datastreams=[a_datastream("air")]))
    for place in ("Things(1)", "Datastreams(1)", "Locations(1)", "Sensors(1)", "HistoricalLocations(1)"):
        entity = await read(client, place)
        answer = await client.put(place, json=entity, headers={"Prefer": "return=representation"})
        assert answer.status_code == 200, answer.text
        assert answer.json() == entity


async def test_the_same_name_may_occur_twice(client: httpx.AsyncClient) -> None:
    assert await made(client, "Things", BODIES["Things"]) != await made(client, "Things", BODIES["Things"])


async def test_representation_is_returned_on_wish(client: httpx.AsyncClient) -> None:
    plain = await client.post("Things", json=BODIES["Things"])
    assert (plain.status_code, plain.content) == (201, b"")
    whole = await client.post("Things", json=BODIES["Things"], headers={"Prefer": "return=representation"})
    assert whole.json()["@iot.selfLink"] == whole.headers["location"] == f"{ROOT}/Things(2)"


async def test_a_deep_insert_makes_everything(client: httpx.AsyncClient, a_thing: Any, a_datastream: Any) -> None:
    observations = [
        {"phenomenonTime": "2026-01-01T00:00:00Z", "result": 1},
        {
            "phenomenonTime": "2026-01-02T00:00:00Z",
            "result": 2,
            "FeatureOfInterest": BODIES["FeaturesOfInterest"] | {"name": "elsewhere"},
        },
    ]
    body = a_thing(1, Datastreams=[a_datastream("air", Observations=observations), a_datastream("noise")])
    await made(client, "Things", body)
    found = await read(client, "Things(1)?$expand=Locations,Datastreams($expand=Sensor,ObservedProperty,Observations)")
    assert [row["result"] for row in found["Datastreams"][0]["Observations"]] == [1, 2]
    assert found["Datastreams"][1]["ObservedProperty"]["name"] == "noise property"
    assert await total(client, "HistoricalLocations") == 1
    features = [(await read(client, f"Observations({key})/FeatureOfInterest"))["name"] for key in (1, 2)]
    assert features == ["Place 1", "elsewhere"]


BROKEN = {
    "no sensor": ({"Sensor": None}, "needs a Sensor"),
    "a sensor that is not there": ({"Sensor": {"@iot.id": 99}}, "no Sensors(99)"),
    "a property of the wrong type": ({"ObservedProperty": {"name": 5}}, "$.Datastreams[0].ObservedProperty.name"),
    "a bad result": ({"Observations": [{"result": 1, "phenomenonTime": "0001-01-01T00:00:00Z"}]}, "1900"),
    "a result from the future": ({"Observations": [{"result": 1, "phenomenonTime": "2199-01-01T00:00:00Z"}]}, "ahead"),
    "a unit that is no object": ({"unitOfMeasurement": "Cel"}, "unitOfMeasurement"),
    "no unit": ({"unitOfMeasurement": None}, "unitOfMeasurement"),
    "an unknown member": ({"colour": "red"}, "has no 'colour'"),
}


@pytest.mark.parametrize("case", BROKEN)
async def test_a_deep_insert_that_fails_leaves_nothing(
    client: httpx.AsyncClient, a_thing: Any, a_datastream: Any, case: str
) -> None:
    fault, said = BROKEN[case]
    answer = await client.post("Things", json=a_thing(1, Datastreams=[a_datastream("air") | fault]))
    assert answer.status_code == 400, answer.text
    assert said in answer.text
    places = (
        "Things",
        "Locations",
        "HistoricalLocations",
        "Sensors",
        "ObservedProperties",
        "Datastreams",
        "Observations",
    )
    assert [await total(client, place) for place in places] == [0] * len(places)


async def test_links_to_what_exists_may_carry_more(client: httpx.AsyncClient, a_thing: Any, a_datastream: Any) -> None:
    await made(client, "Things", a_thing(1, Datastreams=[a_datastream("air")]))
    links = {
        "Thing": {"@iot.id": 1, "name": 7, "unknown": True},
        "Sensor": {"@iot.id": 1},
        "ObservedProperty": {"@iot.id": 1, "@iot.selfLink": "x"},
    }
    await made(client, "Datastreams", a_datastream("second") | links)
    await made(
        client, "Things(1)/Datastreams", {k: v for k, v in (a_datastream("third") | links).items() if k != "Thing"}
    )
    assert await total(client, "Things(1)/Datastreams") == 3
    assert await total(client, "Sensors") == 1


async def test_a_moved_thing_leaves_its_history(client: httpx.AsyncClient, a_thing: Any) -> None:
    await made(client, "Things", a_thing(1))
    await made(client, "Things(1)/Locations", BODIES["Locations"] | {"name": "second"})
    await client.patch("Things(1)", json={"Locations": [{"@iot.id": 1}]})
    await made(client, "Things(1)/Locations", {"@iot.id": 2})
    assert [place["name"] for place in (await read(client, "Things(1)/Locations"))["value"]] == ["second"]
    moves = (await read(client, "Things(1)/HistoricalLocations?$expand=Locations($select=name)"))["value"]
    assert [move["Locations"][0]["name"] for move in moves] == ["Place 1", "second", "Place 1", "second"]


async def test_history_can_be_written_by_hand(client: httpx.AsyncClient, a_thing: Any) -> None:
    await made(client, "Things", a_thing(1))
    await made(client, "Locations", BODIES["Locations"] | {"name": "other"})
    links = {"Thing": {"@iot.id": 1}, "Locations": [{"@iot.id": 2}]}
    await made(client, "HistoricalLocations", {"time": "2001-01-01T00:00:00Z"} | links)
    assert (await read(client, "Things(1)/Locations"))["value"][0]["@iot.id"] == 1
    await made(client, "Things(1)/HistoricalLocations", {"time": "2199-01-01T00:00Z", "Locations": [{"@iot.id": 2}]})
    assert (await read(client, "Things(1)/Locations"))["value"][0]["@iot.id"] == 2
    assert (await client.patch("HistoricalLocations(1)", json={"time": "2002-01-01T00:00:00Z"})).status_code == 200
    assert (await read(client, "HistoricalLocations(1)"))["time"] == "2002-01-01T00:00:00Z"


async def test_patch_merges_and_put_replaces(client: httpx.AsyncClient) -> None:
    await made(client, "Things", BODIES["Things"])
    assert (await client.patch("Things(1)", json={"name": "new"})).status_code == 200
    thing = await read(client, "Things(1)")
    assert (thing["name"], thing["description"], thing["properties"]) == ("new", "b", BODIES["Things"]["properties"])
    assert (await client.put("Things(1)", json={"name": "x", "description": "y"})).status_code == 200
    assert (await read(client, "Things(1)"))["properties"] == {}
    assert (await client.put("Things(1)", json={"name": "x"})).status_code == 400


async def test_a_json_patch_changes_inside(client: httpx.AsyncClient) -> None:
    await made(client, "Things", BODIES["Things"])
    steps = [
        {"op": "test", "path": "/name", "value": "a"},
        {"op": "add", "path": "/properties/k/-", "value": 9},
        {"op": "copy", "from": "/name", "path": "/description"},
    ]
    kind = {"Content-Type": "application/json-patch+json"}
    assert (await client.patch("Things(1)", json=steps, headers=kind)).status_code == 200
    thing = await read(client, "Things(1)")
    assert (thing["properties"]["k"][-1], thing["description"]) == (9, "a")
    bad = await client.patch("Things(1)", json=[{"op": "test", "path": "/name", "value": "b"}], headers=kind)
    assert (bad.status_code, bad.json()["where"]) == (400, "$[0]")


async def test_a_datastream_keeps_links_and_area_when_changed(
    client: httpx.AsyncClient, a_thing: Any, a_datastream: Any
) -> None:
    await made(client, "Things", a_thing(1, Datastreams=[a_datastream("air")]))
    await made(client, "Things", a_thing(2))
    await client.patch("Datastreams(1)", json={"name": "wind"})
    assert (await read(client, "Datastreams(1)?$expand=Thing"))["Thing"]["name"] == "Thing 1"
    assert (await read(client, "Datastreams(1)"))["observedArea"]["coordinates"] == [5.45, 43.52]
    await client.patch("Datastreams(1)", json={"Thing": {"@iot.id": 2}})
    assert (await read(client, "Datastreams(1)"))["observedArea"]["coordinates"] == [5.46, 43.52]
    await client.patch("Datastreams(1)", json={"observedArea": PLACE})
    assert (await read(client, "Datastreams(1)"))["observedArea"] == PLACE
    assert (await client.patch("Datastreams(1)", json={"Sensor": {"@iot.id": 9}})).status_code == 400


async def test_an_observation_is_changed_and_the_ranges_follow(
    client: httpx.AsyncClient, store: Store, a_thing: Any, a_datastream: Any
) -> None:
    await made(client, "Things", a_thing(1, Datastreams=[a_datastream("air")]))
    for day in (1, 2, 3):
        await made(client, "Datastreams(1)/Observations", {"phenomenonTime": f"2026-01-0{day}T00:00Z", "result": day})
    assert (await client.patch("Observations(3)", json={"phenomenonTime": "2026-01-05T00:00:00Z"})).status_code == 200
    stream = await read(client, "Datastreams(1)")
    assert stream["phenomenonTime"] == "2026-01-01T00:00:00Z/2026-01-05T00:00:00Z"
    assert (await client.patch("Observations(3)", json={"result": "calm"})).status_code == 200
    changed = await read(client, "Observations(3)")
    assert (changed["result"], changed["phenomenonTime"]) == ("calm", "2026-01-05T00:00:00Z")
    kept = store.query_now("SELECT old_result, new_result_json FROM observation_change").to_pylist()
    assert kept == [{"old_result": 3.0, "new_result_json": '"calm"'}]
    assert (await client.delete("Observations(3)")).status_code == 200
    assert (await read(client, "Datastreams(1)"))["phenomenonTime"] == "2026-01-01T00:00:00Z/2026-01-02T00:00:00Z"
    assert await total(client, "Datastreams(1)/Observations") == 2
    newest = await read(client, "Datastreams(1)?$expand=Observations($top=1;$orderby=phenomenonTime desc)")
    assert newest["Observations"][0]["result"] == 2


CASCADES = {
    "Things(1)": ["Things", "Datastreams", "Observations", "HistoricalLocations"],
    "Datastreams(1)": ["Datastreams", "Observations"],
    "Sensors(1)": ["Sensors", "Datastreams", "Observations"],
    "ObservedProperties(1)": ["ObservedProperties", "Datastreams", "Observations"],
    "FeaturesOfInterest(1)": ["FeaturesOfInterest", "Observations"],
    "Locations(1)": ["Locations", "HistoricalLocations"],
    "Observations(1)": ["Observations"],
    "HistoricalLocations(1)": ["HistoricalLocations"],
    "Observations(1)/Datastream/Sensor": ["Sensors", "Datastreams", "Observations"],
}
ALL = [
    "Things",
    "Locations",
    "HistoricalLocations",
    "Datastreams",
    "Sensors",
    "ObservedProperties",
    "Observations",
    "FeaturesOfInterest",
]


@pytest.mark.parametrize("path", CASCADES)
async def test_deleting_takes_along_what_hangs_on_it(
    client: httpx.AsyncClient, a_thing: Any, a_datastream: Any, path: str
) -> None:
    await made(client, "Things", a_thing(1, Datastreams=[a_datastream("air", Observations=[{"result": 1}])]))
    assert [await total(client, place) for place in ALL] == [1] * 8
    assert (await client.delete(path)).status_code == 200
    assert [place for place in ALL if await total(client, place) == 0] == [p for p in ALL if p in CASCADES[path]]
    assert (await client.delete(path)).status_code == 404


async def test_nothing_is_changed_without_a_token(client: httpx.AsyncClient) -> None:
    await made(client, "Things", BODIES["Things"])
    nobody = {"Authorization": ""}
    for method, path in (("POST", "Things"), ("PATCH", "Things(1)"), ("PUT", "Things(1)"), ("DELETE", "Things(1)")):
        answer = await client.request(method, path, json=BODIES["Things"], headers=nobody)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    for path in ("CreateObservations", "Observations"):
        assert (await client.post(path, json={}, headers=nobody)).status_code == 401
    assert (await client.get("Things(1)", headers=nobody)).status_code == 200


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
@pytest.mark.parametrize("path", ["Things(9)", "Observations(9)", "Datastreams(9)/Thing", "HistoricalLocations(9)"])
async def test_changing_what_is_not_there_is_404(client: httpx.AsyncClient, method: str, path: str) -> None:
    answer = await client.request(method, path, json={"name": "x", "result": 1, "time": "2026-01-01T00:00Z"})
    assert answer.status_code == 404
