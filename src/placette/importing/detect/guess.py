"""What detection gives: guesses with their confidence, their evidence and what else it could be."""

from __future__ import annotations

from typing import Literal

import msgspec

from placette.model.file_format import FileFormat

SURE = 0.7
"""From this confidence on, a guess may be used without anybody having looked at it."""

Role = Literal["time", "value", "category", "name", "identifier", "x", "y", "keep", "condition", "personal", "unused"]
"""What a column is for: ``keep`` becomes a property of the Thing, ``condition`` tells rows of a long table apart."""


class Guess(msgspec.Struct, frozen=True):
    """One thing understood: ``confidence`` from 0 to 1, and the sentence that says why."""

    value: str
    confidence: float
    evidence: str
    alternatives: tuple[str, ...] = ()


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """What a column holds and means. ``samples`` are empty where the column may hold personal data."""

    name: str
    role: Role
    confidence: float
    evidence: str
    samples: tuple[str, ...] = ()
    observed_property: str = ""
    """Key of the property, for values and categories."""
    unit: str = ""
    """UCUM code of ``observed_property`` after ``multiply`` and ``add``."""
    multiply: float = 1.0
    add: float = 0.0
    variant: str = ""
    thing: str = ""
    """What the column is about, where columns are Things; empty: its name."""
    where: dict[str, str] = {}
    """For long tables: the texts that other columns hold in the rows of this property."""


class Understood(msgspec.Struct, frozen=True, kw_only=True):
    """All that was understood of one file; ``layout`` says what its rows and columns are."""

    file: str
    title: str
    fingerprint: str
    """Tells files with the same header; empty where there is none."""
    format: FileFormat
    layout: Literal["series", "columns", "long", "inventory", "survey", "nothing"]
    """``series``: columns are properties of one Thing; ``columns``: columns are Things; ``long``: rows name Things;
    ``inventory``: rows are Things; ``survey``: rows are answers."""
    facts: dict[str, Guess]
    """By name: kind, encoding, separator, header, decimal, thousands, missing, time, format, zone, …"""
    columns: tuple[Column, ...]
    schema: str = ""
    """Key of the known schema that the header has."""
    rows: int = 0
    """Rows looked at."""
    things: dict[str, str] = {}
    """``code``, ``name``, ``kind``, ``place``."""
    time_columns: tuple[str, ...] = ()
    credits: dict[str, str] = {}
    """``source`` and ``licence``; empty where the file does not say them."""

    @property
    def doubts(self) -> tuple[str, ...]:
        """What a person should look at before anything is stored, in words."""
        facts = [
            f"{name}: {guess.value or '?'} ({guess.evidence})"
            for name, guess in self.facts.items()
            if guess.confidence < SURE
        ]
        columns = [
            f"column '{each.name}': {each.observed_property} in {each.unit or '?'} ({each.evidence})"
            for each in self.columns
            if each.role in ("value", "category") and each.confidence < SURE
        ]
        return (*facts, *columns)

    def value(self, fact: str) -> str:
        """Return what was understood of one fact, empty when nothing was."""
        found = self.facts.get(fact)
        return found.value if found else ""
