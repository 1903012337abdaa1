"""Reads the folder ``codecs/`` of a city: one folder per codec, with its source and the vectors that test it.

``codecs/<name>/codec.js`` or ``layout.toml``, and beside it ``vectors.jsonl``. Nothing is compiled here.
"""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from placette.city.documents import Fault, read_text
from placette.model.codecs import CodecKind, CodecSource, Vector

FOLDER = "codecs"
VECTORS = "vectors.jsonl"
KINDS: dict[str, CodecKind] = {"codec.js": "javascript", "layout.toml": "layout"}
LARGEST_SOURCE = 1024 * 1024
LARGEST_VECTORS = 4 * 1024 * 1024

_NAME = re.compile(r"[a-z0-9]+([_-][a-z0-9]+)*")

Stamp = tuple[tuple[str, int, int], ...]
"""File, time of the last change (ns) and size of every source: what changes when a codec does."""


def read_codecs(folder: Path, faults: list[Fault], prefix: str = FOLDER) -> tuple[CodecSource, ...]:
    """Return the sources in this folder's ``codecs/``, in order of their names; what cannot be read becomes a fault."""
    found = []
    for one in _folders(folder / prefix):
        place = f"{prefix}/{one.name}" if prefix else one.name
        if not _NAME.fullmatch(one.name):
            remedy = "use lower case letters and digits, with - or _ between them"
            faults.append(Fault(place, 1, f"'{one.name}' is no name of a codec", remedy))
            continue
        files = [name for name in KINDS if (one / name).is_file()]
        if len(files) != 1:
            what = "two sources stand in one codec" if files else "the folder holds no codec"
            faults.append(Fault(place, 1, what, f"put one of {' or '.join(KINDS)} into it"))
            continue
        text = _text(folder, f"{place}/{files[0]}", LARGEST_SOURCE, faults)
        if text is not None:
            found.append(CodecSource(name=one.name, kind=KINDS[files[0]], text=text, file=f"{place}/{files[0]}"))
    return tuple(found)


def read_vectors(folder: Path, name: str, faults: list[Fault], prefix: str = FOLDER) -> tuple[Vector, ...]:
    """Return the vectors beside the codec of this name; none when there is no such file."""
    file = f"{prefix}/{name}/{VECTORS}" if prefix else f"{name}/{VECTORS}"
    text = _text(folder, file, LARGEST_VECTORS, faults) if (folder / file).is_file() else None
    found = []
    for number, line in enumerate((text or "").splitlines(), 1):
        if not line.strip():
            continue
        try:
            vector = msgspec.json.decode(line, type=Vector)
            bytes.fromhex(vector.bytes)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            remedy = 'write {"bytes": "0175", "port": 85, "fields": {"battery": 100}} or "error": true for the fields'
            faults.append(Fault(file, number, f"not a vector: {error}", remedy))
            continue
        found.append(msgspec.structs.replace(vector, line=number))
    return tuple(found)


def stamp(folder: Path) -> Stamp:
    """Return what tells whether a codec of the city has changed since, without reading any."""
    found = []
    for one in _folders(folder / FOLDER):
        for name in KINDS:
            try:
                state = (one / name).stat()
            except OSError:
                continue
            found.append((f"{one.name}/{name}", state.st_mtime_ns, state.st_size))
    return tuple(found)


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(one for one in folder.iterdir() if one.is_dir() and not one.name.startswith((".", "__")))
    except OSError:
        return []


def _text(folder: Path, file: str, limit: int, faults: list[Fault]) -> str | None:
    try:
        size = (folder / file).stat().st_size
    except OSError:
        size = 0  # reading it says why
    if size > limit:
        faults.append(Fault(file, 1, f"the file has {size:,} bytes", f"{limit:,} bytes are the most"))
        return None
    return read_text(folder, file, faults)
