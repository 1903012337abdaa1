"""Feeds in a real city: ``placette serve`` asks a local server that answers as the services do."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.requests import Request
from starlette.responses import Response
from tests.connect.feeds.conftest import Source, json
from tests.connect.feeds.test_city_sources import poi, portal
from tests.connect.feeds.test_environment import hours
from tests.end_to_end.served import PATIENCE_S, observations, origin, served, wait_until, write_city

from placette import city as cities
from placette.services.days import special_days
from placette.services.feed_days import with_events_of_feeds
from placette.services.forecast.covariates import known_ahead
from placette.store import Store

PROPERTIES = """
[temperature]
names = { fr = "Température", en = "Temperature" }
definition = "urn:t"
unit = "Cel"
[pedestrians]
names = { fr = "Piétons", en = "Pedestrians" }
definition = "urn:p"
unit = "{person}"
[events]
names = { fr = "Événements", en = "Events" }
definition = "urn:e"
unit = "1"
[drought]
names = { fr = "Sécheresse", en = "Drought" }
definition = "urn:d"
unit = "1"
"""
MODELS = """
[sky]
kind = "weather"
names = { fr = "Prévision", en = "Forecast" }
every_s = 3600
quantities = [{ property = "temperature", field = "temperature_2m", minimum = -50, maximum = 60 }]
[gate]
kind = "counter"
names = { fr = "Portique", en = "Gate" }
every_s = 3600
quantities = [{ property = "pedestrians", field = "value", minimum = 0, maximum = 9999 }]
[agenda]
kind = "calendar"
names = { fr = "Agenda", en = "Calendar" }
every_s = 3600
quantities = [{ property = "events", whole = true, minimum = 0, maximum = 1 }]
[water]
kind = "drought"
names = { fr = "Restrictions d’eau", en = "Water restrictions" }
every_s = 3600
quantities = [{ property = "drought", field = "niveauGravite", minimum = 0, maximum = 1 }]
"""
FEED = """
[{key}]
kind = "{kind}"
names = {{ fr = "{key}", en = "{key}" }}
url = "{url}"
every_s = {every_s}
licence = "CC BY 4.0"
attribution = "A service"
options = {{ private = true{options} }}
"""
DEVICES = """id,model,place,longitude,latitude,network,network_id
V-SKY,sky,centre,0,0,sky,
V-GAT,gate,centre,0,0,gates,north
V-CAL,agenda,centre,0,0,town,
V-DRY,water,centre,0,0,drought,
"""


class World:
    """The services' side: what they have to say, all under one address."""

    def __init__(self, source: Source) -> None:
        today = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        self.hour = int(today.timestamp())
        at = (today - timedelta(hours=2)).isoformat()
        self.records = [{"date": at, "station": "north", "value": 12}, {"date": at, "station": "south", "value": 7}]
        self.broken = False
        self.source = source
        source.answer = self.answer

    def record(self, value: Any) -> None:
        at = datetime.fromtimestamp(self.hour, UTC) - timedelta(hours=1)
        self.records.append({"date": at.isoformat(), "station": "north", "value": value})

    def answer(self, request: Request) -> Response:
        service = request.url.path.split("/")[1]
        if service == "sky":
            return json(hours(20.5, 21.5, start=self.hour + 3600))
        if service == "gates":
            return json({"errors": 1}, 500) if self.broken else portal(self.records)(request)
        if service == "drought":
            return json([{"type": "SUP", "niveauGravite": "crise"}])
        if service == "town":
            begin = datetime.fromtimestamp(self.hour, UTC) + timedelta(days=3)
            lines = [
                "BEGIN:VCALENDAR",
                "VERSION:2.0",
                "PRODID:x",
                "BEGIN:VEVENT",
                "UID:1",
                f"DTSTART:{begin:%Y%m%dT%H0000Z}",
            ]
            lines += [f"DTEND:{begin + timedelta(hours=2):%Y%m%dT%H0000Z}", "SUMMARY:Fair", "LOCATION:Square"]
            return Response("\r\n".join([*lines, "END:VEVENT", "END:VCALENDAR", ""]))
        return json({}, 404)


@pytest.fixture
def world() -> Iterator[World]:
    source = Source()
    yield World(source)
    source.stop()


@pytest.fixture
def home(tmp_path: Path, world: World) -> Path:
    """A city folder with four feeds."""
    folder = tmp_path / "city"
    portal_options = ', dataset = "d", date_field = "date", station_field = "station"'
    feeds = (("sky", "open-meteo", 3600, ""), ("gates", "opendatasoft", 1, portal_options))
    feeds += (("town", "icalendar", 3600, ""), ("drought", "vigieau", 3600, ""))
    text = "".join(
        FEED.format(key=key, kind=kind, url=f"{world.source.url}/{key}", every_s=every_s, options=options)
        for key, kind, every_s, options in feeds
    )
    write_city(folder, properties=PROPERTIES, models=MODELS, things=DEVICES, feeds=text)
    return folder


def placette(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "placette", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)


def test_a_city_asks_keeps_and_goes_on_after_it_was_killed(home: Path, tmp_path: Path, world: World) -> None:
    data = tmp_path / "data"
    with served(home, data) as living:
        wait_until(lambda: len(observations(living.client, "V-SKY/temperature")) == 2)
        wait_until(
            lambda: observations(living.client, "V-GAT/pedestrians") and observations(living.client, "V-CAL/events")
        )
        wait_until(lambda: observations(living.client, "V-DRY/drought"))
        first = observations(living.client, "V-SKY/temperature")[0]
        assert first["result"] == 20.5
        assert first["resultTime"] < first["phenomenonTime"]  # issued before it is so
        came = origin(living.client, first)
        assert (came["network"], came["device"], came["mapping"], came["codec"]) == ("sky", "V-SKY", "sky", "")
        assert came["channel"].startswith(f"{world.source.url}/sky/v1/forecast?")
        assert came["bytes_kept"]
        [stream] = living.client.get(
            "/v1.1/Datastreams", params={"$filter": "properties/code eq 'V-SKY/temperature'"}
        ).json()["value"]
        kept = {key: stream["properties"][key] for key in ("origin", "identity", "licence", "source")}
        assert kept == {
            "origin": "forecast",
            "identity": "phenomenonTime+resultTime",
            "licence": "CC BY 4.0",
            "source": "A service",
        }
        [event] = observations(living.client, "V-CAL/events")
        assert event["result"] == [{"title": "Fair", "place": "Square", "uid": "1"}]
        assert "/" in event["phenomenonTime"]
        assert [each["result"] for each in observations(living.client, "V-DRY/drought")] == ["crise"]
        health = {each["key"]: each for each in living.client.get("/api/health").json()["networks"]}
        assert all(
            health[key]["connected"] and health[key]["last_frame"] for key in ("sky", "gates", "town", "drought")
        )
        assert health["sky"]["next_attempt"] > time.time_ns() // 1000
        for language, word in (("fr", "Prochaine demande"), ("en", "Asks next")):
            assert word in living.client.get(f"/{language}/health").text
        living.process.send_signal(signal.SIGKILL)
        living.process.wait(PATIENCE_S)
    world.source.asked.clear()
    world.record(30)
    with served(home, data) as living:
        wait_until(lambda: len(observations(living.client, "V-GAT/pedestrians")) == 2)
        assert [each["result"] for each in observations(living.client, "V-GAT/pedestrians")] == [12, 30]
        assert world.records[0]["date"] in str(world.source.queries("where")[0])  # where it left off
        assert world.source.queries("offset")[0] == "2"
        assert [path for path in world.source.paths if path.startswith("/sky")] == []  # asked within the hour already
        done = placette("feed", "run", "sky", "--city", home, "--data", data)
        assert (done.returncode, done.stdout) == (0, "1 answer, 2 stored, 0 dead letters\n")
        issues = {each["resultTime"] for each in observations(living.client, "V-SKY/temperature")}
        assert len(observations(living.client, "V-SKY/temperature")) == 2 * len(issues)  # the same issue adds nothing
    knows(home, data, world.hour)


def knows(home: Path, data: Path, hour: int) -> None:
    """The forecaster takes the weather that was fetched, and the calendar's event, as known of the days to come."""
    city, store = cities.read(home), Store.open(data / "placette.duckdb")
    now = hour * 1_000_000
    instants = now + 3_600_000_000 * np.arange(4)
    table, names = known_ahead(store, city, hour, instants, "hour", now + 3_600_000_000)
    weather = table[:, names.index("weather_temperature")]
    assert weather[1:3].tolist() == [20.5, 21.5]
    assert np.isnan(weather[[0, 3]]).all()  # hours of which nothing is forecast are missing alone
    today = datetime.fromtimestamp(hour, UTC).date()
    events = special_days(with_events_of_feeds(store, city), today, today + timedelta(days=9), "centre")["event"]
    store.close()
    assert {0 <= abs((each - today).days - 3) <= 1 for each in events} == {True}


def test_what_breaks_is_told_and_one_bad_record_hides_no_other(home: Path, tmp_path: Path, world: World) -> None:
    data = tmp_path / "data"
    world.records.insert(1, {"date": world.records[0]["date"], "value": 99})  # no station: the schema changed
    with served(home, data) as living:
        wait_until(lambda: observations(living.client, "V-GAT/pedestrians"))
        letters = living.client.get("/api/dead-letters", params={"network": "gates"}).json()
        assert [letter["what"] for letter in letters] == ["'station' is missing in record 1"]
        world.broken = True

        def problem() -> str:
            networks = living.client.get("/api/health").json()["networks"]
            return str(next(each["error"] for each in networks if each["key"] == "gates"))

        wait_until(lambda: "500" in problem())


def test_the_command_line_lists_tries_and_asks(home: Path, tmp_path: Path, world: World) -> None:
    listed = placette("feed", "list", "--city", home)
    assert "on   sky: open-meteo, every 3600 s, 1 device" in listed.stdout
    tried = placette("feed", "test", "sky", "--city", home)
    assert tried.returncode == 0, tried.stderr
    assert "V-SKY/temperature = 20.5 Cel" in tried.stdout
    assert not (tmp_path / "data").exists()
    first = placette("feed", "run", "gates", "--city", home, "--data", tmp_path / "data")
    assert (first.returncode, first.stdout) == (0, "1 answer, 1 stored, 0 dead letters\n")
    again = placette("feed", "run", "gates", "--city", home, "--data", tmp_path / "data")
    assert (again.returncode, again.stdout) == (0, "0 answers, 0 stored, 0 dead letters\n")
    unknown = placette("feed", "run", "gate", "--city", home, "--data", tmp_path / "data")
    assert unknown.returncode == 1
    assert "no enabled feed 'gate'" in unknown.stderr


def test_points_of_interest_become_things_in_every_language(home: Path, tmp_path: Path, world: World) -> None:
    import io
    import zipfile

    import msgspec

    points = [poi(1), poi(2)]

    def flux(request: Request) -> Response:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for number, one in enumerate(points):
                archive.writestr(f"objects/{number}.json", msgspec.json.encode(one))
        return Response(packed.getvalue())

    world.source.answer = flux
    feed = FEED.format(key="poi", kind="datatourisme", url=world.source.url, every_s=86400, options="")
    (home / "things.csv").write_text(DEVICES.splitlines()[0] + "\n")
    (home / "feeds.toml").write_text(feed)
    data = tmp_path / "data"
    run = ("feed", "run", "poi", "--city", home, "--data", data)
    assert placette(*run).stdout == "2 answers, 2 stored, 0 dead letters\n"
    assert placette(*run).stdout == "2 answers, 0 stored, 0 dead letters\n"
    points[0]["rdfs:label"]["fr"] = ["Musée Granet"]
    points[0]["lastUpdateDatatourisme"] = "2026-06-02T00:00:00Z"
    points[1]["isLocatedAt"] = []
    answer = placette(*run)
    assert (answer.returncode, answer.stdout.splitlines()[0]) == (1, "2 answers, 1 stored, 1 dead letter")
    with served(home, data) as living:
        query = {"$filter": "properties/kind eq 'poi'", "$expand": "Locations", "$orderby": "id"}
        museum, other = living.client.get("/v1.1/Things", params=query).json()["value"]
        assert museum["name"] == "Musée Granet"
        assert museum["properties"]["names"] == {"fr": "Musée Granet", "en": "Museum 1"}
        assert museum["Locations"][0]["location"]["coordinates"] == [5.447, 43.529]
        assert other["name"] == "Musée 2"
