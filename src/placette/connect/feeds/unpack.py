"""Packed bytes become plain ones, piece by piece and never more than allowed: a small answer may unpack to anything."""

from __future__ import annotations

import zlib

from placette.model.errors import BadInput, TooLarge

_GZIP_OR_ZLIB = 47
"""Window bits by which zlib tells gzip from zlib by itself."""


class Unpacker:
    """Gzip or zlib, of one or more members, to at most ``limit`` bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._engine = zlib.decompressobj(_GZIP_OR_ZLIB)
        self._done = bytearray()

    def feed(self, data: bytes) -> None:
        """Take the next packed bytes; raises ``TooLarge`` or ``BadInput``."""
        while data:
            try:
                # one byte more than allowed tells that there is more
                self._done += self._engine.decompress(data, self._limit + 1 - len(self._done))
            except zlib.error:
                raise BadInput("the packed answer is damaged", remedy="it is asked for again") from None
            if len(self._done) > self._limit:
                what = f"the answer unpacks to more than {self._limit >> 20} MiB"
                raise TooLarge(what, remedy="ask for less, or raise most_mib in the feed's options")
            data = self._engine.unconsumed_tail or self._engine.unused_data
            if self._engine.eof and data:
                self._engine = zlib.decompressobj(_GZIP_OR_ZLIB)

    def finish(self) -> bytes:
        """Return the plain bytes; raises ``BadInput`` when the end is missing."""
        if not self._engine.eof:
            raise BadInput("the packed answer breaks off", remedy="it is asked for again")
        return bytes(self._done)


def gunzip(data: bytes, limit: int) -> bytes:
    """Return a whole gzip file's content.

    >>> import gzip
    >>> gunzip(gzip.compress(b"a") + gzip.compress(b"b"), 100)
    b'ab'
    """
    unpacker = Unpacker(limit)
    unpacker.feed(data)
    return unpacker.finish()
