"""Bytes → whole lines of UTF-8, some megabytes at a time, with the line they begin at."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import NamedTuple

from placette.connect.files.packed import Stream
from placette.connect.files.source import BLOCK_BYTES
from placette.model.errors import BadInput, UnsupportedMedia

_BOM = "\ufeff"
_LONGEST = 4 * BLOCK_BYTES
"""An open quote is believed this far; then it counts as a stray one."""


class Lines(NamedTuple):
    """Whole lines of UTF-8; ``first`` is the number of the first of them, from 1."""

    data: bytes
    first: int
    done: int


class LineReader:
    """Reads a stream as lines. ``encoding`` is a Python codec name; raises ``UnsupportedMedia`` when there is none."""

    def __init__(self, stream: Stream, encoding: str, block_bytes: int = BLOCK_BYTES) -> None:
        try:
            codec = codecs.lookup(encoding)
        except LookupError:
            raise UnsupportedMedia(
                f"unknown encoding '{encoding[:40]}'", "[file] encoding", "e.g. utf-8, latin-1, windows-1252"
            ) from None
        self.encoding = codec.name
        self._stream = stream
        self._decoder = codec.incrementaldecoder("strict")
        self._block_bytes = block_bytes
        self._rest = b""
        self._line = 1
        self._started = False
        self._ended = False

    def first_lines(self, count: int) -> list[str]:
        """Take up to ``count`` lines from the start, without their ends."""
        while self._rest.count(b"\n") < count and not self._ended:
            self._fill()
        parts = self._rest.split(b"\n", count)
        lines, self._rest = (parts[:count], parts[count]) if len(parts) > count else (parts, b"")
        self._line += len(lines)
        return [line.decode().removesuffix("\r") for line in lines]

    def blocks(self, *, quoted: bool) -> Iterator[Lines]:
        """Yield the rest; with ``quoted`` no block ends inside a quoted field."""
        while True:
            cut = len(self._rest) if self._ended else self._cut(quoted)
            if cut:
                block, self._rest = self._rest[:cut], self._rest[cut:]
                yield Lines(block, self._line, self._stream.done)
                self._line += block.count(b"\n")
            elif self._ended:
                return
            else:
                self._fill()

    def _fill(self) -> None:
        data = self._stream.read(self._block_bytes)
        self._ended = not data
        try:
            text = self._decoder.decode(data, final=self._ended)
        except UnicodeDecodeError as error:
            raise self._wrong_encoding(error) from None
        if not self._started and text:
            text = text.removeprefix(_BOM)
            self._started = True
        self._rest += text.encode()

    def _cut(self, quoted: bool) -> int:
        end = self._rest.rfind(b"\n") + 1
        if not quoted or not end or len(self._rest) > _LONGEST:
            return end
        while end and self._rest.count(b'"', 0, end) % 2:
            end = self._rest.rfind(b"\n", 0, self._rest.rfind(b'"', 0, end)) + 1
        return end

    def _wrong_encoding(self, error: UnicodeDecodeError) -> BadInput:
        before = self._rest + bytes(error.object[: error.start])
        line = self._line + before.count(b"\n")
        column = len(before) - before.rfind(b"\n")
        wrong = bytes(error.object[error.start : error.end]).hex(" ")
        return BadInput(
            f"the bytes {wrong} are no text in {self.encoding}",
            f"{self._stream.path}, line {line}, byte {column}",
            'declare the encoding in [file], e.g. encoding = "windows-1252"',
        )
