"""Devices and places as GeoJSON: whole, sound, made anew when the catalogue changes."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

import httpx

from placette.city import City
from placette.publish import latest
from placette.store import Store


def test_every_device_is_there_with_its_datastreams(aix_store: Store, aix: City) -> None:
    features = latest.things(aix_store.directory)["features"]
    assert len(features) == len(aix.devices)
    hive = next(one for one in features if one["properties"]["code"] == "AIX-ROT-AIR-01")
    assert (hive["properties"]["kind"], len(hive["properties"]["datastreams"])) == ("air", 6)


def test_a_device_that_cannot_be_drawn_is_left_out(aix_store: Store, aix: City) -> None:
    aix_store.change_now(lambda con: con.execute("UPDATE location SET latitude = 90 WHERE id = 1"))
    assert len(latest.things(aix_store.directory)["features"]) == len(aix.devices) - 1


def test_the_places_come_with_their_ground_names_and_distances(aix_store: Store, aix: City) -> None:
    parts = [one["properties"]["part"] for one in latest.places(aix, aix_store.directory)["features"]]
    assert Counter(parts) == {"outline": 1, "place": 4, "area": 4, "label": 4, "link": 3}


async def test_devices_are_sent_once_until_the_catalogue_changes(
    aix_store: Store, aix: City, client_of: Callable[..., httpx.AsyncClient]
) -> None:
    client = client_of(latest.routes(aix_store, aix))
    tag = (await client.get("/api/things.geojson")).headers["etag"]
    assert (await client.get("/api/things.geojson", headers={"If-None-Match": tag})).status_code == 304
    aix_store.change_now(lambda con: con.execute("UPDATE location SET longitude = 5.5 WHERE id = 1"))
    for _ in range(1000):  # what was dear to make is kept a moment longer
        answer = await client.get("/api/things.geojson", headers={"If-None-Match": tag})
        if answer.status_code != 304:
            break
        await asyncio.sleep(0.01)
    assert answer.status_code == 200
