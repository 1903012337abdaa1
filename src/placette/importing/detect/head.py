"""The head of a text file → encoding, separator, the line of the column names, what stands above them.

The encoding is looked for in the first 16 MiB: a file may be plain English until its thousandth line.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from typing import NamedTuple

from placette.connect.files.packed import Stream
from placette.importing.detect.guess import Guess

_HEAD = 256 * 1024
_LOOKED_AT = 16 * 1024 * 1024
_LINES = 200
_SEPARATORS = (",", ";", "\t", "|")
_SHOWN = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar"}
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_FRENCH = "éèêàâçîïôùûÉÈÀÇœŒ°²³µ’–«»"
_NUMBER = re.compile(r"[+-]?[\d\s\u00a0\u202f]*[.,]?\d+([eE][+-]?\d+)?%?")
_TIME = re.compile(r"\d{1,4}[-/.:]\d{1,2}([-/.:]\d{1,4})?([ T].*)?")


class Head(NamedTuple):
    """What the head of a text says; ``banner`` are the lines above the column names, ``names`` these."""

    encoding: Guess
    separator: Guess
    header: Guess
    skip_lines: int
    names: tuple[str, ...]
    banner: tuple[str, ...]
    width: int


def read(stream: Stream) -> Head:
    """Read the head of an open text file."""
    data = stream.read(_HEAD)
    encoding = _encoding(data, stream)
    text = codecs.getincrementaldecoder(encoding.value)("replace").decode(data).removeprefix("\ufeff")
    lines = text.splitlines()[: _LINES if len(data) < _HEAD else -1][:_LINES]
    separator = _separator(lines)
    reader = csv.reader(lines, delimiter=separator.value)
    before: list[int] = []
    rows: list[list[str]] = []
    line = 0
    for row in reader:
        rows.append(row)
        before.append(line)
        line = reader.line_num
    skip, names, header = header_of(rows, before)
    width = max((len(row) for row in rows[skip:]), default=1)
    return Head(encoding, separator, header, skip, names, tuple(lines[:skip]), width)


def _encoding(data: bytes, stream: Stream) -> Guess:
    for mark, name in _BOMS:
        if data.startswith(mark):
            return Guess(name, 1.0, "the file begins with its byte order mark")
    zeros = data[:4096].count(0)
    if zeros > len(data[:4096]) // 4:
        name = "utf-16-le" if data[1:4096:2].count(0) > data[:4096:2].count(0) else "utf-16-be"
        return Guess(name, 0.9, "every other byte is zero")
    decoder = codecs.getincrementaldecoder("utf-8")()
    odd: list[bytes] = []
    seen = 0
    part = data
    plain = True
    while part and seen < _LOOKED_AT:
        plain = plain and part.isascii()
        try:
            decoder.decode(part)
        except UnicodeDecodeError:
            odd.append(part)
            break
        seen += len(part)
        part = stream.read(1024 * 1024)
    if not odd:
        why = "nothing but ASCII" if plain else "every letter beyond ASCII is good UTF-8"
        return Guess("utf-8", 0.95 if plain else 0.99, f"{why} in the first {seen:,} bytes")
    return _one_byte(odd[0])


def _one_byte(data: bytes) -> Guess:
    """Choose among the encodings of one byte by the French letters and signs that would come out."""
    high = bytes(byte for byte in data if byte >= 0x80)
    scores = {
        name: sum(letter in _FRENCH for letter in high.decode(name, "ignore")) / max(len(high), 1)
        for name in ("windows-1252", "mac-roman", "cp850")
    }
    best = max(scores, key=lambda name: scores[name])
    rest = tuple(name for name in ("windows-1252", "latin-1", "mac-roman", "cp850") if name != best)
    why = f"it is no UTF-8, and {scores[best]:.0%} of the other letters are French ones in it"
    return Guess(best, 0.6 + 0.35 * scores[best], why, rest)


def _separator(lines: list[str]) -> Guess:
    """Return the separator that cuts the most lines into the same number of fields."""
    scores: dict[str, tuple[float, int]] = {}
    for each in _SEPARATORS:
        counts = Counter(len(row) for row in csv.reader(lines, delimiter=each) if len(row) > 1)
        width, often = max(counts.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
        filled = sum(1 for line in lines if line.strip())
        scores[each] = (often / max(filled, 1), width)
    best = max(scores, key=lambda each: (round(scores[each][0], 1), scores[each][1], scores[each][0], each == ";"))
    share, width = scores[best]
    if width == 1:
        return Guess(",", 0.8, "there is one column only")
    others = tuple(each for each in _SEPARATORS if each != best and scores[each][0] > 0.5)
    return Guess(
        best,
        max(0.5, min(1.0, share)) - 0.1 * bool(others),
        f"{_SHOWN[best]}: it cuts {share:.0%} of the lines into {width} fields",
        others,
    )


def header_of(rows: list[list[str]], before: list[int]) -> tuple[int, tuple[str, ...], Guess]:
    """Return the lines above the names, the names (empty when the first row is data), and why.

    ``before`` holds the physical lines before each row.
    """
    width = Counter(len(row) for row in rows[len(rows) // 4 :] if any(row)).most_common(1)
    wide = width[0][0] if width else 1
    body = [row for row in rows[len(rows) // 2 :] if len(row) == wide and any(row)] or rows
    kinds = [_kind([row[at] for row in body if at < len(row)]) for at in range(wide)]
    used = max(sum(1 for kind in kinds if kind), 1)
    for at, row in enumerate(rows):
        cells = [cell.strip() for cell in row]
        if len(cells) != wide or sum(1 for cell, kind in zip(cells, kinds, strict=False) if cell and kind) < 0.6 * used:
            continue
        differs = sum(
            1
            for cell, kind in zip(cells, kinds, strict=True)
            if kind in ("number", "time") and cell and _kind([cell]) != kind
        )
        typed = sum(kind in ("number", "time") for kind in kinds)
        above = before[at]
        if differs or (not typed and _unlike(cells, body)):
            best = at + _deeper(rows, at, kinds)
            above = before[best]
            why = "the first line names the columns" if not above else f"{above} lines stand above the column names"
            return above, tuple(rows[best]), Guess(str(above + 1), 0.95 if differs > 1 or not above else 0.85, why)
        names = tuple(f"column {number}" for number in range(1, wide + 1))
        return (
            above,
            (),
            Guess(
                "none",
                0.8,
                f"the first full line is like those that follow: no column names, so they are called {names[0]} …",
            ),
        )
    return 0, (), Guess("1", 0.4, "no line looks like column names")


def _deeper(rows: list[list[str]], at: int, kinds: list[str]) -> int:
    """Return how many rows lower the technical names stand, where a table has long titles above short codes."""
    below = 0
    for row in rows[at + 1 : at + 4]:
        cells = [cell.strip() for cell in row]
        full = len(cells) == len(kinds) and all(cells)
        typed = [cell for cell, kind in zip(cells, kinds, strict=False) if kind in ("number", "time")]
        if not full or not typed or any(_kind([cell]) in ("number", "time") for cell in typed):
            return below
        below += 1
    return below


def _unlike(cells: list[str], body: list[list[str]]) -> bool:
    """Return whether a row of texts is a header: different names, not found again below."""
    later = {cell.strip() for row in body for cell in row}
    return len(set(cells)) == len(cells) and not any(cell and cell in later for cell in cells)


def _kind(cells: list[str]) -> str:
    filled = [cell.strip() for cell in cells if cell.strip()]
    if not filled:
        return ""
    times = sum(bool(_TIME.fullmatch(cell)) for cell in filled)
    numbers = sum(bool(_NUMBER.fullmatch(cell)) for cell in filled)
    if numbers >= 0.6 * len(filled):
        return "number"
    return "time" if times >= 0.6 * len(filled) else "text"
