"""Faults, remedies and evidence in the reader's language.

They are written where they arise, in English: the APIs, the log and the command line say them so, dead letters keep
them so. A sentence's *form* is what stands in the source, ``{}`` being what is filled in. The files of
``messages/<language>`` have the sentences of a language under their forms; ``tests/web/spoken.py`` reads the forms
from the sources, so that none is without its words::

    "'{}' has no datastream for {}" = "« {} » n’a pas de série pour {}"

What is filled in comes back in the same order, or where ``{1}`` says so. Between apostrophes it is a name, kept as it
is; elsewhere it may be a sentence of ours too, or a figure, which is written as the language writes it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from functools import cache, lru_cache
from importlib.resources import files
from string import Formatter
from typing import NamedTuple

from babel.numbers import format_decimal, format_percent

from placette.store import causes
from placette.web.words import Words

LONGEST = 4_000
"""Characters beyond which a text is not looked at: what stands in it came from outside."""
KEPT = 1_000
"""Sentences remembered with what was told of them: a page says a cause more than once."""
_FIGURE = re.compile(r"-?[\d,]+(\.\d+)?(e[-+]?\d+)?%?|[\da-f]+|…")
_PLACED = re.compile(r"(\S+:\d+: )(.+)", re.DOTALL)
_WRITTEN_AS_IS = re.compile(r"0\d+[dx]")


Told = tuple[int, str | None]
"""What was told, and how many characters of the sentence are its form's own."""


class _Hole(NamedTuple):
    """Where something is filled in: how the source formats it, whether it stands between apostrophes.

    One that is not ``kept`` was a figure or a name of the sentence's own.
    """

    spec: str = ""
    quoted: bool = False
    kept: bool = True


class _Form(NamedTuple):
    """A form taken apart: what stands before, between and after its holes; ``text`` is the sentence to fill."""

    pieces: tuple[str, ...]
    holes: tuple[_Hole, ...]
    text: str

    @property
    def weight(self) -> int:
        return sum(map(len, self.pieces))

    def values(self, sentence: str) -> list[str] | None:
        """Return what is filled in, ``None`` when the sentence has another form.

        >>> _form("'{}' looks for {}", "").values("'EM300' looks for pm10")
        ['EM300', 'pm10']
        """
        found = _between(self.pieces, sentence)
        if found is None:
            return None
        fits = all(not hole.spec or _FIGURE.fullmatch(value) for hole, value in zip(self.holes, found, strict=True))
        return found if fits else None


def _between(pieces: tuple[str, ...], text: str) -> list[str] | None:
    """Return what stands between pieces of a text, each taken where it first is; ``None`` when one is not there."""
    first, *middle, last = pieces
    at, end = len(first), len(text) - len(last)
    if at > end or not text.startswith(first) or not text.endswith(last):
        return None
    found = []
    for piece in middle:
        here = text.find(piece, at, end)
        if here < 0:
            return None
        found.append(text[at:here])
        at = here + len(piece)
    return [*found, text[at:end]]


class Sentences:
    """The sentences of one language; English ones are said as they are."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._whole, self._forms = _catalogue(words.language)
        self._known = lru_cache(KEPT)(self._tell)

    def tell(self, sentence: str) -> str | None:
        """Return a fault, a remedy or a piece of evidence in this language, ``None`` when it is none that is known.

        A sentence may stand for many, with ``…`` for what varies from one to the next.
        """
        return sentence if self._words.language == "en" else self._of(sentence)[1]

    def _of(self, sentence: str) -> Told:
        return self._known(sentence) if len(sentence) <= LONGEST else (0, None)

    def _tell(self, sentence: str) -> Told:
        for read in (self._list, self._error):
            found = read(sentence)
            if found[1]:
                return found
        return self._told(sentence)

    def _told(self, sentence: str) -> Told:
        """Return a sentence by its form."""
        if sentence in self._whole:
            return len(sentence), self._whole[sentence]
        for form in self._forms:
            values = form.values(sentence)
            if values is not None:
                filled = (self._filled(*pair) for pair in zip(form.holes, values, strict=True) if pair[0].kept)
                return form.weight, form.text.format(*filled)
        return 0, None

    def _filled(self, hole: _Hole, value: str) -> str:
        if hole.quoted:
            return value
        if not hole.spec:
            return self.tell(value) or value
        if "…" in value or _WRITTEN_AS_IS.fullmatch(hole.spec):
            return value
        figure = Decimal(value.rstrip("%").replace(",", ""))
        if value.endswith("%"):
            return str(format_percent(figure / 100, locale=self._words.locale))
        return str(format_decimal(figure, locale=self._words.locale))

    def _error(self, sentence: str) -> Told:
        """Return an error as a whole: the place in a file, what is wrong, where, and the remedy."""
        if placed := _PLACED.fullmatch(sentence):
            weight, told = self._of(placed[2])
            return weight, told and placed[1] + told
        what, dash, remedy = sentence.partition(" — ")
        if not dash and not what.endswith(")"):
            return 0, None
        weight, told = self._told(what)
        if what.endswith(")"):
            bare, _, where = what[:-1].rpartition(" (")
            more, alone = self._told(bare)
            if alone and more > weight:
                weight, told = more, f"{alone} ({self.tell(where) or where})"
        return weight, told and told + (f" — {self.tell(remedy) or remedy}" if dash else "")

    def _list(self, sentence: str) -> Told:
        """Return several sentences that were put into one: each is known, and the whole is no sentence by itself."""
        parts = sentence.split("; ")
        if len(parts) == 1 or sentence in self._whole:
            return 0, None
        found = [self._of(part) for part in parts]
        told = [text for _, text in found if text]
        whole = "\u00a0; ".join(told) if len(told) == len(parts) else None
        return sum(weight for weight, _ in found), whole


@cache
def forms(language: str) -> dict[str, str]:
    """Return the sentences of a language by their forms, as the catalogues have them."""
    return dict(_rows(language))


def _rows(language: str) -> Iterator[tuple[str, str]]:
    folder = files("placette.web").joinpath("messages", language)
    for file in sorted(folder.iterdir(), key=lambda each: each.name) if folder.is_dir() else ():
        yield from tomllib.loads(file.read_text(encoding="utf-8")).items()


@cache
def _catalogue(language: str) -> tuple[dict[str, str], tuple[_Form, ...]]:
    """Return the sentences into which nothing is filled, and the forms of the others: those that say most first."""
    read = [_form(form, text) for form, text in forms(language).items()]
    whole = {form.pieces[0]: form.text.format() for form in read if not form.holes}
    holed = [form for form in (*read, *map(_bare, read)) if form.holes]
    return whole, tuple(sorted(holed, key=lambda form: -form.weight))


def _form(form: str, text: str) -> _Form:
    pieces, holes = [""], []
    parts = list(Formatter().parse(form))
    for at, (literal, field, spec, _) in enumerate(parts):
        pieces[-1] += literal
        if field is not None:
            after = parts[at + 1][0] if at + 1 < len(parts) else ""
            holes.append(_Hole(spec or "", quoted=pieces[-1].endswith("'") and after.startswith("'")))
            pieces.append("")
    return _Form(tuple(pieces), tuple(holes), text)


def _bare(form: _Form) -> _Form:
    """Return a form without figures and names of its own, as the causes of dead letters are told."""
    marked = "\0".join(form.pieces).replace("'\0'", "\1")  # what is filled in stands for itself
    pieces = re.split("(\0|…)", causes.bare(marked).replace("\1", "'\0'"))
    holes = iter(form.holes)
    found = (next(holes) if each == "\0" else _Hole(kept=False) for each in pieces[1::2])
    return _Form(tuple(pieces[::2]), tuple(found), form.text)
