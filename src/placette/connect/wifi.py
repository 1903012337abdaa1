"""The HTTP door of Wi-Fi counting: ``/api/wifi/{network}``.

GET answers Meraki's validator, POST takes frames, POST ``/opt-out`` takes the address of a person who objects. Nothing
of a refused body is kept, not even as a dead letter: it may hold addresses, and what cannot be read cannot be cleaned.
Refusals are counted by reason instead.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from placette.api import Access, Route, json_response
from placette.connect.meraki import Frames
from placette.connect.private_body import read_private
from placette.model import addresses
from placette.model.errors import BadInput, Busy, NotFound, PlacetteError
from placette.model.networks import NetworkCounters
from placette.model.pace import Allowance, LastMinute

PATH = "/api/wifi/{network}"
_WHERE = "/api/wifi/…"
OBJECTIONS_PER_S = 1.0
OBJECTIONS_AT_ONCE = 60
"""A list that strangers may write to is filled slowly."""


class Door:
    """One network: what reads its bodies, what Meraki asks for, and what keeps an objection.

    ``object_to`` keeps the objection of the holder of an address, which the caller overwrites. ``health`` counts
    bodies, ``refused`` those refused, by reason.
    """

    def __init__(
        self, key: str, frames: Frames, validator: str = "", object_to: Callable[[bytearray], None] | None = None
    ) -> None:
        self.frames = frames
        self.validator = validator
        self.object_to = object_to
        self.objections = Allowance(OBJECTIONS_PER_S, OBJECTIONS_AT_ONCE)
        self.health = NetworkCounters(name=key, address=PATH.format(network=key), connected=True)
        self.recent = LastMinute()
        self.refused: Counter[str] = Counter()

    def read(self, body: bytearray) -> None:
        """Count the frames of a body and note how it went; raises what :meth:`Frames.read` raises."""
        now = time.time_ns() // 1000
        self.health.received += 1
        self.health.last_frame_time = now
        self.recent.count(1, now)
        try:
            self.frames.read(body)
        except PlacetteError as error:
            self.refused[error.what] += 1
            self.health.problem = error.what
            raise
        self.health.problem = ""


class Objection(msgspec.Struct):
    """The body of an opt-out: the address of one's own device."""

    mac: msgspec.Raw


class OptedOut(msgspec.Struct, frozen=True):
    """The answer to an opt-out."""

    kept: bool


class WifiRoutes:
    """The routes of all networks of kind ``wifi``."""

    def __init__(self, doors: Mapping[str, Door]) -> None:
        self._doors = doors

    def routes(self) -> list[Route]:
        """Return them; the secret of the body stands in for a token, since Meraki sends no other."""
        return [
            Route(
                method="GET",
                path=PATH,
                handler=self._validate,
                access=Access.PUBLIC,
                summary="Answer Meraki's question whether this is the right receiver",
            ),
            Route(
                method="POST",
                path=PATH,
                handler=self._take,
                access=Access.PUBLIC,
                summary="Count the frames of people's devices; the body carries the network's secret, and is forgotten",
            ),
            Route(
                method="POST",
                path=f"{PATH}/opt-out",
                handler=self._opt_out,
                access=Access.PUBLIC,
                summary="Object to being counted: the device of this address is left out from now on",
                gives=OptedOut,
            ),
        ]

    async def _validate(self, request: Request) -> Response:
        door = self._door(request)
        if not door.validator:
            raise NotFound("this network has no validator", _WHERE, "set 'validator_env' in networks.toml")
        return PlainTextResponse(door.validator)

    async def _take(self, request: Request) -> Response:
        body = await read_private(request)
        try:
            self._door(request).read(body)
        finally:
            addresses.clear(body)
        return Response(status_code=204)

    async def _opt_out(self, request: Request) -> Response:
        body = await read_private(request)
        address = bytearray(addresses.SIZE)
        try:
            door = self._door(request)
            if door.object_to is None:
                raise NotFound("this network keeps no list of objections", _WHERE, "set 'opt_out_env' in networks.toml")
            if not _read_objection(body, address):
                raise BadInput("the body holds no address", _WHERE, 'send {"mac": "aa:bb:cc:dd:ee:ff"}')
            if not door.objections.take(1, time.monotonic()):
                raise Busy("many people object at once", _WHERE, "try again in a moment")
            door.object_to(address)
        finally:
            addresses.clear(address)
            addresses.clear(body)
        return json_response(OptedOut(kept=True))

    def _door(self, request: Request) -> Door:
        door = self._doors.get(request.path_params["network"])
        if door is None:
            raise NotFound("there is no such Wi-Fi network", _WHERE, 'its key stands in networks.toml, kind = "wifi"')
        return door


def _read_objection(body: bytearray, address: bytearray) -> bool:
    try:
        return addresses.read(memoryview(msgspec.json.decode(body, type=Objection).mac), address)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
