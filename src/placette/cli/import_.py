"""``placette import``: a file into the city, by a mapping."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from placette import city as cities
from placette import control, importing, settings
from placette.city import City
from placette.cli import DATA, import_words
from placette.importing import ImportProgress, ImportReport
from placette.model.errors import PlacetteError
from placette.store import Store

_STEPS = 10
"""Lines that tell how far a long import is where there is no terminal."""

Tell = Callable[[ImportProgress], None]


def import_(
    file: Path,
    *,
    mapping: Path,
    dry_run: Annotated[bool, Parameter(negative=())] = False,
    data: Path = DATA,
    city: Path | None = None,
) -> int:
    """Read a file into the city, by a mapping; twice adds nothing.

    Reads CSV, XLSX, JSON, NDJSON, Parquet, shapefiles, GeoJSON, GeoPackage and KML, packed or not. The city may be
    running. Every value is accounted for: what cannot be used is kept with its line and reason.

    Example: placette import counts.csv --mapping counts.toml --dry-run

    Args:
        file: The file to read.
        mapping: What its columns mean; see docs/import.md.
        dry_run: Read the file to its end, show what was understood and how it would be stored, and store nothing.
        data: The data folder; made where there is none.
        city: The city folder, for its time zone, places and property names.
    """
    told = cities.read(city) if city else None
    with _progress(file.name) as tell:
        if dry_run:
            report = importing.preview(file, mapping, city=told, progress=tell)
        else:
            running = control.find(data)
            report = _here(file, mapping, data, told, tell) if running is None else _there(running, file, mapping, tell)
    print("\n".join(import_words.lines(report)), flush=True)
    if report.failure is None:
        return 0
    print(f"placette: {import_words.failure(report.failure)}", file=sys.stderr)
    return 1


def _here(file: Path, mapping: Path, data: Path, city: City | None, tell: Tell) -> ImportReport:
    """Import into a data folder that no server uses; makes it where there is none."""
    data.mkdir(parents=True, exist_ok=True)
    store = Store.open(data / settings.DATABASE, settings.read(data).of_store())
    try:
        return importing.import_file(store, file, mapping, city=city, progress=tell)
    finally:
        store.close()


def _there(running: control.Running, file: Path, mapping: Path, tell: Tell) -> ImportReport:
    """Let the server that runs on the data import the file."""
    order = {"file": str(file.absolute()), "mapping": str(mapping.absolute())}
    for said in control.ask(running, "/api/admin/import", order):
        if "report" in said:
            return msgspec.convert(said["report"], ImportReport)
        tell(msgspec.convert(said["progress"], ImportProgress))
    raise PlacetteError(
        "the server stopped before the file was read", running.url, "import it again: twice adds nothing"
    )


@contextmanager
def _progress(name: str) -> Iterator[Tell]:
    """Show a bar in a terminal, and a line now and then elsewhere."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(name, total=None)
        told = 0

        def tell(progress: ImportProgress) -> None:
            nonlocal told
            step = progress.done * _STEPS // max(progress.total, 1)
            if not console.is_terminal and told < step < _STEPS:
                print(f"{name}: {progress.done / progress.total:.0%}, {progress.values:,} values", file=sys.stderr)
                told = step
            bar.update(task, completed=progress.done, total=progress.total, description=f"{progress.values:,} values")

        yield tell
