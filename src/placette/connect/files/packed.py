"""Bytes of a file, packed or not: gzip, xz and zip are recognised by their first bytes, damage is told as such."""

from __future__ import annotations

import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from placette.model.errors import BadInput, NotFound

_GZIP = b"\x1f\x8b"
_XZ = b"\xfd7zXZ\x00"
_ZIP = b"PK\x03\x04"
_DAMAGE = (EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error, zipfile.BadZipFile)


class _Unpacked(Protocol):
    def read1(self, size: int = ..., /) -> bytes: ...


class Stream:
    """A file being unpacked: ``read`` gives its bytes, ``done`` of ``size`` says how far the packed file has come."""

    def __init__(self, path: Path, raw: BinaryIO, unpacked: _Unpacked, member: str = "") -> None:
        self.path = path
        self.member = member
        self.size = path.stat().st_size
        self._raw = raw
        self._unpacked = unpacked
        self._damage: BaseException | None = None

    @property
    def done(self) -> int:
        """Bytes of the packed file read so far."""
        return min(self._raw.tell(), self.size)

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes, ``b""`` at the end.

        Where the packed file is damaged, what comes before the damage is given first; then ``BadInput`` is raised.
        """
        parts: list[bytes] = []
        wanted = size
        while wanted and self._damage is None:
            try:
                part = self._unpacked.read1(wanted)
            except _DAMAGE as error:
                self._damage = error
                break
            if not part:
                break
            parts.append(part)
            wanted -= len(part)
        if self._damage is not None and not parts:
            raise damaged(self.path, self._damage)
        return b"".join(parts)


@contextmanager
def opened(path: Path, member: str = "", suffixes: tuple[str, ...] = ()) -> Iterator[Stream]:
    """Open a file for reading, unpacked; of a zip its ``member``, or the one whose name ends in one of ``suffixes``.

    Raises ``NotFound`` when there is no such file or member, ``BadInput`` when it is empty or damaged.
    """
    with _found(path) as raw:
        start = raw.read(6)
        raw.seek(0)
        if not start:
            raise BadInput("the file is empty", str(path), "fetch it again; nothing was imported")
        if start.startswith(_GZIP):
            with gzip.GzipFile(fileobj=raw) as unpacked:
                yield Stream(path, raw, unpacked)
        elif start.startswith(_XZ):
            with lzma.LZMAFile(raw) as unpacked_xz:
                yield Stream(path, raw, unpacked_xz)
        elif start.startswith(_ZIP):
            with zipped(path, raw) as archive:
                name = choose(path, archive.namelist(), member, suffixes)
                with archive.open(name) as unpacked_zip:
                    yield Stream(path, raw, cast("_Unpacked", unpacked_zip), name)
        else:
            yield Stream(path, raw, cast("_Unpacked", raw))


def is_zip(path: Path) -> bool:
    """Return whether the file is a zip archive; raises ``NotFound`` when there is none."""
    with _found(path) as raw:
        return raw.read(4) == _ZIP


@contextmanager
def zipped(path: Path, raw: BinaryIO | None = None) -> Iterator[zipfile.ZipFile]:
    """Open a zip archive; raises ``BadInput`` when it is damaged."""
    try:
        archive = zipfile.ZipFile(raw or path)
    except _DAMAGE as error:
        raise damaged(path, error) from None
    with archive:
        yield archive


def members(path: Path) -> list[str]:
    """Return the names of the files inside a zip archive."""
    with zipped(path) as archive:
        return [name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX/")]


def choose(path: Path, names: list[str], member: str, suffixes: tuple[str, ...]) -> str:
    """Return the member to read; raises ``NotFound`` with all names when it is not plain which."""
    fitting = [name for name in names if name == member or (not member and name.lower().endswith(suffixes))]
    if len(fitting) == 1:
        return fitting[0]
    what = f"the archive has no '{member}'" if member else "the archive does not say which of its files is meant"
    raise NotFound(what, str(path), f"name one in [file] member: {', '.join(names[:40])}")


def read_member(path: Path, archive: zipfile.ZipFile, name: str) -> io.BytesIO:
    """Return a member of an archive, whole; raises ``BadInput`` when it is damaged."""
    try:
        return io.BytesIO(archive.read(name))
    except _DAMAGE as error:
        raise damaged(path, error) from None


def damaged(path: Path, error: BaseException) -> BadInput:
    """Return the error that says a packed file is cut or spoilt."""
    return BadInput(
        f"the packed file is cut off or damaged ({error})",
        str(path),
        "fetch it again and import it again: what came before the damage stays, and importing twice adds nothing",
    )


def _found(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise NotFound("there is no such file", str(path), "check the path") from None
    except (IsADirectoryError, PermissionError) as error:
        raise NotFound(
            f"the file cannot be read: {error.strerror}", str(path), "check the path and its rights"
        ) from None
