"""Newline-delimited JSON, read in blocks: each whole block becomes columns, and a faulty one is read line by line.

A body is taken whole or not at all: the first twenty faulty lines are named and nothing is stored.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pyarrow as pa

from placette.harmonise import columns
from placette.harmonise.directory import Directory
from placette.model import times
from placette.model.bulk import ObservationLine
from placette.model.errors import BadInput, BadObservation, TooLarge
from placette.model.observation_json import decode, result_columns
from placette.model.observations import Quality

BLOCK = 1 << 20
"""Bytes decoded at a time: 1 MiB holds the interpreter for some 5 ms, so that other requests stay quick."""
MAX_LINE = 1 << 20
SHOWN_FAULTS = 20
_MEMBERS = "datastream, time, result, quality"
_FLAGS = frozenset(Quality)
_decoder = msgspec.json.Decoder(ObservationLine)


class NdjsonReader:
    """Takes bytes as they come; :meth:`finish` gives the one table of all lines."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._ids: dict[int | str, int] = {}
        self._tail = b""
        self._next_line = 1
        self._numbers: list[Sequence[int]] = []
        self._tables: list[pa.Table] = []
        self._faults: list[tuple[int, BadInput]] = []

    def feed(self, data: bytes) -> list[pa.Table]:
        """Read the lines that are whole; gives no table before the end, and raises once twenty lines are faulty."""
        start = 0
        while start < len(data):
            cut = data.rfind(b"\n", start, start + BLOCK) + 1
            if not cut:
                cut = data.find(b"\n", start) + 1
            end = cut or len(data)
            self._grow(data[start:end], whole=bool(cut))
            start = end
        return []

    def finish(self) -> list[pa.Table]:
        """Read the last line and return the table of all; raises ``BadInput`` with every faulty line (20 at most)."""
        if self._tail:
            self._grow(b"\n", whole=True)
        if self._faults:
            raise self._refusal()
        return [pa.concat_tables(self._tables)] if self._tables else []

    def explain(self, error: BadObservation) -> BadObservation:
        """Return the store's refusal with line numbers in the place of row numbers."""
        lines = [number for numbers in self._numbers for number in numbers]
        bad = tuple(lines[row] for row in error.rows if row < len(lines))
        return BadObservation(error.what, _where(bad) or error.where, error.remedy, bad)

    def _grow(self, piece: bytes, *, whole: bool) -> None:
        if len(piece) > BLOCK or len(self._tail) + (0 if whole else len(piece)) > MAX_LINE:
            raise TooLarge(
                f"line {self._next_line} is longer than {MAX_LINE:,} bytes",
                f"line {self._next_line}",
                "end each observation with a line feed",
            )
        block, self._tail = self._tail + piece, b""
        if whole:
            self._read(block)
        else:
            self._tail = block

    def _read(self, block: bytes) -> None:
        first, count = self._next_line, block.count(b"\n")
        self._next_line += count
        try:
            lines = _decoder.decode_lines(block)
            if len(lines) == count and not self._faults:
                self._keep(lines, range(first, first + count))
                return
        except (BadInput, KeyError, OverflowError, RecursionError, UnicodeDecodeError, msgspec.DecodeError):
            pass  # the same block once more, line by line, to say which line it is
        self._read_slowly(block, first)

    def _keep(self, lines: list[ObservationLine], numbers: Sequence[int]) -> None:
        names = [line.datastream for line in lines]
        try:
            ids = list(map(self._ids.__getitem__, names))
        except KeyError:
            for name in set(names) - self._ids.keys():
                self._ids[name] = self._resolve(name)
            ids = list(map(self._ids.__getitem__, names))
        flags = [line.quality for line in lines]
        if not _FLAGS.issuperset(flags):
            raise BadInput("a quality flag is none of QARTOD's")
        result, result_json = columns.results([line.result for line in lines])
        made = {
            "datastream_id": pa.array(ids, pa.int64()),
            "phenomenon_time": columns.parsed_times([line.time for line in lines]),
            "result": result,
            "result_json": result_json,
            "quality": pa.array(flags, pa.uint8()),
        }
        self._tables.append(pa.table(made))
        self._numbers.append(numbers)

    def _read_slowly(self, block: bytes, first: int) -> None:
        good: list[ObservationLine] = []
        numbers: list[int] = []
        for number, text in enumerate(block.split(b"\n"), first):
            if not text.strip():
                continue
            try:
                good.append(self._line(text, number))
                numbers.append(number)
            except BadInput as error:
                self._faults.append((number, error))
                if len(self._faults) >= SHOWN_FAULTS:
                    raise self._refusal() from None
        if good and not self._faults:
            self._keep(good, numbers)

    def _line(self, text: bytes, number: int) -> ObservationLine:
        line: ObservationLine = decode(text, _decoder, f"line {number}", _MEMBERS)
        self._resolve(line.datastream)
        times.micros(line.time)
        result_columns(line.result)
        if line.quality not in _FLAGS:
            raise BadInput(
                f"{line.quality} is no quality flag",
                remedy="QARTOD: 1 good, 2 not evaluated, 3 suspect, 4 fail, 9 missing",
            )
        return line

    def _resolve(self, name: int | str) -> int:
        found = self._directory.by_id.get(name) if isinstance(name, int) else self._directory.by_code.get(name)
        if found is None:
            shown = name if isinstance(name, int) else f"'{name[:80]}'"
            raise BadInput(
                f"there is no datastream {shown}", remedy="name one by its id or its code; /v1.1/Datastreams lists them"
            )
        return found.id

    def _refusal(self) -> BadObservation:
        bad = tuple(number for number, _ in self._faults)
        told = "; ".join(f"line {number}: {error.what}" for number, error in self._faults)
        more = f"the first {SHOWN_FAULTS} faulty lines: " if len(bad) >= SHOWN_FAULTS else ""
        remedy = f"{self._faults[0][1].remedy}; nothing of this body was stored".removeprefix("; ")
        return BadObservation(f"{more}{told}", _where(bad), remedy, bad)


def _where(lines: tuple[int, ...]) -> str:
    if not lines:
        return ""
    shown = ", ".join(str(line) for line in lines[:SHOWN_FAULTS])
    return f"line {shown}" if len(lines) == 1 else f"lines {shown}" + (", …" if len(lines) > SHOWN_FAULTS else "")
