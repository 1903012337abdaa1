"""The functions of ``$filter`` and ``$orderby`` as one table (OGC 18-088, section 9.3.3.5.2).

Each row says what a function takes, what it gives and its SQL, in which ``{0}``, ``{1}`` … stand for the SQL of the
arguments. Instants are stored in UTC, so the parts of a time are those of UTC and its offset is always 0.
"""

from __future__ import annotations

import msgspec

from placette.publish.sensorthings.tree import Kind

_TEXT, _NUMBER, _BOOL, _TIME = Kind.TEXT, Kind.NUMBER, Kind.BOOL, Kind.TIME
_DATE, _CLOCK = Kind.DATE, Kind.CLOCK


class Function(msgspec.Struct, frozen=True):
    """What the arguments are, what comes out, the SQL; the last ``optional`` arguments may be left out."""

    takes: tuple[Kind, ...]
    gives: Kind
    sql: str
    optional: int = 0
    short_sql: str = ""


def _part(sql: str) -> Function:
    return Function((_TIME,), _NUMBER, sql)


_WHOLE = "TRY_CAST(greatest({1}, 0) AS BIGINT) + 1"
_DISTANCE = "sqrt(pow({0}, 2) + pow({1}, 2))"
"""Here ``{0}`` is the difference of the longitudes, ``{1}`` that of the latitudes: the result is in degrees."""

FUNCTIONS: dict[str, Function] = {
    "substringof": Function((_TEXT, _TEXT), _BOOL, "contains({1}, {0})"),
    "contains": Function((_TEXT, _TEXT), _BOOL, "contains({0}, {1})"),
    "endswith": Function((_TEXT, _TEXT), _BOOL, "suffix({0}, {1})"),
    "startswith": Function((_TEXT, _TEXT), _BOOL, "starts_with({0}, {1})"),
    "length": Function((_TEXT,), _NUMBER, "length({0})"),
    "indexof": Function((_TEXT, _TEXT), _NUMBER, "(strpos({0}, {1}) - 1)"),
    "substring": Function(
        (_TEXT, _NUMBER, _NUMBER),
        _TEXT,
        f"substr({{0}}, {_WHOLE}, TRY_CAST(greatest({{2}}, 0) AS BIGINT))",
        optional=1,
        short_sql=f"substr({{0}}, {_WHOLE})",
    ),
    "tolower": Function((_TEXT,), _TEXT, "lower({0})"),
    "toupper": Function((_TEXT,), _TEXT, "upper({0})"),
    "trim": Function((_TEXT,), _TEXT, "trim({0})"),
    "concat": Function((_TEXT, _TEXT), _TEXT, "({0} || {1})"),
    "year": _part("year({0})"),
    "month": _part("month({0})"),
    "day": _part("day({0})"),
    "hour": _part("hour({0})"),
    "minute": _part("minute({0})"),
    "second": _part("second({0})"),
    "fractionalseconds": _part("(microsecond({0}) % 1000000 / 1e6)"),
    "totaloffsetminutes": _part("(0 * year({0}))"),
    "date": Function((_TIME,), _DATE, "CAST({0} AS DATE)"),
    "time": Function((_TIME,), _CLOCK, "CAST({0} AS TIME)"),
    "now": Function((), _TIME, ""),
    "mindatetime": Function((), _TIME, ""),
    "maxdatetime": Function((), _TIME, ""),
    "round": Function((_NUMBER,), _NUMBER, "round({0})"),
    "floor": Function((_NUMBER,), _NUMBER, "floor({0})"),
    "ceiling": Function((_NUMBER,), _NUMBER, "ceil({0})"),
    "geo.distance": Function((Kind.GEOMETRY, Kind.GEOMETRY), _NUMBER, _DISTANCE),
}
"""By name. ``now``, ``mindatetime`` and ``maxdatetime`` are constants that the compiler knows."""
