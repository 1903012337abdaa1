"""Why a row or a value of a file is set aside: the closed list, each with the sentence and the remedy people read."""

from __future__ import annotations

from enum import IntEnum


class Fault(IntEnum):
    """One reason; ``what`` and ``remedy`` are sentences."""

    NONE = 0
    FIELDS = 1
    TIME = 2
    NONEXISTENT = 3
    AMBIGUOUS = 4
    OUTSIDE = 5
    NUMBER = 6
    REPEATED = 7
    NO_THING = 8
    SAME_CODE = 9
    POSITION = 10
    FUTURE = 11

    @property
    def what(self) -> str:
        """What is wrong with the row or value."""
        return _WORDS[self][0]

    @property
    def remedy(self) -> str:
        """What a person can do about it."""
        return _WORDS[self][1]


_WORDS: dict[Fault, tuple[str, str]] = {
    Fault.NONE: ("nothing is wrong", ""),
    Fault.FIELDS: (
        "the row cannot be split into the file's columns",
        "look for a stray separator or quote; for NDJSON, write one JSON object per line",
    ),
    Fault.TIME: ("the time cannot be read", "check [time] format in the mapping"),
    Fault.NONEXISTENT: (
        "the local hour does not exist: clocks were put forward over it",
        'if the clock was not put forward, say so: [time] nonexistent = "shift", or zone = "UTC"',
    ),
    Fault.AMBIGUOUS: (
        "the local hour came twice: clocks were put back",
        'say which one is meant: [time] ambiguous = "first", "second" or "in order"',
    ),
    Fault.OUTSIDE: ("the time lies outside 1900–2200", "a year such as 0001 or 9999 means no time: remove the row"),
    Fault.NUMBER: (
        "the value is not a number",
        "declare texts that mean no value in [file] missing, and the decimal mark in [file] decimal",
    ),
    Fault.REPEATED: (
        "an earlier row of the file already has this time for the same datastream",
        "the first row was kept; correct the time of the other, or give it a `variant` of its own",
    ),
    Fault.NO_THING: ("the row does not name its Thing", "fill in the columns that [things] code needs"),
    Fault.SAME_CODE: (
        "two different names make the same Thing code",
        "use a column with an identifier in [things] code",
    ),
    Fault.POSITION: (
        "the position cannot be used",
        "longitude lies within ±180°, latitude within ±90°; projected positions need [things] crs",
    ),
    Fault.FUTURE: ("the time lies in the future", 'check the date, or import forecasts with origin = "forecast"'),
}
