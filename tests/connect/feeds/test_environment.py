"""Weather, air and water against a server that answers as the services document, and each answer understood."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from tests.connect.feeds.conftest import NOW, json, told

from placette.model import times

Rigs = Callable[..., Any]
STATION = "13001009"


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
