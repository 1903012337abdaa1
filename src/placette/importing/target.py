"""Where an import puts things: into a store, or nowhere for a preview."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import Protocol, TypeVar

import duckdb
import msgspec
import pyarrow as pa

from placette.harmonise.plan import SeriesSpec, ThingSpec
from placette.importing.catalogue import Source, ensure_series, ensure_things
from placette.model.arrivals import Arrival, DeadLetter
from placette.model.errors import Busy
from placette.model.lineage import Lineage, UplinkRecord
from placette.store import Receipt, Store, arrivals, inbox

T = TypeVar("T")


class Ensured(msgspec.Struct, frozen=True):
    """Ids of the datastreams asked for, in their order, and how much of it was new."""

    datastreams: list[int]
    things_new: int
    series_new: int


class Target(Protocol):
    """What an import needs of the place it writes to."""

    max_future_s: int
    """How far ahead of now a value may lie."""

    def ensure(self, new: list[ThingSpec], series: list[SeriesSpec], things: list[ThingSpec]) -> Ensured:
        """Make the ``new`` Things and the datastreams that are not there; ``series`` number ``things``, all so far."""
        ...

    def append(self, table: pa.Table) -> Receipt | None:
        """Store observations durably; ``None`` when nothing is stored here."""
        ...

    def keep(self, letters: list[DeadLetter]) -> None:
        """Keep dead letters, unless the same ones are there."""
        ...


class Nowhere:
    """The target of a preview: numbers datastreams and forgets the rest."""

    max_future_s = 86_400

    def __init__(self) -> None:
        self._series = 0

    def ensure(self, new: list[ThingSpec], series: list[SeriesSpec], things: list[ThingSpec]) -> Ensured:
        """Number the datastreams."""
        first, self._series = self._series, self._series + len(series)
        return Ensured(list(range(first, self._series)), len(new), len(series))

    def append(self, table: pa.Table) -> Receipt | None:
        """Store nothing."""

    def keep(self, letters: list[DeadLetter]) -> None:
        """Keep nothing."""


class IntoStore:
    """The target of an import: one store; waits where the store is busy."""

    def __init__(self, store: Store, source: Source) -> None:
        self._store = store
        self._source = source
        self._arrival: int | None = None
        self.max_future_s = store.settings.max_future_s

    def ensure(self, new: list[ThingSpec], series: list[SeriesSpec], things: list[ThingSpec]) -> Ensured:
        """Make what is not there, in one transaction; what is there stays as it is.

        Raises ``Conflict`` when a datastream of the same code has another unit, origin or identity.
        """
        if not new and not series:
            return Ensured([], 0, 0)

        def change(con: duckdb.DuckDBPyConnection) -> Ensured:
            made = ensure_things(con, self._source, new)
            ids, fresh = ensure_series(con, self._source, series, things)
            return Ensured(ids, made, fresh)

        return _patiently(lambda: self._store.change_now(change))

    def append(self, table: pa.Table) -> Receipt:
        """Store observations durably; raises ``StorageFailure`` when the disk refuses.

        They name this import as what they came from: the file, and the version of the mapping it was read by.
        """
        if self._arrival is None:
            self._arrival = self._announce()
        named = table.append_column("arrival_id", pa.repeat(pa.scalar(self._arrival, pa.int64()), table.num_rows))
        return _patiently(lambda: self._store.append_now(named))

    def keep(self, letters: list[DeadLetter]) -> None:
        """Keep letters that the inbox does not hold from an earlier import of the same file."""
        _patiently(lambda: inbox.keep_new_now(self._store, letters))

    def _announce(self) -> int:
        book, now = arrivals.of(self._store), time.time_ns() // 1000
        key = book.allot(1)
        mapping = self._source.mapping
        version = hashlib.sha256(msgspec.json.encode(mapping, order="sorted")).hexdigest()[:12]
        arrival = Arrival(network=inbox.FILES, channel=self._source.file, payload=b"", received_time=now)
        lineage = Lineage(mapping=mapping.title, mapping_version=version)
        record = UplinkRecord(arrival=0, device=self._source.file, time=now, event="import", lineage=lineage)
        _patiently(lambda: book.keep_now(key, [arrival], [record]))
        return key


def _patiently(work: Callable[[], T]) -> T:
    while True:
        try:
            return work()
        except Busy as busy:
            time.sleep(busy.retry_after_s)
