"""Addresses, pages, ``$select``, ``$expand`` and control information over HTTP (OGC 18-088, sections 9.2 and 9.3)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Mount

from placette.api import Access
from placette.model.observations import ObservationRow
from placette.model.times import micros
from placette.publish.sensorthings import app
from placette.store import Store

ROOT = "http://city.test/v1.1"


async def read(client: httpx.AsyncClient, address: str) -> Any:
    answer = await client.get(address)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(answer: dict[str, Any]) -> list[int]:
    return [entity["@iot.id"] for entity in answer["value"]]


async def test_the_root_lists_sets_and_conformance(city: httpx.AsyncClient) -> None:
    root = await read(city, "")
    assert {item["name"]: item["url"] for item in root["value"]}["Things"] == f"{ROOT}/Things"
    assert len(root["value"]) == 8
    classes = root["serverSettings"]["conformance"]
    assert "http://www.opengis.net/spec/iot_sensing/1.1/req/request-data/filter" in classes
    assert not [name for name in classes if "batch" in name or "multi-datastream" in name or "mqtt" in name]


async def test_an_entity_shows_properties_and_links(city: httpx.AsyncClient) -> None:
    assert await read(city, "Things(1)") == {
        "@iot.id": 1,
        "@iot.selfLink": f"{ROOT}/Things(1)",
        "name": "Thing 1",
        "description": "a post",
        "properties": {"place": "rotonde", "height": 2, "tags": ["a", "b"]},
        "Datastreams@iot.navigationLink": f"{ROOT}/Things(1)/Datastreams",
        "Locations@iot.navigationLink": f"{ROOT}/Things(1)/Locations",
        "HistoricalLocations@iot.navigationLink": f"{ROOT}/Things(1)/HistoricalLocations",
    }


async def test_a_datastream_shows_its_ranges_and_area(city: httpx.AsyncClient) -> None:
    stream = await read(city, "Datastreams(3)")
    assert stream["phenomenonTime"] == "2026-06-01T00:00:00Z/2026-06-01T09:00:00Z"
    assert stream["resultTime"] == "2026-06-01T05:00:00Z/2026-06-01T05:00:00Z"
    assert stream["observedArea"] == {"type": "Point", "coordinates": [5.46, 43.52]}
    assert stream["unitOfMeasurement"] == {"name": "degree Celsius", "symbol": "°C", "definition": "Cel"}
    assert "resultTime" not in await read(city, "Datastreams(1)")


RESULTS = {1: 0, 10: None, 11: "open", 12: {"level": {"now": 7}, "ok": True}}


@pytest.mark.parametrize("key", RESULTS)
async def test_results_of_every_kind_come_back(city: httpx.AsyncClient, key: int) -> None:
    observation = await read(city, f"Observations({key})")
    assert observation["result"] == RESULTS[key]
    assert "resultTime" in observation
    assert observation["Datastream@iot.navigationLink"] == f"{ROOT}/Observations({key})/Datastream"


async def test_an_interval_is_written_with_both_ends(city: httpx.AsyncClient) -> None:
    observation = await read(city, "Observations(10)")
    assert observation["phenomenonTime"] == "2026-06-01T03:00:00Z/2026-06-01T04:00:00Z"


PATHS = [
    ("Things(1)/Datastreams", [1, 2]),
    ("Things(1)/Datastreams(2)/Observations?$top=2", [2, 5]),
    ("Things(1)/Locations", [1]),
    ("Locations(2)/Things", [2]),
    ("Locations(2)/HistoricalLocations", [2]),
    ("Observations(3)/Datastream/Thing/Locations", [2]),
    ("Observations(3)/Datastream/Thing/Datastreams(3)/Observations?$top=1", [3]),
    ("Sensors(2)/Datastreams", [2]),
    ("ObservedProperties(3)/Datastreams/", [3]),
    ("FeaturesOfInterest(1)/Observations?$top=3", [1, 2, 4]),
    ("Things/", [1, 2]),
]


@pytest.mark.parametrize(("path", "expected"), PATHS)
async def test_a_path_leads_to_a_set(city: httpx.AsyncClient, path: str, expected: list[int]) -> None:
    assert ids(await read(city, path)) == expected


ONES = {
    "Observations(3)/Datastream": "heat",
    "Observations(3)/Datastream/Thing": "Thing 2",
    "Observations(3)/FeatureOfInterest": "Place 2",
    "Things(2)/Datastreams(3)/Sensor": "heat sensor",
    "HistoricalLocations(1)/Thing": "Thing 1",
}


@pytest.mark.parametrize("path", ONES)
async def test_a_path_leads_to_one(city: httpx.AsyncClient, path: str) -> None:
    assert (await read(city, path))["name"] == ONES[path]


ABSENT = [
    "Nothing",
    "Things(99)",
    "Things(0)",
    "Things(-1)",
    "Things(9223372036854775808)",
    "Things(99999999999999999999999)",
    "Things(99)/Datastreams",
    "Things(2)/Datastreams(1)",
    "Things(2)/Datastreams(1)/Observations",
    "Things(1)/Datastreams(99)/Observations",
    "Observations(99)/Datastream",
    "Observations(99)/FeatureOfInterest",
    "Things(1)/nothing",
    "Things(1)/properties/nothing",
    "Things(1)/properties/tags/9",
    "$value",
]


@pytest.mark.parametrize("path", ABSENT)
async def test_what_is_not_there_is_404(city: httpx.AsyncClient, path: str) -> None:
    answer = await city.get(path)
    assert answer.status_code == 404, answer.text
    assert answer.json()["remedy"]


@pytest.mark.parametrize(
    "path", ["Things(x)", "Things('1')", "Things/name", "Things/Datastreams", "Things(1)/$value", "Things(1)/name/$ref"]
)
async def test_a_malformed_path_is_400(city: httpx.AsyncClient, path: str) -> None:
    assert (await city.get(path)).status_code == 400


async def test_properties_are_reached(city: httpx.AsyncClient) -> None:
    assert await read(city, "Things(1)/name") == {"name": "Thing 1"}
    assert await read(city, "Things(1)/id") == {"id": 1}
    assert await read(city, "Things(1)/properties/tags/1") == {"1": "b"}
    assert await read(city, "Datastreams(1)/unitOfMeasurement/symbol") == {"symbol": "°C"}
    text = await city.get("Things(1)/name/$value")
    assert (text.text, text.headers["content-type"]) == ("Thing 1", "text/plain; charset=utf-8")
    assert (await city.get("Things(1)/properties/height/$value")).text == "2"
    assert (await city.get("Observations(1)/resultTime")).status_code == 204


async def test_references_are_addresses_only(city: httpx.AsyncClient) -> None:
    assert await read(city, "Things(1)/Datastreams/$ref?$top=1&$count=true") == {
        "@iot.count": 2,
        "@iot.nextLink": f"{ROOT}/Things(1)/Datastreams/$ref?$count=true&$top=1&$skiptoken=1",
        "value": [{"@iot.selfLink": f"{ROOT}/Datastreams(1)"}],
    }
    assert await read(city, "Observations(3)/Datastream/$ref") == {"@iot.selfLink": f"{ROOT}/Datastreams(3)"}


@pytest.mark.parametrize(
    "query",
    [
        "$top=4",
        "$top=7&$orderby=result",
        "$top=4&$orderby=result desc",
        "$top=3&$orderby=phenomenonTime desc",
        "$top=4&$orderby=resultTime desc,phenomenonTime&$filter=id gt 2",
        "$top=5&$orderby=Datastream/name,hour(phenomenonTime) desc",
        "$top=4&$orderby=time(phenomenonTime) desc,startswith(Datastream/name,'a')",
        "$top=4&$skip=3&$expand=Datastream($select=name)",
    ],
)
async def test_next_links_lead_through_everything_once(city: httpx.AsyncClient, query: str) -> None:
    whole = ids(await read(city, "Observations?$top=1000&" + query.partition("&")[2]))
    page = await read(city, f"Observations?{query}")
    found = ids(page)
    while "@iot.nextLink" in page:
        assert len(page["value"]) == int(query[5])
        page = await read(city, page["@iot.nextLink"])
        found += ids(page)
    assert found == whole
    assert len(set(found)) == len(found)


async def test_a_page_stays_the_same_while_newer_rows_arrive(
    client: httpx.AsyncClient, a_thing: Any, a_datastream: Any
) -> None:
    await client.post("Things", json=a_thing(1, Datastreams=[a_datastream("air")]))
    for day in range(1, 5):
        body = {"phenomenonTime": f"2026-01-0{day}T00:00:00Z", "result": day}
        await client.post("Datastreams(1)/Observations", json=body)
    first = await read(client, "Observations?$orderby=phenomenonTime desc&$top=2")
    await client.post("Datastreams(1)/Observations", json={"phenomenonTime": "2026-01-09T00:00:00Z", "result": 9})
    second = await read(client, first["@iot.nextLink"])
    assert [row["result"] for row in first["value"] + second["value"]] == [4, 3, 2, 1]


async def test_the_newest_of_a_long_series_are_found_page_by_page(
    client: httpx.AsyncClient, store: Store, a_thing: Any, a_datastream: Any
) -> None:
    await client.post("Things", json=a_thing(1, Datastreams=[a_datastream("air")]))
    minute, start = 60_000_000, micros("2026-01-01T00:00:00Z")
    gap = 30 * 24 * 60 * minute
    await store.append_rows([ObservationRow(1, start + k * minute + (k > 990) * gap, float(k)) for k in range(1200)])
    page = await read(client, "Datastreams(1)/Observations?$orderby=phenomenonTime desc&$top=100&$select=result")
    found = [row["result"] for row in page["value"]]
    while "@iot.nextLink" in page:
        page = await read(client, page["@iot.nextLink"])
        found += [row["result"] for row in page["value"]]
    assert found == list(range(1199, -1, -1))


async def test_top_zero_counts_only(city: httpx.AsyncClient) -> None:
    assert await read(city, "Things?$top=0&$count=true") == {"@iot.count": 2, "value": []}
    assert await read(city, "Datastreams(1)/Observations?$top=0&$count=true") == {"@iot.count": 10, "value": []}


async def test_select_gives_what_was_asked_for(city: httpx.AsyncClient) -> None:
    assert (await read(city, "Things?$select=name&$top=1"))["value"] == [{"name": "Thing 1"}]
    assert await read(city, "Things(1)?$select=id,Locations") == {
        "@iot.id": 1,
        "@iot.selfLink": f"{ROOT}/Things(1)",
        "Locations@iot.navigationLink": f"{ROOT}/Things(1)/Locations",
    }
    assert await read(city, "Observations(1)?$select=validTime,result") == {"result": 0, "validTime": None}


async def test_expansions_nest(city: httpx.AsyncClient) -> None:
    thing = await read(
        city,
        "Things(1)?$select=name&$expand=Datastreams($select=name;$orderby=name desc;$count=true;"
        "$expand=Observations($top=2;$orderby=phenomenonTime desc;$select=result),ObservedProperty($select=name)),"
        "Locations($select=name;$expand=HistoricalLocations/Thing($select=name))",
    )
    assert [stream["name"] for stream in thing["Datastreams"]] == ["noise", "air"]
    assert thing["Datastreams@iot.count"] == 2
    assert thing["Datastreams"][1]["Observations"] == [{"result": 27}, {"result": 24}]
    assert thing["Datastreams"][1]["ObservedProperty"] == {"name": "air property"}
    assert thing["Locations"][0]["HistoricalLocations"][0]["Thing"] == {"name": "Thing 1"}


async def test_a_cut_expansion_goes_on_at_its_next_link(city: httpx.AsyncClient) -> None:
    stream = await read(city, "Datastreams(1)?$expand=Observations($top=4;$skip=1;$select=id;$filter=id gt 1)")
    link = stream["Observations@iot.nextLink"]
    assert urlsplit(link).path == "/v1.1/Datastreams(1)/Observations"
    found = [row["@iot.id"] for row in stream["Observations"]] + ids(await read(city, link))
    assert found == [7, 10, 13, 16, 19, 22, 25, 28]


async def test_the_newest_of_every_datastream_needs_no_search(city: httpx.AsyncClient) -> None:
    query = "Datastreams?$select=name&$expand=Observations($top=1;$orderby=phenomenonTime desc)"
    streams = (await read(city, query))["value"]
    assert [stream["Observations"][0]["result"] for stream in streams] == [27, 28, 29]
    rest = await read(city, streams[0]["Observations@iot.nextLink"])
    assert rest["value"][0]["result"] == 24


async def test_an_expansion_without_rows_is_an_empty_list(client: httpx.AsyncClient) -> None:
    await client.post("Things", json={"name": "bare", "description": "d"})
    thing = await read(client, "Things(1)?$expand=Datastreams/Observations,Locations,HistoricalLocations($top=0)")
    assert (thing["Datastreams"], thing["Locations"], thing["HistoricalLocations"]) == ([], [], [])


async def test_data_arrays_are_read(city: httpx.AsyncClient) -> None:
    query = "Observations?$resultFormat=dataArray&$filter=id gt 26&$select=result,phenomenonTime&$count=true"
    answer = await read(city, query)
    assert answer["@iot.count"] == 4
    assert answer["value"][0] == {
        "Datastream@iot.navigationLink": f"{ROOT}/Datastreams(3)",
        "components": ["phenomenonTime", "result"],
        "dataArray@iot.count": 2,
        "dataArray": [["2026-06-01T08:00:00Z", 26], ["2026-06-01T09:00:00Z", 29]],
    }


async def test_older_clients_use_another_address(city: httpx.AsyncClient) -> None:
    answer = await read(city, "http://city.test/v1.0/Things(1)")
    assert answer["@iot.selfLink"] == "http://city.test/v1.0/Things(1)"


async def test_head_has_the_length_but_no_body(city: httpx.AsyncClient) -> None:
    answer = await city.head("Things(1)")
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) > 100


async def test_options_say_what_is_allowed(city: httpx.AsyncClient) -> None:
    assert "POST" in (await city.options("Things")).headers["allow"]
    assert "PATCH" in (await city.options("Things(1)")).headers["allow"]
    assert (await city.post("Things(1)", json={})).status_code == 405
    assert (await city.delete("Things")).status_code == 405
    assert (await city.request("TRACE", "Things")).status_code == 405


async def test_pages_of_other_sites_may_read(city: httpx.AsyncClient) -> None:
    assert (await city.get("Things(1)")).headers["access-control-allow-origin"] == "*"
    asked = {"Origin": "https://elsewhere.test", "Access-Control-Request-Method": "POST"}
    answer = await city.options("Things", headers=asked)
    assert (answer.status_code, "authorization" in answer.headers["access-control-allow-headers"]) == (204, True)


async def test_a_proxy_names_the_address_only_when_trusted(filled: Store) -> None:
    sent = {"X-Forwarded-Host": "city.example", "X-Forwarded-Proto": "https"}
    for forwarded, expected in ((False, "http://city.test/v1.1/Things"), (True, "https://city.example/v1.1/Things")):
        transport = httpx.ASGITransport(app(filled, OpenGate(), forwarded=forwarded))
        async with httpx.AsyncClient(transport=transport, base_url="http://city.test/v1.1/") as client:
            assert (await client.get("", headers=sent)).json()["value"][0]["url"] == expected


async def test_a_mounted_service_knows_its_own_address(filled: Store) -> None:
    site = Starlette(routes=[Mount("/city/v1.1", app(filled, OpenGate(), public_url=""))])
    transport = httpx.ASGITransport(site)
    async with httpx.AsyncClient(transport=transport, base_url="http://city.test") as client:
        answer = (await client.get("/city/v1.1/Things(1)")).json()
    assert answer["@iot.selfLink"] == "http://city.test/city/v1.1/Things(1)"


async def test_brokers_are_listed_when_there_are_any(filled: Store) -> None:
    transport = httpx.ASGITransport(app(filled, OpenGate(), mqtt=["mqtt://city.test:1883"]))
    async with httpx.AsyncClient(transport=transport, base_url="http://city.test/v1.1/") as client:
        settings = (await client.get("")).json()["serverSettings"]
    name = "http://www.opengis.net/spec/iot_sensing/1.1/req/create-observations-via-mqtt/observations-creation"
    assert name in settings["conformance"]
    assert settings[name] == {"endpoints": ["mqtt://city.test:1883"]}


class OpenGate:
    """A gate that lets everybody pass."""

    def check(self, request: Request, access: Access) -> None: ...
