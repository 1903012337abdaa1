"""Request bodies in blocks: so many bytes after decompression at most, and no endless wait for a silent sender."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator

import pyarrow as pa
from starlette.requests import Request

from placette.model.errors import BadInput, TooLarge, UnsupportedMedia

BLOCK = 1 << 20
SILENCE_S = 60.0
"""A sender that sends nothing for this long gives its place to others."""
ENCODINGS = {"gzip": "gzip", "x-gzip": "gzip", "zstd": "zstd"}
DEFLATE = "deflate"
"""RFC 9110 means the zlib format by it; pyarrow does not read that one."""


async def blocks(request: Request, limit: int, packed_limit: int) -> AsyncIterator[bytes]:
    """Yield the body in blocks of some 1 MiB, decompressed when its Content-Encoding is gzip, zstd or deflate.

    Raises ``TooLarge`` beyond ``limit`` bytes (``packed_limit`` before decompression), ``BadInput`` on damaged
    compression or silence, and ``UnsupportedMedia`` on an encoding other than these three.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("identity", ""):
        async for block in _plain(request, limit):
            yield block
        return
    if encoding not in ENCODINGS and encoding != DEFLATE:
        raise UnsupportedMedia(
            f"the encoding '{encoding[:40]}' is not read here", request.url.path, "send it plain, deflate, gzip or zstd"
        )
    packed = b"".join([block async for block in _plain(request, packed_limit)])
    if encoding == DEFLATE:
        yield await asyncio.to_thread(_inflated, packed, limit, request.url.path)
        return
    stream = pa.CompressedInputStream(pa.BufferReader(packed), ENCODINGS[encoding])
    size = 0
    while block := await asyncio.to_thread(_unpacked, stream, request.url.path):
        size += len(block)
        if size > limit:
            raise _too_large(limit, request.url.path)
        yield block


async def _plain(request: Request, limit: int) -> AsyncIterator[bytes]:
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise _too_large(limit, request.url.path)
    gathered: list[bytes] = []
    size = total = 0
    stream = aiter(request.stream())
    while (chunk := await _next(stream, request.url.path)) is not None:
        gathered.append(chunk)
        size += len(chunk)
        total += len(chunk)
        if total > limit:
            raise _too_large(limit, request.url.path)
        if size >= BLOCK:
            yield b"".join(gathered)
            gathered, size = [], 0
    if gathered:
        yield b"".join(gathered)


async def _next(stream: AsyncIterator[bytes], path: str) -> bytes | None:
    try:
        async with asyncio.timeout(SILENCE_S):
            return await anext(stream)
    except StopAsyncIteration:
        return None
    except TimeoutError:
        raise BadInput(f"nothing came for {SILENCE_S:.0f} s", path, "send the body without long pauses") from None


def _unpacked(stream: pa.CompressedInputStream, path: str) -> bytes:
    try:
        data: bytes = stream.read(BLOCK)
    except OSError as error:
        raise BadInput(
            f"the compressed body is damaged: {error}", path, "compress it again; was it cut short?"
        ) from None
    return data


def _inflated(packed: bytes, limit: int, path: str) -> bytes:
    inflating = zlib.decompressobj()
    try:
        data = inflating.decompress(packed, limit + 1)
    except zlib.error as error:
        raise BadInput(
            f"the compressed body is damaged: {error}", path, "compress it again; was it cut short?"
        ) from None
    if len(data) > limit:
        raise _too_large(limit, path)
    if not inflating.eof:
        raise BadInput("the compressed body is damaged: it has no end", path, "compress it again; was it cut short?")
    return data


def _too_large(limit: int, path: str) -> TooLarge:
    return TooLarge("the body is too large", path, f"send at most {limit:,} bytes; split larger uploads")
