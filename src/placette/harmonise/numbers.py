"""Columns of texts (or numbers) → float64, with what is missing and what is no number kept apart."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from placette.model.file_format import FileFormat

_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$"

Mask = NDArray[np.bool_]


class Numbers(NamedTuple):
    """A column read as numbers.

    ``value`` is NaN where there is none; ``present`` where a number stands, ``bad`` where something stands that is
    none; ``missing`` counts each text that stood for "no value", an empty one as ``""``.
    """

    value: NDArray[np.float64]
    present: Mask
    bad: Mask
    missing: dict[str, int]


def parse(column: pa.Array, written: FileFormat) -> Numbers:
    """Read a column with the decimal mark, thousands mark and missing codes of ``written``.

    Infinity and "not a number" are bad unless declared missing, and so is a ``.`` where ``,`` is the decimal mark.

    >>> read = parse(pa.array(["2,6", "-200", "", "x"]), FileFormat(decimal=",", missing=("-200",)))
    >>> read.value, read.bad, read.missing
    (array([2.6, nan, nan, nan]), array([False, False, False,  True]), {'-200': 1, '': 1})
    """
    if not _is_text(column.type):
        return _typed(column, written)
    texts = pc.utf8_trim_whitespace(column.cast(pa.string()))
    empty = pc.is_in(texts, pa.array(["", *written.missing, None], pa.string()))
    present = _mask(pc.invert(empty))
    missing = _count(texts.filter(empty)) if not present.all() else {}
    plain = pc.if_else(empty, None, texts)
    if written.thousands:
        for mark in {written.thousands, *("\u00a0\u202f" if written.thousands == " " else "")}:
            plain = pc.replace_substring(plain, mark, "")
    if written.decimal == ",":
        # a point would be read as a decimal mark, and 1.234 as a little more than one
        plain = pc.replace_substring(pc.replace_substring(plain, ".", "?"), ",", ".")
    value = _floats(plain)
    return _numbers(value, present, missing)


def present(column: pa.Array, written: FileFormat) -> Numbers:
    """Read a column whose texts are results as they stand: ``value`` is NaN, nothing is bad.

    >>> present(pa.array(["calm", "NA", None]), FileFormat(missing=("NA",))).present.tolist()
    [True, False, False]
    """
    texts = pc.utf8_trim_whitespace(column.cast(pa.string()))
    empty = pc.is_in(texts, pa.array(["", *written.missing, None], pa.string()))
    there = _mask(pc.invert(empty))
    missing = _count(texts.filter(empty)) if not there.all() else {}
    return Numbers(np.full(len(there), np.nan), there, np.zeros(len(there), np.bool_), missing)


def _numbers(value: NDArray[np.float64], present: Mask, missing: dict[str, int]) -> Numbers:
    good = present & np.isfinite(value)
    return Numbers(np.where(good, value, np.nan), good, present & ~good, missing)


def _floats(texts: pa.Array) -> NDArray[np.float64]:
    """Return the numbers, NaN where a text is null or no number."""
    try:
        return _array(texts.cast(pa.float64()))
    except pa.ArrowInvalid:
        fits = pc.match_substring_regex(texts, _NUMBER)
        bare = pc.utf8_ltrim(pc.if_else(fits, texts, None), "+")
        return _array(bare.cast(pa.float64()))


def _typed(column: pa.Array, written: FileFormat) -> Numbers:
    """Read a column that is no text already: null and NaN are missing, as in every columnar file."""
    try:
        value = _array(column.cast(pa.float64()))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        present = _mask(column.is_valid())
        return Numbers(np.full(len(column), np.nan), np.zeros(len(column), np.bool_), present, {})
    present = ~np.isnan(value)
    missing = {"": int((~present).sum())} if not present.all() else {}
    for code in written.missing:
        hit = present & (value == float(code)) if _is_number(code) else np.zeros(len(value), np.bool_)
        if hit.any():
            missing[code] = int(hit.sum())
            present &= ~hit
    return _numbers(value, present, missing)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind))


def _array(column: pa.Array) -> NDArray[np.float64]:
    values: NDArray[np.float64] = column.to_numpy(zero_copy_only=False)
    return values


def _mask(column: pa.Array) -> Mask:
    values: Mask = column.to_numpy(zero_copy_only=False)
    return values


def _count(texts: pa.Array) -> dict[str, int]:
    counts: dict[str, int] = {}
    for each in texts.value_counts().to_pylist():
        key = each["values"] or ""
        counts[key] = counts.get(key, 0) + each["counts"]
    return counts
