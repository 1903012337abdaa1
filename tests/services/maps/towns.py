"""City folders made of stations alone, and their values put into a store."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from tests.analyse.kriging import heat

from placette import city as cities
from placette.city import City
from placette.model.entities import Origin
from placette.publish.city_sync import sync
from placette.store import Store

AIX = Path(__file__).resolve().parents[3] / "cities" / "aix"
HOUR = 3_600_000_000
NOON = 1_780_056_000_000_000
"""2026-05-29, 14 h in Paris."""

_MODELS = """
[thermometer]
kind = "temperature"
names = { fr = "Thermomètre", en = "Thermometer" }
every_s = 3600
[[thermometer.quantities]]
property = "temperature"
minimum = -40
maximum = 60

[sound-meter]
kind = "noise"
names = { fr = "Sonomètre", en = "Sound-level meter" }
every_s = 3600
[[sound-meter.quantities]]
property = "laeq"
minimum = 0
maximum = 140

[hive]
kind = "air"
names = { fr = "Ruche", en = "Hive" }
every_s = 3600
[[hive.quantities]]
property = "pm2_5"
minimum = 0
maximum = 1000
"""
_NETWORK = '[street]\nkind = "http"\nformat = "placette"\nnames = { fr = "Rue", en = "Street" }\n'


class Site(NamedTuple):
    """A station of a made city."""

    code: str
    longitude: float
    latitude: float
    model: str = "thermometer"


class Town(NamedTuple):
    """A made city and its store."""

    city: City
    store: Store


def folder(
    at: Path,
    sites: Sequence[Site],
    maps: str = "",
    zone: str = "Europe/Paris",
    files: Mapping[str, str] | None = None,
) -> Path:
    """Write a city folder whose outline is a box around its stations."""
    made = at / "town"
    shutil.copytree(AIX, made)
    for name in ("corrections.toml", "feeds.toml", "calendar.toml", "maps.toml"):
        (made / name).unlink(missing_ok=True)
    shutil.rmtree(made / "codecs", ignore_errors=True)
    west, east = min(s.longitude for s in sites) - 0.05, max(s.longitude for s in sites) + 0.05
    south, north = min(s.latitude for s in sites) - 0.05, max(s.latitude for s in sites) + 0.05
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    shape = {"type": "Polygon", "coordinates": [ring]}
    (made / "outline.geojson").write_text(
        json.dumps({"type": "Feature", "properties": {"source": "made"}, "geometry": shape})
    )
    texts = {"fr": "La ville", "en": "The town"}
    centre = {"type": "Point", "coordinates": [(west + east) / 2, (south + north) / 2]}
    place = {"key": "town", "names": texts, "descriptions": texts, "objectives": ["heat"]}
    feature = {"type": "Feature", "properties": place, "geometry": centre}
    (made / "places.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    (made / "models.toml").write_text(_MODELS)
    (made / "networks.toml").write_text(_NETWORK)
    rows = [f"{s.code},{s.model},town,{s.longitude},{s.latitude},street" for s in sites]
    (made / "things.csv").write_text("\n".join(["id,model,place,longitude,latitude,network", *rows]) + "\n")
    if maps:
        (made / "maps.toml").write_text(maps)
    for name, content in (files or {}).items():
        (made / name).write_text(content)
    text = (made / "city.toml").read_text()
    (made / "city.toml").write_text(text.replace('zone = "Europe/Paris"', f'zone = "{zone}"'))
    return made


def town(at: Path, sites: Sequence[Site], maps: str = "", **more: Any) -> Town:
    """Open a store for a made city."""
    city = cities.read(folder(at, sites, maps, **more))
    store = Store.open(at / "placette.duckdb")
    sync(store, city, Origin.MEASURED)
    return Town(city, store)


def put(store: Store, code: str, times: Sequence[int] | np.ndarray, values: Sequence[float] | np.ndarray) -> None:
    """Store values of a datastream at times in µs UTC; NaN are left out."""
    numbers = np.asarray(values, np.float64)
    kept = ~np.isnan(numbers)
    table = pa.table(
        {
            "datastream_id": pa.array([store.directory.by_code[code].id] * int(kept.sum()), pa.int64()),
            "phenomenon_time": pa.array(np.asarray(times, np.int64)[kept]).cast(pa.timestamp("us")),
            "result": numbers[kept],
        }
    )
    store.append_now(table)


def field(sites: Sequence[Site], hours: int = 60, seed: int = 5, noise: float = 0.1) -> np.ndarray:
    """Return values (hours × stations) that lie smoothly on the ground, with a daily rhythm."""
    random = np.random.default_rng(seed)
    east = np.array([s.longitude for s in sites]) * 73_000
    north = np.array([s.latitude for s in sites]) * 111_000
    shape = 2 * np.sin(east / 1500) + 2 * np.cos(north / 1500)
    day = 20 + 5 * np.sin(np.arange(hours) / 24 * 2 * np.pi)
    return day[:, None] + shape + random.normal(0, noise, (hours, len(sites)))


def scattered(count: int, seed: int = 1, model: str = "thermometer") -> list[Site]:
    """Return stations in a town of 6 km."""
    random = np.random.default_rng(seed)
    at = random.uniform([5.40, 43.50], [5.47, 43.55], (count, 2)).round(6)
    return [Site(f"S-{number:02}", x, y, model) for number, (x, y) in enumerate(at.tolist())]


def filled(
    at: Path, sites: Sequence[Site], values: np.ndarray | None = None, maps: str = "", key: str = "", **more: Any
) -> Town:
    """Return a made city with hourly values up to ``NOON``."""
    made = town(at, sites, maps, **more)
    rows = field(sites) if values is None else values
    times = NOON - HOUR * np.arange(len(rows))[::-1]
    for number, site in enumerate(sites):
        put(made.store, f"{site.code}/{key or 'temperature'}", times, rows[:, number])
    return made


def real(at: Path, data: Path, which: str) -> Town:
    """Return Bern (``bern1``, ``bern2``) or Berlin with their loggers, hourly, UTC, and the distance to the centre."""
    if which == "berlin":
        measured, centre = heat.berlin(data), heat.BERLIN
    else:
        measured, centre = heat.bern(data, int(which[-1])), heat.BERN
    east, north = measured.sites.positions.T
    longitudes = centre[0] + np.degrees(east / 6_371_008.8 / np.cos(np.radians(centre[1])))
    latitudes = centre[1] + np.degrees(north / 6_371_008.8)
    sites = [Site(f"L-{n:02}", *at) for n, at in enumerate(zip(longitudes.tolist(), latitudes.tolist(), strict=True))]
    names = '{ fr = "Centre", en = "Centre" }'
    text = f'[covariates.centre]\nnames = {names}\nkind = "centre"\nat = {list(centre)}\nlog = true\n'
    made = town(at, sites, text, zone="Europe/Berlin")
    full = (measured.times - measured.times.astype("datetime64[h]")).astype(int) == 0
    times = measured.times[full].astype("datetime64[us]").astype(np.int64)
    for number, site in enumerate(sites):
        put(made.store, f"{site.code}/temperature", times, measured.temperatures[full, number])
    return made


__all__ = ["AIX", "HOUR", "NOON", "Site", "Town", "field", "filled", "folder", "put", "real", "scattered", "town"]
