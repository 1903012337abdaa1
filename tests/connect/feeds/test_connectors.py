"""Each connector against a server that answers as the service documents, and each answer understood."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from starlette.requests import Request
from starlette.responses import Response
from tests.connect.feeds.conftest import NOW, json

from placette.connect.feeds import CONNECTORS
from placette.harmonise.networks import FORMATS
from placette.model import times
from placette.model.feeds import KINDS, context
from placette.model.uplinks import Uplink

Rigs = Callable[..., Any]
STATION = "13001009"


def told(uplinks: list[Uplink], field: str) -> list[tuple[str, str, Any]]:
    """Device, time and one field of each uplink."""
    assert [uplink.fault for uplink in uplinks if uplink.fault] == []
    return [(u.device, times.iso(u.device_time or 0), (u.fields or {}).get(field)) for u in uplinks]


def test_every_kind_has_a_connector_and_a_reader() -> None:
    assert set(CONNECTORS) == set(KINDS)
    assert set(KINDS) <= set(FORMATS)


# Open-Meteo


def hours(*values: float | None, start: int = 1_782_910_800) -> dict[str, Any]:
    return {
        "latitude": 43.53,
        "longitude": 5.44,
        "hourly_units": {"time": "unixtime", "temperature_2m": "°C"},
        "hourly": {"time": [start + 3600 * n for n in range(len(values))], "temperature_2m": list(values)},
    }


TWO = [{"name": "A", "fields": ("temperature_2m",)}, {"name": "B", "fields": ("temperature_2m",)}]


async def test_open_meteo_forecasts_many_positions_at_once(source: Any, rig: Rigs) -> None:
    source.answer = lambda request: json([hours(20.5, None), hours(30.0, 31.0)])
    found = await rig("open-meteo", stations=TWO).run()
    assert told(found, "temperature_2m") == [
        ("A", "2026-07-01T13:00:00Z", 20.5),
        ("B", "2026-07-01T13:00:00Z", 30.0),
        ("B", "2026-07-01T14:00:00Z", 31.0),
    ]
    assert {uplink.issue_time for uplink in found} == {NOW}  # the hour in which it was asked
    assert found[0].units == {"temperature_2m": "Cel"}
    assert source.queries("latitude") == ["43.53000,43.53000"]
    assert source.queries("hourly") == ["temperature_2m"]


async def test_open_meteo_asks_for_a_run_of_a_model_once(source: Any, rig: Rigs) -> None:
    run = 1_782_896_400

    def answer(request: Request) -> Response:
        return json({"last_run_initialisation_time": run} if "meta" in request.url.path else hours(20.5))

    source.answer = answer
    one = rig("open-meteo", stations=TWO[:1], options={"model": "meteofrance_arome_france0025"})
    assert [uplink.issue_time for uplink in await one.run()] == [run * 1_000_000]
    assert await one.run() == []
    assert [path.partition("?")[0] for path in source.paths].count("/v1/forecast") == 1
    run += 10_800
    assert [uplink.issue_time for uplink in await one.run()] == [run * 1_000_000]


async def test_open_meteo_reads_the_archive_month_by_month(source: Any, rig: Rigs) -> None:
    source.answer = lambda request: json(hours(1.0))
    one = rig("open-meteo", stations=TWO[:1], options={"since": "2026-05-15"})
    found = await one.run()
    assert source.queries("start_date") == ["2026-05-15", "2026-06-15"]
    assert source.queries("end_date") == ["2026-06-14", "2026-06-30"]
    assert {uplink.issue_time for uplink in found} == {None}
    assert await one.run() == []


# Météo-France


def observation(time: str, **values: Any) -> dict[str, Any]:
    about = {"lat": 43.5, "lon": 5.4, "geo_id_insee": STATION, "reference_time": time, "insert_time": time}
    return {**about, "validity_time": time, **values}


async def test_meteo_france_asks_hour_by_hour_and_for_a_missing_one_again(source: Any, rig: Rigs) -> None:
    missing = {"2026-07-01T13:00:00Z"}

    def answer(request: Request) -> Response:
        date = request.query_params["date"]
        return json({"message": "no data"}, 404) if date in missing else json([observation(date, t=300.15, u=None)])

    source.answer = answer
    one = rig("meteo-france", stations=[{"name": STATION}], token="k3y", options={"hours_back": 2})
    found = await one.run()
    assert told(found, "t") == [(STATION, "2026-07-01T11:00:00Z", 300.15), (STATION, "2026-07-01T12:00:00Z", 300.15)]
    assert (found[0].fields, found[0].units) == ({"t": 300.15}, {"t": "K"})
    assert source.asked[0].headers["apikey"] == "k3y"
    assert "k3y" not in str(one.desk.taken)
    missing.clear()
    assert told(await one.run(), "t") == [(STATION, "2026-07-01T13:00:00Z", 300.15)]


async def test_meteo_france_keeps_what_came_before_it_was_told_to_come_later(source: Any, rig: Rigs) -> None:
    def answer(request: Request) -> Response:
        if len(source.asked) > 1:
            return Response("quota", 429, {"Retry-After": "60"})
        return json([observation(request.query_params["date"], t=300.0)])

    source.answer = answer
    one = rig("meteo-france", stations=[{"name": STATION}], token="k", options={"hours_back": 3})
    await one.feed.tick()
    assert len(one.desk.taken) == 1
    assert one.cursor["at"] == {STATION: "2026-07-01T10:00:00Z"}
    assert one.feed.next_attempt == NOW + 60_000_000


def climate(*lines: str) -> Response:
    header = "NUM_POSTE;NOM_USUEL;LAT;LON;ALTI;AAAAMMJJHH;RR1;QRR1;T;QT"
    return Response(gzip.compress("\n".join([header, *lines, ""]).encode()), headers={"ETag": f'"{len(lines)}"'})


async def test_the_climate_base_gives_new_lines_of_our_stations(source: Any, rig: Rigs) -> None:
    lines = [
        f"{STATION};AIX EN PROVENCE;43.5;5.4;173;2026063022; 0.2;1; 21.5;1",
        "13002001;ELSEWHERE;43.5;5.4;173;2026063022; 9.9;1; 9.9;1",
        f"{STATION};AIX EN PROVENCE;43.5;5.4;173;2026063023;;; 99.9;2",
    ]

    def answer(request: Request) -> Response:
        same = request.headers.get("if-none-match") == f'"{len(lines)}"'
        return Response(status_code=304) if same else climate(*lines)

    source.answer = answer
    file = "H_13_latest-2025-2026.csv.gz"
    one = rig("meteo-france-climate", stations=[{"name": STATION}], options={"file": file})
    found = await one.run()
    assert [(uplink.fields, uplink.units) for uplink in found] == [
        ({"RR1": 0.2, "T": 21.5}, {"RR1": "mm", "T": "Cel"}),
        ({}, {}),  # the rain is missing, the temperature doubtful
    ]
    assert await one.run() == []
    lines.append(f"{STATION};AIX EN PROVENCE;43.5;5.4;173;2026070100; 0.0;1; 20.0;1")
    assert told(await one.run(), "T") == [(STATION, "2026-07-01T00:00:00Z", 20.0)]
    assert source.paths[0] == f"/{file}"


# Atmo Data


def index(day: str, code: int, zone: str = "13001", **changed: Any) -> dict[str, Any]:
    said = {"aasqa": "93", "code_zone": zone, "date_ech": day, "date_dif": "2026-07-01", "code_qual": code}
    said |= {"lib_qual": "Moyen", "code_no2": 1, "code_o3": 2, "code_pm10": None, "source": "AtmoSud"}
    return {"type": "Feature", "geometry": None, "properties": {**said, **changed}}


async def test_atmo_asks_day_by_day_and_renews_an_expired_token(source: Any, rig: Rigs) -> None:
    valid = {"first"}

    def answer(request: Request) -> Response:
        if request.url.path == "/api/login":
            return json({"token": next(iter(valid))})
        if request.headers["authorization"].removeprefix("Bearer ") not in valid:
            return json({"message": "Expired JWT Token"}, 401)
        return json({"type": "FeatureCollection", "features": [index(request.query_params["date"], 3)]})

    source.answer = answer
    one = rig("atmo", stations=[{"name": "13001"}], username="town", password="s3cret")
    found = await one.run()
    assert source.queries("date") == [None, "2026-06-30", "2026-07-01", "2026-07-02"]
    assert told(found, "code_qual")[0] == ("13001", "2026-06-29T22:00:00Z", 3)
    assert times.iso(found[0].end_time or 0) == "2026-06-30T22:00:00Z"
    assert times.iso(found[0].issue_time or 0) == "2026-06-30T22:00:00Z"
    assert found[0].fields == {"code_qual": 3, "lib_qual": "Moyen", "code_no2": 1, "code_o3": 2, "code_zone": "13001"}
    assert one.cursor == {"day": "2026-07-01"}
    valid.clear()
    valid.add("second")
    assert len(await one.run()) == 2
    assert "s3cret" not in str(one.desk.taken)


async def test_atmo_with_a_wrong_password_asks_once_and_says_so(source: Any, rig: Rigs) -> None:
    source.answer = lambda request: json({"code": 401}, 401)
    one = rig("atmo", stations=[{"name": "13001"}], username="town", password="wr0ng")
    await one.feed.tick()
    assert len(source.asked) == 1
    assert "401" in one.feed.health.problem
    assert "wr0ng" not in one.feed.health.problem


async def test_atmo_episodes_tell_the_state_of_each_pollutant(source: Any, rig: Rigs) -> None:
    features = [
        index("2026-07-01", 0, "13", lib_pol="PM10", etat="INFORMATION"),
        index("2026-07-01", 0, "84", lib_pol="PM10", etat="PAS DE DEPASSEMENT"),
    ]
    source.answer = lambda request: json({"token": "t"} if request.method == "POST" else {"features": features})
    one = rig("atmo", stations=[{"name": "13"}], username="u", password="p", options={"product": "episodes"})
    assert told(await one.run(), "etat_pm10") == [("13", "2026-06-30T22:00:00Z", "INFORMATION")]


# VigiEau


async def test_vigieau_tells_the_level_of_each_water_and_the_worst(source: Any, rig: Rigs) -> None:
    zones = [
        {"id": 1, "type": "SUP", "nom": "Arc amont", "niveauGravite": "alerte"},
        {"id": 2, "type": "SOU", "nom": "Arc", "niveauGravite": "vigilance"},
    ]
    source.answer = lambda request: json(zones if len(source.asked) == 1 else [])
    one = rig("vigieau", stations=[{"name": "PARK"}, {"name": "SQUARE"}], options={"commune": "13001"})
    found = await one.run()
    assert [uplink.fields for uplink in found] == [
        {"SUP": "alerte", "SOU": "vigilance", "AEP": "pas_de_restriction", "niveauGravite": "alerte"},
        dict.fromkeys(("SUP", "SOU", "AEP", "niveauGravite"), "pas_de_restriction"),
    ]
    assert told(found, "SUP")[0][:2] == ("PARK", "2026-06-30T22:00:00Z")
    assert source.queries("commune") == ["13001", "13001"]


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


# OpenAQ


def measurement(end: str, value: float | None, **changed: Any) -> dict[str, Any]:
    begin = end.replace(":00:00Z", ":00:00Z")
    period = {"label": "raw", "datetimeFrom": {"utc": begin}, "datetimeTo": {"utc": end}}
    return {"value": value, "parameter": {"id": 2, "name": "pm25", "units": "µg/m³"}, "period": period, **changed}


async def test_openaq_reads_every_page_of_every_sensor(source: Any, rig: Rigs) -> None:
    rows = [measurement(f"2026-07-01T{hour:02}:00:00Z", hour) for hour in (8, 9, 10)]
    sensors = [{"id": 5, "parameter": {"name": "pm25"}}, {"id": 6, "parameter": {"name": "not ours"}}]

    def answer(request: Request) -> Response:
        if "locations" in request.url.path:
            return json({"results": [{"id": 99, "sensors": sensors}]})
        page = int(request.query_params["page"])
        since = request.query_params["datetime_from"]
        new = [row for row in rows if row["period"]["datetimeTo"]["utc"] >= since]
        return json({"meta": {"found": ">2"}, "results": new[2 * page - 2 : 2 * page]})

    source.answer = answer
    stations = [{"name": "99", "fields": ("pm25",)}]
    one = rig("openaq", stations=stations, token="k3y", options={"page": 2})
    found = await one.run()
    assert [value for _, _, value in told(found, "pm25")] == [8, 9, 10]
    assert found[0].units == {"pm25": "ug/m3"}
    assert one.cursor == {"at": {"5": "2026-07-01T10:00:00Z"}}
    assert source.asked[0].headers["x-api-key"] == "k3y"
    rows += [measurement("2026-07-01T11:00:00Z", -999.0), measurement("2026-07-01T12:00:00Z", 12.0)]
    rows.append(measurement("2026-07-01T13:00:00Z", 99.0, flagInfo={"hasFlags": True}))
    assert [value for _, _, value in told(await one.run(), "pm25")] == [10, 12]  # the last one again, nothing twice


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
