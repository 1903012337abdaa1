"""Texts that name times → wall clock µs, a whole column at once.

A format is written with the codes of C's ``strptime`` that hold digits, and becomes one RE2 expression; ``*`` stands
for any text that does not matter, as in ``%H:%M-*`` for ``6:00-6:59``.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from placette.model.errors import Unprocessable

_CODES = {
    "Y": r"(?P<Y>\d{4})",
    "y": r"(?P<y>\d{2})",
    "m": r"(?P<m>\d{1,2})",
    "d": r"(?P<d>\d{1,2})",
    "j": r"(?P<j>\d{1,3})",
    "H": r"(?P<H>\d{1,2})",
    "I": r"(?P<I>\d{1,2})",
    "p": r"(?P<p>[AaPp])\.?[Mm]\.?",
    "M": r"(?P<M>\d{1,2})",
    "S": r"(?P<S>\d{1,2})",
    "f": r"(?P<f>\d{1,9})",
    "z": r"(?P<z>[Zz]|[+-]\d{2}(?::?\d{2})?)",
    "%": "%",
}
_ISO = (
    r"^(?P<Y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})"
    r"(?:[T ](?P<H>\d{2})(?::(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,](?P<f>\d{1,9}))?)?)?)?"
    r"\s*(?P<z>[Zz]|[+-]\d{2}(?::?\d{2})?)?$"
)
_DATE_CODES = ({"Y", "m", "d"}, {"y", "m", "d"}, {"Y", "j"}, {"Y", "m"}, {"Y"})
EPOCHS = {"epoch s": 0, "epoch ms": 3, "epoch us": 6}
"""Formats of a count since 1970-01-01 UTC, with the decimals of a second that one unit is."""

Micros = NDArray[np.int64]
Mask = NDArray[np.bool_]


class Walls(NamedTuple):
    """A column of times: ``wall`` in µs since 1970-01-01 00:00 on the clock that wrote it; ``good`` where it is one.

    ``offset`` is that clock's offset from UTC in µs where ``has_offset``: the text itself named it.
    """

    wall: Micros
    good: Mask
    offset: Micros
    has_offset: Mask


def expression(time_format: str) -> str:
    r"""Return the RE2 expression of a format; empty means ISO 8601.

    Raises ``Unprocessable`` on a code that is not known or a format that does not fix a date.

    >>> expression("%d/%m/%Y")
    '^(?P<d>\\d{1,2})/(?P<m>\\d{1,2})/(?P<Y>\\d{4})$'
    """
    if not time_format:
        return _ISO
    parts = re.split(r"%(.)", time_format)
    codes = parts[1::2]
    for code in codes:
        if code not in _CODES or (code != "%" and codes.count(code) > 1):
            raise Unprocessable(
                f"the time format '{time_format}' has %{code}, which is unknown or comes twice",
                remedy="codes: " + " ".join(f"%{known}" for known in _CODES) + ", * for text that does not matter",
            )
    if not any(fields <= set(codes) for fields in _DATE_CODES) or ("I" in codes) != ("p" in codes):
        raise Unprocessable(
            f"the time format '{time_format}' does not fix a date",
            remedy="it needs year, month and day (%Y-%m-%d); %I goes with %p",
        )
    texts = [re.sub(r"\\ |\s", " +", re.escape(text)).replace(r"\*", ".*?") for text in parts[0::2]]
    middle = "".join(text + _CODES[code] for text, code in zip(texts, codes, strict=False))
    return f"^{middle}{texts[-1]}$"


def parse(texts: pa.Array, time_format: str = "") -> Walls:
    """Read a column of texts by ``time_format`` (see ``expression``; or one of ``EPOCHS``).

    A calendar date that does not exist, an hour 25 and an empty text are not good; ``24:00`` is the day's end.

    >>> walls = parse(pa.array(["31/12/2019 6:00-6:59"]), "%d/%m/%Y %H:%M-*")
    >>> walls.wall.view("datetime64[us]").astype("datetime64[m]"), walls.good
    (array(['2019-12-31T06:00'], dtype='datetime64[m]'), array([ True]))
    """
    encoded = texts.dictionary_encode()
    if 2 * len(encoded.dictionary) > len(texts):
        return _parse(texts, time_format)
    which = encoded.indices.fill_null(len(encoded.dictionary)).to_numpy(zero_copy_only=False)
    each = _parse(pa.concat_arrays([encoded.dictionary, pa.nulls(1, encoded.dictionary.type)]), time_format)
    return Walls(*(part[which] for part in each))


def _parse(texts: pa.Array, time_format: str) -> Walls:
    """Read texts one by one; those of a long table are read once each, for they come again for every sensor."""
    if time_format in EPOCHS:
        return _epoch(texts, EPOCHS[time_format])
    if not time_format and (plain := _plain_iso(texts)) is not None:
        return plain
    found = pc.extract_regex(texts, expression(time_format))
    fields = {field.name: found.field(index) for index, field in enumerate(found.type)}
    good = found.is_valid().to_numpy(zero_copy_only=False)
    wall, right = _wall(fields, len(texts), good)
    offset, has_offset = _offsets(fields.get("z"), len(texts))
    return Walls(np.where(right, wall, 0), right, offset, has_offset)


def _plain_iso(texts: pa.Array) -> Walls | None:
    """Read ISO 8601 times twenty times faster when all of them are good and none names an offset, else ``None``."""
    try:
        wall: Micros = texts.cast(pa.timestamp("us")).cast(pa.int64()).to_numpy()
    except pa.ArrowInvalid:
        return None
    rows = len(texts)
    return Walls(wall, np.ones(rows, np.bool_), np.zeros(rows, np.int64), np.zeros(rows, np.bool_))


def _wall(fields: dict[str, pa.Array], rows: int, good: Mask) -> tuple[Micros, Mask]:
    """Return µs since 1970 on the wall clock, and where the date and the time of day exist."""
    day, right = _day(fields, rows)
    hour = _half_day_hour(fields, rows) if "I" in fields else _number(fields, "H", rows)
    minute, second = _number(fields, "M", rows), _number(fields, "S", rows)
    fraction = _fraction(fields.get("f"), rows)
    of_day = ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction
    right &= good & (hour <= 24) & (minute < 60) & (second < 60) & (of_day <= 86_400_000_000)
    return day * 86_400_000_000 + of_day, right


def _day(fields: dict[str, pa.Array], rows: int) -> tuple[Micros, Mask]:
    """Return days since 1970-01-01, and where month and day exist."""
    if "y" in fields:
        short = _number(fields, "y", rows)
        year = short + np.where(short < 69, 2000, 1900)  # the pivot of POSIX strptime
    else:
        year = _number(fields, "Y", rows)
    if "j" in fields:
        of_year = _number(fields, "j", rows)
        first = (year - 1970).astype("datetime64[Y]").astype("datetime64[D]")
        days = first.view(np.int64) + of_year - 1
        same_year = days.astype("datetime64[D]").astype("datetime64[Y]").view(np.int64) == year - 1970
        return days, same_year & (of_year >= 1)
    month = _number(fields, "m", rows, 1)
    months = (year - 1970) * 12 + month - 1
    day = _number(fields, "d", rows, 1)
    days = months.astype("datetime64[M]").astype("datetime64[D]").view(np.int64) + day - 1
    exists = days.astype("datetime64[D]").astype("datetime64[M]").view(np.int64) == months
    return days, exists & (month >= 1) & (month <= 12) & (day >= 1)


def _half_day_hour(fields: dict[str, pa.Array], rows: int) -> Micros:
    hour = _number(fields, "I", rows)
    afternoon = pc.equal(pc.ascii_lower(fields["p"]), "p").fill_null(False).to_numpy(zero_copy_only=False)
    return np.where((hour < 1) | (hour > 12), 99, hour % 12 + 12 * afternoon).astype(np.int64)


def _number(fields: dict[str, pa.Array], name: str, rows: int, default: int = 0) -> Micros:
    """Return a field of digits as integers, ``default`` where the text did not have it."""
    if name not in fields:
        return np.full(rows, default, np.int64)
    digits = fields[name]
    given = pc.if_else(pc.equal(digits, ""), str(default), digits).fill_null(str(default))
    values: Micros = given.cast(pa.int64()).to_numpy(zero_copy_only=False)
    return values


def _fraction(digits: pa.Array | None, rows: int) -> Micros:
    """Return the digits after the second as µs; what lies beyond the microsecond is cut."""
    if digits is None:
        return np.zeros(rows, np.int64)
    values: Micros = _micro_digits(digits, 0).cast(pa.int64()).to_numpy(zero_copy_only=False)
    return values


def _offsets(texts: pa.Array | None, rows: int) -> tuple[Micros, Mask]:
    """Return the offsets from UTC that the texts name, µs, and where they name one."""
    if texts is None:
        return np.zeros(rows, np.int64), np.zeros(rows, np.bool_)
    encoded = texts.fill_null("").dictionary_encode()
    each = [_offset(text) for text in encoded.dictionary.to_pylist()]
    which = encoded.indices.to_numpy(zero_copy_only=False)
    offsets = np.array([0 if offset is None else offset for offset in each], np.int64)
    return offsets[which], np.array([offset is not None for offset in each], np.bool_)[which]


def _offset(text: str) -> int | None:
    if not text:
        return None
    if text in "Zz":
        return 0
    digits = text[1:].replace(":", "").ljust(4, "0")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return minutes * (-60_000_000 if text[0] == "-" else 60_000_000)


def _epoch(texts: pa.Array, decimals: int) -> Walls:
    found = pc.extract_regex(texts, r"^(?P<sign>-?)0*(?P<whole>\d{1,17})(?:\.(?P<f>\d{1,9}))?$")
    whole, good = found.field("whole"), found.is_valid()
    good = pc.and_(good, pc.less_equal(pc.utf8_length(whole), 11 + decimals)).fill_null(False)
    digits = pc.binary_join_element_wise(whole, _micro_digits(found.field("f"), decimals), "")
    micros = pc.if_else(good, digits, "0").cast(pa.int64()).to_numpy(zero_copy_only=False)
    sign = np.where(pc.equal(found.field("sign"), "-").fill_null(False).to_numpy(zero_copy_only=False), -1, 1)
    rows = len(texts)
    return Walls(micros * sign, good.to_numpy(zero_copy_only=False), np.zeros(rows, np.int64), np.ones(rows, np.bool_))


def _micro_digits(fraction: pa.Array, decimals: int) -> pa.Array:
    """Return the first digits of a fraction, as many as lead from the unit to the µs."""
    places = 6 - decimals
    return pc.utf8_slice_codeunits(pc.utf8_rpad(fraction.fill_null(""), places, "0"), 0, places)
