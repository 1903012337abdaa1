"""Bytes of a file, packed or not: gzip, xz and zip are recognised by their first bytes, damage is told as such."""

from __future__ import annotations

import gzip
import io
import lzma
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol, cast

from placette.model.errors import BadInput, NotFound, TooLarge

_GZIP = b"\x1f\x8b"
_XZ = b"\xfd7zXZ\x00"
_ZIP = b"PK\x03\x04"
_DAMAGE = (EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error, zipfile.BadZipFile)
_INSIDE = (".zip", ".7z", ".rar", ".tar", ".tgz", ".gz", ".xz", ".bz2")
_MOST_MEMBERS = 10_000
_BOMB_RATIO = 1_000
"""No table packs this well: real ones reach some 20, columns of nothing but zeros a few hundred."""
_BOMB_BYTES = 64 * 1024 * 1024
_LARGEST_COPY = 4 * 1024 * 1024 * 1024
"""What is unpacked to disk because its reader jumps about in it."""
_LARGEST_WHOLE = 512 * 1024 * 1024
_STEP = 1024 * 1024


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
        self._given = 0
        self._damage: BaseException | None = None

    @property
    def done(self) -> int:
        """Bytes of the packed file read so far."""
        return min(self._raw.tell(), self.size)

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes, ``b""`` at the end.

        Where the packed file is damaged, what comes before the damage is given first; then ``BadInput`` is raised.
        ``TooLarge`` is raised where it unpacks to more than 1,000 times its size (a zip bomb).
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
            self._given += len(part)
            if self._given > max(_BOMB_BYTES, _BOMB_RATIO * self._raw.tell()):
                raise TooLarge(
                    f"the packed file unpacks to more than {_BOMB_RATIO:,} times its size", str(self.path),
                    "no table packs so well; unpack it yourself if you trust it",
                )  # fmt: skip
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
def on_disk(path: Path, member: str, suffixes: tuple[str, ...]) -> Iterator[Path]:
    """Give the file unpacked: itself where it is not packed, else a copy for as long as the block lasts.

    Raises ``TooLarge`` when the copy would be larger than 4 GiB, and what ``opened`` raises.
    """
    if not _is_packed(path, suffixes):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="placette-") as folder, opened(path, member, suffixes) as stream:
        copy = Path(folder) / f"copy{suffixes[0]}"
        size = 0
        with copy.open("wb") as out:
            while part := stream.read(_STEP):
                size += len(part)
                if size > _LARGEST_COPY:
                    raise TooLarge("unpacked, the file is larger than 4 GiB", str(path), "cut it into several files")
                out.write(part)
        yield copy


def whole(stream: Stream, what: str) -> bytes:
    """Return all bytes of a file that must be read at once; raises ``TooLarge`` beyond 512 MiB."""
    data = stream.read(_LARGEST_WHOLE + 1)
    if len(data) > _LARGEST_WHOLE:
        raise TooLarge(f"the {what} is larger than 512 MiB", str(stream.path), "cut it into several files")
    return data


def _is_packed(path: Path, suffixes: tuple[str, ...]) -> bool:
    """Return whether the bytes are those of a packed file; a workbook is a zip archive by itself."""
    with _found(path) as raw:
        start = raw.read(6)
    if start.startswith(_ZIP):
        return not path.name.lower().endswith(suffixes) and "[Content_Types].xml" not in members(path)
    return start.startswith((_GZIP, _XZ))


@contextmanager
def zipped(path: Path, raw: BinaryIO | None = None) -> Iterator[zipfile.ZipFile]:
    """Open a zip archive; raises ``BadInput`` when it is damaged."""
    try:
        archive = zipfile.ZipFile(raw or path)
    except _DAMAGE as error:
        raise damaged(path, error) from None
    with archive:
        _check(path, archive)
        yield archive


def members(path: Path) -> list[str]:
    """Return the names of the files inside a zip archive."""
    with zipped(path) as archive:
        return [name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX/")]


def _check(path: Path, archive: zipfile.ZipFile) -> None:
    """Refuse archives that no honest program writes: they are made to harm."""
    names = archive.namelist()
    if len(names) > _MOST_MEMBERS:
        raise TooLarge(f"the archive holds {len(names):,} files", str(path), f"at most {_MOST_MEMBERS:,} are read")
    for name in names:
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts or "\\" in name or ":" in name[:2]:
            raise BadInput(f"the archive names a path outside of itself: '{name[:80]}'", str(path), "pack it again")
    if any(info.flag_bits & 1 for info in archive.infolist()):
        raise BadInput("the archive is protected by a password", str(path), "unpack it first")


def choose(path: Path, names: list[str], member: str, suffixes: tuple[str, ...]) -> str:
    """Return the member to read; raises ``NotFound`` with all names when it is not plain which."""
    fitting = [name for name in names if name == member or (not member and name.lower().endswith(suffixes))]
    if len(fitting) == 1:
        return fitting[0]
    nested = [name for name in names if name.lower().endswith(_INSIDE)]
    if not fitting and nested and not member:
        raise BadInput(f"the archive holds another archive, '{nested[0][:80]}'", str(path), "unpack the outer one")
    what = f"the archive has no '{member}'" if member else "the archive does not say which of its files is meant"
    raise NotFound(what, str(path), f"name one in [file] member: {', '.join(names[:40])}")


def read_member(path: Path, archive: zipfile.ZipFile, name: str) -> io.BytesIO:
    """Return a member of an archive, whole; raises ``BadInput`` when it is damaged."""
    if archive.getinfo(name).file_size > _LARGEST_WHOLE:
        raise TooLarge(f"'{name}' is larger than 512 MiB", str(path), "cut it into several files")
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
