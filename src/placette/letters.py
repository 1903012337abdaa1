"""The inbox of dead letters for administrators: look at what could not be used, mend it, replay it, put it away."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from placette import letter_json
from placette.api import Access, Handler, Route, json_response, read_body
from placette.letter_json import Exported, ShownCause, ShownLetter, ShownMending
from placette.model.errors import BadInput, BadQuery, NotFound
from placette.model.replays import ReplayReport
from placette.replaying import Clock, now
from placette.store import Store, causes, inbox, mending
from placette.store.causes import State
from placette.store.inbox import Choice, KeptLetter
from placette.store.mending import Mended, Replacement

PATH = "/api/dead-letters"
BODY_BYTES = 4 << 20
PAGE = 100
AT_ONCE = 1_000
_CHOOSING = frozenset({"network", "what", "cause", "state", "before"})
_STATES = ("waiting", "dismissed", "replayed")

Replay = Callable[[Choice, str | None], Awaitable[ReplayReport]]
Order = TypeVar("Order", bound=msgspec.Struct)
Ids = Annotated[tuple[int, ...], msgspec.Meta(max_length=AT_ONCE)]


class Which(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which letters: those named, or those that wait of a network, a reason, a cause, before an id; or all."""

    ids: Ids = ()
    network: str | None = None
    what: str | None = None
    cause: str | None = None
    before: int | None = None

    def choice(self, state: State = "waiting") -> Choice:
        """Return the same for the store; letters named by id are taken in any state."""
        chosen: State | None = None if self.ids else state
        return Choice(
            ids=self.ids, network=self.network, what=self.what, cause=self.cause, before=self.before, state=chosen
        )


class ReplayOrder(Which, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which letters to try again; ``codec`` narrows them to those that this codec decodes."""

    codec: str | None = None


class DismissOrder(Which, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which letters to put away, or with ``restore`` to bring back."""

    restore: bool = False


class MendOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The form in which to replay one letter; what is not given stays as it came, and neither takes it as it came."""

    id: int
    channel: str | None = None
    payload: str | None = None
    payload_base64: str | None = None


class MendAllOrder(Which, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every ``find`` becomes ``by`` in the letters chosen; with ``dry_run`` nothing is changed."""

    find: str
    by: str = ""
    part: Literal["payload", "channel"] = "payload"
    dry_run: bool = False


class Concerned(msgspec.Struct, frozen=True):
    """How many letters an order concerned."""

    letters: int


def routes(store: Store, replay: Replay, clock: Clock = now) -> list[Route]:
    """Return the routes of the inbox; ``replay`` tries letters again."""
    return [*_looking(store), *_ordering(store, replay, clock)]


def _looking(store: Store) -> list[Route]:
    async def listed(request: Request) -> Response:
        choice = _choice(request, _CHOOSING | {"limit"})
        found = await inbox.list(store, choice, min(_number(request, "limit") or PAGE, AT_ONCE))
        return json_response([letter_json.shown(kept) for kept in found])

    async def grouped(request: Request) -> Response:
        choice = _choice(request, frozenset({"network", "state"}))
        found = await causes.listed(store, choice.state or "waiting", choice.network)
        return json_response([letter_json.cause(each) for each in found])

    async def one(request: Request) -> Response:
        return json_response(letter_json.exported(await _letter(store, request.path_params["id"])))

    async def export(request: Request) -> Response:
        choice = _choice(request, _CHOOSING)
        headers = {"Content-Disposition": 'attachment; filename="dead-letters.ndjson"', "Cache-Control": "no-store"}
        return StreamingResponse(_lines(store, choice), headers=headers, media_type="application/x-ndjson")

    return [
        _get("", listed, "List what arrived and could not be used, newest first", list[ShownLetter]),
        _get("/causes", grouped, "Count it by cause, the most frequent first", list[ShownCause]),
        _get("/export", export, "Download it whole, one JSON line for each letter", None),
        _get("/{id:int}", one, "Show one letter whole", Exported),
    ]


def _ordering(store: Store, replay: Replay, clock: Clock) -> list[Route]:
    async def again(request: Request) -> Response:
        order = await _order(request, ReplayOrder)
        return json_response(await replay(order.choice(), order.codec))

    async def dismiss(request: Request) -> Response:
        order = await _order(request, DismissOrder)
        choice = order.choice("dismissed" if order.restore else "waiting")
        return json_response(Concerned(await inbox.dismiss(store, choice, None if order.restore else clock())))

    async def mend(request: Request) -> Response:
        order = await _order(request, MendOrder)
        kept = await _letter(store, order.id)
        await mending.mend(store, kept, _mended(order, kept))
        return json_response(letter_json.exported(await _letter(store, order.id)))

    async def mend_all(request: Request) -> Response:
        order = await _order(request, MendAllOrder)
        work = mending.preview if order.dry_run else mending.mend_all
        return json_response(
            letter_json.mending(await work(store, order.choice(), Replacement(order.find, order.by, order.part)))
        )

    return [
        _post("/replay", again, "Try dead letters again", ReplayOrder, ReplayReport),
        _post("/dismiss", dismiss, "Put dead letters away, or bring them back", DismissOrder, Concerned),
        _post("/mend", mend, "Set the form in which a dead letter is replayed", MendOrder, Exported),
        _post(
            "/mend-all",
            mend_all,
            "Replace a text in dead letters, or show what it would do",
            MendAllOrder,
            ShownMending,
        ),
    ]


async def _lines(store: Store, choice: Choice) -> AsyncIterator[bytes]:
    async for piece in inbox.pieces(store, choice):
        yield b"".join(msgspec.json.encode(letter_json.exported(kept)) + b"\n" for kept in piece)


def _mended(order: MendOrder, kept: KeptLetter) -> Mended:
    came = kept.letter.arrival
    payload = came.payload
    if order.payload is not None:
        payload = order.payload.encode("utf-8", "surrogatepass")
    elif order.payload_base64 is not None:
        try:
            payload = b64decode(order.payload_base64, validate=True)
        except ValueError:
            raise BadInput("payload_base64 is not base64", "payload_base64", "encode the bytes by RFC 4648") from None
    return Mended(came.channel if order.channel is None else order.channel, payload)


async def _letter(store: Store, key: int) -> KeptLetter:
    kept = await inbox.get(store, key)
    if kept is None:
        raise NotFound(f"there is no dead letter {key}", PATH, "its days are over, or it never was")
    return kept


def _choice(request: Request, options: frozenset[str]) -> Choice:
    query = request.query_params
    unknown = set(query) - options
    if unknown:
        raise BadQuery(f"unknown option '{min(unknown)[:40]}'", PATH, f"the options are {', '.join(sorted(options))}")
    state = query.get("state")
    if state is not None and state not in _STATES:
        raise BadQuery(f"unknown state '{state[:40]}'", "state", f"the states are {', '.join(_STATES)}")
    return Choice(
        network=query.get("network"),
        what=query.get("what"),
        cause=query.get("cause"),
        before=_number(request, "before"),
        state=state,  # type: ignore[arg-type]  # one of _STATES
    )


def _number(request: Request, name: str) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise BadQuery(f"{name} is no number: '{text[:40]}'", PATH, "give a whole number")
    return int(text)


async def _order(request: Request, kind: type[Order]) -> Order:
    try:
        return msgspec.json.decode(await read_body(request, BODY_BYTES) or b"{}", type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"the order cannot be used: {error}", request.url.path, "see docs/http.md") from None


def _get(path: str, handler: Handler, summary: str, gives: Any) -> Route:
    return Route(method="GET", path=PATH + path, handler=handler, access=Access.ADMIN, summary=summary, gives=gives)


def _post(path: str, handler: Handler, summary: str, takes: Any, gives: Any) -> Route:
    return Route(
        method="POST", path=PATH + path, handler=handler, access=Access.ADMIN, summary=summary, takes=takes, gives=gives
    )
