"""Reads one file by one mapping, block by block, into a target, and gives account of every row."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from placette.city import City, entities
from placette.connect import files
from placette.connect.files import Block, Source
from placette.harmonise import mapping as mappings
from placette.harmonise import plan as plans
from placette.harmonise import projection
from placette.harmonise.faults import Fault
from placette.harmonise.mapping import Mapping
from placette.harmonise.melt import Aside, Melted, Melter
from placette.harmonise.plan import Plan
from placette.harmonise.subjects import Subjects
from placette.importing.account import Account
from placette.importing.aside import SettingAside
from placette.importing.beside import positions_beside
from placette.importing.catalogue import Source as Provenance
from placette.importing.report import ImportProgress, ImportReport
from placette.importing.target import IntoStore, Nowhere, Target
from placette.model.errors import BadInput, NotFound, PlacetteError
from placette.store import Receipt, Store

Progress = Callable[[ImportProgress], None]

_APPEND_ROWS = 150_000
"""Less than the rows one transaction takes, so that an import does not make a lone POST wait for long."""


def import_file(
    store: Store, file: Path, mapping: Path, *, city: City | None = None, progress: Progress | None = None
) -> ImportReport:
    """Read ``file`` by ``mapping`` into the store, from any thread but the event loop's; twice changes nothing.

    A ``city`` lends its time zone and the names of its properties, and its places are checked. Memory stays bounded
    whatever the size of the file. Raises ``PlacetteError`` where nothing could be read; an error after the first block
    ends the import and stands in the report: what was stored before stays.
    """
    read = read_mapping(mapping, city)
    observed = entities(city).observed_properties if city else {}
    return _Import(file, read, IntoStore(store, Provenance(read, file.name, observed)), progress).run(preview=False)


def preview(
    file: Path,
    mapping: Path,
    *,
    city: City | None = None,
    progress: Progress | None = None,
    most_rows: int | None = None,
) -> ImportReport:
    """Read ``file`` by ``mapping`` and store nothing; the same report and errors as ``import_file``.

    To its end, or until ``most_rows`` rows have been read.
    """
    return _Import(file, read_mapping(mapping, city), Nowhere(), progress).run(preview=True, most_rows=most_rows)


def read_mapping(path: Path, city: City | None = None) -> Mapping:
    """Return the mapping of a file; a city lends its zone where none is said, and must know the place."""
    try:
        mapping = mappings.read(path.read_text(encoding="utf-8"), str(path))
    except FileNotFoundError:
        raise NotFound("there is no such mapping", str(path), "see docs/import.md for how to write one") from None
    except (UnicodeDecodeError, IsADirectoryError, PermissionError) as error:
        raise BadInput(f"the mapping cannot be read: {error}", str(path), "save it as UTF-8 text") from None
    if city is None:
        return mapping
    place = mapping.things.place
    if place and city.place(place) is None:
        known = ", ".join(each.key for each in city.places)
        raise BadInput(f"the city has no place '{place}'", f"{path}, [things] place", f"its places are: {known}")
    if mapping.time is not None and not mapping.time.zone:
        return msgspec.structs.replace(mapping, time=msgspec.structs.replace(mapping.time, zone=city.zone))
    return mapping


class _Import:
    """One run of one file."""

    def __init__(self, file: Path, mapping: Mapping, target: Target, progress: Progress | None) -> None:
        self._file = file
        self._mapping = mapping
        self._target = target
        self._progress = progress or (lambda _: None)
        self._now = time.time_ns() // 1000
        self._ids = np.zeros(0, np.int64)
        self._things = 0
        self._writer = ThreadPoolExecutor(1, "import")
        self._pending: Future[list[Receipt | None]] | None = None

    def run(self, *, preview: bool, most_rows: int | None = None) -> ImportReport:
        """Read the whole file; the error that ended it early, if any, stands in the report."""
        with self._writer, files.opened(self._file, self._mapping.file) as source:
            plan = plans.lay(self._mapping, source.columns)
            beside = positions_beside(self._file, self._mapping)
            subjects = Subjects(plan, beside, _projection(self._mapping, source))
            aside = SettingAside(self._file.name, plan, self._now, self._target.keep)
            melter = self._melter(plan, subjects)
            account = Account(plan, subjects, melter.series if melter else [])
            error: PlacetteError | None = None
            try:
                for block in source.blocks(plan.used):
                    self._take(block, subjects, melter, account, aside)
                    self._progress(ImportProgress(block.done, source.size, account.values))
                    if most_rows is not None and account.rows >= most_rows:
                        break
                self._ensure(subjects, melter, account)
                self._settle(account)
            except PlacetteError as ended:
                if not account.rows:
                    raise
                error = ended
                self._settle_after(account)
            forgot = melter is not None and melter.forgot
            return account.report(source, self._file.name, aside.finish(), preview=preview, forgot=forgot, error=error)

    def _melter(self, plan: Plan, subjects: Subjects) -> Melter | None:
        """Return what makes observations of rows, ``None`` where rows are Things and nothing else."""
        if self._mapping.time is None:
            return None
        forecast = self._mapping.origin == "forecast"
        horizon = None if forecast else self._now + self._target.max_future_s * 1_000_000
        return Melter(plan, self._mapping.time, subjects, horizon)

    def _take(
        self, block: Block, subjects: Subjects, melter: Melter | None, account: Account, aside: SettingAside
    ) -> None:
        if melter is None:
            named = subjects.read(block.table)
            bad = np.flatnonzero(named.fault)
            aside.add(block, Aside(bad, np.full(len(bad), -1), named.fault[bad]))
            account.add_rows(block.table.num_rows)
            self._ensure(subjects, melter, account)
            return
        melted = melter.melt(block.table)
        if not account.stored and not len(melted.series) and len(melted.aside.row):
            raise self._useless(block, melted, subjects)
        aside.add(block, melted.aside)
        self._ensure(subjects, melter, account)
        account.add_block(block, melted)
        self._append(melted, account)

    def _ensure(self, subjects: Subjects, melter: Melter | None, account: Account) -> None:
        """Make the Things and datastreams that the file has named since the last time."""
        series = melter.series[len(self._ids) :] if melter else []
        ensured = self._target.ensure(subjects.things[self._things :], series, subjects.things)
        self._things = len(subjects.things)
        self._ids = np.concatenate((self._ids, np.array(ensured.datastreams, np.int64)))
        account.add_entities(ensured)

    def _append(self, melted: Melted, account: Account) -> None:
        columns = {
            "datastream_id": pa.array(self._ids[melted.series]),
            "phenomenon_time": pa.array(melted.start).cast(pa.timestamp("us")),
            "result": pa.array(melted.result),
        }
        if melted.texts:
            number = pa.array(melted.text < 0)
            written = pa.array([msgspec.json.encode(text).decode() for text in melted.texts], pa.string())
            columns["result"] = pc.if_else(number, columns["result"], None)
            columns["result_json"] = written.take(pc.if_else(number, None, pa.array(melted.text)))
        if melted.end is not None:
            columns["phenomenon_end"] = pa.array(melted.end).cast(pa.timestamp("us"))
        table = pa.table(columns)
        self._settle(account)
        self._pending = self._writer.submit(self._store, table)

    def _store(self, table: pa.Table) -> list[Receipt | None]:
        """Store the values of a block; runs while the next one is read."""
        starts = range(0, table.num_rows, _APPEND_ROWS)
        return [self._target.append(table.slice(start, _APPEND_ROWS)) for start in starts]

    def _settle_after(self, account: Account) -> None:
        """Count what was being stored when another error ended the import; its own error would say no more."""
        with suppress(PlacetteError):
            self._settle(account)

    def _settle(self, account: Account) -> None:
        """Wait until the values of the block before are stored; raises what storing them raised."""
        pending, self._pending = self._pending, None
        for receipt in pending.result() if pending else ():
            account.add_receipt(receipt)

    def _useless(self, block: Block, melted: Melted, subjects: Subjects) -> BadInput:
        """Return the error for a first block of which nothing can be used: the mapping is for another file."""
        faults, counts = np.unique(melted.aside.fault, return_counts=True)
        fault = Fault(int(faults[counts.argmax()]))
        row = int(melted.aside.row[melted.aside.fault == fault].min())
        line = block.lines([row])[0]
        shown = "; ".join(f"{name}: {text}" for name, text in block.table.slice(row, 1).to_pylist()[0].items())
        return BadInput(
            f"nothing of the first {block.table.num_rows:,} rows can be used: {fault.what} ({shown[:200]})",
            f"{self._file}, line {line}",
            fault.remedy,
        )


def _projection(mapping: Mapping, source: Source) -> projection.Projection:
    """Return the projection of the positions: the mapping's word counts more than the file's."""
    said = mapping.things.crs or source.crs
    if not said:
        return projection.Geographic()
    return projection.of_wkt(said) if "[" in said else projection.of_code(said)
