"""The parts put together: store, city, networks, APIs and pages become one ASGI application and the tasks beside it."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute
from starlette.routing import Route as StarletteRoute

from placette import __version__, admin, correlations, forecasting, letters, origins, reharmonising, signals, sites
from placette.access import Tokens
from placette.anomalies import Anomalies
from placette.anomalies import routes as anomaly_routes
from placette.api import Access, Route, guarded, json_response, mount, openapi
from placette.city.model import City, Device, Network, rhythms
from placette.codecs import CodecShelf
from placette.connect import coap_oscore
from placette.connect.http import ARROW, NDJSON, BulkUpload, Reader
from placette.connect.mqtt import Credentials, MqttConfig, MqttNetwork, Updates
from placette.connect.talq import TalqRoutes
from placette.connect.webhook import Webhooks
from placette.feeds import Feeds
from placette.fielddesk import FieldDesk
from placette.fieldwork import FieldWork
from placette.forecasting import Forecasting
from placette.harmonise.arrow_stream import ArrowReader
from placette.harmonise.devices import Devices
from placette.harmonise.ndjson import NdjsonReader
from placette.harmonise.networks import FORMATS
from placette.imports import Desk
from placette.inside import Inside
from placette.jobs import Job, Jobs
from placette.maps import Atlas
from placette.model.entities import Origin
from placette.model.errors import BadInput, NotFound
from placette.model.networks import NetworkCounters
from placette.model.pace import LastMinute
from placette.publish import health as health_api
from placette.publish import latest, sensorthings, series
from placette.publish.health import Health, NetworkHealth, Reason
from placette.publish.live import Live
from placette.quality import orders as quality_orders
from placette.quality.keeper import Keeper
from placette.reharmonising import Reharmonising
from placette.replaying import Replaying
from placette.rhythms import routes as rhythm_routes
from placette.services.calibration import Correcting
from placette.services.rhythm import Rhythmical
from placette.settings import Settings
from placette.store import Store, causes, inbox
from placette.understanding import OWN_FORMAT, Understanding
from placette.web import Again, Pages
from placette.wifi import Wifi

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

BASEMAP = "basemap.pmtiles"
GROUND = "basemap.ground.npz"
MIB = 2**20
CAUSES = 50
"""Causes of dead letters that the health page names."""
TALQ = "talq"
"""The format of networks that have addresses of their own, and the folder of what they announced."""


class Counted(Protocol):
    """A way in as the health page sees it."""

    health: NetworkCounters
    recent: LastMinute


class Runs(Counted, Protocol):
    """A way in that works as long as it runs."""

    async def run(self) -> None:
        """Take what comes until cancelled."""


class House:
    """One city at work. ``url`` is the address the server listens on, without a final slash; ``folder`` is its own.

    ``declared`` are the devices as the folder declares them, before what the field says (``fieldwork.overlay``).
    """

    def __init__(
        self,
        *,
        store: Store,
        city: City,
        settings: Settings,
        tokens: Tokens,
        data: Path,
        url: str,
        folder: Path | None = None,
        declared: tuple[Device, ...] | None = None,
        origin: Origin = Origin.MEASURED,
    ) -> None:
        self.store = store
        self.city = city
        self.settings = settings
        self.tokens = tokens
        self.data = data
        self.url = settings.server.public_url.rstrip("/") or url
        self.live = Live(store, readers=settings.limits.live_readers)
        self.understanding = Understanding(store, city)
        self.intake = self.understanding.intake
        self.codecs = CodecShelf(folder)
        self.understanding.use_codecs(self.codecs.codecs)
        self.replaying = Replaying(store, self.intake, self.understanding.codecs_of)
        self.reharmonising = Reharmonising(store, self.understanding)
        self.quality = Keeper(store, city.quality, city.zone)
        self.wifi = Wifi(store, city, data)
        limits = settings.limits
        self.desk = Desk(store, city, data, limit=limits.upload_mb * MIB, days=limits.upload_days)
        self.feeds = Feeds(store, city, self.intake)
        callers = {network.key: network.format for network in city.networks.values() if network.kind == "http"}
        limit = settings.limits.body_mb * MIB
        self.webhooks = Webhooks([key for key in callers if callers[key] != TALQ], self.intake, limit=limit)
        gateways = [key for key in callers if callers[key] == TALQ]
        self.talq = TalqRoutes(gateways, self.intake, data / TALQ, limit=limit)
        self.networks: dict[str, Counted] = {**self.webhooks.networks, **self.talq.networks, **self.wifi.counting}
        self.doors = tuple(map(self._door, (each for each in city.networks.values() if each.kind == "coap")))
        folder_devices = city.devices if declared is None else declared
        self.fieldwork = FieldWork(store, city, folder_devices, origin, self._use_devices)
        self.understanding.use_devices(self.fieldwork.settle())
        self.field = FieldDesk(store, self.fieldwork, data, self.replaying.replay)
        self._correcting = Correcting(store, city)
        self.rhythmical = Rhythmical(store, lambda: self.city)
        self.anomalies = Anomalies(store, lambda: self.city)
        self.forecasting = Forecasting(store, city, data, settings.forecast)
        self.atlas = Atlas(store, lambda: self.city, measured=data / GROUND)
        self._started_at = time.time_ns() // 1000
        self._rhythms = rhythms(city)

    def _use_devices(self, city: City, devices: Devices) -> None:
        self.city = city
        self.pages.use_city(city)
        self.understanding.use_devices(devices)
        self.forecasting.use_city(city)

    def connect(self, network: Network, *, demo_port: int | None = None) -> MqttNetwork:
        """Add one of the city's networks; ``demo_port`` is that of the demo's own broker, of MQTT 3.1.1."""
        updates = Updates(subscribe=lambda: self.store.bus.subscribe(None), root=f"{self.url}/v1.1")
        config = MqttConfig(
            name=network.key,
            host="127.0.0.1" if demo_port else network.host,
            port=demo_port or network.port,
            version="3.1.1" if demo_port else "auto",
            topics=_topics(network),
            client_id=f"placette-{self.city.key}-{network.key}",
            credentials=_credentials(network),
            tls=network.tls,
        )
        made = MqttNetwork(config, self.intake, updates if self.settings.mqtt.publish else None)
        self.networks[network.key] = made
        return made

    @property
    def brokers(self) -> list[Network]:
        """The city's networks that arrive through an MQTT broker; the others come in by HTTP."""
        return [network for network in self.city.networks.values() if network.kind == "mqtt"]

    @cached_property
    def jobs(self) -> Jobs:
        """What is done again and again beside the requests; a capability adds its own here."""
        raw_frames = Job(key="raw frames", work=self._let_go_of_frames, every_s=3_600, first_after_s=60)
        codecs = Job(key="codecs", work=self.reload_codecs, every_s=5)
        corrections = Job(key="corrections", work=self._correct, every_s=60)
        uploads = Job(key="uploads", work=self.desk.purge, every_s=3_600, first_after_s=120)
        silence = Job(key="silence", work=self.fieldwork.work, every_s=20, first_after_s=1)
        own = [*self.quality.jobs(), *self.wifi.jobs(), *self.forecasting.jobs(), *self.anomalies.jobs()]
        return Jobs([uploads, raw_frames, codecs, corrections, silence, *own])

    async def reload_codecs(self) -> None:
        """Use the codecs of the city folder as they stand there now, and try again what the ones before left.

        Raises ``BadInput`` when one cannot be used.
        """
        changed = await asyncio.to_thread(self.codecs.reload)
        if changed is not None:
            mended = await asyncio.to_thread(self.understanding.use_codecs, changed)
            for codec in mended if self.settings.storage.replay_mended else ():
                await self.replaying.replay(inbox.WAITING, codec)
        self.codecs.check()

    async def _correct(self) -> None:
        await asyncio.to_thread(self._correcting.step, time.time_ns() // 1000)

    async def _let_go_of_frames(self) -> None:
        await self.intake.arrivals.purge(time.time_ns() // 1000)

    def _door(self, network: Network) -> Runs:
        """Add one of the city's networks that we serve to constrained devices; raises ``BadInput``."""
        try:
            from placette.connect.coap import CoapConfig, CoapNetwork  # noqa: PLC0415  # an extra
        except ImportError:
            raise BadInput("CoAP needs a package", network.key, "pip install 'placette[coap]'") from None
        token = os.environ.get(network.token_env, "") if network.token_env else ""
        if network.token_env and not token:
            raise BadInput(f"{network.token_env} is not set", network.key, "put the network's secret into it")
        host = network.host or self.settings.server.host
        keys = coap_oscore.folder_of(self.data, network.key) if network.options.get("oscore") else None
        config = CoapConfig(name=network.key, host=host, port=network.port, token=token, keys=keys)
        made = CoapNetwork(config, self.intake, self.understanding.knows)
        self.networks[network.key] = made
        return made

    @cached_property
    def pages(self) -> Pages:
        """The pages of the city."""
        return Pages(
            self.store,
            self.city,
            self.health,
            self.tokens,
            Again(self.replaying.replay, self.reharmonising.run),
            basemap=self.data / BASEMAP,
            public_url=self.settings.server.public_url,
            desk=self.desk,
            field=self.field,
            rhythmical=self.rhythmical,
            atlas=self.atlas,
            ask=Inside(lambda: self.api_routes),
        )

    def asgi(self) -> Asgi:
        """Return the application: SensorThings has a door of its own, since every microsecond counts there."""
        server = self.settings.server
        pages = self.pages
        routes = [*self._mounted(), *mount(pages.routes(), self.tokens)]
        site: Asgi = Starlette(routes=routes, exception_handlers=pages.exception_handlers())
        things: Asgi = sensorthings.app(
            self.store,
            self.tokens,
            public_url=server.public_url,
            forwarded=server.trust_proxy,
            mqtt=[f"{'mqtts' if each.tls else 'mqtt'}://{each.host}:{each.port}" for each in self.brokers],
        )

        async def enter(scope: Scope, receive: Receive, send: Send) -> None:
            path: str = scope.get("path", "")
            await (things if path.startswith(("/v1.1", "/v1.0")) else site)(scope, receive, send)

        return enter

    async def health(self) -> Health:
        """Gather how everything is doing; the figures that need a query or the disk are a second old at most."""
        stats = await asyncio.to_thread(self.store.stats)
        reasons = (await causes.listed(self.store))[:CAUSES]
        disk = shutil.disk_usage(self.data)
        networks = tuple(_network_health(each, self._rhythms.get(key)) for key, each in self.networks.items())
        return Health(
            version=__version__,
            now=time.time_ns() // 1000,
            started_at=self._started_at,
            observations=stats.observations,
            datastreams=stats.datastreams,
            stored_per_second=stats.stored_per_second,
            lag_s=max((network.health.lag_s for network in self.networks.values()), default=None),
            last_commit=stats.last_commit or None,
            queued_rows=stats.queued_rows,
            queue_rows=self.settings.storage.queue_rows,
            file_bytes=stats.file_bytes,
            disk_free_bytes=stats.disk_free_bytes,
            disk_bytes=disk.total,
            schema_version=stats.schema_version,
            dead_letters=stats.dead_letters,
            codec_problems=self.codecs.problems,
            dead_letter_reasons=tuple(Reason(cause.what, cause.count) for cause in reasons),
            networks=(*networks, *self.feeds.health()),
            last_backup=_last_backup(self.data),
            memory_bytes=_resident_bytes(),
        )

    @cached_property
    def api_routes(self) -> list[Route]:
        """Every declared route but the pages, for the gate and for the OpenAPI document."""
        limits = self.settings.limits
        readers: dict[str, Callable[[], Reader]] = {
            ARROW: lambda: ArrowReader(self.store.directory, limits.bulk_body_mb * MIB),
            NDJSON: lambda: NdjsonReader(self.store.directory),
        }
        bulk = BulkUpload(readers, self.store.append, limit=limits.bulk_body_mb * MIB)
        return [
            *bulk.routes(),
            *self.webhooks.routes(),
            *self.talq.routes(),
            *latest.routes(self.store, self.city),
            *series.routes(self.store, self.city),
            *correlations.routes(self.store, lambda: self.city),
            *self.live.routes(),
            *health_api.routes(self.health),
            *self.wifi.routes(),
            *self.feeds.routes(),
            *origins.routes(self.intake.arrivals),
            *signals.routes(self.store, lambda: self.city),
            *rhythm_routes(self.store, self.rhythmical),
            *anomaly_routes(self.store, lambda: self.city),
            *forecasting.routes(self.store, lambda: self.city),
            *self.atlas.routes(),
            *sites.routes(self.field, self.tokens, self._address),
            *letters.routes(self.store, self.replaying.replay),
            *reharmonising.routes(self.reharmonising),
            *quality_orders.routes(self.store, self.quality.plans),
            *admin.routes(self.store, self.city, self.data),
        ]

    def _address(self, request: Request) -> str:
        """Return where a reader reaches us: what the operator set, or where this request came to."""
        return self.settings.server.public_url.rstrip("/") or f"{request.url.scheme}://{request.url.netloc}"

    def _mounted(self) -> Iterator[BaseRoute]:
        yield from mount(self.api_routes, self.tokens)
        document = openapi(self.api_routes, f"Placette — {self.city.name}")
        yield StarletteRoute("/openapi.json", _constant(json_response(document)))
        tiles = guarded(self._basemap, Access.PUBLIC, self.tokens)
        yield StarletteRoute("/tiles/basemap.pmtiles", tiles, methods=["GET", "HEAD"])

    async def _basemap(self, request: Request) -> Response:
        file = self.data / BASEMAP
        if not file.exists():
            raise NotFound("no basemap has been built", remedy="`placette basemap EXTRACT.osm.pbf` builds one")
        return FileResponse(file, media_type="application/vnd.pmtiles")


def _constant(response: Response) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        return response

    return answer


def _credentials(network: Network) -> Credentials | None:
    username = os.environ.get(network.username_env, "") if network.username_env else ""
    password = os.environ.get(network.password_env) if network.password_env else None
    return Credentials(username, password) if username else None


def _topics(network: Network) -> tuple[str, ...]:
    """Return what to follow at the broker: what the city says, or what the format is known by."""
    if network.format == OWN_FORMAT:
        return network.topics or (network.topic.format(code="+"), "v1.1/Observations", "v1.1/+/Observations")
    return FORMATS[network.format].filters(network.options, network.topics)


def _network_health(network: Counted, expected_s: float | None) -> NetworkHealth:
    seen = network.health
    return NetworkHealth(
        key=seen.name,
        connected=seen.connected,
        last_frame=seen.last_frame_time or None,
        frames_per_minute=network.recent.total(time.time_ns() // 1000),
        expected_s=expected_s,
        error=seen.problem,
        received=seen.received,
        stored=seen.stored,
        dead=seen.dead,
        repeated=seen.repeated,
        waiting=seen.waiting,
    )


def _last_backup(data: Path) -> int | None:
    note = data / admin.LAST_BACKUP
    return note.stat().st_mtime_ns // 1000 if note.exists() else None


def _resident_bytes() -> int:
    status = Path("/proc/self/statm")
    if status.exists():
        return int(status.read_text().split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
