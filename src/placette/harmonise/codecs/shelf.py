"""The codecs of one city by name: those that ship with Placette and those of its folder, which come first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from placette.harmonise.codecs.codec import Codec, CodecError
from placette.model.codecs import CodecSource
from placette.model.errors import NotFound

Make = Callable[[CodecSource], Codec]

KINDS: dict[str, Make] = {}
"""How each kind of source becomes a codec; raises ``CodecError`` when it cannot."""

BUILT_IN: dict[str, Callable[[], Codec]] = {}
"""The codecs written in Python, by name."""


class Codecs:
    """Codecs by name; never changed once made, so that a running city swaps the whole value.

    ``problems`` says by name why a source could not be used; where an earlier version of it stood, that one still works.
    """

    def __init__(self, codecs: Mapping[str, Codec], problems: Mapping[str, str] | None = None) -> None:
        self._codecs = dict(codecs)
        self.problems = dict(problems or {})

    @classmethod
    def build(cls, sources: Iterable[CodecSource], previous: Codecs | None = None) -> Codecs:
        """Compile these sources beside the built-in codecs; a codec of ``previous`` whose text is the same is kept."""
        codecs: dict[str, Codec] = {name: make() for name, make in BUILT_IN.items()}
        problems: dict[str, str] = {}
        before = previous._codecs if previous else {}
        for source in sources:
            earlier = before.get(source.name)
            if earlier is not None and earlier.version == source.version:
                codecs[source.name] = earlier
                continue
            try:
                codecs[source.name] = KINDS[source.kind](source)
            except CodecError as error:
                problems[source.name] = str(error)
                if earlier is not None:
                    codecs[source.name] = earlier
        return cls(codecs, problems)

    def get(self, name: str) -> Codec:
        """Return the codec of this name; raises ``NotFound`` with what is wrong with it or with the names there are."""
        codec = self._codecs.get(name)
        if codec is not None:
            return codec
        if name in self.problems:
            raise NotFound(f"the codec '{name}' cannot be used: {self.problems[name]}", "codecs", "mend its source")
        known = ", ".join(self.names)
        raise NotFound(
            f"there is no codec '{name}'", "codecs", f"put it into the city's folder codecs/, or use {known}"
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all codecs, in order."""
        return tuple(sorted(self._codecs))

    def close(self, unless_in: Codecs | None = None) -> None:
        """Give back what the codecs hold, except those that ``unless_in`` goes on using."""
        kept = set(map(id, unless_in._codecs.values())) if unless_in else set()
        for codec in self._codecs.values():
            if id(codec) not in kept:
                codec.close()
