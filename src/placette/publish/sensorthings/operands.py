"""Values of the query language as SQL of a wanted kind: what may stand for what, and how.

A JSON value or a result has no kind of its own; it is read as the kind of what it is compared with, and is null where
it is of another kind. Constants always become parameters: no text of a user is ever part of a statement.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Any

import msgspec

from placette.model.errors import BadQuery
from placette.publish.sensorthings.tokens import instant
from placette.publish.sensorthings.tree import Kind, Literal

_EPOCH = datetime(1970, 1, 1)  # naive on purpose: the store's timestamps are naive UTC
_POINT = re.compile(
    r"\s*(?:SRID=\d+;)?\s*POINT\s*\(\s*([-+.\deE]+)\s+([-+.\deE]+)(?:\s+[-+.\deE]+)?\s*\)\s*", re.IGNORECASE
)


class Operand(msgspec.Struct, frozen=True):
    """A value: its kind, its SQL (``other``: an interval's end, a result's JSON text), or the constant that it is.

    The SQL of a JSON value is its text as ``json_extract_string`` gives it; ``document`` and ``pointer`` say whence.
    """

    kind: Kind
    sql: str = ""
    other: str = ""
    constant: Literal | None = None
    document: str = ""
    pointer: str = ""
    nullable: bool = True


class Statement:
    """One SQL statement under construction: its parameters and its table aliases."""

    def __init__(self, now: int) -> None:
        self.parameters: list[Any] = []
        self.now = now
        self._aliases = 0

    def bind(self, value: Any) -> str:
        """Return the placeholder of a new parameter."""
        self.parameters.append(value)
        return f"${len(self.parameters)}"

    def alias(self) -> str:
        """Return an alias that this statement does not use yet."""
        self._aliases += 1
        return f"t{self._aliases}"

    # --- reading an operand as a kind

    def read(self, operand: Operand, kind: Kind, at: int = 0) -> str:
        """Return the SQL of ``operand`` as ``kind``; raises ``BadQuery`` when it cannot be that."""
        if operand.constant is not None:
            return self._constant(operand.constant, kind, at)
        if operand.kind is kind:
            return operand.sql
        if operand.kind in (Kind.JSON, Kind.RESULT):
            found = self._json(operand, kind)
            if found:
                return found
        if kind is Kind.TIME and operand.kind is Kind.INTERVAL:
            return operand.sql
        if kind is Kind.TIME and operand.kind is Kind.DATE:
            return f"CAST({operand.sql} AS TIMESTAMP)"
        raise mismatch(operand.kind, kind, at)

    def interval(self, operand: Operand, at: int) -> tuple[str, str]:
        """Return the SQL of start and end; the end is empty for an instant."""
        constant = operand.constant
        if constant is not None and constant.kind is Kind.INTERVAL:
            start, end = constant.pair
            return self.bind(_moment(start, at)), self.bind(_moment(end, at))
        if operand.kind is Kind.INTERVAL:
            return operand.sql, operand.other
        return self.read(operand, Kind.TIME, at), ""

    def position(self, operand: Operand, at: int) -> tuple[str, str]:
        """Return the SQL of longitude and latitude of a point; null where the geometry is no point."""
        constant = operand.constant
        if constant is not None and constant.kind is Kind.GEOMETRY:
            match = _POINT.fullmatch(str(constant.value))
            try:
                longitude, latitude = (float(part) for part in match.groups()) if match else (None, None)
            except ValueError:
                longitude = latitude = None
            if longitude is None or latitude is None:
                raise BadQuery(
                    "this function takes points", f"character {at + 1}", "write geography'POINT(longitude latitude)'"
                )
            return self.bind(longitude), self.bind(latitude)
        if operand.document:
            return self._coordinate(operand, 0), self._coordinate(operand, 1)
        raise mismatch(operand.kind, Kind.GEOMETRY, at)

    def _coordinate(self, operand: Operand, axis: int) -> str:
        places = (f"{operand.pointer}/coordinates/{axis}", f"{operand.pointer}/geometry/coordinates/{axis}")
        found = ", ".join(f"json_extract_string({operand.document}, {self.bind(place)})" for place in places)
        return f"TRY_CAST(coalesce({found}) AS DOUBLE)"

    def _json(self, operand: Operand, kind: Kind) -> str:  # noqa: PLR0911  # one per kind
        text = operand.sql if operand.kind is Kind.JSON else f"json_extract_string({operand.other}, '$')"
        match kind:
            case Kind.NUMBER:
                return operand.sql if operand.kind is Kind.RESULT else f"TRY_CAST({text} AS DOUBLE)"
            case Kind.TEXT:
                return text
            case Kind.BOOL:
                return f"(CASE {text} WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END)"
            case Kind.TIME:
                return f"(TRY_CAST({text} AS TIMESTAMPTZ) AT TIME ZONE 'UTC')"
            case Kind.DATE:
                return f"TRY_CAST({text} AS DATE)"
            case Kind.CLOCK:
                return f"TRY_CAST({text} AS TIME)"
            case _:
                return ""

    def _constant(self, literal: Literal, kind: Kind, at: int) -> str:  # noqa: PLR0911  # one per kind
        value: Any = literal.value
        if literal.kind is Kind.NULL:
            return "NULL"
        if literal.kind is kind:
            if kind is Kind.TIME:
                return self.bind(_moment(value, at))
            if kind is Kind.DATE:
                return self.bind(date.fromordinal(value + date(1970, 1, 1).toordinal()))
            if kind is Kind.CLOCK:
                return self.bind((_EPOCH + timedelta(microseconds=value)).time())
            return self.bind(value)
        if kind is Kind.TIME and literal.kind is Kind.DATE:
            return self.bind(datetime.combine(date.fromordinal(value + date(1970, 1, 1).toordinal()), time()))
        if kind is Kind.TIME and literal.kind is Kind.TEXT:  # some clients quote their times
            try:
                return self.bind(_moment(instant(value), at))
            except ValueError:
                pass
        raise mismatch(literal.kind, kind, at)


def mismatch(found: Kind, wanted: Kind, at: int) -> BadQuery:
    """Return the error for a value of one kind where another is wanted."""
    return BadQuery(f"{found} stands where {wanted} is wanted", f"character {at + 1}", "compare like with like")


def _moment(micros: int, at: int) -> datetime:
    try:
        return _EPOCH + timedelta(microseconds=micros)
    except OverflowError:
        raise BadQuery("a time outside the years 1 to 9999", f"character {at + 1}") from None
