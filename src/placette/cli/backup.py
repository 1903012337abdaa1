"""``placette backup``, ``restore`` and ``upgrade``: copies of all data, taken while the city runs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from placette import control, photo_backup, settings
from placette.admin import note_backup
from placette.cli import DATA
from placette.model.errors import Conflict, NotFound
from placette.photos import FOLDER
from placette.store import Store, migrations
from placette.store import backup as copies


def backup(target: Path | None = None, *, data: Path = DATA) -> int:
    """Copy all data into one file, its photos into one beside it, checked after writing; the city may go on running.

    Example: placette backup /mnt/nas/aix-2026-11-23.duckdb

    Args:
        target: The file to write; without it, backups/<time>.duckdb in the data folder.
        data: The data folder.
    """
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    file = (target or data / "backups" / f"{stamp}.duckdb").absolute()
    running = control.find(data)
    if running is not None:
        for said in control.ask(running, "/api/admin/backup", {"target": str(file)}):
            photos = msgspec.convert(said["photos"], photo_backup.PhotoReport)
            return _tell(said["rows"], said["bytes"], file, photos)
        return 0

    store = _open(data)
    try:
        report = copies.backup(store, file)
    finally:
        store.close()
    photos = photo_backup.pack(data, file)
    note_backup(data)
    return _tell(report.rows, report.bytes, file, photos)


def _tell(rows: int, size: int, file: Path, photos: photo_backup.PhotoReport) -> int:
    print(f"{rows:,} observations, {size:,} bytes: {file}")
    if photos.photos:
        print(f"photos: {photos.photos:,}, {photos.bytes:,} bytes: {photo_backup.beside(file)}")
    for name in photos.damaged:
        print(f"damaged and left out: photo {name}")
    return 1 if photos.damaged else 0


def restore(source: Path, *, data: Path = DATA, force: bool = False) -> int:
    """Put a backup and its photos back into a data folder; the database that was there is kept beside it.

    Example: placette restore /mnt/nas/aix-2026-11-23.duckdb --data data

    Args:
        source: A file made by `placette backup`.
        data: The data folder; no server may run on it.
        force: Replace the data that is there.
    """
    running = control.find(data)
    if running is not None:
        raise Conflict(f"a server runs on {data}", running.url, "stop it first, then restore")
    report = copies.restore(source, data / settings.DATABASE, force=force)
    photos = photo_backup.unpack(source, data)
    print(f"{report.rows:,} observations restored into {data / settings.DATABASE}")
    if photos.photos:
        print(f"photos: {photos.photos:,} restored into {data / FOLDER}")
    return 0


def upgrade(*, data: Path = DATA, dry_run: bool = False) -> int:
    """Show what an upgrade of the data will change, then do it; the file as it was is kept beside the new one.

    Example: placette upgrade --dry-run

    Args:
        data: The data folder; no server may run on it.
        dry_run: Only show.
    """
    file = data / settings.DATABASE
    if not file.exists():
        raise NotFound(f"there is no data in {data}", str(file), "start with `placette serve`, or name it with --data")
    steps = migrations.plan(file)
    if not steps:
        print("The data is up to date.")
        return 0
    for step in steps:
        print(step)
    if not dry_run:
        _open(data).close()
        print("Done.")
    return 0


def _open(data: Path) -> Store:

    file = data / settings.DATABASE
    if not file.exists():
        raise NotFound(f"there is no data in {data}", str(file), "name the data folder with --data")
    return Store.open(file, settings.read(data).of_store())
