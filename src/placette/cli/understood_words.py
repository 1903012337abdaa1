"""What was understood of a file as lines of plain text: facts, columns, and what is doubtful about them."""

from __future__ import annotations

from collections.abc import Iterator

from placette.importing.detect import SURE, Column, Guess, Understood

_COLUMNS = 40
_SHOWN = 60


def lines(found: Understood) -> Iterator[str]:
    """Yield what was understood; a question mark stands before what is doubtful."""
    yield f"{found.file}: what was understood, from {found.rows:,} rows"
    for name, guess in found.facts.items():
        yield f"{_mark(guess.confidence)} {name}: {_value(name, guess)} ({guess.evidence})"
        if guess.alternatives:
            yield f"    or: {', '.join(text or 'none' for text in guess.alternatives[:4])}"
    if found.columns:
        yield "columns"
        yield from (f"{_mark(each.confidence)} {_column(each)}" for each in found.columns[:_COLUMNS])
    if len(found.columns) > _COLUMNS:
        yield f"  … and {len(found.columns) - _COLUMNS:,} more"


def _mark(confidence: float) -> str:
    return "  " if confidence >= SURE else " ?"


def _value(name: str, guess: Guess) -> str:
    if name == "format" and not guess.value:
        return "ISO 8601"
    return f"'{guess.value}'" if guess.value else "none"


def _column(each: Column) -> str:
    what = f"{each.observed_property} in {each.unit}" if each.role in ("value", "category") else each.role
    where = "".join(f", where {name} is '{text}'" for name, text in each.where.items())
    samples = f": {', '.join(each.samples[:3])[:_SHOWN]}" if each.samples else ""
    return f"{each.name}{where} → {what}{samples} ({each.evidence})"
