"""Time: ISO 8601 in, µs since 1970-01-01 UTC inside, ISO 8601 with ``Z`` out (OGC 18-088, section 8.2; RFC 3339).

>>> micros("2026-07-01T12:00:00+02:00")
1782900000000000
>>> iso(1782900000000000)
'2026-07-01T10:00:00Z'
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from placette.model.errors import BadInput

MICROS_PER_S = 1_000_000
EARLIEST = -2_208_988_800 * MICROS_PER_S
"""1900-01-01: before it no sensor measured; year 0001 is a device whose clock was never set."""
LATEST = 7_258_118_400 * MICROS_PER_S
"""2200-01-01: year 9999 is a placeholder, not a time."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ISO = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2})(?::(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?)?"
    r"\s*(Z|z|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?)?",
    re.ASCII,
)


def micros(text: str) -> int:
    """Return the instant ``text`` names, in µs since 1970-01-01 UTC; a time without zone is read as UTC.

    Minutes and seconds may be absent and fractions beyond the microsecond are cut. Raises ``BadInput`` when the text is
    no time or lies outside 1900–2200.
    """
    match = _ISO.fullmatch(text.strip())
    if match is None:
        raise BadInput(f"'{text[:40]}' is not a time", remedy="write it as ISO 8601, e.g. 2026-07-01T12:00:00Z")
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        wall = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=UTC)
    except ValueError as error:
        raise BadInput(f"'{text[:40]}' is not a time: {error}", remedy="check the calendar date and the hour") from None
    value = (wall - _EPOCH) // timedelta(microseconds=1) + int((fraction or "0").ljust(6, "0")[:6])
    value -= _offset_s(zone) * MICROS_PER_S
    check(value, text)
    return value


def check(value: int, shown: str = "") -> None:
    """Raise ``BadInput`` when ``value`` (µs since 1970-01-01 UTC) lies outside 1900–2200."""
    if not EARLIEST <= value < LATEST:
        raise BadInput(
            f"the time {shown or value} lies outside 1900–2200",
            remedy="set the device's clock; a year such as 0001 or 9999 means it was never set",
        )


def iso(value: int) -> str:
    """Return the instant (µs since 1970-01-01 UTC) as ISO 8601 with ``Z``, with a fraction only where there is one."""
    moment = _EPOCH + timedelta(microseconds=value)
    return moment.replace(tzinfo=None).isoformat() + "Z"


def micros_of(moment: datetime) -> int:
    """Return an aware ``datetime`` as µs since 1970-01-01 UTC."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _offset_s(zone: str | None) -> int:
    if zone is None or zone in "Zz":
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    seconds = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return -seconds if zone[0] == "-" else seconds
