"""Portals, other cities, bikes, calendars and places against a server that answers as they do."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from starlette.requests import Request
from starlette.responses import Response
from tests.connect.feeds.conftest import json, told

from placette.connect.feeds import CONNECTORS
from placette.harmonise.networks import FORMATS
from placette.model import times
from placette.model.feeds import KINDS, context

Rigs = Callable[..., Any]
STATION = "13001009"


def test_every_kind_has_a_connector_and_a_reader() -> None:
    assert set(CONNECTORS) == set(KINDS)
    assert set(KINDS) <= set(FORMATS)


# Opendatasoft


def portal(records: list[dict[str, Any]]) -> Callable[[Request], Response]:
    """Answer as the portal does: from a date on, in order, a page at a time."""

    def answer(request: Request) -> Response:
        query = request.query_params
        since = query["where"].split("'")[1]
        found = sorted((r for r in records if r["date"] >= since), key=lambda r: r["date"])
        offset = int(query["offset"])
        return json({"total_count": len(found), "results": found[offset : offset + int(query["limit"])]})

    return answer


async def test_opendatasoft_reads_every_record_once_even_of_one_date(source: Any, rig: Rigs) -> None:
    at = ["2026-07-01T10:00:00+00:00"] * 5 + ["2026-07-01T11:00:00+00:00"] * 2
    records = [{"date": date, "station": f"S{n % 2}", "value": n} for n, date in enumerate(at)]
    options = {"dataset": "counts", "date_field": "date", "station_field": "station", "page": 2}
    source.answer = portal(records)
    one = rig("opendatasoft", stations=[{"name": "S0"}, {"name": "S1"}], options=options)
    assert sorted(fields for _, _, fields in told(await one.run(), "value")) == [0, 1, 2, 3, 4, 5, 6]
    assert await one.run() == []
    records.append({"date": "2026-07-01T11:00:00+00:00", "station": "S1", "value": 7})
    records.append({"date": "2026-07-01T12:00:00+00:00", "station": "elsewhere", "value": 8})
    assert [fields for _, _, fields in told(await one.run(), "value")] == [7]


async def test_opendatasoft_that_gives_the_same_page_for_ever_ends(source: Any, rig: Rigs) -> None:
    page = [{"date": "2026-07-01T10:00:00+00:00", "station": "S0", "value": 1}]
    options = {"dataset": "d", "date_field": "date", "station_field": "station", "page": 1}
    source.answer = lambda request: json({"results": page if len(source.asked) < 40 else []})
    one = rig("opendatasoft", stations=[{"name": "S0"}], options=options)
    found = await one.run()
    assert len({(uplink.device, uplink.device_time) for uplink in found}) == 1  # the same observation each time


# SensorThings


def things(request: Request, pages: dict[str, list[dict[str, Any]]]) -> Response:
    if request.url.path.endswith("Things(7)/Datastreams"):
        unit = {"name": "°C", "symbol": "°C", "definition": "Cel"}
        return json(
            {
                "value": [
                    {"@iot.id": 70, "unitOfMeasurement": unit, "ObservedProperty": {"name": "temperature"}},
                    {"@iot.id": 71, "unitOfMeasurement": unit, "ObservedProperty": {"name": "not ours"}},
                ]
            }
        )
    page = request.query_params.get("$skip", "0")
    since = request.query_params.get("$filter", "phenomenonTime ge ").rpartition(" ")[2]
    value = [
        one for one in pages[page] if one["phenomenonTime"] > since or one["phenomenonTime"].startswith(since + "/")
    ]
    link = {"@iot.nextLink": "http://inner:8080/v1.1/Datastreams(70)/Observations?$skip=1"} if page == "0" else {}
    return json({"value": value, **(link if value and "1" in pages else {})})


def reading(time: str, result: Any = 20.5) -> dict[str, Any]:
    return {"phenomenonTime": time, "resultTime": None, "result": result}


async def test_sensorthings_follows_pages_on_the_address_it_was_given(source: Any, rig: Rigs) -> None:
    pages = {"0": [reading("2026-07-01T10:00:00Z")], "1": [reading("2026-07-01T11:00:00Z", 21.5)]}
    source.answer = lambda request: things(request, pages)
    stations = [{"name": "7", "fields": ("temperature",)}]
    one = rig("sensorthings", url=source.url + "/v1.1", stations=stations)
    found = await one.run()
    assert told(found, "temperature") == [("7", "2026-07-01T10:00:00Z", 20.5), ("7", "2026-07-01T11:00:00Z", 21.5)]
    assert found[0].units == {"temperature": "Cel"}
    assert one.cursor == {"at": {"70": "2026-07-01T11:00:00Z"}}
    del pages["1"]
    assert await one.run() == []
    assert source.queries("$filter")[-1] == "phenomenonTime gt 2026-07-01T11:00:00Z"


async def test_sensorthings_loses_no_interval_that_begins_where_the_last_ended(source: Any, rig: Rigs) -> None:
    first, second = "2026-07-01T10:00:00Z/2026-07-01T11:00:00Z", "2026-07-01T11:00:00Z/2026-07-01T12:00:00Z"
    pages = {"0": [reading(first)]}
    source.answer = lambda request: things(request, pages)
    one = rig("sensorthings", url=source.url + "/v1.1", stations=[{"name": "7", "fields": ("temperature",)}])
    [uplink] = await one.run()
    assert times.iso(uplink.end_time or 0) == "2026-07-01T11:00:00Z"
    assert await one.run() == []
    assert source.queries("$filter")[-1] == "phenomenonTime ge 2026-07-01T10:00:00Z"
    pages["0"].append(reading(second))
    assert len(await one.run()) == 2  # the last one again, nothing twice


async def test_sensorthings_whose_next_page_is_gone_begins_behind_what_it_has(source: Any, rig: Rigs) -> None:
    pages = {"0": [reading("2026-07-01T10:00:00Z")], "1": []}

    def answer(request: Request) -> Response:
        return Response("expired", 404) if "$skip" in request.query_params else things(request, pages)

    source.answer = answer
    one = rig("sensorthings", url=source.url + "/v1.1", stations=[{"name": "7", "fields": ("temperature",)}])
    await one.feed.tick()
    assert one.cursor == {"at": {"70": "2026-07-01T10:00:00Z"}}
    del pages["1"]
    pages["0"].append(reading("2026-07-01T11:00:00Z", 22.5))
    assert [value for _, _, value in told(await one.run(), "temperature")] == [22.5]


# GBFS


@pytest.mark.parametrize("version", [2, 3])
async def test_gbfs_finds_the_stations_in_both_versions(source: Any, rig: Rigs, version: int) -> None:
    bikes = "num_bikes_available" if version == 2 else "num_vehicles_available"
    reported: Any = 1_782_910_000 if version == 2 else "2026-07-01T12:46:40Z"
    station = {"station_id": "1", bikes: 4, "num_docks_available": 6, "is_renting": True, "last_reported": reported}
    files = [{"name": "station_status", "url": source.url + "/status.json"}]

    def answer(request: Request) -> Response:
        if request.url.path == "/gbfs.json":
            return json(
                {"version": f"{version}.0", "data": {"feeds": files} if version == 3 else {"fr": {"feeds": files}}}
            )
        if request.headers.get("if-none-match"):
            return Response(status_code=304)
        return json(
            {"last_updated": reported, "data": {"stations": [station, {**station, "station_id": "2"}]}}, ETag='"1"'
        )

    source.answer = answer
    one = rig("gbfs", url=source.url + "/gbfs.json", stations=[{"name": "1"}])
    assert told(await one.run(), "num_bikes_available") == [("1", "2026-07-01T12:46:40Z", 4)]
    assert await one.run() == []


# iCalendar

CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//town//events//FR
BEGIN:VEVENT
UID:market
DTSTART;TZID=Europe/Paris:20260630T080000
DTEND;TZID=Europe/Paris:20260630T130000
RRULE:FREQ=WEEKLY;BYDAY=TU,TH
EXDATE;TZID=Europe/Paris:20260702T080000
SUMMARY:Marché
LOCATION:Place Richelme
URL:https://aix.example/marche
ATTENDEE;CN=Zoé:mailto:zoe@example.org
ORGANIZER;CN=Max:mailto:max@example.org
DESCRIPTION:Appelez le 04 42 00 00 00
END:VEVENT
BEGIN:VEVENT
UID:concert
DTSTART;VALUE=DATE:20260714
SUMMARY:Concert (zoe@example.org\\, 06 12 34 56 78)
STATUS:CANCELLED
END:VEVENT
BEGIN:VEVENT
UID:talk
DTSTART:20260714T000000
DTEND:20260715T000000
SUMMARY:Conférence
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")


async def test_a_calendar_gives_its_events_with_their_span_and_nobody_s_address(source: Any, rig: Rigs) -> None:
    source.answer = lambda request: Response(CALENDAR, media_type="text/calendar")
    one = rig("icalendar", url=source.url + "/{token}/town.ics", token="s3cret", stations=[{"name": "CAL"}])
    one.config = msgspec.structs.replace(one.config, options=msgspec.structs.replace(one.config.options, days_ahead=14))
    one.feed = one.again()
    found = await one.run()
    spans = [
        (times.iso(u.device_time or 0), times.iso(u.end_time or 0), [e["title"] for e in (u.fields or {})["events"]])
        for u in found
    ]
    assert spans == [
        ("2026-06-30T06:00:00Z", "2026-06-30T11:00:00Z", ["Marché"]),
        ("2026-07-07T06:00:00Z", "2026-07-07T11:00:00Z", ["Marché"]),
        ("2026-07-09T06:00:00Z", "2026-07-09T11:00:00Z", ["Marché"]),
        ("2026-07-13T22:00:00Z", "2026-07-14T22:00:00Z", ["Concert (…, …)", "Conférence"]),
        ("2026-07-14T06:00:00Z", "2026-07-14T11:00:00Z", ["Marché"]),
    ]
    events = (found[0].fields or {})["events"]
    assert events == [
        {"title": "Marché", "place": "Place Richelme", "url": "https://aix.example/marche", "uid": "market"}
    ]
    kept = one.desk.taken[0].payload.decode() + str([uplink.fields for uplink in found])
    assert not any(word in kept for word in ("example.org", "Zoé", "Max", "04 42", "06 12"))
    assert "s3cret" not in one.desk.taken[0].channel


# DATAtourisme


def poi(number: int) -> dict[str, Any]:
    geo = {"schema:latitude": "43.529", "schema:longitude": "5.447"}
    return {
        "@id": f"https://data.datatourisme.fr/13/{number}",
        "@type": ["CulturalSite", "PointOfInterest"],
        "rdfs:label": {"fr": [f"Musée {number}"], "en": [f"Museum {number}"]},
        "isLocatedAt": [{"schema:geo": geo}],
        "hasContact": [{"schema:email": ["zoe@example.org"], "schema:telephone": ["+33 4 42 00 00 00"]}],
        "lastUpdateDatatourisme": "2026-06-01T00:00:00Z",
    }


async def test_datatourisme_unpacks_a_flux_and_asks_again_only_when_it_changed(source: Any, rig: Rigs) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.json", "[]")
        for number in (1, 2):
            archive.writestr(f"objects/0/00/13-{number}.json", msgspec.json.encode(poi(number)))

    def answer(request: Request) -> Response:
        same = request.headers.get("if-none-match") == '"1"'
        return Response(status_code=304) if same else Response(packed.getvalue(), headers={"ETag": '"1"'})

    source.answer = answer
    one = rig("datatourisme", url=source.url + "/webservice/f1ux/{token}", token="k3y")
    await one.run()
    assert [context(arrival.channel)["object"] for arrival in one.desk.taken] == [
        "objects/0/00/13-1.json",
        "objects/0/00/13-2.json",
    ]
    assert b"example.org" not in b"".join(arrival.payload for arrival in one.desk.taken)
    assert "k3y" not in one.desk.taken[0].channel
    assert source.paths == ["/webservice/f1ux/k3y"]
    await one.run()
    assert len(one.desk.taken) == 2
