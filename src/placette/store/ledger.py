"""Notes of what one change touched, so that the caches in memory follow without being rebuilt from the whole catalogue.

The catalogue's functions write into the ledger of the running change; the writer reads it after the commit.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextvars import ContextVar

import msgspec
import pyarrow as pa


class Ledger(msgspec.Struct):
    """Ids touched by one change, per kind. ``everything`` asks for a full reload (raw SQL on catalogue tables)."""

    datastreams: set[int] = msgspec.field(default_factory=set)
    things: set[int] = msgspec.field(default_factory=set)
    properties: set[int] = msgspec.field(default_factory=set)
    features_added: set[int] = msgspec.field(default_factory=set)
    features_gone: set[int] = msgspec.field(default_factory=set)
    observations_of: set[int] = msgspec.field(default_factory=set)
    """Datastreams whose stored observations were changed or deleted."""
    flagged: list[pa.Table] = msgspec.field(default_factory=list)
    """Verdicts of quality control, as ``store.flags`` wrote them."""
    other: bool = False
    """Something was done by the catalogue's functions that no cache shows."""
    everything: bool = False

    def is_empty(self) -> bool:
        """Say whether nothing was noted, as after a change by raw SQL."""
        return not any(getattr(self, name) for name in self.__struct_fields__)

    def touches_directory(self) -> bool:
        """Say whether the directory of datastreams must follow."""
        return bool(self.datastreams or self.things or self.properties or self.everything)


current: ContextVar[Ledger] = ContextVar("ledger")
"""The ledger of the change that runs in this thread."""


def notes() -> Ledger:
    """Return the ledger of the running change, or a throw-away one outside of any (scripts, tests)."""
    return current.get(None) or Ledger()


def note_inserted(table: str, ids: Iterable[int]) -> None:
    """Note new rows of a catalogue table; only datastreams and features concern the caches by their mere coming."""
    ledger = notes()
    ledger.other = True
    if table == "datastream":
        ledger.datastreams.update(ids)
    elif table == "feature_of_interest":
        ledger.features_added.update(ids)
