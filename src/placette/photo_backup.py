"""The photos of devices beside a backup of the database: one tar, ``<backup>.photos.tar``, read back before it counts.

A photo is named after its content, so that every copy can be checked by itself, on the way out and on the way back.
"""

from __future__ import annotations

import hashlib
import re
import tarfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import IO

import msgspec

from placette.model.errors import BadInput, Conflict, StorageFailure
from placette.photos import FOLDER, LIMIT
from placette.store.backup import room, sync

SUFFIX = ".photos.tar"
_MEMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}/([0-9a-f]{20})\.(?:jpg|png|webp)")
REMEDY = "choose another backup, or remove that file to restore without photos"


class PhotoReport(msgspec.Struct, frozen=True):
    """Photos copied and their bytes; ``damaged`` are those whose content is not what their name says, left out."""

    photos: int
    bytes: int
    damaged: tuple[str, ...] = ()


def beside(backup: Path) -> Path:
    """Return the file of the photos that belongs to a backup."""
    return backup.with_name(backup.name + SUFFIX)


def pack(data: Path, backup: Path) -> PhotoReport:
    """Copy the photos of a data folder beside a backup and read the copy back; without photos, nothing is written.

    Raises ``Conflict`` when the file exists and ``StorageFailure`` when the disk cannot take it or the copy differs.
    """
    files = [file for file in sorted((data / FOLDER).glob("*/*")) if _MEMBER.fullmatch(_name(file)) and file.is_file()]
    if not files:
        return PhotoReport(0, 0)
    target = beside(backup)
    if target.exists():
        raise Conflict(f"{target} exists", remedy="choose another name; a backup never overwrites")
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        room(target.parent, sum(file.stat().st_size for file in files))
        report = _written(files, part)
        if sum(1 for _ in _members(part)) != report.photos:
            raise StorageFailure("the copy of the photos differs", str(part), "check the disk; back up again")
        sync(part)
        part.rename(target)
    except (OSError, tarfile.TarError) as error:
        raise StorageFailure(f"the photos cannot be copied: {error}", str(target), "see to that disk") from error
    finally:
        part.unlink(missing_ok=True)
    return report


def unpack(backup: Path, data: Path) -> PhotoReport:
    """Put the photos beside a backup into a data folder, where those that are there stay.

    All of them are checked before the first is written. Raises ``BadInput`` when the file is damaged or holds anything
    else, ``StorageFailure`` when the disk cannot take it.
    """
    source = beside(backup)
    if not source.exists():
        return PhotoReport(0, 0)
    try:
        room(data, source.stat().st_size)
        for _ in _members(source):
            pass
        photos = size = 0
        for name, content in _members(source):
            _put(data / FOLDER / name, content)
            photos, size = photos + 1, size + len(content)
    except tarfile.TarError as error:
        raise BadInput(f"the photos cannot be read: {error}", str(source), REMEDY) from None
    except OSError as error:
        raise StorageFailure(f"the photos cannot be restored: {error}", str(data), "see to that disk") from error
    return PhotoReport(photos, size)


def _written(files: list[Path], part: Path) -> PhotoReport:
    size = 0
    damaged = []
    with tarfile.open(part, "w") as tape:
        for file in files:
            with file.open("rb") as photo:
                content = _read(photo)
            if content is None or not _is_whole(_name(file), content):
                damaged.append(_name(file))
                continue
            entry = tarfile.TarInfo(_name(file))
            entry.size, entry.mtime = len(content), int(file.stat().st_mtime)
            tape.addfile(entry, BytesIO(content))
            size += len(content)
    return PhotoReport(len(files) - len(damaged), size, tuple(damaged))


def _members(file: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each photo; raises ``BadInput`` for anything that is no photo under its own name."""
    with tarfile.open(file) as tape:
        for entry in tape:
            source = tape.extractfile(entry) if entry.isfile() and entry.size <= LIMIT else None
            content = None if source is None else _read(source)
            if content is None or not _is_whole(entry.name, content):
                raise BadInput(f"'{entry.name[:80]}' is no photo of ours, or is damaged", str(file), REMEDY)
            yield entry.name, content


def _read(source: IO[bytes]) -> bytes | None:
    content: bytes = source.read(LIMIT + 1)
    return content if len(content) <= LIMIT else None


def _is_whole(name: str, content: bytes) -> bool:
    digest = _MEMBER.fullmatch(name)
    return digest is not None and hashlib.sha256(content).hexdigest().startswith(digest[1])


def _put(file: Path, content: bytes) -> None:
    if file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f".{file.name}")
    fresh.write_bytes(content)
    sync(fresh)
    fresh.replace(file)


def _name(file: Path) -> str:
    return f"{file.parent.name}/{file.name}"
