"""Names of columns compared with what French and English files call things: ``vocabulary.toml``."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

_IN_BRACKETS = re.compile(r"[(\[]([^()\[\]]*(?:\([^()]*\))?[^()\[\]]*)[)\]]")
_SIGNS = re.compile(r"[^a-z0-9]+")
_NO_UNIT = frozenset({"min", "sec", "deg"})
"""Endings of names that are units within brackets only: T_min is a lowest temperature."""


class Unit(NamedTuple):
    """A unit a header names: UCUM code after value · ``multiply`` + ``add``; ``text`` is what stood there."""

    code: str
    multiply: float
    add: float
    text: str


@cache
def vocabulary() -> dict[str, Any]:
    """Return the words, as ``vocabulary.toml`` has them."""
    return tomllib.loads(files(__package__).joinpath("vocabulary.toml").read_text(encoding="utf-8"))


def plain(text: str) -> str:
    """Return a name without case, accents and signs.

    >>> plain("PM2.5"), plain("Nom_Usuel"), plain("Température")
    ('pm2 5', 'nom usuel', 'temperature')
    """
    letters = unicodedata.normalize("NFKD", text.replace("µ", "u")).encode("ascii", "ignore").decode().lower()
    return _SIGNS.sub(" ", letters).strip()


def says(text: str, words: Iterable[str]) -> bool:
    """Return whether a plain name is one of the words; ``~`` at the end of a word stands for any ending."""
    return any(text == word or (word.endswith("~") and text.startswith(word[:-1])) for word in words)


def mentions(text: str, words: Iterable[str]) -> bool:
    """Return whether a plain text holds one of the words as a word of its own."""
    held = f" {text} "
    return any(f" {word[:-1]}" in held if word.endswith("~") else f" {word} " in held for word in words)


def property_of(name: str) -> tuple[str, bool]:
    """Return the property that a column's name names, and whether it does so beyond doubt; empty when none.

    >>> property_of("PM2.5 (µg/m³)"), property_of("count"), property_of("BullIsland2")
    (('pm2_5', True), ('pedestrians', False), ('', False))
    """
    bare, whole = plain(_IN_BRACKETS.sub(" ", name)), plain(name)
    for key, row in vocabulary()["properties"].items():
        if says(bare, row["words"]) or says(whole, row["words"]):
            return key, True
    for key, row in vocabulary()["properties"].items():
        if says(bare, row.get("weak", ())) or mentions(bare, [word for word in row["words"] if len(word) > 3]):
            return key, False
    return "", False


def unit_of(name: str) -> Unit | None:
    """Return the unit that a column's name states, ``None`` when it states none.

    >>> unit_of("Temperature (°C)").code, unit_of("LEQ dB -A ").code, unit_of("fill_before_pct").code, unit_of("p01")
    ('Cel', 'dB[SPL]', '%', None)
    """
    inside = [part.strip() for part in _IN_BRACKETS.findall(name)]
    last = re.split(r"[\s_]+", name.strip())
    for text in (*inside, " ".join(last[-2:]), *(last[-1:] if len(last) > 1 else [])):
        found = (
            spelling(text)
            if text in inside or (text.lower() not in _NO_UNIT and len(text) > 1) or text == "l"
            else None
        )
        if found is not None:
            return found
    return None


def spelling(text: str) -> Unit | None:
    """Return the unit that a text spells."""
    low = text.strip().lower().replace("μ", "µ")
    row = vocabulary()["converted"].get(low)
    if row:
        return Unit(row["unit"], row["multiply"], row["add"], text)
    for code, spellings in vocabulary()["units"].items():
        if low in spellings or text == code:
            return Unit(code, 1.0, 0.0, text)
    return None


def usual_unit(observed_property: str) -> str:
    """Return the unit of a property in files that state none, empty when nobody knows."""
    return str(vocabulary()["properties"].get(observed_property, {}).get("unit", ""))


def kind_of(texts: Iterable[str], properties: Iterable[str]) -> str:
    """Return what kind of Thing a file with these names and properties is about."""
    for key in properties:
        row = vocabulary()["properties"].get(key)
        if row:
            return str(row["kind"])
    for text in texts:
        for kind, words in vocabulary()["kinds"].items():
            if mentions(plain(text), words):
                return str(kind)
    return "device"


def personal(name: str) -> str:
    """Return what personal data a column of this name holds, empty when none."""
    bare = plain(name)
    return next((kind for kind, words in vocabulary()["personal"].items() if says(bare, words)), "")
