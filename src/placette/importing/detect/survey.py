"""Answers of a survey → which questions may be kept, as numbers or as categories, and which columns are personal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from placette.importing.detect import roles
from placette.importing.detect.cells import Marks, numeric
from placette.importing.detect.guess import Column
from placette.importing.detect.words import plain

_MOST_CATEGORIES = 30
_OFFICE = frozenset(
    {
        "id",
        "lastpage",
        "startlanguage",
        "seed",
        "uuid",
        "version",
        "status",
        "index",
        "xform id string",
        "validation status",
        "sessionid",
        "groupid",
        "recordid",
        "survey version",
        "notes",
        "tags",
        "id response id",
        "submission time",
        "start",
        "end",
        "startdate",
        "datestamp",
        "meta instanceid",
        "responseid",
        "language",
    }
)
_ABOUT_PEOPLE = (
    "age",
    "sex",
    "gender",
    "genre",
    "ethnic",
    "gen0",
    "eth0",
    "occ0",
    "edu0",
    "profession",
    "revenu",
    "income",
    "handicap",
    "religion",
    "nationalit",
    "sante",
)


def question(name: str, texts: Sequence[str], marks: Marks) -> Column:
    """Return what becomes of one column of a survey."""
    why = roles.personal(name, texts, survey=True)
    if why:
        return roles.plain_column(name, "personal", (), 0.9, f"not imported: {why}")
    bare = plain(name)
    if bare in _OFFICE or bare.removeprefix("meta ") in _OFFICE:
        return roles.plain_column(name, "unused", texts, 0.8, "kept by the survey program for itself")
    if any(bare.startswith(word) or f" {word}" in bare for word in _ABOUT_PEOPLE):
        return roles.plain_column(
            name,
            "personal",
            (),
            0.7,
            "not imported: it describes the person; together with other answers it may tell who it was",
        )
    return _answers(name, texts, marks)


def _answers(name: str, texts: Sequence[str], marks: Marks) -> Column:
    """Return whether answers are numbers, categories, or too different from each other to be kept."""
    filled = [text for text in texts if text]
    different = len(set(filled))
    if not filled:
        return roles.plain_column(name, "unused", (), 0.9, "empty")
    is_number = numeric(texts, marks) > 0.95
    if not is_number and (different > _MOST_CATEGORIES or different >= 0.5 * len(filled) + 2):
        why = f"not imported: {different:,} different texts in {len(filled):,} answers, as people write freely"
        return roles.plain_column(name, "personal", (), 0.8, why)
    return Column(
        name=name,
        role="value" if is_number else "category",
        confidence=0.75,
        evidence="answers are numbers" if is_number else f"{different} different answers",
        samples=roles.samples(texts),
        observed_property=_key(plain(name)),
        unit="1",
    )


def questions(columns: Mapping[str, Sequence[str]], marks: Marks, taken: set[str]) -> list[Column]:
    """Return what becomes of every column that is not the time; no two questions have the same key."""
    found: list[Column] = []
    seen: set[str] = set()
    for name, texts in columns.items():
        if name in taken:
            continue
        column = question(name, texts, marks)
        key = column.observed_property
        twin = 2
        while key and key in seen:
            key = f"{column.observed_property}-{twin}"
            twin += 1
        seen.add(key)
        found.append(
            Column(**{field: getattr(column, field) for field in column.__struct_fields__} | {"observed_property": key})
        )
    return found


def _key(bare: str) -> str:
    return "_".join(bare.split()[:8])[:60].strip("_") or "question"
