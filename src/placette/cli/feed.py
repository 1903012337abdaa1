"""``placette feed``: what a city asks others for; try a feed, or ask it now."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
from cyclopts import App

from placette import city as cities
from placette import control, settings
from placette.city import City
from placette.cli import DATA
from placette.model.entities import Origin
from placette.model.errors import PlacetteError

app = App(name="feed", help="Ask others for data: list the feeds of a city, try one, ask one now.")

_MOST_FAULTS = 10


@app.command(name="list")
def list_(*, city: Path) -> int:
    """List the feeds of a city: whether each is on, where it asks, how often, and for how many devices.

    Example: placette feed list --city cities/aix

    Args:
        city: The city folder.
    """
    found = cities.read(city)
    for key, feed in found.feeds.items():
        devices = sum(device.network == key for device in found.devices)
        state = "on " if feed.enabled else "off"
        print(f"{state}  {key}: {feed.kind}, every {feed.every_s} s, {_count(devices, 'device')}, {feed.url}")
    if not found.feeds:
        print("No feeds: see docs/feeds.md.")
    return 0


@app.command
def test(key: str, *, city: Path) -> int:
    """Ask for the first page of a feed, on or off, and show what would be understood; nothing is stored.

    Example: placette feed test weather --city cities/aix

    Args:
        key: The feed's key in feeds.toml.
        city: The city folder.
    """
    from placette import feeds  # noqa: PLC0415  # loads the connectors

    report = asyncio.run(feeds.trial(cities.read(city), key))
    for address in report.asked:
        print(f"asked {address}")
    more = ", and there is more" if report.more else ""
    held = _count(report.points, "point") if report.points else _count(report.uplinks, "message")
    print(f"{_count(report.answers, 'answer')} with {held}{more}")
    for one in report.shown:
        span = f"{one.time}/{one.end}" if one.end else one.time
        issued = f" issued {one.issued}" if one.issued else ""
        print(f"{span}{issued}  {one.device}/{one.property} = {_shown(one.result)} {one.unit}")
    if not report.shown and not report.points and not report.faults:
        print(_nothing(key, report.stations))
    for fault in report.faults[:_MOST_FAULTS]:
        print(f"not usable: {fault}")
    if len(report.faults) > _MOST_FAULTS:
        print(f"and {len(report.faults) - _MOST_FAULTS} more")
    return 1 if report.faults else 0


@app.command
def run(key: str, *, city: Path, data: Path = DATA) -> int:
    """Ask a feed now, to its end, and store what it gives; the city may be running.

    Example: placette feed run weather --city cities/aix --data /var/lib/placette

    Args:
        key: The feed's key in feeds.toml; it must be enabled.
        city: The city folder, when no server runs on the data.
        data: The data folder.
    """
    running = control.find(data)
    report = _there(running, key) if running is not None else _here(cities.read(city), key, data)
    print(f"{_count(report['received'], 'answer')}, {report['stored']} stored, {_count(report['dead'], 'dead letter')}")
    if report["problem"]:
        print(report["problem"])
    return 1 if report["dead"] else 0


def _nothing(key: str, stations: int) -> str:
    if not stations:
        return f"nothing to read: no device stands on this feed; write one into things.csv, with network = {key}"
    return f"nothing to store: the source has nothing new for {_count(stations, 'device')}, or not yet"


def _there(running: control.Running, key: str) -> dict[str, Any]:
    from placette.feeds import PATH  # noqa: PLC0415  # loads the connectors

    for said in control.ask(running, PATH, {"key": key}):
        report: dict[str, Any] = said["report"]
        return report
    raise PlacetteError("the server stopped before the feed was asked", running.url, "ask again: twice adds nothing")


def _here(city: City, key: str, data: Path) -> dict[str, Any]:
    """Ask into a data folder that no server uses; makes it where there is none."""
    from placette.feeds import Feeds  # noqa: PLC0415  # loads the connectors and the readers
    from placette.publish.city_sync import sync  # noqa: PLC0415
    from placette.store import Store  # noqa: PLC0415
    from placette.understanding import Understanding  # noqa: PLC0415

    async def ask() -> dict[str, Any]:
        feeds = Feeds(store, city, Understanding(store, city).intake)
        try:
            return dict(msgspec.to_builtins(await feeds.run(key)))
        finally:
            await feeds.close()

    data.mkdir(parents=True, exist_ok=True)
    store = Store.open(data / settings.DATABASE, settings.read(data).of_store())
    try:
        sync(store, city, Origin.MEASURED)
        return asyncio.run(ask())
    finally:
        store.close()


def _shown(result: Any) -> str:
    if isinstance(result, float):
        return f"{result:.6g}"
    return result if isinstance(result, str) else msgspec.json.encode(result).decode()


def _count(number: int, name: str) -> str:
    return f"{number} {name}" if number == 1 else f"{number} {name}s"
