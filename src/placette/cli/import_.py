"""``placette import``: a file into the city, by a mapping or by what is understood of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from placette import city as cities
from placette import control, importing, settings
from placette.city import City
from placette.cli import DATA, import_words, understood_words
from placette.importing import MAPPINGS, ImportProgress, ImportReport, detect
from placette.model.errors import Conflict, PlacetteError, Unprocessable
from placette.store import Store

_STEPS = 10
"""Lines that tell how far a long import is where there is no terminal."""

Tell = Callable[[ImportProgress], None]


def import_(
    file: Path,
    *,
    mapping: Path | None = None,
    dry_run: Annotated[bool, Parameter(negative=())] = False,
    save_mapping: Path | None = None,
    yes: Annotated[bool, Parameter(negative=())] = False,
    data: Path = DATA,
    city: Path | None = None,
) -> int:
    """Read a file into the city, by a mapping; twice adds nothing.

    Reads CSV, XLSX, JSON, NDJSON, Parquet, shapefiles, GeoJSON, GeoPackage and KML, packed or not. The city may be
    running. Every value is accounted for: what cannot be used is kept with its line and reason.

    Without a mapping, Placette looks at the file, shows what it understood with its evidence, and stores something only
    when it is sure of all of it, or with --yes.

    Example: placette import counts.csv --dry-run --save-mapping counts.toml

    Args:
        file: The file to read.
        mapping: What its columns mean; see docs/import.md.
        dry_run: Read the file to its end, show what was understood and how it would be stored, and store nothing.
        save_mapping: Write what was understood as a mapping into this file, which must not exist.
        yes: Import by what was understood, doubts included.
        data: The data folder; made where there is none.
        city: The city folder, for its time zone, places and property names.
    """
    told = cities.read(city) if city else None
    with ExitStack() as stack:
        if mapping is None:
            work = Path(stack.enter_context(TemporaryDirectory()))
            saved = data / MAPPINGS
            mapping = _understand(file, told, saved, save_mapping or work / "mapping.toml", ask=not (yes or dry_run))
            if save_mapping and mapping == save_mapping:
                print(f"mapping written to {save_mapping}")
            if mapping is None:
                return 1
        report = _run(file, mapping, data, told, dry_run=dry_run)
    print("\n".join(import_words.lines(report)), flush=True)
    if report.failure is None:
        return 0
    print(f"placette: {import_words.failure(report.failure)}", file=sys.stderr)
    return 1


def _understand(file: Path, city: City | None, saved: Path, written: Path, *, ask: bool) -> Path | None:
    """Show what a file may mean and return its mapping, written into ``written``; one that was ``saved`` goes first.

    ``None`` where nobody has looked at doubtful guesses.
    """
    known = detect.Known()
    if city:
        known = detect.Known(city.zone, {key: each.unit for key, each in city.properties.items()})
    found = detect.detect(file, known)
    kept = saved / f"{found.fingerprint}.toml"
    if found.fingerprint and kept.exists():
        print(f"{found.file}: read by the mapping that was saved for files with these columns: {kept}", flush=True)
        return kept
    print("\n".join(understood_words.lines(found)), flush=True)
    if found.layout == "nothing":
        why = found.facts["layout"].evidence
        raise Unprocessable("nothing in the file can be imported as it stands", str(file), f"{why}; write a mapping")
    try:
        with written.open("x", encoding="utf-8") as out:
            out.write(detect.mapping_text(found))
    except FileExistsError:
        raise Conflict("the mapping would be written over a file", str(written), "choose another name") from None
    if ask and found.doubts:
        print("placette: nothing was stored, because some guesses are doubtful:", file=sys.stderr)
        print("\n".join(f"  {doubt}" for doubt in found.doubts[:20]), file=sys.stderr)
        print("correct them with --save-mapping FILE and --mapping FILE, or accept them with --yes", file=sys.stderr)
        return None
    return written


def _run(file: Path, mapping: Path, data: Path, told: City | None, *, dry_run: bool) -> ImportReport:
    """Import or preview, here or where the city runs."""
    with _progress(file.name) as tell:
        if dry_run:
            return importing.preview(file, mapping, city=told, progress=tell)
        running = control.find(data)
        return _here(file, mapping, data, told, tell) if running is None else _there(running, file, mapping, tell)


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
