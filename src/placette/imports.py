"""Files that people hand in on the pages: kept for some days, understood, corrected, previewed, imported, remembered.

``uploads/<id>`` in the data folder holds one file and what was said about it; ``mappings/<fingerprint>.toml`` what was
saved for the next file of the same columns. Work that reads a file runs in threads, one import at a time.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import shutil
import time
from collections.abc import Mapping
from pathlib import Path, PurePath

import msgspec

from placette import importing
from placette.city import City
from placette.importing import ImportProgress, ImportReport, detect
from placette.importing.detect import Understood, correct
from placette.importing.report import Failure
from placette.model.errors import BadInput, Conflict, NotFound, PlacetteError, Unprocessable
from placette.store import Store

_ID = re.compile(r"[0-9a-f]{16}")
_ENDINGS = re.compile(r"(\.[A-Za-z0-9]{1,10}){0,2}$")
_PREVIEW_ROWS = 50_000
_DAY_S = 86_400


class Upload(msgspec.Struct, frozen=True):
    """One file that was handed in: ``at`` in s since 1970; ``said`` are the corrections of a person."""

    key: str
    name: str
    at: float
    size: int
    said: dict[str, str] = {}


class Run(msgspec.Struct):
    """One import at work, or what became of it."""

    progress: ImportProgress = ImportProgress(0, 1, 0)
    report: ImportReport | None = None
    fault: Failure | None = None
    ended: bool = False


class Desk:
    """Where files are handed in. ``limit`` bytes at most each, kept ``days``."""

    def __init__(self, store: Store, city: City, data: Path, *, limit: int, days: int) -> None:
        self.limit = limit
        self.days = days
        self._store = store
        self._city = city
        self._uploads = data / "uploads"
        self._mappings = data / importing.MAPPINGS
        self._runs: dict[str, Run] = {}
        self._understood: dict[str, tuple[dict[str, str], Understood]] = {}
        self._working = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def uploads(self) -> list[Upload]:
        """Return what was handed in, the newest first."""
        found = [self.upload(path.name) for path in self._uploads.glob("*") if (path / "upload.json").exists()]
        return sorted(found, key=lambda each: -each.at)

    def upload(self, key: str) -> Upload:
        """Return one file; raises ``NotFound`` when it is not there any more."""
        folder = self._uploads / key
        if not _ID.fullmatch(key) or not (folder / "upload.json").exists():
            raise NotFound("there is no such file", key, f"files are kept for {self.days} days: hand it in again")
        return msgspec.json.decode((folder / "upload.json").read_bytes(), type=Upload)

    def keep(self, name: str, source: Path) -> Upload:
        """Keep the file at ``source`` (it is moved); its own name is kept beside it and never used as a path."""
        size = source.stat().st_size
        if not size:
            raise BadInput("the file is empty", name[:80], "choose another one")
        key = secrets.token_hex(8)
        folder = self._uploads / key
        folder.mkdir(parents=True, mode=0o700)
        shutil.move(source, folder / f"file{_ending(name)}")
        upload = Upload(key, PurePath(name.replace("\\", "/")).name[:120] or "file", time.time(), size)
        self._write(upload)
        return upload

    def understood(self, key: str) -> Understood:
        """Return what is understood of a file, corrections included; from a thread, for it reads the file."""
        upload = self.upload(key)
        kept = self._understood.get(key)
        if kept is not None and kept[0] == upload.said:
            return kept[1]
        known = detect.Known(self._city.zone, {each: found.unit for each, found in self._city.properties.items()})
        found = detect.detect(self._file(key), known, name=upload.name)
        if (said := correct.written(found, upload.said)) is not None:
            found = correct.reread(found, detect.detect(self._file(key), known, said, name=upload.name))
        found = correct.corrected(found, upload.said)
        self._understood[key] = (upload.said, found)
        return found

    def remembered(self, found: Understood) -> Path | None:
        """Return the mapping that was saved for files with the same columns."""
        path = self._mappings / f"{found.fingerprint}.toml"
        return path if found.fingerprint and path.exists() else None

    def correct(self, key: str, said: Mapping[str, str]) -> None:
        """Note what a person says of a file."""
        self._write(msgspec.structs.replace(self.upload(key), said=dict(said)))

    def mapping(self, key: str) -> str:
        """Return the mapping as it stands: the remembered one where nothing was said, else what is understood."""
        found = self.understood(key)
        path = self.remembered(found)
        if path is not None and "seen" not in self.upload(key).said:
            return path.read_text(encoding="utf-8")
        if found.layout == "nothing":
            raise Unprocessable("nothing in the file can be imported as it stands", "", found.facts["layout"].evidence)
        return detect.mapping_text(found)

    def preview(self, key: str) -> ImportReport:
        """Read up to 50,000 rows by the mapping as it stands and store nothing; from a thread."""
        return importing.preview(self._file(key), self._written(key), city=self._city, most_rows=_PREVIEW_ROWS)

    def fault(self, key: str, error: PlacetteError | Failure) -> Failure:
        """Return an error as people are told of it: by the file's own name, not by where it is kept."""
        kept = self._file(key)
        where = error.where.replace(str(kept), self.upload(key).name).replace(f"{kept.parent}/", "")
        return Failure(error.what, where, error.remedy)

    def run(self, key: str) -> Run | None:
        """Return the import of a file, at work or ended."""
        return self._runs.get(key)

    def start(self, key: str) -> None:
        """Begin to import a file; raises ``Conflict`` while it is at work."""
        run = self._runs.get(key)
        if run is not None and not run.ended:
            raise Conflict("the file is being imported already", key, "wait for its report")
        mapping = self._written(key)
        self._runs[key] = Run()
        task = asyncio.create_task(self._work(self._runs[key], key, mapping))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def save(self, key: str) -> Path:
        """Keep the mapping for the next file of the same columns; raises ``Unprocessable`` when it has none."""
        found = self.understood(key)
        if not found.fingerprint:
            raise Unprocessable("the file has no columns by which it could be known again", key)
        self._mappings.mkdir(exist_ok=True)
        path = self._mappings / f"{found.fingerprint}.toml"
        path.write_text(self.mapping(key), encoding="utf-8")
        return path

    def forget(self, key: str) -> None:
        """Remove a file and what was said of it; what was imported from it stays."""
        self.upload(key)
        shutil.rmtree(self._uploads / key, ignore_errors=True)
        self._runs.pop(key, None)
        self._understood.pop(key, None)

    async def purge(self) -> None:
        """Remove files whose days are over."""
        before = time.time() - self.days * _DAY_S
        for upload in await asyncio.to_thread(self.uploads):
            run = self._runs.get(upload.key)
            if upload.at < before and (run is None or run.ended):
                await asyncio.to_thread(self.forget, upload.key)

    async def _work(self, run: Run, key: str, mapping: Path) -> None:
        def tell(progress: ImportProgress) -> None:
            run.progress = progress

        async with self._working:
            try:
                report = await asyncio.to_thread(
                    importing.import_file, self._store, self._file(key), mapping, city=self._city, progress=tell
                )
                failure = self.fault(key, report.failure) if report.failure else None
                run.report = msgspec.structs.replace(report, failure=failure)
            except PlacetteError as error:
                run.fault = self.fault(key, error)
            finally:
                run.ended = True

    def _file(self, key: str) -> Path:
        return next(path for path in (self._uploads / key).iterdir() if path.name.startswith("file"))

    def _written(self, key: str) -> Path:
        path = self._uploads / key / "mapping.toml"
        path.write_text(self.mapping(key), encoding="utf-8")
        return path

    def _write(self, upload: Upload) -> None:
        part = self._uploads / upload.key / "upload.part"
        part.write_bytes(msgspec.json.encode(upload))
        part.replace(part.with_name("upload.json"))


def _ending(name: str) -> str:
    """Return the endings of a name by which the kind of a file is known, and nothing else of it."""
    found = _ENDINGS.search(name)
    return found[0].lower() if found else ""
