"""Cells of a sample → decimal mark, thousands mark, texts and numbers that stand for "no value"."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from placette.importing.detect.guess import Guess

_WORDS = frozenset(
    {
        "",
        "na",
        "n/a",
        "nan",
        "null",
        "none",
        "nd",
        "n.d.",
        "nc",
        "ns",
        "-",
        "--",
        "---",
        ".",
        "..",
        "?",
        "#n/a",
        "nr",
        "missing",
        "inf",
        "so",
        "n/d",
        "nv",
        "<na>",
        "no data",
        "/",
    }
)
_CODES = frozenset({-1.0, -99.0, -200.0, -999.0, -9999.0, -99999.0, -999.9, -99.9, 999.0, 9999.0, 99999.0, -6999.0})
_COMMA = re.compile(r"[+-]?\d+,\d+([eE][+-]?\d+)?")
_POINT = re.compile(r"[+-]?\d*\.\d+([eE][+-]?\d+)?")
_COMMA_GROUPS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
_SPACE_GROUPS = re.compile("[+-]?\\d{1,3}([ \u00a0\u202f]\\d{3})+([.,]\\d+)?")
_POINT_GROUPS = re.compile(r"[+-]?\d{1,3}(\.\d{3})+(,\d+)?")

Texts = Mapping[str, Sequence[str]]


class Marks(NamedTuple):
    """How numbers are written in the columns of a file."""

    decimal: Guess
    thousands: Guess


def marks(columns: Texts) -> Marks:
    """Return decimal and thousands mark; a column counts where most of its cells are numbers one way or another."""
    counts: Counter[str] = Counter()
    for texts in columns.values():
        cells = [text for text in texts if text.lower() not in _WORDS]
        found = Counter(_shape(cell) for cell in cells)
        if cells and sum(found[shape] for shape in found if shape) >= 0.6 * len(cells):
            counts += found
    spaces = counts["spaces"] + counts["spaces,"]
    comma = counts["comma"] + counts["spaces,"] + counts["points,"]
    space = Guess(" ", 0.95, f"numbers grouped by blanks: {spaces:,}") if spaces else None
    if comma and counts["point"] <= comma // 20:
        dots = Guess(".", 0.9, "points group the digits before the comma") if counts["points,"] else None
        return Marks(
            Guess(",", 0.99, f"{comma:,} numbers like 2,6 and {counts['point']:,} like 2.6"), space or dots or _no()
        )
    if counts["commas"] and not comma:
        sure = 0.9 if counts["commas."] or counts["point"] else 0.6
        group = Guess(",", sure, f"{counts['commas']:,} numbers like 1,234", () if sure > 0.8 else ("a decimal comma",))
        return Marks(Guess(".", sure, "commas stand before groups of three digits"), space or group)
    return Marks(Guess(".", 0.99 if counts["point"] else 0.9, f"{counts['point']:,} numbers like 2.6"), space or _no())


def _no() -> Guess:
    return Guess("", 0.95, "no digits are grouped")


def _shape(cell: str) -> str:
    if _SPACE_GROUPS.fullmatch(cell):
        return "spaces," if "," in cell else "spaces"
    if _COMMA_GROUPS.fullmatch(cell):
        return "commas"
    if _COMMA.fullmatch(cell):
        return "comma"
    if _POINT_GROUPS.fullmatch(cell) and "," in cell:
        return "points,"
    if _POINT.fullmatch(cell):
        return "point"
    return "whole" if cell.lstrip("+-").isdigit() else ""


def number(text: str, found: Marks) -> float | None:
    """Return the number that a cell holds, ``None`` when it holds none."""
    bare = text.strip()
    if found.thousands.value:
        for mark in (found.thousands.value, "\u00a0", "\u202f"):
            bare = bare.replace(mark, "")
    if found.decimal.value == ",":
        bare = bare.replace(",", ".")
    try:
        return float(bare) if bare and bare[-1].isdigit() | (bare[-1] == ".") else None
    except ValueError:
        return None


def numeric(texts: Sequence[str], found: Marks) -> float:
    """Return the share of numbers among the cells that hold something."""
    cells = [text for text in texts if text.lower() not in _WORDS]
    return sum(number(cell, found) is not None for cell in cells) / len(cells) if cells else 0.0


def missing(columns: Texts, found: Marks) -> Guess:
    """Return the texts that stand for "no value" in columns of numbers, joined by two blanks."""
    words: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    for texts in columns.values():
        words.update(text for text in texts if text and text.lower() in _WORDS)
        numbers = [value for text in texts if (value := number(text, found)) is not None]
        for code in _alone(numbers):
            codes.update(text for text in texts if number(text, found) == code)
    if not words and not codes:
        return Guess("", 0.9, "only empty cells, or none, have no value")
    said = [f"'{text}' ({count:,})" for text, count in (words + codes).most_common(6)]
    sure = 0.95 if not codes else 0.85
    return Guess(
        "  ".join([*words, *codes]),
        sure,
        f"among numbers: {', '.join(said)}"
        + ("; such codes stand far from every other number of their column" if codes else ""),
    )


def _alone(numbers: list[float]) -> list[float]:
    """Return the usual codes that come at least twice and lie far outside of the other numbers of a column."""
    found = []
    for code in _CODES.intersection(numbers):
        others = sorted({value for value in numbers if value != code and value not in _CODES})
        if numbers.count(code) < 2 or len(others) < 2:
            continue
        outside = code < others[0] or code > others[-1]
        gap = min(abs(code - others[0]), abs(code - others[-1]))
        step = max(after - before for before, after in pairwise(others))
        if outside and gap > 3 * max(step, 1) and (code != -1.0 or (others[0] >= 0 and others[-1] > 20)):
            found.append(code)
    return found
