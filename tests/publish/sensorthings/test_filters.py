"""``$filter`` and ``$orderby`` over HTTP: each row of the table is a query and the ids it must find, in order."""

from __future__ import annotations

import httpx
import pytest

FOUND = [
    # entities and their properties
    ("Things", "name eq 'Thing 1'", [1]),
    ("Things", "name ne 'Thing 1'", [2]),
    ("Things", "id gt 1", [2]),
    ("Things", "@iot.id le 1", [1]),
    ("Things", "id eq 99999999999999999999", []),
    ("Things", "true", [1, 2]),
    ("Things", "not true", []),
    ("Things", "name gt 'Thing 1' or name lt 'A'", [2]),
    ("Datastreams", "unitOfMeasurement/symbol eq '°C'", [1, 2, 3]),
    ("Datastreams", "unitOfMeasurement/name eq null", []),
    # JSON
    ("Things", "properties/place eq 'rotonde'", [1]),
    ("Things", "properties/height ge 3", [2]),
    ("Things", "properties/height add 1 eq 5", [2]),
    ("Things", "properties/tags/1 eq 'b'", [1, 2]),
    ("Things", "properties/absent eq null", [1, 2]),
    ("Things", "properties/absent ne 'x'", [1, 2]),
    ("Things", "not (properties/absent eq 'x')", [1, 2]),
    ("Locations", "location/type eq 'Point' or location/geometry/type eq 'Point'", [1, 2]),
    ("Locations", "location/type eq 'Point'", [1]),
    ("Locations", "location/coordinates/0 lt 5.46", [1]),
    ("Locations", "geo.distance(location,geography'POINT(5.45 43.52)') lt 0.001", [1]),
    ("Locations", "geo.distance(location,geography'SRID=4326;Point (5.46 43.52)') lt 0.001", [2]),
    ("Sensors", "metadata eq 'http://x.fr'", [1, 2, 3]),
    # through links
    ("Datastreams", "Thing/name eq 'Thing 2'", [3]),
    ("Datastreams", "Thing/properties/place eq 'rotonde' and ObservedProperty/name eq 'air property'", [1]),
    ("Things", "Datastreams/ObservedProperty/name eq 'noise property'", [1]),
    ("Things", "Datastreams/name eq 'air' and Datastreams/ObservedProperty/name eq 'noise property'", []),
    ("Things", "Datastreams/name eq 'air' or Datastreams/name eq 'heat'", [1, 2]),
    ("Things", "not (Datastreams/name eq 'air')", [2]),
    ("Things", "Locations/location/type eq 'Point'", [1]),
    ("Things", "Datastreams/Observations/result eq 29", [2]),
    ("Locations", "Things/Datastreams/Sensor/name eq 'heat sensor'", [2]),
    ("Observations", "Datastream/id eq 2 and result gt 20", [23, 26, 29]),
    ("Observations", "Datastream/Thing/name eq 'Thing 2' and result lt 6", [3, 6]),
    ("Observations", "FeatureOfInterest/name eq 'Place 2' and result lt 6", [3, 6]),
    ("FeaturesOfInterest", "Observations/result eq 29", [2]),
    # results of every kind
    ("Observations", "result eq 5", [6]),
    ("Observations", "5 eq result", [6]),
    ("Observations", "result eq 'open'", [11]),
    ("Observations", "result eq null", [10]),
    ("Observations", "result eq null or result eq 5", [6, 10]),
    ("Observations", "result/level/now eq 7", [12]),
    ("Observations", "result/ok eq true", [12]),
    ("Observations", "result ge 28 or result mod 9 eq 1", [2, 20, 29, 30]),
    ("Observations", "result div 0 gt 1", []),
    ("Observations", "-result ge -1 and id lt 9", [1, 2]),
    ("Observations", "resultQuality eq 2 and id lt 3", [1, 2]),
    # time
    ("Observations", "phenomenonTime eq 2026-06-01T00:00:00Z", [1, 2, 3]),
    ("Observations", "phenomenonTime lt 2026-06-01T01:00Z", [1, 2, 3]),
    ("Observations", "phenomenonTime le 2026-06-01T03:00:00+02:00 and id gt 3", [4, 5, 6]),
    ("Observations", "phenomenonTime gt '2026-06-01T08:00:00Z'", [28, 29, 30]),
    ("Observations", "phenomenonTime lt 2026-06-01T03:30:00Z and id ge 10", [11, 12]),
    ("Observations", "phenomenonTime eq 2026-06-01T03:00:00Z/2026-06-01T04:00:00Z", [10]),
    ("Observations", "phenomenonTime ne 2026-06-01T03:00:00Z and id gt 9 and id lt 14", [10, 13]),
    ("Observations", "resultTime gt 2026-06-01", [12]),
    ("Observations", "resultTime eq null and id ge 11 and id lt 14", [11, 13]),
    ("Observations", "hour(phenomenonTime) eq 9 and year(phenomenonTime) eq 2026", [28, 29, 30]),
    ("Observations", "date(phenomenonTime) eq 2026-06-01 and id eq 1", [1]),
    ("Observations", "time(phenomenonTime) ge 09:00:00", [28, 29, 30]),
    (
        "Observations",
        "month(phenomenonTime) add day(phenomenonTime) eq 7 and minute(phenomenonTime) eq 0 and id eq 4",
        [4],
    ),
    ("Observations", "second(phenomenonTime) eq 0 and fractionalseconds(phenomenonTime) eq 0 and id eq 4", [4]),
    ("Observations", "totaloffsetminutes(phenomenonTime) eq 0 and id eq 4", [4]),
    ("Observations", "phenomenonTime lt now() and phenomenonTime gt mindatetime() and id eq 4", [4]),
    ("Observations", "phenomenonTime gt maxdatetime()", []),
    ("Datastreams", "phenomenonTime gt 2026-05-01T00:00:00Z", [1, 2, 3]),
    ("Datastreams", "resultTime eq null", [1, 2]),
    ("HistoricalLocations", "time gt 2000-01-01T00:00:00Z", [1, 2]),
    # functions on texts and numbers
    ("Things", "substringof('ing 2',name)", [2]),
    ("Things", "contains(name,'ing 2')", [2]),
    ("Things", "startswith(name,'Thing') and endswith(name,'1')", [1]),
    ("Things", "startswith(properties/place,'rot') eq true", [1]),
    ("Things", "length(name) eq 7 and indexof(name,'2') eq 6", [2]),
    ("Things", "substring(name,6) eq '2'", [2]),
    ("Things", "substring(name,0,5) eq 'Thing'", [1, 2]),
    ("Things", "tolower(name) eq 'thing 1' or toupper(name) eq 'THING 2'", [1, 2]),
    ("Things", "trim(concat(name,'  ')) eq 'Thing 1'", [1]),
    (
        "Observations",
        "round(result div 10) eq 3 and floor(result div 10) eq 2 and ceiling(result div 10) eq 3",
        [26, 27, 28, 29, 30],
    ),
]


@pytest.mark.parametrize(("where", "text", "ids"), FOUND, ids=[text for _, text, _ in FOUND])
async def test_a_filter_finds(city: httpx.AsyncClient, where: str, text: str, ids: list[int]) -> None:
    answer = await city.get(where, params={"$filter": text, "$count": "true"})
    assert answer.status_code == 200, answer.text
    assert [entity["@iot.id"] for entity in answer.json()["value"]] == ids
    assert answer.json()["@iot.count"] == len(ids)


ORDERED = [
    ("Things", "name desc", [2, 1]),
    ("Things", "properties/height desc", [2, 1]),
    ("Things", "length(name),id desc", [2, 1]),
    ("Datastreams", "Thing/name desc,name", [3, 1, 2]),
    ("Datastreams", "phenomenonTime", [1, 2, 3]),
    ("Observations", "result desc", [30, 29, 28, 27]),
    ("Observations", "phenomenonTime desc,id", [28, 29, 30, 25]),
    ("Observations", "result mod 7 desc,id", [7, 14, 21, 28]),
    ("Observations", "date(phenomenonTime),time(phenomenonTime) desc,result", [28, 29, 30, 25]),
]


@pytest.mark.parametrize(("where", "keys", "ids"), ORDERED)
async def test_an_order_is_kept(city: httpx.AsyncClient, where: str, keys: str, ids: list[int]) -> None:
    answer = await city.get(where, params={"$orderby": keys, "$top": 4})
    assert [entity["@iot.id"] for entity in answer.json()["value"]] == ids


REFUSED = [
    ("Things", "$filter=nothing eq 1", "no property or link 'nothing'"),
    ("Things", "$filter=name eq 5", "stands where"),
    ("Things", "$filter=name add 1 eq 5", "stands where"),
    ("Things", "$filter=name", "stands where"),
    ("Things", "$filter=Datastreams", "leads to Datastream, not to a property"),
    ("Things", "$filter=Datastreams/nothing eq 1", "Datastream has no property"),
    ("Things", "$filter=name/inside eq 'x'", "nothing inside"),
    ("Datastreams", "$filter=unitOfMeasurement eq 'x'", "one of name symbol definition"),
    ("Things", "$filter=foo(name) eq 1", "no function 'foo'"),
    ("Things", "$filter=length() eq 1", "takes 1 values, not 0"),
    ("Locations", "$filter=geo.distance(location,geography'LINESTRING(1 1,2 2)') lt 1", "takes points"),
    ("Locations", "$filter=geo.distance(location,geography'POINT(e e)') lt 1", "takes points"),
    ("Things", "$filter=geo.distance(name,geography'POINT(1 1)') lt 1", "stands where"),
    ("Observations", "$filter=phenomenonTime gt 5", "stands where"),
    ("Observations", "$filter=phenomenonTime gt 'yesterday'", "stands where"),
    ("Observations", "$filter=resultTime gt 12:00", "stands where"),
    ("Things", "$orderby=Datastreams/name", "of which there may be many"),
    ("Datastreams", "$orderby=unitOfMeasurement", "one of name symbol definition"),
    ("Things", "$select=nothing", "Thing has no 'nothing'"),
    ("Things", "$expand=Nothing", "Thing has no link 'Nothing'"),
    ("Things", "$expand=Datastreams($expand=Nothing)", "Datastream has no link 'Nothing'"),
    ("Datastreams", "$expand=Thing($top=1)", "leads to one entity"),
    ("Things", "$resultFormat=dataArray", "is for Observations"),
    ("Things", "$skiptoken='x'", "does not belong"),
    ("Observations", "$orderby=phenomenonTime&$skiptoken=99999999999999999999,1", "does not belong"),
    ("Observations", "$orderby=phenomenonTime&$skiptoken=999999999999999999,1", "outside the years"),
    ("Things(1)", "$filter=true", "is for sets"),
    ("Things(1)/name", "$select=name", "takes no options"),
    ("Things/$ref", "$select=name", "addresses only"),
]


@pytest.mark.parametrize(("where", "query", "said"), REFUSED)
async def test_what_means_nothing_is_refused_with_its_reason(
    city: httpx.AsyncClient, where: str, query: str, said: str
) -> None:
    answer = await city.get(f"{where}?{query}")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert said in " ".join(answer.json()[name] for name in ("what", "where", "remedy"))


ATTACKS = [
    "name eq ''';DROP TABLE thing;--'",
    "name eq '\\'' OR 1=1 --'",
    "properties/x'';DROP eq 'y'",
    "properties/a.b-c:d@e eq '$1'",
    "name eq '{0}{t}$1%s?'",
    "concat(name,'}{') eq '{'",
    "name eq '\x00\u202e'",
]


@pytest.mark.parametrize("text", ATTACKS)
async def test_no_text_reaches_the_sql(city: httpx.AsyncClient, text: str) -> None:
    for where, option in (("Things", "$filter"), ("Observations", "$filter"), ("Things", "$orderby")):
        answer = await city.get(where, params={option: text})
        assert answer.status_code in (200, 400)
        assert answer.json().get("value", []) == [] or option == "$orderby"
    assert len((await city.get("Things")).json()["value"]) == 2
