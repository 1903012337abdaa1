"""Open-Meteo: hourly forecasts, or the archive, at the positions of the feed's devices (https://open-meteo.com/en/docs).

One request for fifty devices. The variables are the fields that the devices' models read. With a model named, its last
run is asked first (``/data/<model>/static/meta.json``): a run that is known already is not asked for again.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import cast

from placette.connect.feeds.days import today
from placette.connect.feeds.shape import Client, Cursor, FeedConfig, Page, Station
from placette.model.arrivals import Arrival
from placette.model.errors import Unreachable
from placette.model.feeds import OpenMeteoOptions

AT_ONCE = 50
ARCHIVE_DAYS = 31
ARCHIVE = "https://archive-api.open-meteo.com"
FORECAST = "https://api.open-meteo.com"


async def fetch(client: Client, cursor: Cursor, config: FeedConfig) -> Page:
    """Return the forecast of the next days, or a month of the archive."""
    options = cast("OpenMeteoOptions", config.options)
    return await (_archive if options.since else _forecast)(client, cursor, config, options)


async def _forecast(client: Client, cursor: Cursor, config: FeedConfig, options: OpenMeteoOptions) -> Page:
    asked: dict[str, str | int] = {"forecast_days": options.days}
    told: dict[str, str | int] = {}
    if options.model:
        run = await _last_run(client, options.model)
        if run == cursor.get("run"):
            return Page((), cursor)
        asked["models"] = options.model
        told["issue"] = run
    arrivals = await _ask(client, config, "/v1/forecast", asked, told | {"forecast": 1})
    return Page(arrivals, {"run": told["issue"]} if told else {})


async def _last_run(client: Client, model: str) -> int:
    answer = await client.whole(f"/data/{model}/static/meta.json")
    meta = answer.json()
    run = meta.get("last_run_initialisation_time") if isinstance(meta, dict) else None
    if not isinstance(run, int):
        raise Unreachable(
            "the model's last run is not told: 'last_run_initialisation_time' is missing", answer.url, "check 'model'"
        )
    return run


async def _archive(client: Client, cursor: Cursor, config: FeedConfig, options: OpenMeteoOptions) -> Page:
    yesterday = today(client.now) - timedelta(days=1)
    first = date.fromisoformat(cursor.get("next", options.since))
    if first > yesterday:
        return Page((), cursor)
    last = min(first + timedelta(days=ARCHIVE_DAYS - 1), yesterday)
    base = ARCHIVE if config.url == FORECAST else ""
    days: dict[str, str | int] = {"start_date": str(first), "end_date": str(last)}
    arrivals = await _ask(client, config, f"{base}/v1/archive", days, {})
    return Page(arrivals, {"next": str(last + timedelta(days=1))}, last < yesterday)


async def _ask(
    client: Client, config: FeedConfig, path: str, asked: dict[str, str | int], told: dict[str, str | int]
) -> tuple[Arrival, ...]:
    arrivals = []
    for first in range(0, len(config.stations), AT_ONCE):
        stations = config.stations[first : first + AT_ONCE]
        where: dict[str, str | int] = {
            "latitude": ",".join(f"{station.latitude:.5f}" for station in stations),
            "longitude": ",".join(f"{station.longitude:.5f}" for station in stations),
            "hourly": ",".join(_variables(stations)),
            "timeformat": "unixtime",
            "timezone": "GMT",
        }
        answer = await client.whole(path, where | asked)
        names = " ".join(station.name for station in stations)
        arrivals.append(client.arrival(answer, {"devices": names, **told}))
    return tuple(arrivals)


def _variables(stations: tuple[Station, ...]) -> list[str]:
    return sorted({field for station in stations for field in station.fields})
