"""What every file reader gives: blocks of rows as Arrow tables, with the way back to the lines they came from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol

import pyarrow as pa

BLOCK_BYTES = 4 * 1024 * 1024
"""Text read at once: some ten thousand rows, so that memory stays small and Arrow's calls are worth their cost."""


class OddRow(NamedTuple):
    """A row that does not have the file's columns."""

    line: int
    text: str


class Block(NamedTuple):
    """Some rows of a file; ``done`` bytes of the file had been read when they were complete."""

    table: pa.Table
    done: int
    odd: list[OddRow]
    lines: Callable[[Sequence[int]], list[int]]
    """The lines, from 1, of the given rows of ``table``."""


class Source(Protocol):
    """An open file: its columns are known, its rows not yet read."""

    kind: str
    columns: tuple[str, ...]
    size: int
    """Bytes of the file as it lies on disk."""
    crs: str
    """What the file says of its coordinates: an EPSG code, the WKT of a ``.prj``, or nothing."""
    understood: dict[str, str]
    """What was found out about the file, in words: encoding, separator, member."""

    def blocks(self, used: Sequence[str]) -> Iterator[Block]:
        """Yield the rows in order, with the columns ``used`` alone; raises ``BadInput`` where the file is damaged."""
        ...


def counted(first: int) -> Callable[[Sequence[int]], list[int]]:
    """Return the lines of a block whose rows are counted, ``first`` of them before it."""
    return lambda rows: [first + row + 1 for row in rows]


def listed(lines: list[int]) -> Callable[[Sequence[int]], list[int]]:
    """Return the lines of a block that knows the line of each of its rows."""
    return lambda rows: [lines[row] for row in rows]
