"""CoAP (RFC 7252): what a device POSTs to ``/s/{device}`` or ``/{network}/{device}`` is answered once it is durable.

What comes after the device in the path is a LwM2M object (``/s/AIX-RUC-01/3303/0/5700``). Long bodies come in blocks
(RFC 7959). A request that waits for the disk is acknowledged empty after a tenth of a second and answered separately.

Who may write is told by a secret of the network, ``?token=…``, which anybody on the way can read, or by OSCORE with a
key for each device (``coap_oscore``). DTLS is not offered. Needs the extra ``coap``.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import re
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiocoap
import msgspec
from aiocoap import resource
from aiocoap.numbers import codes

from placette.connect import coap_oscore
from placette.connect.coap_blocks import Block, Blocks, Incomplete
from placette.connect.gathering import Gathering
from placette.model.arrivals import Arrival
from placette.model.errors import Busy, StorageFailure, TooLarge
from placette.model.networks import NetworkCounters, Sink

log = logging.getLogger(__name__)

SHORT = "s"
"""The first level of a path that saves the bytes of the network's key."""
FORMATS = (0, 42, 50, 110, 112)
"""Content formats taken: text on a LwM2M resource, bytes, JSON, SenML in JSON and in CBOR."""
MOST_WAITING = 500
"""Requests that may wait for the disk at the same time; more are told to come again."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
_DIAGNOSTIC = 200
_SAFE_ID = re.compile(r"[A-Za-z0-9._-]{1,40}")


class CoapConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Where to listen, who may write (``token`` empty: everybody), how long a body may be, bytes.

    ``keys`` is the folder of the devices' OSCORE keys: with it, only what is protected is taken.
    """

    name: str
    host: str = "::"
    port: int = 5683
    token: str = ""
    limit: int = 65_536
    keys: Path | None = None


class Refused(Exception):
    """A request that is answered at once; ``code`` is a CoAP response code."""

    def __init__(self, code: codes.Code, why: str) -> None:
        super().__init__(why)
        self.code = code


class CoapNetwork:
    """One CoAP server, for as long as :meth:`run` runs; ``health`` counts.

    ``knows`` says whether the city has a device of this name: a message of another is kept all the same, and answered
    4.04.
    """

    def __init__(
        self,
        config: CoapConfig,
        sink: Sink,
        knows: Callable[[str], bool] = lambda device: True,
        *,
        clock: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        self.config = config
        self.health = NetworkCounters(name=config.name, address=f"coap://{_shown(config.host)}:{config.port}")
        self._gathering = Gathering(self.health, sink, clock)
        self.recent = self._gathering.recent
        self._knows = knows
        self._clock = clock
        self._blocks = Blocks(config.limit)
        door = _Door(self)
        self._site: Any = door if config.keys is None else coap_oscore.guarded(door, config.keys)

    async def run(self) -> None:
        """Listen until cancelled; a port that cannot be had is tried again."""
        pause = FIRST_PAUSE_S
        while True:
            try:
                self._probe()  # aiocoap leaves a socket open when it cannot have the port
                context = await aiocoap.Context.create_server_context(
                    self._site, bind=(self.config.host, self.config.port), transports=["udp6"]
                )
            except OSError as error:
                self.health.problem = f"cannot listen: {error.strerror or error}"
                log.error("%s: %s", self.config.name, self.health.problem)
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_S)
                continue
            try:
                self.health.connected, self.health.connected_time = True, self._clock()
                self.health.connections += 1
                self.health.problem = ""
                await asyncio.Event().wait()
            finally:
                self.health.connected, self.health.connected_time = False, self._clock()
                await context.shutdown()

    def _probe(self) -> None:
        """Raise ``OSError`` when the port cannot be had."""
        host, port = self.config.host, self.config.port
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind) as probe:
            probe.bind(address)

    async def answer(self, request: aiocoap.Message) -> aiocoap.Message:
        """Return the response to a request, never raising for what it holds."""
        try:
            device, channel = self._admitted(request)
            block = request.opt.block1
            payload = self._body(request)
            if payload is None:
                return aiocoap.Message(code=codes.CONTINUE, block1=block)
            response = await self._stored(device, channel, payload)
        except Refused as error:
            response = _say(error.code, str(error))
        except Incomplete as error:
            response = _say(codes.REQUEST_ENTITY_INCOMPLETE, error.what)
        except TooLarge as error:
            response = _say(codes.REQUEST_ENTITY_TOO_LARGE, error.what)
            response.opt.size1 = self.config.limit
        if request.opt.block1 is not None:
            response.opt.block1 = request.opt.block1
        return response

    def _admitted(self, request: aiocoap.Message) -> tuple[str, str]:
        """Return device and channel of a request that may be taken; raises ``Refused``."""
        path = request.opt.uri_path
        if request.code not in (codes.POST, codes.PUT):
            raise Refused(codes.METHOD_NOT_ALLOWED, "POST what was measured")
        if len(path) < 2 or path[0] not in (SHORT, self.config.name) or not all(path):
            raise Refused(codes.NOT_FOUND, f"POST to /{SHORT}/<device>")
        said = dict(part.partition("=")[::2] for part in request.opt.uri_query)
        if self.config.keys is not None:
            self._unlocked(path[1], request)
        elif self.config.token and not hmac.compare_digest(said.get("token", "").encode(), self.config.token.encode()):
            raise Refused(codes.UNAUTHORIZED, "the token is missing or wrong")
        content_format = request.opt.content_format
        if content_format is not None and int(content_format) not in FORMATS:
            raise Refused(codes.UNSUPPORTED_CONTENT_FORMAT, f"send one of the content formats {FORMATS}")
        channel = "/".join(path).replace(";", "_")
        if content_format is not None:
            channel += f";ct={int(content_format)}"
        if _SAFE_ID.fullmatch(said.get("id", "")):
            channel += f";id={said['id']}"
        return path[1], channel

    def _unlocked(self, device: str, request: aiocoap.Message) -> None:
        """Raise ``Refused`` unless the device's own key protects the request."""
        owner = coap_oscore.device_of(request.remote)
        if owner is None:
            raise Refused(codes.UNAUTHORIZED, "this network takes what is protected by OSCORE")
        if owner.casefold() != device.casefold():
            raise Refused(codes.FORBIDDEN, "this key is of another device")

    def _body(self, request: aiocoap.Message) -> bytes | None:
        """Return the whole body, ``None`` while more blocks are to come."""
        if len(request.payload) > self.config.limit:
            raise TooLarge(f"more than {self.config.limit} bytes")
        block = request.opt.block1
        if block is None:
            return bytes(request.payload)
        key = (request.remote.blockwise_key, request.opt.uri_path, request.opt.uri_query, request.opt.content_format)
        return self._blocks.take(key, Block(block.start, block.more, bytes(request.payload)), time.monotonic())

    async def _stored(self, device: str, channel: str, payload: bytes) -> aiocoap.Message:
        now = self._clock()
        if self.health.waiting >= MOST_WAITING:
            return _say(codes.SERVICE_UNAVAILABLE, "too many at once", max_age=1)
        arrival = Arrival(network=self.config.name, channel=channel, payload=payload, received_time=now)
        try:
            share = await self._gathering.hand_over(arrival)
        except (Busy, StorageFailure) as error:
            return _say(codes.SERVICE_UNAVAILABLE, error.what, max_age=getattr(error, "retry_after_s", 30))
        except Exception:
            log.exception("%s: a message could not be stored", self.config.name)
            return _say(codes.INTERNAL_SERVER_ERROR, "an error on our side")
        why = share.taken.aside.get(share.number)
        if why is None:
            return _say(codes.CHANGED, "; ".join(share.taken.reasons) if share.messages == 1 else "")
        return _say(codes.BAD_REQUEST if self._knows(device) else codes.NOT_FOUND, f"kept aside: {why}")


class _Door(resource.Resource):  # type: ignore[misc]  # aiocoap has no types
    """What aiocoap asks for each request; blocks are put together by ourselves, since aiocoap sets them no limit."""

    def __init__(self, network: CoapNetwork) -> None:
        super().__init__()
        self._network = network

    async def needs_blockwise_assembly(self, request: aiocoap.Message) -> bool:
        return False

    async def render(self, request: aiocoap.Message) -> aiocoap.Message:
        if request.code == codes.GET and request.opt.uri_path == (".well-known", "core"):
            formats = " ".join(map(str, FORMATS))
            return aiocoap.Message(code=codes.CONTENT, payload=f'</{SHORT}>;ct="{formats}"'.encode(), content_format=40)
        response = await self._network.answer(request)
        response.opt.no_response = request.opt.no_response
        return response


def _say(code: codes.Code, why: str, max_age: int | None = None) -> aiocoap.Message:
    """Return a response with its diagnostic text (RFC 7252, section 5.5.2)."""
    message = aiocoap.Message(code=code, payload=why.encode()[:_DIAGNOSTIC].decode(errors="ignore").encode())
    if max_age is not None:
        message.opt.max_age = max_age
    return message


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
