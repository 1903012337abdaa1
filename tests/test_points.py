"""Real points of interest: the flux of DATAtourisme for the Touraine, 2020."""

from __future__ import annotations

import tarfile
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from placette import city
from placette.city.model import City, Feed
from placette.connect.feeds.datatourisme import unpacked
from placette.harmonise.networks.feeds.datatourisme import point
from placette.model.arrivals import Arrival
from placette.model.errors import TooLarge
from placette.model.feeds import DatatourismeOptions
from placette.points import PointIntake
from placette.store import Store, inbox

FLUX = "heritage/datatourisme_flux_touraine_2020.tar.xz"


@pytest.fixture(scope="module")
def objects(shared_data: Path) -> list[Arrival]:
    body = (shared_data / FLUX).read_bytes()
    return [
        Arrival(network="poi", channel=name, payload=payload, received_time=time.time_ns() // 1000)
        for name, payload in unpacked(body, 256 << 20)
    ]


@pytest.fixture
def town(tmp_path: Path) -> City:
    city.scaffold("Tours", tmp_path / "city")
    return city.read(tmp_path / "city")


@pytest.fixture
def store(tmp_path: Path) -> Any:
    opened = Store.open(tmp_path / "placette.duckdb")
    yield opened
    opened.close()


def intake(store: Store, town: City, *types: str) -> PointIntake:
    feed = Feed(
        key="poi",
        kind="datatourisme",
        names={},
        url="https://diffuseur.example",
        every_s=86_400,
        options=DatatourismeOptions(types=types),
        licence="Licence Ouverte 2.0",
        attribution="DATAtourisme",
        origin="measured",
    )
    return PointIntake(store, town, feed)


async def count(store: Store, sql: str) -> int:
    return int((await store.query(f"SELECT count(*) AS n FROM {sql}")).to_pylist()[0]["n"])


async def test_every_point_becomes_a_thing_and_twice_changes_nothing(
    objects: list[Arrival], store: Store, town: City
) -> None:
    take = intake(store, town)
    first = await take(objects)
    assert (len(objects), first.stored, first.dead) == (2550, 2550, 0)
    assert await count(store, "thing WHERE kind = 'poi'") == 2550
    assert await count(store, "thing_location") == 2550
    assert (await take(objects)).stored == 0


async def test_a_point_that_changed_is_renamed_and_one_that_moved_keeps_its_past(
    objects: list[Arrival], store: Store, town: City
) -> None:
    take = intake(store, town)
    await take(objects[:2])
    said = msgspec.json.decode(objects[0].payload)
    said["rdfs:label"] = {"fr": ["Autre"], "en": ["Other"]}
    said["isLocatedAt"][0]["schema:geo"]["schema:latitude"] = "47.5"
    said["lastUpdateDatatourisme"] = "2026-01-01T00:00:00Z"
    changed = msgspec.structs.replace(objects[0], payload=msgspec.json.encode(said))
    assert (await take([changed, objects[1]])).stored == 1
    assert await count(store, "thing WHERE name = 'Autre'") == 1
    assert await count(store, "historical_location") == 3
    assert await count(store, "location") == 3


async def test_only_the_types_asked_for_are_taken(objects: list[Arrival], store: Store, town: City) -> None:
    hotels = sum("Hotel" in point(arrival).types for arrival in objects)
    assert (await intake(store, town, "Hotel")(objects)).stored == hotels > 50


def test_nobody_s_address_or_number_is_left(objects: list[Arrival]) -> None:
    whole = b"".join(arrival.payload for arrival in objects)
    assert b"schema:email" not in whole
    assert b"schema:telephone" not in whole


async def test_an_unusable_point_is_kept_once(objects: list[Arrival], store: Store, town: City) -> None:
    take = intake(store, town)
    bad = msgspec.structs.replace(objects[0], payload=b'{"@id": "https://a.example/1/2"}')
    for _ in range(2):
        taken = await take([bad, objects[1]])
        assert taken.dead == 1
    [kept] = await inbox.list(store)
    assert kept.letter.what == "'rdfs:label' is missing in the answer"


def test_a_flux_beyond_its_limit_is_refused(shared_data: Path) -> None:
    with pytest.raises(TooLarge, match="1 MiB"):
        list(unpacked((shared_data / FLUX).read_bytes(), 1 << 20))
    with tarfile.open(shared_data / FLUX) as tape:
        assert tape.getnames()
