"""The inbox of dead letters for administrators: look at what could not be used, and replay it after the mend."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from placette.api import Access, Route, json_response, read_body
from placette.intake import MessageIntake, Replayed
from placette.model import times
from placette.model.errors import BadInput, BadQuery
from placette.store import Store, inbox
from placette.store.inbox import Choice, KeptLetter

PATH = "/api/dead-letters"
BODY_BYTES = 1 << 20
SHOWN_BYTES = 4_096
PAGE = 100
AT_ONCE = 1_000
"""Letters of one replay; a caller goes on until none is left."""
_OPTIONS = frozenset({"network", "what", "before", "limit"})


class ShownLetter(msgspec.Struct, frozen=True):
    """A dead letter: what came, when and where, and what was wrong with it; ``payload`` holds its first 4 kB."""

    id: int
    network: str
    channel: str
    received: str
    what: str
    where: str
    remedy: str
    payload: str
    replayed: str | None


class ReplayOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which letters: those named, or those that wait, newest first, of a network, a reason, before an id."""

    ids: Annotated[tuple[int, ...], msgspec.Meta(max_length=AT_ONCE)] = ()
    network: str | None = None
    what: str | None = None
    before: int | None = None


def routes(
    store: Store, intake: MessageIntake, clock: Callable[[], int] = lambda: time.time_ns() // 1000
) -> list[Route]:
    """Return the two routes; ``clock`` gives µs since 1970-01-01 UTC."""

    async def listed(request: Request) -> Response:
        query = request.query_params
        unknown = set(query) - _OPTIONS
        if unknown:
            raise BadQuery(
                f"unknown option '{min(unknown)[:40]}'", PATH, f"the options are {', '.join(sorted(_OPTIONS))}"
            )
        choice = Choice(
            network=query.get("network"), what=query.get("what"), before=_number(query.get("before"), "before")
        )
        found = await inbox.list(store, choice, min(_number(query.get("limit"), "limit") or PAGE, AT_ONCE))
        return json_response([_shown(kept) for kept in found])

    async def replay(request: Request) -> Response:
        try:
            order = msgspec.json.decode(await read_body(request, BODY_BYTES) or b"{}", type=ReplayOrder)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise BadInput(f"the order cannot be used: {error}", PATH, 'send {"ids": […]} or {"what": "…"}') from None
        return json_response(await intake.replay(await _chosen(store, order), clock()))

    return [
        Route(
            method="GET",
            path=PATH,
            handler=listed,
            access=Access.ADMIN,
            summary="List what arrived and could not be used, newest first; ?network= ?what= ?before=ID ?limit=",
            gives=list[ShownLetter],
        ),
        Route(
            method="POST",
            path=f"{PATH}/replay",
            handler=replay,
            access=Access.ADMIN,
            summary="Try dead letters again, at most 1,000 at once",
            takes=ReplayOrder,
            gives=Replayed,
        ),
    ]


async def _chosen(store: Store, order: ReplayOrder) -> Sequence[KeptLetter]:
    if order.ids:
        found = [await inbox.get(store, key) for key in order.ids]
        return [kept for kept in found if kept is not None]
    choice = Choice(network=order.network, what=order.what, before=order.before, state="waiting")
    return await inbox.list(store, choice, AT_ONCE)


def _shown(kept: KeptLetter) -> ShownLetter:
    arrival = kept.letter.arrival
    return ShownLetter(
        id=kept.id,
        network=arrival.network,
        channel=arrival.channel,
        received=times.iso(arrival.received_time),
        what=kept.letter.what,
        where=kept.letter.where,
        remedy=kept.letter.remedy,
        payload=arrival.payload[:SHOWN_BYTES].decode("utf-8", "replace"),
        replayed=None if kept.replayed_at is None else times.iso(kept.replayed_at),
    )


def _number(text: str | None, name: str) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise BadQuery(f"{name} is no number: '{text[:40]}'", PATH, "give a whole number")
    return int(text)
