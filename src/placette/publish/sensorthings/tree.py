"""The query language as values: what ``grammar`` reads and ``compile_sql`` turns into SQL (OGC 18-088, section 9.3).

The values are frozen and hashable, so that parsing and planning can be cached. ``show`` writes a tree back as text
that reads as the same tree; next links are made with it.
"""

from __future__ import annotations

from enum import StrEnum
from urllib.parse import quote

import msgspec

from placette.model import times


class Kind(StrEnum):
    """What a value of the query language is; decides what may be compared with what."""

    NULL = "null"
    BOOL = "a truth value"
    NUMBER = "a number"
    TEXT = "a text"
    TIME = "an instant"
    INTERVAL = "a time interval"
    DATE = "a date"
    CLOCK = "a time of day"
    GEOMETRY = "a geometry"
    JSON = "a JSON value"
    RESULT = "a result"
    OBJECT = "an object"


Scalar = str | int | float | bool | tuple[int, int] | None


class Literal(msgspec.Struct, frozen=True):
    """A constant. Instants are µs since 1970-01-01 UTC, dates days since then, times of day µs since midnight.

    A geometry is its well-known text.
    """

    kind: Kind
    value: Scalar

    @property
    def pair(self) -> tuple[int, int]:
        """Start and end of an interval."""
        if not isinstance(self.value, tuple):
            raise TypeError(f"{self.kind} has no start and end")
        return self.value


class Path(msgspec.Struct, frozen=True):
    """A property, perhaps through links or into JSON: ``Datastream/Thing/properties/place``. ``at`` is its place."""

    steps: tuple[str, ...]
    at: int = 0


class Call(msgspec.Struct, frozen=True):
    """A function with its arguments; ``at`` is where its name stands in the text."""

    name: str
    arguments: tuple[Expression, ...]
    at: int = 0


class Binary(msgspec.Struct, frozen=True):
    """A comparison (``eq ne gt ge lt le``) or arithmetic (``add sub mul div mod``); ``at`` is the operator's place."""

    operator: str
    left: Expression
    right: Expression
    at: int = 0


class Logic(msgspec.Struct, frozen=True):
    """``and`` or ``or`` of two or more parts, kept flat so that a long chain is not a deep tree."""

    operator: str
    parts: tuple[Expression, ...]


class Not(msgspec.Struct, frozen=True):
    """The opposite of ``part``."""

    part: Expression


class Negative(msgspec.Struct, frozen=True):
    """Minus ``part``; ``at`` is the sign's place."""

    part: Expression
    at: int = 0


Expression = Literal | Path | Call | Binary | Logic | Not | Negative


class Order(msgspec.Struct, frozen=True):
    """One key of ``$orderby``."""

    key: Expression
    descending: bool = False


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The query options of one level; ``None`` and empty mean not given."""

    filter: Expression | None = None
    orderby: tuple[Order, ...] = ()
    select: tuple[str, ...] | None = None
    expand: tuple[Expand, ...] = ()
    top: int | None = None
    skip: int = 0
    count: bool = False
    after: tuple[Scalar, ...] | None = None
    """The ordering keys of the last row already given out: ``$skiptoken``, made by the server for its next links."""
    result_format: str = ""


class Expand(msgspec.Struct, frozen=True):
    """One link to expand, with the options of its level; ``at`` is where its name stands in the text."""

    link: str
    options: Options
    at: int = 0


NOTHING = Options()


# --- writing back ----------------------------------------------------------------------------------------------------

_LEVELS = {"or": 1, "and": 2, "not": 3, "compare": 4, "add": 5, "mul": 6, "sign": 7}
_LEVEL_OF = {
    **dict.fromkeys(("eq", "ne", "gt", "ge", "lt", "le"), _LEVELS["compare"]),
    **dict.fromkeys(("add", "sub"), _LEVELS["add"]),
    **dict.fromkeys(("mul", "div", "mod"), _LEVELS["mul"]),
}


def show(expression: Expression, level: int = 0) -> str:
    """Return the expression as query text, with brackets only where the tree needs them.

    >>> show(Binary("eq", Path(("name",)), Literal(Kind.TEXT, "l'eau")))
    "name eq 'l''eau'"
    """
    match expression:
        case Literal():
            return show_literal(expression)
        case Path(steps):
            return "/".join(steps)
        case Call(name, arguments):
            return f"{name}({','.join(show(argument) for argument in arguments)})"
        case Binary(operator, left, right):
            own = _LEVEL_OF[operator]
            text = f"{show(left, own)} {operator} {show(right, own + 1)}"
        case Logic(operator, parts):
            own = _LEVELS[operator]
            text = f" {operator} ".join(show(part, own + 1) for part in parts)
        case Not(part):
            own = _LEVELS["not"]
            text = f"not {show(part, own)}"
        case Negative(part):
            own = _LEVELS["sign"]
            text = f"-{show(part, own + 1)}"
    return f"({text})" if own < level else text


def show_literal(literal: Literal) -> str:  # noqa: PLR0911  # one per kind
    """Return a constant as query text."""
    value = literal.value
    match literal.kind:
        case Kind.NULL:
            return "null"
        case Kind.BOOL:
            return "true" if value else "false"
        case Kind.TEXT:
            return "'" + str(value).replace("'", "''") + "'"
        case Kind.TIME:
            return times.iso(int(value))  # type: ignore[arg-type]  # the kind says which of the scalars it is
        case Kind.INTERVAL:
            return "/".join(times.iso(bound) for bound in literal.pair)
        case Kind.DATE:
            return times.iso(int(value) * 86_400 * times.MICROS_PER_S)[:10]  # type: ignore[arg-type]
        case Kind.CLOCK:
            return times.iso(int(value))[11:-1]  # type: ignore[arg-type]
        case Kind.GEOMETRY:
            return f"geography'{value}'"
        case _:
            return repr(value)


def show_options(options: Options) -> list[tuple[str, str]]:
    """Return the options as (name, text) pairs in a fixed order; what was not given is absent."""
    pairs: list[tuple[str, str]] = []
    if options.count:
        pairs.append(("$count", "true"))
    if options.filter is not None:
        pairs.append(("$filter", show(options.filter)))
    if options.orderby:
        keys = (show(order.key) + (" desc" if order.descending else "") for order in options.orderby)
        pairs.append(("$orderby", ",".join(keys)))
    if options.select is not None:
        pairs.append(("$select", ",".join(options.select)))
    if options.expand:
        pairs.append(("$expand", ",".join(show_expand(item) for item in options.expand)))
    if options.result_format:
        pairs.append(("$resultFormat", options.result_format))
    if options.top is not None:
        pairs.append(("$top", str(options.top)))
    if options.skip:
        pairs.append(("$skip", str(options.skip)))
    if options.after is not None:
        pairs.append(("$skiptoken", ",".join(show_literal(scalar(value)) for value in options.after)))
    return pairs


def show_expand(item: Expand) -> str:
    """Return one expanded link with its options in brackets."""
    inner = ";".join(f"{name}={text}" for name, text in show_options(item.options))
    return f"{item.link}({inner})" if inner else item.link


def query_string(options: Options) -> str:
    """Return the options as the query part of an address, percent-encoded, without the question mark."""
    return "&".join(f"{name}={quote(text, safe=_SAFE)}" for name, text in show_options(options))


_SAFE = "$,()/:;=@'*!~"


def scalar(value: Scalar) -> Literal:
    """Return a Python value as the constant of its natural kind: truth value, number, text or null."""
    if value is None:
        return Literal(Kind.NULL, None)
    if isinstance(value, bool):
        return Literal(Kind.BOOL, value)
    return Literal(Kind.TEXT if isinstance(value, str) else Kind.NUMBER, value)
