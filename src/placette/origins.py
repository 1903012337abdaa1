"""What an observation came from, for whoever wants to check it: the arrival, the codec, the mapping, the clock."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from placette.api import Access, Route, json_response
from placette.model import times
from placette.model.errors import BadQuery, NotFound
from placette.model.lineage import Lineage
from placette.store.arrivals import Arrivals

PATH = "/api/observations/{key}/origin"


class ShownOrigin(msgspec.Struct, frozen=True, kw_only=True):
    """What one observation came from; ``bytes_kept`` says whether a mended codec could still read it again."""

    arrival: int
    network: str
    channel: str
    received: str
    device: str
    clock: str
    clock_ahead_s: float | None
    bytes_kept: bool
    codec: str
    codec_version: str
    mapping: str
    mapping_version: str


def routes(book: Arrivals) -> list[Route]:
    """Return the one route."""

    async def show(request: Request) -> Response:
        text = request.path_params["key"]
        if not (text.isascii() and text.isdecimal() and len(text) <= 18):
            raise BadQuery(f"'{text[:40]}' is no observation id", request.url.path, "give a whole number")
        found = await book.origin(int(text))
        if found is None:
            raise NotFound(
                f"observation {text} came with no message",
                request.url.path,
                "only what networks, feeds and files bring has an origin; clients of the API vouch for themselves",
            )
        lineage: Lineage = found.lineage
        return json_response(
            ShownOrigin(
                arrival=found.arrival_id,
                network=found.network,
                channel=found.channel,
                received=times.iso(found.received_time),
                device=found.device,
                clock=found.clock,
                clock_ahead_s=found.drift_s,
                bytes_kept=found.kept,
                codec=lineage.codec,
                codec_version=lineage.codec_version,
                mapping=lineage.mapping,
                mapping_version=lineage.mapping_version,
            )
        )

    return [
        Route(
            method="GET",
            path=PATH,
            handler=show,
            access=Access.PUBLIC,
            summary="What an observation came from: its message, codec, mapping and clock",
            gives=ShownOrigin,
        )
    ]
