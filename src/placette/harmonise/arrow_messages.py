"""The framing of an Arrow IPC stream, cut into messages as bytes arrive.

pyarrow reads a stream only by pulling from a file; here bytes are pushed, and sizes are checked before anything is
allocated. Source: "Arrow Columnar Format", sections "Encapsulated message format" and "IPC Streaming Format", and the
Flatbuffers schemas Message.fbs and Schema.fbs that they name.
"""

from __future__ import annotations

import struct
from enum import IntEnum

import msgspec

from placette.model.errors import BadInput, TooLarge

MAX_METADATA = 1 << 20
"""Bytes of one message's description; a schema of a dozen columns takes some hundred."""
_CONTINUATION = 0xFFFFFFFF


class Kind(IntEnum):
    """The messages a stream of tables is made of (``MessageHeader`` in Message.fbs)."""

    SCHEMA = 1
    DICTIONARY = 2
    RECORDS = 3


class Message(msgspec.Struct, frozen=True):
    """One encapsulated message: its kind, all its bytes, and the bytes its buffers take once decompressed."""

    kind: Kind
    data: bytes
    expanded: int


class MessageCutter:
    """Takes bytes as they come and gives whole messages; a message larger than ``limit`` bytes is refused."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self.ended = False
        """True once the end-of-stream mark has come."""

    def feed(self, data: bytes) -> list[Message]:
        """Return the messages that are now whole. Raises ``BadInput`` and ``TooLarge``."""
        self._buffer += data
        found: list[Message] = []
        while not self.ended and (size := self._whole()):
            found.append(_message(bytes(self._buffer[:size]), self._limit))
            del self._buffer[:size]
        return found

    @property
    def waiting(self) -> int:
        """Bytes of a message whose rest has not come."""
        return len(self._buffer)

    def _whole(self) -> int:
        """Return the size of the first message when all of it is here, else 0."""
        if len(self._buffer) < 8:
            return 0
        mark, described = struct.unpack_from("<Ii", self._buffer)
        if mark != _CONTINUATION:
            remedy = "write it with pyarrow.ipc.new_stream"
            if self._buffer[:6] == b"ARROW1":
                remedy += "; this is the file format (Feather)"
            raise BadInput("this is no Arrow IPC stream", remedy=remedy)
        if described == 0:
            self.ended = True
            self._buffer.clear()
            return 0
        if not 0 < described <= MAX_METADATA:
            raise BadInput(f"a message describes itself in {described:,} bytes", remedy="write the stream again")
        if len(self._buffer) < 8 + described:
            return 0
        body = _body_length(bytes(self._buffer[8 : 8 + described]))
        if body > self._limit:
            raise _too_large(body, self._limit)
        return 8 + described + body if len(self._buffer) >= 8 + described + body else 0


def _message(data: bytes, limit: int) -> Message:
    described = struct.unpack_from("<i", data, 4)[0]
    try:
        kind, expanded = _kind_and_size(data[8 : 8 + described], memoryview(data)[8 + described :])
    except (struct.error, ValueError):
        raise BadInput("a message of the stream is damaged", remedy="write the stream again") from None
    if expanded > limit:
        raise _too_large(expanded, limit)
    return Message(kind, data, expanded)


def _too_large(size: int, limit: int) -> TooLarge:
    return TooLarge(
        f"a record batch of {size:,} bytes is too large", remedy=f"write batches of less than {limit:,} bytes"
    )


def _body_length(metadata: bytes) -> int:
    try:
        message = _root(metadata)
        at = _field(metadata, message, 3)
        length: int = struct.unpack_from("<q", metadata, at)[0] if at else 0
    except struct.error:
        length = -1
    if length < 0:
        raise BadInput("a message of the stream is damaged", remedy="write the stream again")
    return length


def _kind_and_size(metadata: bytes, body: memoryview) -> tuple[Kind, int]:
    message = _root(metadata)
    kind = Kind(metadata[_required(metadata, message, 1)])
    if kind is Kind.SCHEMA:
        return kind, 0
    batch = _table_at(metadata, _required(metadata, message, 2))
    if kind is Kind.DICTIONARY:
        batch = _table_at(metadata, _required(metadata, batch, 1))
    return kind, _expanded(metadata, batch, body)


def _expanded(metadata: bytes, batch: int, body: memoryview) -> int:
    """Return the bytes of a RecordBatch's buffers after decompression: each compressed one begins with its length."""
    buffers = _field(metadata, batch, 2)
    compressed = _field(metadata, batch, 3)
    if not buffers:
        return 0
    vector = buffers + struct.unpack_from("<I", metadata, buffers)[0]
    total = 0
    for number in range(struct.unpack_from("<I", metadata, vector)[0]):
        offset, length = struct.unpack_from("<qq", metadata, vector + 4 + 16 * number)
        if offset < 0 or length < 0 or offset + length > len(body):
            raise ValueError
        size = struct.unpack_from("<q", body, offset)[0] if compressed and length else length
        if size < -1:
            raise ValueError
        total += length if size == -1 else size
    return total


def _root(metadata: bytes) -> int:
    at: int = struct.unpack_from("<I", metadata, 0)[0]
    return at


def _field(metadata: bytes, table: int, index: int) -> int:
    """Return where field ``index`` of a Flatbuffers table is, 0 when it is absent."""
    vtable = table - struct.unpack_from("<i", metadata, table)[0]
    if vtable < 0:
        raise struct.error
    size: int = struct.unpack_from("<H", metadata, vtable)[0]
    place = 4 + 2 * index
    offset: int = struct.unpack_from("<H", metadata, vtable + place)[0] if place + 2 <= size else 0
    return table + offset if offset else 0


def _required(metadata: bytes, table: int, index: int) -> int:
    at = _field(metadata, table, index)
    if not 0 < at < len(metadata):
        raise ValueError
    return at


def _table_at(metadata: bytes, at: int) -> int:
    target: int = at + struct.unpack_from("<I", metadata, at)[0]
    return target
