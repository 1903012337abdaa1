"""What a person says differently from what was understood; what was left as it was stays a guess with its evidence."""

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
_UNSAID = {"ambiguous": "refuse"}
"""What a form shows of a fact of which nothing was understood."""
_FORMAT_FACTS = {"skip_lines": "header"}
"""Names of facts that are not those of the format's fields."""


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


def reread(before: Understood, after: Understood) -> Understood:
    """Return what was understood of a file that was read ``after`` as a person says it is written.

    What differs from ``before`` was stated; of the rest the guesses and their evidence stay.
    """
    facts = dict(after.facts)
    for field in FORMAT_FIELDS:
        name = _FORMAT_FACTS.get(field, field)
        stated = getattr(after.format, field)
        if stated != getattr(before.format, field):
            shown = "  ".join(stated) if isinstance(stated, tuple) else str(stated)
            facts[name] = Guess(shown, 1.0, _SAID)
        elif name in before.facts:
            facts[name] = before.facts[name]
    return msgspec.structs.replace(after, facts=facts)


def corrected(found: Understood, said: Mapping[str, str]) -> Understood:
    """Return what was understood with what was said instead (``format``, ``zone``, ``code``, ``role.3``, ``unit.3``).

    ``property`` and ``unit`` without a number are meant for all measured columns of which nothing else is said.
    """
    facts = dict(found.facts)
    for name in FACTS:
        key = name.replace(" ", "_")
        if key in said and said[key].strip() != (found.value(name) or _UNSAID.get(name, "")):
            facts[name] = Guess(said[key].strip(), 1.0, _SAID)
    if said.get("code", "").strip() not in ("", found.things.get("code")) and "code" in facts:
        facts["code"] = Guess(said["code"].strip(), 1.0, _SAID)
    columns = tuple(_column(each, at, said) for at, each in enumerate(found.columns))
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


def _column(each: Column, at: int, said: Mapping[str, str]) -> Column:
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
    if (role, key, unit, variant) == (each.role, each.observed_property, each.unit, each.variant):
        return each
    factors = {} if unit == each.unit else {"multiply": 1.0, "add": 0.0}
    return msgspec.structs.replace(
        each,
        role=role,
        observed_property=key or "value",
        unit=("1" if role == "category" else unit) or "1",
        variant=variant,
        confidence=1.0,
        evidence=_SAID,
        **factors,
    )
