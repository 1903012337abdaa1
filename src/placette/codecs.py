"""The codecs a city runs with: those that ship with Placette and those of its folder, tested and loaded anew.

A codec of the city takes the place of a built-in one of the same name. A version that cannot be used leaves the one
before it at work.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Self

import msgspec

from placette.city.codecs import FOLDER, Stamp, read_codecs, read_vectors, stamp
from placette.city.documents import Fault, read_toml
from placette.harmonise.codecs import Codec, CodecError, Codecs, CodecSource
from placette.javascript import JavaScriptEngine
from placette.model.codecs import Vector
from placette.model.errors import BadInput, NotFound, PlacetteError

MODELS = "models.toml"

_LAYOUTS = Path(__file__).parent / "harmonise" / "codecs" / "layouts"


class CodecShelf:
    """The codecs of one city folder, or the built-in ones alone, with their engine. It blocks: call it in a thread."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._engine = JavaScriptEngine()
        self._stamp: Stamp | None = None
        self._own: dict[str, CodecSource] = {}
        self.faults: tuple[Fault, ...] = ()
        self.codecs = Codecs.build(())
        self.reload()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def reload(self) -> Codecs | None:
        """Return the codecs when the folder has changed, ``None`` when it has not; what was before stays open."""
        now = stamp(self._folder) if self._folder else ()
        if now == self._stamp:
            return None
        self._stamp = now
        faults: list[Fault] = []
        own = {source.name: source for source in read_codecs(self._folder, faults)} if self._folder else {}
        unreadable = {fault.file.split("/")[1] for fault in faults}
        kept = {name: source for name, source in self._own.items() if name in unreadable}
        self._own = {**kept, **own}
        self.faults = tuple(faults)
        self.codecs = Codecs.build((*built_in(), *self._own.values()), self.codecs, engine=self._engine)
        return self.codecs

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with the codecs of the folder, in sentences."""
        return (*map(str, self.faults), *map(str, self.codecs.problems.values()))

    def check(self) -> None:
        """Raise ``BadInput`` with what is wrong with the codecs of the folder, if anything is."""
        if self.problems:
            remedy = "the version before goes on working; `placette codec test` tries the new one"
            raise BadInput("; ".join(self.problems), FOLDER, remedy)

    def close(self) -> None:
        """End the engine."""
        self.codecs.close()
        self._engine.close()


class Trial(msgspec.Struct, frozen=True):
    """One vector tried: ``differences`` says what is not as it should be, nothing when all is."""

    codec: str
    place: str
    differences: tuple[str, ...]


def built_in() -> tuple[CodecSource, ...]:
    """Return the sources of the layouts that ship with Placette."""
    return read_codecs(_LAYOUTS, [], "")


def faults_of(folder: Path) -> list[Fault]:
    """Return every fault of the codecs of a city folder: their sources, their vectors' form, and who asks for them.

    Where there is no engine for JavaScript, only the lack of a codec that a device model asks for is a fault:
    :func:`unread_of` tells the others.
    """
    faults: list[Fault] = []
    sources = read_codecs(folder, faults)
    for source in sources:
        read_vectors(folder, source.name, faults)
    files = {source.name: source.file for source in sources}
    asked = list(_asked(folder))
    unread = {source.name for source in unread_of(folder)} - {name for name, _ in asked}
    with JavaScriptEngine() as engine:
        codecs = Codecs.build((*built_in(), *sources), engine=engine)
    faults += [_fault(problem, files[name]) for name, problem in codecs.problems.items() if name not in unread]
    known = {*codecs.names, *files}
    faults += [_unknown(name, line, known) for name, line in asked if name not in known]
    return sorted(faults)


def unread_of(folder: Path) -> list[CodecSource]:
    """Return the JavaScript codecs of a city folder that cannot be looked at, since there is no engine here."""
    if not JavaScriptEngine().missing:
        return []
    return [source for source in read_codecs(folder, []) if source.kind == "javascript"]


def _fault(problem: CodecError, file: str) -> Fault:
    place, _, line = problem.where.rpartition(":")
    return Fault(place or file, int(line) if line.isdigit() else 1, problem.what, problem.remedy)


def _asked(folder: Path) -> Iterator[tuple[str, int]]:
    """Yield each codec that a device model asks for, and the line where it does."""
    models = read_toml(folder, MODELS, [])
    for key, model in (models.value if models else {}).items():
        name = model.get("codec") if isinstance(model, dict) else None
        if models and isinstance(name, str) and name:
            yield name, models.line((key, "codec"))


def _unknown(name: str, line: int, known: set[str]) -> Fault:
    close = get_close_matches(name, known, 3)
    remedy = f"did you mean {' or '.join(close)}?" if close else "`placette codec list` lists those there are"
    return Fault(MODELS, line, f"there is no codec '{name}'", remedy)


def trials(shelf: CodecShelf, folder: Path | None, names: tuple[str, ...] = ()) -> Iterator[Trial]:
    """Run the vectors of the built-in codecs and of the city's, or only of the sources so named.

    Raises ``BadInput`` for a vector that cannot be read and ``NotFound`` for a name without a codec.
    """
    shelves = [(_LAYOUTS, "", built_in())]
    if folder:
        shelves.append((folder, FOLDER, read_codecs(folder, [])))
    known = {source.name for _, _, sources in shelves for source in sources}
    for name in names:
        if name not in known:
            raise NotFound(f"there is no codec '{name}' with vectors", FOLDER, f"there are {', '.join(sorted(known))}")
    for root, prefix, sources in shelves:
        for source in sources:
            if not names or source.name in names:
                yield from _source_trials(shelf.codecs, root, prefix, source)


def _source_trials(codecs: Codecs, root: Path, prefix: str, source: CodecSource) -> Iterator[Trial]:
    faults: list[Fault] = []
    vectors = read_vectors(root, source.name, faults, prefix)
    if faults:
        raise BadInput(faults[0].what, f"{faults[0].file}:{faults[0].line}", faults[0].remedy)
    for vector in vectors:
        name = vector.codec or source.name
        place = f"{source.name}/vectors.jsonl:{vector.line}"
        try:
            yield Trial(name, place, tuple(_try(codecs.get(name), vector)))
        except PlacetteError as error:
            yield Trial(name, place, (str(error),))


def _try(codec: Codec, vector: Vector) -> Iterator[str]:
    try:
        fields = codec.decode(bytes.fromhex(vector.bytes), vector.port, vector.received).fields
    except CodecError as error:
        if not vector.error:
            yield str(error)
        return
    if vector.error:
        yield f"an error was expected, the codec gave {msgspec.json.encode(fields).decode()}"
    elif vector.fields is not None:
        yield from differences(vector.fields, fields)


def differences(expected: Any, given: Any, path: str = "") -> Iterator[str]:
    """Say for each value how it differs, lines as ``temperature: 21.5 expected, 21.4 given``; numbers to 12 digits."""
    if isinstance(expected, dict) and isinstance(given, dict):
        for key in {**expected, **given}:
            here = f"{path}.{key}" if path else str(key)
            yield from differences(expected.get(key, _ABSENT), given.get(key, _ABSENT), here)
    elif isinstance(expected, list) and isinstance(given, list) and len(expected) == len(given):
        for index, (one, other) in enumerate(zip(expected, given, strict=True)):
            yield from differences(one, other, f"{path}[{index}]")
    elif not _same(expected, given):
        yield f"{path}: {_shown(expected)} expected, {_shown(given)} given"


_ABSENT = object()


def _same(expected: Any, given: Any) -> bool:
    if isinstance(expected, bool) or isinstance(given, bool):
        return expected is given
    if isinstance(expected, int | float) and isinstance(given, int | float):
        return math.isclose(expected, given, rel_tol=1e-12)
    return bool(expected == given)


def _shown(value: Any) -> str:
    return "nothing" if value is _ABSENT else msgspec.json.encode(value).decode()
