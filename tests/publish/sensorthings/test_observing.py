"""The ways observations come in over HTTP: one by one, in data arrays; and what bad input is told."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from placette.store import Store

ROOT = "http://city.test/v1.1"


@pytest.fixture
async def series(client: httpx.AsyncClient, a_thing: Any, a_datastream: Any) -> httpx.AsyncClient:
    """A client before a city with two Datastreams and nothing observed."""
    body = a_thing(1, Datastreams=[a_datastream("air"), a_datastream("noise")])
    assert (await client.post("Things", json=body)).status_code == 201
    return client


async def read(client: httpx.AsyncClient, address: str) -> Any:
    answer = await client.get(address)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_an_observation_is_stored_and_located(series: httpx.AsyncClient) -> None:
    body = {"phenomenonTime": "2026-01-01T01:00+01:00", "result": 21.5, "resultTime": "2026-01-01T00:00:01Z"}
    answer = await series.post("Datastreams(2)/Observations", json=body)
    assert (answer.status_code, answer.headers["location"]) == (201, f"{ROOT}/Observations(1)")
    stored = await read(series, "Observations(1)?$expand=Datastream($select=id)")
    assert stored["phenomenonTime"] == "2026-01-01T00:00:00Z"
    assert stored["resultTime"] == "2026-01-01T00:00:01Z"
    assert (stored["result"], stored["Datastream"]["@iot.id"]) == (21.5, 2)


async def test_everything_an_observation_may_carry_comes_back(series: httpx.AsyncClient) -> None:
    body = {
        "phenomenonTime": "2026-01-01T00:00:00Z/2026-01-01T01:00:00Z",
        "result": {"a": [1, 2]},
        "resultTime": None,
        "resultQuality": {"kind": "DQ_Element"},
        "validTime": "2026-01-01T00:00:00Z/2026-02-01T00:00:00Z",
        "parameters": {"tilt": 3},
        "Datastream": {"@iot.id": 1, "name": "extra keys are fine"},
    }
    assert (await series.post("Observations", json=body)).status_code == 201
    stored = await read(series, "Observations(1)")
    assert {name: stored[name] for name in body if name != "Datastream"} == {
        name: value for name, value in body.items() if name != "Datastream"
    }


async def test_an_observation_without_a_time_is_of_now(series: httpx.AsyncClient) -> None:
    await series.post("Datastreams(1)/Observations", json={"result": 1})
    assert (await read(series, "Observations(1)"))["phenomenonTime"] == "2026-07-01T12:00:00Z"


async def test_a_quality_flag_is_kept(series: httpx.AsyncClient) -> None:
    await series.post("Datastreams(1)/Observations", json={"result": 1, "resultQuality": 4})
    assert (await read(series, "Observations?$filter=resultQuality eq 4"))["value"][0]["resultQuality"] == 4


async def test_a_feature_written_out_is_made(series: httpx.AsyncClient) -> None:
    feature = {
        "name": "the fountain",
        "description": "d",
        "encodingType": "application/vnd.geo+json",
        "feature": {"type": "Point", "coordinates": [5.4, 43.5]},
    }
    body = {"result": 1, "FeatureOfInterest": feature, "Datastream": {"@iot.id": 1}}
    assert (await series.post("Observations", json=body)).status_code == 201
    body = {"result": 2, "FeatureOfInterest": {"@iot.id": 1}}
    assert (await series.post("Datastreams(1)/Observations", json=body)).status_code == 201
    assert (
        await series.post("FeaturesOfInterest(1)/Observations", json={"result": 3, "Datastream": {"@iot.id": 1}})
    ).status_code == 201
    rows = await read(series, "FeaturesOfInterest(1)/Observations?$expand=FeatureOfInterest($select=name)")
    assert [row["result"] for row in rows["value"]] == [1, 2, 3]
    assert rows["value"][1]["FeatureOfInterest"] == {"name": "the fountain"}


async def test_observations_without_a_feature_are_about_where_the_thing_stood(series: httpx.AsyncClient) -> None:
    await series.post("Datastreams(1)/Observations", json={"phenomenonTime": "2001-01-01T00:00:00Z", "result": 1})
    place = {"type": "Point", "coordinates": [6, 44]}
    body = {"name": "moved", "description": "d", "encodingType": "application/geo+json", "location": place}
    links = {"time": "2020-01-01T00:00:00Z", "Locations": [body]}
    first = (await read(series, "HistoricalLocations"))["value"][0]["@iot.id"]
    await series.patch(f"HistoricalLocations({first})", json={"time": "2000-06-01T00:00:00Z"})
    assert (await series.post("Things(1)/HistoricalLocations", json=links)).status_code == 201
    for year in (1999, 2019, 2021):
        time = f"{year}-01-01T00:00:00Z"
        await series.post("Datastreams(1)/Observations", json={"phenomenonTime": time, "result": year})
    rows = (await read(series, "Observations?$orderby=result&$expand=FeatureOfInterest($select=name)"))["value"]
    assert [row["FeatureOfInterest"]["name"] for row in rows] == ["Place 1", "Place 1", "Place 1", "moved"]
    moved = await read(series, "FeaturesOfInterest?$filter=name eq 'moved'&$expand=Observations")
    assert [row["result"] for row in moved["value"][0]["Observations"]] == [2021]


async def test_a_feature_outlives_the_location_it_came_from(series: httpx.AsyncClient) -> None:
    await series.post("Datastreams(1)/Observations", json={"result": 1})
    assert (await series.delete("Locations(1)")).status_code == 200
    assert (await read(series, "Observations(1)/FeatureOfInterest"))["name"] == "Place 1"


async def test_the_feature_of_a_place_is_made_once(series: httpx.AsyncClient) -> None:
    for _ in range(3):
        await series.post("Datastreams(1)/Observations", json={"result": 1})
        assert len((await read(series, "FeaturesOfInterest"))["value"]) == 1


BAD: dict[str, tuple[bytes, int, str]] = {
    "cut JSON": (b'{"result": 1', 400, "truncated"),
    "not JSON": (b"result=1", 400, "byte 0"),
    "a list": (b"[1]", 400, "object"),
    "no result": (b'{"phenomenonTime":"2026-01-01T00:00:00Z"}', 400, "result"),
    "a number for a time": (b'{"result":1,"phenomenonTime":5}', 400, "phenomenonTime"),
    "no time": (b'{"result":1,"phenomenonTime":"noon"}', 400, "ISO 8601"),
    "month 13": (b'{"result":1,"phenomenonTime":"2026-13-01T00:00:00Z"}', 400, "month"),
    "an interval that ends first": (
        b'{"result":1,"phenomenonTime":"2026-01-02T00:00Z/2026-01-01T00:00Z"}',
        400,
        "ends",
    ),
    "year 1": (b'{"result":1,"phenomenonTime":"0001-01-01T00:00:00Z"}', 400, "1900"),
    "year 9999": (b'{"result":1,"phenomenonTime":"9999-12-31T23:59:59Z"}', 400, "1900"),
    "far ahead": (b'{"result":1,"phenomenonTime":"2150-01-01T00:00:00Z"}', 400, "ahead"),
    "NaN": (b'{"result":NaN}', 400, "NaN"),
    "Infinity": (b'{"result":1e999}', 400, ""),
    "another Datastream than the address": (b'{"result":1,"Datastream":{"@iot.id":99}}', 422, "agree"),
    "an unknown feature": (b'{"result":1,"FeatureOfInterest":{"@iot.id":99}}', 400, "feature"),
    "an unknown member": (b'{"result":1,"colour":"red"}', 400, "colour"),
    "Latin-1": ('{"result":"é"}'.encode("latin-1"), 400, "UTF-8"),
    "UTF-16": ('{"result":1}'.encode("utf-16"), 400, "UTF-8"),
    "a byte-order mark": (b'\xef\xbb\xbf{"result":1}', 400, "byte-order"),
    "depth without end": (b'{"result":' + b"[" * 10_000 + b"]" * 10_000 + b"}", 413, "nested"),
    "nothing": (b"", 400, "empty"),
    "a feature beyond the globe": (
        b'{"result":1,"FeatureOfInterest":{"name":"a","description":"b","encodingType":"application/geo+json",'
        b'"feature":{"type":"Point","coordinates":[5,91]}}}',
        400,
        "91",
    ),
}


@pytest.mark.parametrize("case", BAD)
async def test_bad_input_is_told_what_where_and_what_to_do(series: httpx.AsyncClient, case: str) -> None:
    payload, status, said = BAD[case]
    answer = await series.post(
        "Datastreams(1)/Observations", content=payload, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["what"]
    assert problem["remedy"]
    assert said in f"{problem['what']} {problem['where']} {problem['remedy']}"
    assert (await read(series, "Observations?$count=true"))["@iot.count"] == 0


TYPES = {
    "application/json": 201,
    "Application/JSON; charset=UTF-8": 201,
    'application/json;charset="utf-8"': 201,
    "": 201,
    "application/json; charset=latin-1": 415,
    "application/x-www-form-urlencoded": 415,
    "text/csv": 415,
}


@pytest.mark.parametrize("kind", TYPES)
async def test_only_json_in_utf8_is_taken(series: httpx.AsyncClient, kind: str) -> None:
    headers = {"Content-Type": kind} if kind else {}
    answer = await series.post("Datastreams(1)/Observations", content=b'{"result":1}', headers=headers)
    assert answer.status_code == TYPES[kind]


async def test_a_packed_body_is_415(series: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    assert (await series.post("Things", content=b"x", headers=headers)).status_code == 415


@pytest.mark.parametrize("place", ["Datastreams(1)/Observations", "Things", "CreateObservations"])
async def test_a_huge_body_is_413(series: httpx.AsyncClient, place: str) -> None:
    async def parts() -> Any:
        for _ in range(50):
            yield b" " * (1 << 20)

    kind = {"Content-Type": "application/json"}
    assert (await series.post(place, content=parts(), headers=kind)).status_code == 413
    declared = await series.post(place, content=b" " * (50 << 20), headers=kind)
    assert (declared.status_code, "split" in declared.json()["remedy"]) == (413, True)


async def test_an_unknown_datastream_in_the_body_is_400(series: httpx.AsyncClient) -> None:
    for datastream in ({"@iot.id": 99}, {"@iot.id": -1}, {"@iot.id": 2**62}, {"@iot.id": "1"}, None):
        answer = await series.post("Observations", json={"result": 1, "Datastream": datastream})
        assert answer.status_code == 400, answer.text


async def test_an_unknown_datastream_in_the_address_is_404(series: httpx.AsyncClient) -> None:
    for path in (
        "Datastreams(9)/Observations",
        "Datastreams(9223372036854775808)/Observations",
        "Things(9)/Datastreams",
    ):
        assert (await series.post(path, json={"result": 1})).status_code == 404


MEMBERS = st.sampled_from(["result", "phenomenonTime", "Datastream", "@iot.id", "name", "Datastreams"])
BODIES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner) | st.dictionaries(MEMBERS, inner),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(body=BODIES)
def test_no_body_makes_the_server_fail(store: Store, body: Any) -> None:
    import asyncio

    from placette.publish.sensorthings import app

    class Open:
        def check(self, request: Any, access: Any) -> None: ...

    async def run() -> None:
        transport = httpx.ASGITransport(app(store, Open()))
        async with httpx.AsyncClient(transport=transport, base_url="http://city.test/v1.1/") as client:
            for place in ("Observations", "Things", "CreateObservations", "Datastreams"):
                kind = {"Content-Type": "application/json"}
                answer = await client.post(place, content=json.dumps(body).encode(), headers=kind)
                assert answer.status_code in (201, 400, 413, 422), answer.text

    asyncio.run(run())


# --- data arrays


def group(datastream: int, components: list[str], rows: list[list[Any]]) -> dict[str, Any]:
    return {
        "Datastream": {"@iot.id": datastream},
        "components": components,
        "dataArray@iot.count": len(rows),
        "dataArray": rows,
    }


async def test_a_data_array_stores_many_and_answers_each(series: httpx.AsyncClient, store: Store) -> None:
    hours = [f"2026-01-01T{hour:02}:00:00.000Z" for hour in range(24)]
    body = [
        group(1, ["phenomenonTime", "result"], [[time, position] for position, time in enumerate(hours)]),
        group(2, ["result", "phenomenonTime", "resultTime"], [[1.5, hours[0], None], [None, hours[1], hours[2]]]),
    ]
    answer = await series.post("CreateObservations", json=body)
    assert answer.status_code == 201
    assert answer.json() == [f"{ROOT}/Observations({key})" for key in range(1, 27)]
    assert (await read(series, "Datastreams(1)"))["phenomenonTime"] == "2026-01-01T00:00:00Z/2026-01-01T23:00:00Z"
    last = await read(series, "Observations(26)")
    assert (last["result"], last["resultTime"]) == (None, "2026-01-01T02:00:00Z")


ODD_ROWS = [
    ["2026-01-01T00:00:00Z", 1],
    ["noon", 2],
    ["2026-01-01T01:00:00Z/2026-01-01T02:00:00Z", 3],
    ["2026-01-01T02:00:00Z"],
    ["2026-01-01T03:00", "open"],
    ["0001-01-01T00:00:00Z", 5],
    ["2150-01-01T00:00:00Z", 6],
    [None, True],
    [5, 1],
    ["2026-01-01T04:00:00+01:00", {"a": 1}],
]


async def test_odd_rows_are_read_one_by_one_and_bad_ones_are_errors(series: httpx.AsyncClient) -> None:
    answer = await series.post("CreateObservations", json=[group(1, ["phenomenonTime", "result"], ODD_ROWS)])
    assert answer.status_code == 201
    errors = [position for position, link in enumerate(answer.json()) if link == "error"]
    assert errors == [1, 3, 5, 6, 8]
    rows = (await read(series, "Observations?$orderby=id&$select=result,phenomenonTime"))["value"]
    assert [row["result"] for row in rows] == [1, 3, "open", True, {"a": 1}]
    assert [row["phenomenonTime"] for row in rows[1:]] == [
        "2026-01-01T01:00:00Z/2026-01-01T02:00:00Z",
        "2026-01-01T03:00:00Z",
        "2026-07-01T12:00:00Z",
        "2026-01-01T03:00:00Z",
    ]


async def test_an_unknown_datastream_spoils_only_its_own_rows(series: httpx.AsyncClient) -> None:
    body = [group(9, ["result"], [[1], [2]]), group(1, ["result"], [[3]])]
    assert (await series.post("CreateObservations", json=body)).json() == ["error", "error", f"{ROOT}/Observations(1)"]


async def test_components_may_name_everything(series: httpx.AsyncClient) -> None:
    feature = {"name": "f", "description": "d", "encodingType": "text/plain", "feature": "somewhere"}
    await series.post("FeaturesOfInterest", json=feature)
    names = ["result", "resultQuality", "parameters", "validTime", "FeatureOfInterest/id"]
    row = [1, 3, {"tilt": 1}, "2026-01-01T00:00:00Z", 1]
    await series.post("CreateObservations", json=[group(1, names, [row]), group(2, ["result", names[4]], [[7, 1]])])
    stored = await read(series, "Observations(1)?$expand=FeatureOfInterest")
    assert (stored["resultQuality"], stored["parameters"], stored["FeatureOfInterest"]["name"]) == (3, {"tilt": 1}, "f")
    assert len((await read(series, "FeaturesOfInterest(1)/Observations"))["value"]) == 2


@pytest.mark.parametrize(
    "body",
    [
        {},
        [{}],
        [group(1, ["phenomenonTime"], [])],
        [group(1, ["result", "result"], [])],
        [group(1, ["result", "colour"], [])],
        [{"Datastream": {}, "components": ["result"], "dataArray": []}],
        [{"Datastream": {"@iot.id": 1}, "components": ["result"], "dataArray": [1]}],
    ],
)
async def test_a_data_array_of_the_wrong_shape_is_400(series: httpx.AsyncClient, body: Any) -> None:
    assert (await series.post("CreateObservations", json=body)).status_code == 400


async def test_an_empty_data_array_is_no_fault(series: httpx.AsyncClient) -> None:
    assert (await series.post("CreateObservations", json=[])).json() == []
    assert (await series.post("CreateObservations", json=[group(1, ["result"], [])])).json() == []
