"""The SensorThings service as an ASGI application of its own, without a framework between it and the sockets.

One measurement per request is the most common request of all, so the way from the socket to the store is short: no
request or response objects, one cached path, one decoder, one append.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from placette.api import Access, Gate, Problem, problem
from placette.model.errors import BadInput, NotFound, PlacetteError, TooLarge, UnsupportedMedia
from placette.publish.sensorthings import change, data_array
from placette.publish.sensorthings.conformance import root_document
from placette.publish.sensorthings.grammar import parse_query
from placette.publish.sensorthings.read import Bare, Reader
from placette.publish.sensorthings.resource import Resource, parse_path
from placette.publish.sensorthings.write import Writer
from placette.store import Store

log = logging.getLogger(__name__)

MAX_BODY = 4 << 20
"""Bytes of one entity with everything inside it; a Thing with 100 Datastreams has some 100 kB."""
MAX_BULK = 32 << 20
"""Bytes of one CreateObservations body: some 800,000 observations."""
_IN_THREAD = 256 << 10
"""Bytes from which decoding leaves the event loop: below it takes less than a few milliseconds."""

_VERSION = re.compile(r"/v1\.[01](?=/|$)")
_HOST = re.compile(rb"[A-Za-z0-9._:\[\]-]{1,255}")
_JSON = b"application/json"
_PATCH = b"application/json-patch+json"
_ALLOWED = {
    "set": b"GET, HEAD, POST, OPTIONS",
    "one": b"GET, HEAD, PATCH, PUT, DELETE, OPTIONS",
    "read": b"GET, HEAD, OPTIONS",
}

Headers = list[tuple[bytes, bytes]]

_OPEN: Headers = [(b"access-control-allow-origin", b"*"), (b"access-control-expose-headers", b"location")]
"""Pages of other sites may read what everybody may read; what needs a token needs it from there too."""
_PREFLIGHT: Headers = [
    (b"access-control-allow-methods", b"GET, HEAD, POST, PATCH, PUT, DELETE"),
    (b"access-control-allow-headers", b"authorization, content-type, prefer"),
    (b"access-control-max-age", b"86400"),
]


class Reply(msgspec.Struct):
    """What is sent back."""

    status: int
    body: bytes = b""
    headers: Headers = []


class Call(msgspec.Struct):
    """One request: its scope, the path below the service's root, and the address of that root."""

    scope: Scope
    receive: Receive
    headers: dict[bytes, bytes]
    path: str
    root: str

    def header(self, name: bytes) -> bytes:
        """Return a header (lower-case name), empty when absent."""
        return self.headers.get(name, b"")


class SensorThings:
    """The ASGI application. ``clock`` gives µs since 1970-01-01 UTC."""

    def __init__(
        self,
        store: Store,
        gate: Gate,
        clock: Callable[[], int],
        *,
        public_url: str,
        forwarded: bool,
        mqtt: Iterable[str],
    ) -> None:
        self._store = store
        self._gate = gate
        self._clock = clock
        self._public_url = public_url.rstrip("/")
        self._forwarded = forwarded
        self._mqtt = tuple(mqtt)
        self.reader = Reader(store, clock)
        self.writer = Writer(store, clock, self.reader.fetcher.extents, self.reader.features)
        self._methods: dict[str, Callable[[Call], Awaitable[Reply]]] = {
            "GET": self._get,
            "HEAD": self._get,
            "POST": self._post,
            "PATCH": self._patch,
            "PUT": self._put,
            "DELETE": self._delete,
            "OPTIONS": self._options,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        if scope["type"] != "http":
            raise RuntimeError(f"SensorThings speaks http, not {scope['type']}")
        try:
            call = self._call(scope, receive)
            method = self._methods.get(scope["method"])
            reply = await method(call) if method else _not_allowed(call, "read")
        except PlacetteError as error:
            await problem(error)(scope, receive, send)
            return
        except ClientDisconnect:
            return
        except Exception:
            log.exception("%s %s failed", scope["method"], scope["path"])
            fault = PlacetteError("an error on our side", scope["path"], "try again; the cause is in the server's log")
            await problem(fault)(scope, receive, send)
            return
        headers = [*reply.headers, *_OPEN, (b"content-length", b"%d" % len(reply.body))]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else reply.body})

    # --- one function per method

    async def _get(self, call: Call) -> Reply:
        if call.path in ("", "/"):
            return _json(root_document(call.root, self._mqtt))
        resource = parse_path(call.path)
        options = parse_query(call.scope["query_string"].decode("latin-1"))
        value = await self.reader.answer(resource, options, call.root)
        if value is None:
            return Reply(204)
        if isinstance(value, Bare):
            if isinstance(value.value, str):
                return Reply(200, value.value.encode(), [(b"content-type", b"text/plain; charset=utf-8")])
            value = value.value
        return _json(value)

    async def _post(self, call: Call) -> Reply:
        self._admit(call)
        if call.path == "/CreateObservations":
            return await self._create_many(call)
        resource = parse_path(call.path)
        if resource.single or resource.inside or resource.ref:
            return _not_allowed(call, "one" if resource.single else "read")
        _check_type(call, _JSON)
        steps = resource.steps
        payload = await _body(call, MAX_BODY)
        if resource.entity.name == "Observation" and (
            len(steps) == 1 or (len(steps) == 2 and steps[0].entity.name == "Datastream")
        ):
            key = await self.writer.observe(payload, self._datastream(resource))
            return await self._created(call, "Observations", key)
        entity, key = await self.writer.create(resource, payload)
        return await self._created(call, entity.set, key)

    async def _create_many(self, call: Call) -> Reply:
        _check_type(call, _JSON)
        payload = await _body(call, MAX_BULK)
        now = self._clock()
        if len(payload) < _IN_THREAD:
            batch = data_array.decode(payload, now)
        else:
            batch = await asyncio.to_thread(data_array.decode, payload, now)
        ids = await data_array.store(self._store, batch)
        return Reply(201, data_array.answer(ids, call.root), [(b"content-type", _JSON)])

    async def _patch(self, call: Call) -> Reply:
        is_patch = call.header(b"content-type").partition(b";")[0].strip().lower() == _PATCH
        return await self._change(call, change.patching if is_patch else change.merging, _PATCH if is_patch else _JSON)

    async def _put(self, call: Call) -> Reply:
        return await self._change(call, change.replacing, _JSON)

    async def _change(self, call: Call, edit: Callable[[Any], change.Edit], media: bytes) -> Reply:
        self._admit(call)
        resource = _one(call)
        if resource is None:
            return _not_allowed(call, "set")
        _check_type(call, media)
        entity, key = await self.writer.update(resource, await _body(call, MAX_BODY), edit)
        headers = [(b"location", f"{call.root}/{entity.set}({key})".encode())]
        if not _wants_entity(call):
            return Reply(200, b"", headers)
        return _json(await self.reader.entity(parse_path(f"{entity.set}({key})"), call.root), 200, headers)

    async def _delete(self, call: Call) -> Reply:
        self._admit(call)
        resource = _one(call)
        if resource is None:
            return _not_allowed(call, "set")
        await self.writer.delete(resource)
        return Reply(200)

    async def _options(self, call: Call) -> Reply:
        kind = "read" if call.path in ("", "/") else "one" if parse_path(call.path).single else "set"
        return Reply(204, b"", [(b"allow", _ALLOWED[kind]), *_PREFLIGHT])

    # --- what they share

    def _call(self, scope: Scope, receive: Receive) -> Call:
        path: str = scope["path"]
        mount: str = scope.get("root_path", "")
        if mount and path.startswith(mount):
            path = path[len(mount) :]
        match = _VERSION.match(path)
        if match is not None:
            mount, path = mount + match.group(), path[match.end() :]
        headers = dict(scope["headers"])
        return Call(scope, receive, headers, path, self._origin(scope, headers) + mount)

    def _origin(self, scope: Scope, found: dict[bytes, bytes]) -> str:
        """Return scheme and host as the client sees them."""
        if self._public_url:
            return self._public_url
        scheme, host = scope.get("scheme", "http"), found.get(b"host", b"")
        if self._forwarded:
            host = found.get(b"x-forwarded-host", host).split(b",")[0].strip()
            proto = found.get(b"x-forwarded-proto", b"").split(b",")[0].strip().lower()
            scheme = proto.decode() if proto in (b"http", b"https") else scheme
        if not _HOST.fullmatch(host):
            name, port = scope.get("server") or ("localhost", None)
            host = f"{name}:{port}".encode() if port else name.encode()
        return f"{scheme}://{host.decode()}"

    def _admit(self, call: Call) -> None:
        self._gate.check(Request(call.scope), Access.WRITE)

    def _datastream(self, resource: Resource) -> int | None:
        first = resource.steps[0]
        if len(resource.steps) == 1:
            return None
        if first.id not in self._store.directory.by_id:
            raise NotFound(f"there is no {resource.parent.path}", remedy="create it first, or correct the id")
        return first.id

    async def _created(self, call: Call, place: str, key: int) -> Reply:
        headers = [(b"location", f"{call.root}/{place}({key})".encode())]
        if not _wants_entity(call):
            return Reply(201, b"", headers)
        return _json(await self.reader.entity(parse_path(f"{place}({key})"), call.root), 201, headers)


def _json(value: Any, status: int = 200, headers: Headers | None = None) -> Reply:
    return Reply(status, msgspec.json.encode(value), [(b"content-type", _JSON), *(headers or [])])


def _one(call: Call) -> Resource | None:
    resource = parse_path(call.path)
    return resource if resource.single and not resource.inside and not resource.ref else None


def _wants_entity(call: Call) -> bool:
    return b"return=representation" in call.header(b"prefer")


def _not_allowed(call: Call, kind: str) -> Reply:
    what = f"{call.scope['method']} is not possible on this address"
    body = Problem(title="MethodNotAllowed", status=405, what=what, where=call.path, remedy=_ALLOWED[kind].decode())
    headers = [(b"content-type", b"application/problem+json"), (b"allow", _ALLOWED[kind])]
    return Reply(405, msgspec.json.encode(body), headers)


def _check_type(call: Call, wanted: bytes) -> None:
    """Raise ``UnsupportedMedia`` unless the body says that it is uncompressed JSON in UTF-8; no word counts as yes."""
    given = call.header(b"content-type")
    encoding = call.header(b"content-encoding")
    if encoding not in (b"", b"identity"):
        raise UnsupportedMedia(f"the encoding '{encoding.decode('latin-1')[:40]}' is not read", remedy="send it plain")
    if given in (b"", wanted):
        return
    media, *parameters = (part.strip().lower() for part in given.split(b";"))
    charset = next((value.partition(b"=")[2].strip(b'" ') for value in parameters if value.startswith(b"charset")), b"")
    if media != wanted or charset not in (b"", b"utf-8", b"utf8", b"us-ascii"):
        raise UnsupportedMedia(
            f"the body is declared as '{given.decode('latin-1')[:80]}'", remedy=f"send Content-Type: {wanted.decode()}"
        )


async def _body(call: Call, limit: int) -> bytes:
    """Return the whole body; raises ``TooLarge`` as soon as it is known to be beyond ``limit`` bytes."""
    remedy = f"send at most {limit:,} bytes; split larger uploads"
    declared = call.header(b"content-length")
    if declared.isdigit() and int(declared) > limit:
        raise TooLarge(f"the body of {int(declared):,} bytes is too large", call.path, remedy)
    message = await call.receive()
    body: bytes = message.get("body", b"")
    chunks = [body]
    size = len(body)
    while message.get("more_body") and message["type"] == "http.request":
        message = await call.receive()
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > limit:
            raise TooLarge("the body is too large", call.path, remedy)
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    if not size:
        raise BadInput("the body is empty", call.path, "send a JSON object")
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)
