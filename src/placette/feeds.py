"""The feeds of a running city: ``connect`` asks, ``harmonise`` reads, the store keeps; and what a try would give.

Nothing is ever asked for a feed that is not enabled, but by a person's own ``placette feed test``.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from placette.api import Access, Route, json_response, read_body
from placette.city.model import City
from placette.city.model import Feed as Declared
from placette.connect.feeds import CONNECTORS, Feed, FeedConfig, Notes, Station, Web
from placette.connect.feeds.shape import Client
from placette.harmonise.devices import compiled
from placette.harmonise.networks import FORMATS
from placette.harmonise.networks.feeds.datatourisme import point
from placette.jobs import Job, Jobs
from placette.model import times
from placette.model.arrivals import Arrival
from placette.model.errors import BadInput, NotFound, PlacetteError
from placette.model.feeds import KINDS
from placette.model.networks import Sink
from placette.model.uplinks import Uplink
from placette.points import PointIntake
from placette.publish.health import NetworkHealth
from placette.store import Store
from placette.store.notes import Notes as StoredNotes

log = logging.getLogger(__name__)

PATH = "/api/admin/feed"
TICK_S = 15.0
"""How often a feed looks whether it is due; the first time soon after the start."""
SHOWN = 20
"""Observations that a test shows."""
_BODY_BYTES = 4_096


class RunOrder(msgspec.Struct, frozen=True):
    """Which feed to ask now."""

    key: str


class RunReport(msgspec.Struct, frozen=True):
    """What one run brought: answers, observations (or points) stored, dead letters, and what is wrong, if anything."""

    received: int
    stored: int
    dead: int
    problem: str = ""


class Understood(msgspec.Struct, frozen=True):
    """One observation as it would be stored: times in ISO 8601, the result in the datastream's unit."""

    device: str
    property: str
    time: str
    end: str
    issued: str
    result: Any
    unit: str


class TestReport(msgspec.Struct, kw_only=True):
    """What a first page would give: the addresses asked, how much, the first observations, and what is wrong.

    ``stations`` are the devices of things.csv that stand on the feed.
    """

    asked: list[str]
    stations: int = 0
    answers: int = 0
    uplinks: int = 0
    points: int = 0
    shown: list[Understood] = msgspec.field(default_factory=list)
    faults: list[str] = msgspec.field(default_factory=list)
    more: bool = False


class Feeds:
    """All enabled feeds of a city: their work, their health, their door for the command line."""

    def __init__(self, store: Store, city: City, intake: Sink, environment: Mapping[str, str] = os.environ) -> None:
        self._web = Web()
        notes: Notes = StoredNotes(store, "feed")
        self.feeds: dict[str, Feed] = {}
        self._closed: dict[str, str] = {}
        self._following = False
        for key, declared in city.feeds.items():
            if not declared.enabled:
                continue
            sink = PointIntake(store, city, declared) if declared.kind == "datatourisme" else intake
            try:
                config = config_of(city, declared, environment)
            except BadInput as error:
                log.warning("%s", error)
                self._closed[key] = str(error)
                continue
            self.feeds[key] = Feed(config, CONNECTORS[declared.kind], sink, notes, self._web)

    async def follow(self) -> None:
        """Ask each in its rhythm until cancelled. The demo never does: what it shows is simulated."""
        self._following = True
        try:
            await Jobs(self._jobs()).run()
        finally:
            await self._web.close()

    def _jobs(self) -> Sequence[Job]:
        """Return the work: each feed looks now and then whether it is due."""
        return [
            Job(key=f"feed {key}", work=feed.tick, every_s=min(TICK_S, feed.config.every_s), first_after_s=1.0)
            for key, feed in self.feeds.items()
        ]

    def health(self) -> Sequence[NetworkHealth]:
        """Return how each feed is doing; one that has nothing new is well, one that lacks a secret is not."""
        if not self._following:
            return []
        closed = [NetworkHealth(key=key, connected=False, error=why) for key, why in self._closed.items()]
        return closed + [
            NetworkHealth(
                key=key,
                connected=feed.health.connected,
                last_frame=feed.health.last_frame_time or None,
                frames_per_minute=feed.recent.total(_now()),
                error=feed.health.problem,
                next_attempt=feed.next_attempt or None,
            )
            for key, feed in self.feeds.items()
        ]

    async def close(self) -> None:
        """Close the connections."""
        await self._web.close()

    async def run(self, key: str) -> RunReport:
        """Ask one feed now, to its end. Raises ``NotFound`` for one that is not there, or not enabled."""
        if key in self._closed:
            raise BadInput(self._closed[key])
        feed = self.feeds.get(key)
        if feed is None:
            known = ", ".join(self.feeds) or "none"
            raise NotFound(f"no enabled feed '{key}'", "feeds.toml", f"enable it; enabled feeds: {known}")
        before = msgspec.structs.replace(feed.health)
        while not await feed.run():
            pass
        after = feed.health
        return RunReport(
            after.received - before.received, after.stored - before.stored, after.dead - before.dead, after.problem
        )

    def routes(self) -> list[Route]:
        """Return the command line's door."""
        return [
            Route(
                method="POST",
                path=PATH,
                handler=self._run,
                access=Access.LOCAL,
                summary="Ask one feed now",
                takes=RunOrder,
                gives=RunReport,
            )
        ]

    async def _run(self, request: Request) -> Response:
        if not self._following:
            raise NotFound("the feeds are not followed", PATH, "the demo simulates: run the city with `placette serve`")
        try:
            order = msgspec.json.decode(await read_body(request, _BODY_BYTES), type=RunOrder)
        except msgspec.DecodeError as error:
            raise BadInput(f"the order cannot be read: {error}", request.url.path) from None
        return json_response({"report": msgspec.to_builtins(await self.run(order.key))})


def config_of(city: City, feed: Declared, environment: Mapping[str, str] = os.environ) -> FeedConfig:
    """Return a feed as its connector wants it, with its stations and its secrets.

    Raises ``BadInput`` when a secret it cannot do without is not in the environment.
    """
    named = {"token": feed.token_env, "username": feed.username_env, "password": feed.password_env}
    secrets = {name: environment.get(variable, "") if variable else "" for name, variable in named.items()}
    needed = {"token": ("token",), "login": ("username", "password")}.get(KINDS[feed.kind].needs, ())
    if "{token}" in feed.url:
        needed = ("token",)
    for name in needed:
        if not secrets[name]:
            raise BadInput(
                f"the feed '{feed.key}' has no {name}",
                "feeds.toml",
                f"set the environment variable {named[name]}, or write enabled = false",
            )
    return FeedConfig(
        key=feed.key,
        kind=feed.kind,
        url=feed.url,
        every_s=feed.every_s,
        options=feed.options,
        zone=city.zone,
        stations=tuple(
            Station(
                name=device.network_id or device.code,
                longitude=device.longitude,
                latitude=device.latitude,
                fields=_fields(city, device.model),
            )
            for device in city.devices
            if device.network == feed.key
        ),
        **secrets,
    )


def _fields(city: City, model: str) -> tuple[str, ...]:
    """Return the names in an answer that a device model reads."""
    return tuple((each.field or each.key).partition(".")[0] for each in city.models[model].quantities)


async def trial(city: City, key: str, environment: Mapping[str, str] = os.environ) -> TestReport:
    """Ask for the first page of a feed, enabled or not, and return what would be understood; nothing is stored."""
    declared = city.feeds.get(key)
    if declared is None:
        raise NotFound(f"no feed '{key}'", "feeds.toml", f"the feeds are: {', '.join(city.feeds) or 'none'}")
    config = config_of(city, declared, environment)
    web = Web()
    try:
        client = Client(web, config, {}, _now())
        page = await CONNECTORS[declared.kind](client, {}, config)
    finally:
        await web.close()
    report = TestReport(asked=list(dict.fromkeys(client.asked)), stations=len(config.stations))
    report.answers, report.more = len(page.arrivals), page.more
    understand = _point_counter(report) if declared.kind == "datatourisme" else _reader(city, declared, report)
    for arrival in page.arrivals:
        try:
            understand(arrival)
        except PlacetteError as error:
            report.faults.append(str(error))
    return report


def _point_counter(report: TestReport) -> Callable[[Arrival], None]:
    def count(arrival: Arrival) -> None:
        point(arrival)
        report.points += 1

    return count


def _reader(city: City, declared: Declared, report: TestReport) -> Callable[[Arrival], None]:
    read = FORMATS[declared.kind].reader({})
    devices = {
        (device.network_id or device.code).casefold(): device
        for device in city.devices
        if device.network == declared.key
    }
    mappings = {key: compiled(model) for key, model in city.models.items()}

    def understand(arrival: Arrival) -> None:
        for uplink in read(arrival):
            report.uplinks += 1
            device = devices.get(uplink.device.casefold())
            if uplink.fault or device is None:
                report.faults.append(uplink.fault or f"no device of things.csv is called '{uplink.device[:80]}'")
                continue
            results, faults = mappings[device.model].results(uplink.fields or {}, uplink)
            report.faults += faults
            units = {each.property: each.unit for each in city.models[device.model].quantities}
            for name, value in results.items():
                if len(report.shown) < SHOWN:
                    report.shown.append(_understood(device.code, name, value, units[name], uplink, arrival))

    return understand


def _understood(code: str, name: str, value: Any, unit: str, uplink: Uplink, arrival: Arrival) -> Understood:
    def shown(moment: int | None) -> str:
        return "" if moment is None else times.iso(moment)

    begin = uplink.device_time if uplink.device_time is not None else arrival.received_time
    return Understood(code, name, times.iso(begin), shown(uplink.end_time), shown(uplink.issue_time), value, unit)


def _now() -> int:
    return time.time_ns() // 1000
