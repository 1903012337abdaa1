"""Bodies that hold radio addresses: kept in buffers of our own and overwritten as soon as they have been read.

Python frees ``bytes`` and ``str`` without clearing them. :class:`PrivateProtocol` therefore lets the kernel write into
one buffer of its own, which is overwritten after each read; the pieces that the HTTP parser cuts out for a path under
``PRIVATE`` are overwritten too (:func:`wipe`, in CPython), and never reach uvicorn's own body. What is not reached:
request lines and headers, the kernel's socket buffers, and, where this process ends TLS itself, OpenSSL's buffers.
"""

from __future__ import annotations

import asyncio
import ctypes
import sys
from typing import Any, cast

from starlette.requests import Request
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from placette.model.addresses import clear
from placette.model.errors import BadInput, TooLarge, UnsupportedMedia

PRIVATE = "/api/wifi/"
"""Bodies of paths that begin so are private."""
LIMIT = 4 << 20
"""Largest private body, bytes; Meraki's are below 1 MiB."""
SILENCE_S = 30.0
_KEY = "placette.private_body"
_READ = 1 << 16
_HEADER = bytes.__basicsize__ - 1
_IS_CPYTHON = sys.implementation.name == "cpython"


def wipe(piece: bytes) -> None:
    """Overwrite an immutable object that nobody else holds; does nothing outside of CPython.

    One byte or none is never overwritten: Python shares those objects.
    """
    if _IS_CPYTHON and len(piece) > 1:
        ctypes.memset(id(piece) + _HEADER, 0, len(piece))


class PrivateBody:
    """The pieces of one body, until they are joined or wiped; wiped at the latest when nobody holds them."""

    __slots__ = ("_pieces", "is_too_large", "size")

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.size = 0
        self.is_too_large = False

    def add(self, piece: bytes) -> None:
        """Keep a piece that nobody else holds; beyond ``LIMIT`` everything is wiped at once."""
        self.size += len(piece)
        self._pieces.append(piece)
        if self.size > LIMIT:
            self.is_too_large = True
            self.wipe()

    def join(self) -> bytearray:
        """Return the whole body in one buffer, to be overwritten by the caller; the pieces are wiped."""
        whole = bytearray(self.size)
        with memoryview(whole) as view:  # a slice of a bytearray would take the piece through a copy, freed as it is
            at = 0
            for piece in self._pieces:
                view[at : at + len(piece)] = piece
                at += len(piece)
        self.wipe()
        return whole

    def __del__(self) -> None:
        self.wipe()

    def wipe(self) -> None:
        """Overwrite what is there."""
        for piece in self._pieces:
            wipe(piece)
        self._pieces.clear()
        self.size = 0


async def read_private(request: Request) -> bytearray:
    """Return the body of a private path, to be overwritten by the caller.

    Raises ``TooLarge``, ``UnsupportedMedia`` (a compressed body would leave copies) and ``BadInput`` on silence; no
    message says anything of the content.
    """
    if request.headers.get("content-encoding", "identity").lower() not in ("identity", ""):
        raise UnsupportedMedia("a compressed body is not read here", PRIVATE, "send it as it is")
    body: PrivateBody = request.scope.get(_KEY) or PrivateBody()
    try:
        async with asyncio.timeout(SILENCE_S):
            async for piece in request.stream():
                if piece:  # another protocol than ours: the piece is its own, a copy is ours to overwrite
                    body.add(bytes(bytearray(piece)))
    except TimeoutError:
        raise BadInput("the body did not end in time", PRIVATE, "send it without long pauses") from None
    except BaseException:
        body.wipe()
        raise
    if body.is_too_large:
        raise TooLarge("the body is too large", PRIVATE, f"send at most {LIMIT:,} bytes")
    return body.join()


class PrivateProtocol(asyncio.BufferedProtocol):
    """Uvicorn's HTTP protocol behind a read buffer that is overwritten after each read."""

    def __init__(self, **arguments: Any) -> None:
        self._http = _Http(**arguments)
        self._buffer = bytearray(_READ)
        self._view = memoryview(self._buffer)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where the kernel may write."""
        return self._view

    def buffer_updated(self, nbytes: int) -> None:
        """Let the parser read what has come, then overwrite it."""
        try:
            self._http.data_received(self._view[:nbytes])  # type: ignore[arg-type]  # any buffer will do
        finally:
            self._view[:nbytes] = bytes(nbytes)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Pass it on."""
        self._http.connection_made(transport)  # type: ignore[arg-type]

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass it on, and wipe what nobody has read."""
        self._http.connection_lost(exc)
        self._http.forget()
        clear(self._buffer)

    def eof_received(self) -> None:
        """Pass it on."""
        self._http.eof_received()

    def pause_writing(self) -> None:
        """Pass it on."""
        self._http.pause_writing()

    def resume_writing(self) -> None:
        """Pass it on."""
        self._http.resume_writing()


class _Http(HttpToolsProtocol):
    """Keeps the pieces of private bodies out of uvicorn's own buffer."""

    _private: PrivateBody | None = None

    def forget(self) -> None:
        if self._private is not None:
            self._private.wipe()
            self._private = None

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._private = None

    def on_headers_complete(self) -> None:
        # before super(): it starts the application's task with this very scope
        if self.url.startswith(PRIVATE.encode()):
            self._private = PrivateBody()
            cast("dict[str, Any]", self.scope)[_KEY] = self._private
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if self._private is None:
            super().on_body(body)
        elif self.cycle.response_complete:
            wipe(body)
        else:
            self._private.add(body)
            self.cycle.message_event.set()
