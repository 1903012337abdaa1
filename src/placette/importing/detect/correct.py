"""What a person says differently from what was understood; the answer is again something understood, and sure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

import msgspec

from placette.importing.detect.guess import Column, Guess, Role, Understood
from placette.model.file_format import FileFormat

ROLES: tuple[Role, ...] = get_args(Role)
FORMAT_FIELDS = ("encoding", "separator", "skip_lines", "decimal", "thousands", "missing", "layer", "member", "records")
"""What is said of how a file is written; another word here makes the file be looked at again."""
FACTS = ("format", "zone", "period", "ambiguous", "stamp", "nonexistent", "counting day", "position")
THINGS = ("code", "name", "kind", "place")
_SAID = "as stated by you"


def written(found: Understood, said: Mapping[str, str]) -> FileFormat | None:
    """Return how a person says that the file is written, ``None`` where nothing differs from what was understood."""
    changes: dict[str, object] = {}
    for field in FORMAT_FIELDS:
        if field not in said:
            continue
        now = getattr(found.format, field)
        given: object = said[field] if field in ("separator", "thousands") else said[field].strip()
        if field == "separator" and given in ("tab", "\\t"):
            given = "\t"
        if field == "missing":
            given = tuple(text.strip() for text in said[field].split("  ") if text.strip())
        elif field == "skip_lines":
            given = int(said[field]) if said[field].isdigit() else 0
        if given != now:
            changes[field] = given
    if not changes:
        return None
    return msgspec.convert(msgspec.to_builtins(msgspec.structs.replace(found.format, **changes)), FileFormat)


def corrected(found: Understood, said: Mapping[str, str]) -> Understood:
    """Return what was understood with what was said instead (``format``, ``zone``, ``code``, ``role.3``, ``unit.3``).

    ``property`` and ``unit`` without a number are meant for all measured columns of which nothing else is said.
    What a person has seen and left as it is counts as stated too: ``seen`` says that the form was sent.
    """
    seen = "seen" in said
    facts = dict(found.facts)
    for name in FACTS:
        key = name.replace(" ", "_")
        if key in said and (said[key].strip() != found.value(name) or (seen and name in facts)):
            facts[name] = Guess(said[key].strip(), 1.0, _SAID)
    if seen:
        facts = {name: guess if name in FACTS else msgspec.structs.replace(guess, confidence=max(guess.confidence, 0.7))
                 for name, guess in facts.items()}  # fmt: skip
    columns = tuple(_column(each, at, said, seen=seen) for at, each in enumerate(found.columns))
    things = dict(found.things) | {name: said[name].strip() for name in THINGS if name in said}
    credited = dict(found.credits) | {name: said[name].strip() for name in ("source", "licence") if name in said}
    named = tuple(each.name for each in columns if each.role == "time")
    return msgspec.structs.replace(
        found,
        time_columns=found.time_columns if set(named) == set(found.time_columns) else named,
        facts=facts,
        columns=columns,
        things=things,
        credits=credited,
        title=said.get("title", "").strip() or found.title,
    )


def _column(each: Column, at: int, said: Mapping[str, str], *, seen: bool) -> Column:
    role = next((role for role in ROLES if role == said.get(f"role.{at}")), each.role)
    key = said.get(f"property.{at}", "").strip() or each.observed_property
    unit = said.get(f"unit.{at}", "").strip() or each.unit
    if role == "value":
        key = (key == each.observed_property and said.get("property", "").strip()) or key
        unit = (unit == each.unit and said.get("unit", "").strip()) or unit
    variant = said.get(f"variant.{at}", each.variant).strip()
    if role in ("value", "category") and not key:
        key = "_".join(
            part for part in "".join(c if c.isascii() and c.isalnum() else " " for c in each.name.lower()).split()
        )
    same = (role, key, unit, variant) == (each.role, each.observed_property, each.unit, each.variant)
    if same and not seen:
        return each
    factors = {} if unit == each.unit else {"multiply": 1.0, "add": 0.0}
    return msgspec.structs.replace(
        each,
        role=role,
        observed_property=key or "value",
        unit=("1" if role == "category" else unit) or "1",
        variant=variant,
        confidence=1.0,
        evidence=each.evidence if same else _SAID,
        **factors,
    )
