"""Collects what is set aside, by reason, and makes dead letters of it that are the same at every import."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np

from placette.connect.files import Block
from placette.harmonise.faults import Fault
from placette.harmonise.melt import Aside, Integers
from placette.harmonise.plan import GEOMETRY, Plan
from placette.importing.report import Example, SetAside
from placette.model.arrivals import Arrival, DeadLetter
from placette.store.inbox import FILES

_LETTER_ROWS = 500
_MOST_KEPT = 20_000
"""Rows kept per reason: the file remains, and a wrong mapping must not fill the inbox with all of it."""
_EXAMPLES = 3
_LONGEST = 500
_WITHHELD = "(not kept: some of the file's columns are not imported, and may be about persons)"
"""What stands for a row that cannot be cut into columns, so that nobody knows which part of it may be kept."""

Keep = Callable[[list[DeadLetter]], None]


class _Pile(msgspec.Struct):
    """What was set aside for one reason; ``waiting`` are rows as JSON that are not yet in a letter."""

    rows: int = 0
    values: int = 0
    kept: int = 0
    examples: list[Example] = msgspec.field(default_factory=list)
    waiting: list[bytes] = msgspec.field(default_factory=list)
    lines: list[int] = msgspec.field(default_factory=list)


class SettingAside:
    """The rows and values of one file that cannot be used; ``keep`` puts dead letters into the inbox.

    ``now`` (µs UTC) is when the file arrived.
    """

    def __init__(self, channel: str, plan: Plan, now: int, keep: Keep) -> None:
        self._channel = channel
        self._plan = plan
        self._now = now
        self._keep = keep
        self._whole = set(plan.columns) <= set(plan.used)
        self._piles: dict[Fault, _Pile] = {}

    def add(self, block: Block, aside: Aside) -> None:
        """Note what cannot be used of a block: rows without the file's columns, and values by their fault."""
        for row in block.odd:
            pile = self._piles.setdefault(Fault.FIELDS, _Pile())
            pile.rows += 1
            self._put(Fault.FIELDS, row.line, [], row.text[:_LONGEST] if self._whole else _WITHHELD)
        for fault in np.unique(aside.fault).tolist():
            of_fault = aside.fault == fault
            order = np.argsort(aside.row[of_fault], kind="stable")
            self._add(Fault(fault), block, aside.row[of_fault][order], aside.column[of_fault][order])

    def finish(self) -> tuple[SetAside, ...]:
        """Keep what waits and return the account, the most frequent reason first."""
        for fault in self._piles:
            self._post(fault)
        piles = sorted(self._piles.items(), key=lambda each: -each[1].rows)
        return tuple(
            SetAside(fault.what, fault.remedy, pile.rows, pile.values, pile.kept, tuple(pile.examples))
            for fault, pile in piles
        )

    def _add(self, fault: Fault, block: Block, rows: Integers, columns: Integers) -> None:
        """Note values of one fault, in the order of their rows."""
        pile = self._piles.setdefault(fault, _Pile())
        different, first = np.unique(rows, return_index=True)
        pile.rows += len(different)
        pile.values += int((columns >= 0).sum())
        shown = different[: max(0, _MOST_KEPT - pile.kept - len(pile.waiting))].tolist()
        texts = block.table.take(shown).to_pylist() if shown else []
        parts = np.split(columns, first[1:])
        for line, text, part in zip(block.lines(shown), texts, parts, strict=False):
            self._put(fault, line, [self._plan.values[column].column for column in part.tolist() if column >= 0], text)

    def _put(self, fault: Fault, line: int, columns: list[str], row: Any) -> None:
        pile = self._piles[fault]
        if len(pile.examples) < _EXAMPLES:
            pile.examples.append(Example(line, ", ".join(columns), self._shown(columns, row)))
        if pile.kept + len(pile.waiting) < _MOST_KEPT:
            pile.waiting.append(msgspec.json.encode({"line": line, "columns": columns, "row": row}))
            pile.lines.append(line)
        if len(pile.waiting) == _LETTER_ROWS:
            self._post(fault)

    def _shown(self, columns: list[str], row: Any) -> str:
        """Return the time of a row and the value concerned, or the names it holds."""
        if not isinstance(row, dict):
            return str(row)[:_LONGEST]
        time = self._plan.mapping.time.columns if self._plan.mapping.time else ()
        names = [name for name in (*time, *self._plan.names, *columns[:1]) if name in row and name != GEOMETRY]
        return "; ".join(f"{name}: {row[name]}" for name in names)[:_LONGEST]

    def _post(self, fault: Fault) -> None:
        """Put the waiting rows of one reason into one letter."""
        pile = self._piles[fault]
        if not pile.waiting:
            return
        arrival = Arrival(
            network=FILES, channel=self._channel, payload=b"\n".join(pile.waiting), received_time=self._now
        )
        span = f"lines {pile.lines[0]}–{pile.lines[-1]}" if len(pile.lines) > 1 else f"line {pile.lines[0]}"
        self._keep(
            [DeadLetter(arrival=arrival, what=fault.what, where=f"{self._channel}, {span}", remedy=fault.remedy)]
        )
        pile.kept += len(pile.waiting)
        pile.waiting, pile.lines = [], []
