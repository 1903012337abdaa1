"""The codecs of one city by name: those that ship with Placette and those of its folder, which come first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches

import msgspec

from placette.harmonise.codecs.cayenne import CayenneLpp
from placette.harmonise.codecs.codec import Codec, CodecError
from placette.harmonise.codecs.hive import Hive
from placette.harmonise.codecs.javascript import Engine, JavaScriptCodec
from placette.harmonise.codecs.layout import layout_codecs
from placette.model.codecs import CodecSource
from placette.model.errors import NotFound

BUILT_IN: dict[str, Callable[[], Codec]] = {"cayenne-lpp": CayenneLpp, "hive": Hive}
"""The codecs written in Python, by name."""


class Made(msgspec.Struct, frozen=True):
    """What became of one source, and its version."""

    version: str
    codecs: tuple[Codec, ...]


class Codecs:
    """Codecs by name; never changed once made, so that a running city swaps the whole value.

    ``problems`` says by name why a source could not be used; an earlier version of it goes on working.
    """

    def __init__(self, made: Mapping[str, Made], problems: Mapping[str, CodecError] | None = None) -> None:
        self._made = dict(made)
        self._codecs = {codec.name: codec for one in self._made.values() for codec in one.codecs}
        self.problems = dict(problems or {})

    @classmethod
    def build(
        cls, sources: Iterable[CodecSource], previous: Codecs | None = None, *, engine: Engine | None = None
    ) -> Codecs:
        """Compile these sources beside the built-in codecs; what ``previous`` made of the same text is kept.

        Of two sources of one name the later counts. ``engine`` runs JavaScript; without it, no such codec can be used.
        """
        made = {name: Made("", (make(),)) for name, make in BUILT_IN.items()}
        problems: dict[str, CodecError] = {}
        before = previous._made if previous else {}
        for source in sources:
            earlier = before.get(source.name)
            if earlier is None or earlier.version != source.version:
                try:
                    made[source.name] = Made(source.version, compiled(source, engine))
                    continue
                except CodecError as error:
                    problems[source.name] = error
            if earlier is not None:
                made[source.name] = earlier
        return cls(made, problems)

    def get(self, name: str) -> Codec:
        """Return the codec of this name; raises ``NotFound`` with what is wrong with it or with the names there are."""
        codec = self._codecs.get(name)
        if codec is not None:
            return codec
        if name in self.problems:
            problem = self.problems[name]
            raise NotFound(f"the codec '{name}' cannot be used: {problem.what}", problem.where, problem.remedy)
        close = get_close_matches(name, self._codecs, 3)
        remedy = f"did you mean {' or '.join(close)}?" if close else "`placette codec list` lists those there are"
        raise NotFound(f"there is no codec '{name}'", "codecs", remedy)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all codecs, in order."""
        return tuple(sorted(self._codecs))

    def close(self, unless_in: Codecs | None = None) -> None:
        """Give back what the codecs hold, except those that ``unless_in`` goes on using."""
        kept = {id(codec) for codec in unless_in} if unless_in else set()
        for codec in self:
            if id(codec) not in kept:
                codec.close()

    def __iter__(self) -> Iterator[Codec]:
        return iter(self._codecs.values())


def compiled(source: CodecSource, engine: Engine | None) -> tuple[Codec, ...]:
    """Return the codecs of this source, a layout having one for each device; raises ``CodecError``."""
    if source.kind == "layout":
        return tuple(layout_codecs(source))
    if engine is None:
        raise CodecError("there is no engine for JavaScript", source.file, "run the codec in a city")
    return (JavaScriptCodec(source, engine),)
