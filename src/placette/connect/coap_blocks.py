"""Block-wise requests (RFC 7959, Block1) put together: bounded in size, number and time. The clock is given."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

import msgspec

from placette.model.errors import BadInput, TooLarge

MOST = 256
"""Requests that may be coming in blocks at the same time; of more, the oldest is forgotten and must begin again."""
KEPT_S = 93.0
"""How long the next block may take: MAX_TRANSMIT_WAIT of RFC 7252."""


class Incomplete(BadInput):
    """A block came whose predecessors are not here: the request must begin again (4.08)."""


class Block(msgspec.Struct, frozen=True):
    """One block of a request: where it starts, bytes; whether more follow."""

    start: int
    more: bool
    payload: bytes


class Blocks:
    """Requests that are coming in blocks, each at most ``limit`` bytes in the end."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: OrderedDict[Hashable, tuple[float, bytes]] = OrderedDict()

    def take(self, key: Hashable, block: Block, now: float) -> bytes | None:
        """Return the whole payload once its last block is here, ``None`` before; ``now`` is in s.

        Raises ``TooLarge``, or ``Incomplete`` when a block is missing. A block that comes again changes nothing.
        """
        if block.start + len(block.payload) > self._limit:
            self._parts.pop(key, None)
            raise TooLarge(f"more than {self._limit} bytes", remedy=f"send at most {self._limit} bytes")
        before = self._before(key, block, now)
        whole = before + block.payload if len(before) == block.start else before
        if not block.more:
            return whole
        self._parts[key] = (now, whole)
        if len(self._parts) > MOST:
            self._parts.popitem(last=False)
        return None

    def _before(self, key: Hashable, block: Block, now: float) -> bytes:
        begun, parts = self._parts.pop(key, (now, b""))
        if block.start == 0:
            return b""
        again = parts[block.start : block.start + len(block.payload)] == block.payload
        if now - begun > KEPT_S or (block.start != len(parts) and not again):
            raise Incomplete("an earlier block is missing", remedy="send the request again from its first block")
        return parts
