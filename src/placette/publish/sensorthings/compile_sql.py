"""Turns expressions of ``tree`` into DuckDB SQL with parameters: conditions for ``$filter``, keys for ``$orderby``.

Comparisons follow OData (part 2, section 5.1.1.1): null equals null only, every other comparison with null is false,
and ``not`` of it true. Through a link to many, a condition holds when it holds for at least one; the parts of one
``and`` that go through the same link speak of the same related entity, as clients of SensorThings servers expect.
"""

# ruff: noqa: S608  # the SQL is made of the names in our own tables; whatever a user sends is a parameter

from __future__ import annotations

import msgspec

from placette.model import times
from placette.model.errors import BadQuery
from placette.publish.sensorthings.functions import FUNCTIONS, Function
from placette.publish.sensorthings.operands import Operand, Statement, mismatch
from placette.publish.sensorthings.scope import Scope, Steps
from placette.publish.sensorthings.tree import (
    Binary,
    Call,
    Expression,
    Kind,
    Literal,
    Logic,
    Negative,
    Not,
    Order,
    Path,
    Scalar,
)

_COMPARE = {"eq": "=", "ne": "<>", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
_ARITHMETIC = {"add": "+", "sub": "-", "mul": "*", "div": "/", "mod": "%"}
_ORDERED = (Kind.NUMBER, Kind.TEXT, Kind.BOOL, Kind.TIME, Kind.DATE, Kind.CLOCK)
_LOOSE = (Kind.JSON, Kind.RESULT)


class Key(msgspec.Struct, frozen=True):
    """One SQL ordering key; ``shown`` is its SQL as a plain value, for the token of the next page."""

    sql: str
    kind: Kind
    descending: bool
    nullable: bool

    @property
    def shown(self) -> str:
        """The key as a number, text or truth value."""
        return f"epoch_us({self.sql})" if self.kind is Kind.TIME else self.sql

    @property
    def order(self) -> str:
        """The key as it stands after ``ORDER BY``; nulls come last both ways."""
        return f"{self.sql} {'DESC' if self.descending else 'ASC'} NULLS LAST"


# --- conditions


def condition(expression: Expression, scope: Scope) -> str:
    """Return the SQL condition of a truth value; raises ``BadQuery`` when the expression is none."""
    match expression:
        case Logic("or", parts):
            return "(" + " OR ".join(condition(part, scope) for part in parts) + ")"
        case Logic(_, parts):
            return "(" + " AND ".join(_together(parts, scope)) + ")"
        case Not(part):
            return f"({condition(part, scope)} IS NOT TRUE)"
    steps = scope.first_many(expression)
    if steps is not None:
        return _exists(steps, (expression,), scope)
    return scope.statement.read(operand(expression, scope), Kind.BOOL, place(expression))


def _together(parts: tuple[Expression, ...], scope: Scope) -> list[str]:
    """Return the conditions of an ``and``, with the plain parts behind one link to many in one ``EXISTS``."""
    found: list[str] = []
    behind: dict[Steps, list[Expression]] = {}
    for part in parts:
        steps = None if isinstance(part, Logic | Not) else scope.first_many(part)
        if steps is None:
            found.append(condition(part, scope))
        else:
            behind.setdefault(steps, []).append(part)
    found.extend(_exists(steps, tuple(inner), scope) for steps, inner in behind.items())
    return found


def _exists(steps: Steps, parts: tuple[Expression, ...], scope: Scope) -> str:
    inner, before, joined = scope.inner(steps)
    conditions = " AND ".join([joined, *_together(parts, inner)])
    return f"EXISTS (SELECT 1 FROM {before}{inner.tables()} WHERE {conditions})"


# --- values


def operand(expression: Expression, scope: Scope) -> Operand:  # noqa: PLR0911  # one per kind of expression
    """Return the SQL value of an expression."""
    match expression:
        case Literal():
            return Operand(expression.kind, constant=expression)
        case Path():
            return scope.operand(expression)
        case Call():
            return _call(expression, scope)
        case Negative(part, at):
            return Operand(Kind.NUMBER, f"(-{_double(part, scope, at)})")
        case Binary(operator, left, right, at) if operator in _ARITHMETIC:
            first, second = _double(left, scope, at), _double(right, scope, at)
            if operator in ("div", "mod"):
                second = f"nullif({second}, 0)"
            return Operand(Kind.NUMBER, f"({first} {_ARITHMETIC[operator]} {second})")
        case Binary():
            return Operand(Kind.BOOL, _comparison(expression, scope))
        case _:
            return Operand(Kind.BOOL, condition(expression, scope))


def place(expression: Expression) -> int:
    """Return where in its text an expression stands, as far as it is known."""
    return expression.at if isinstance(expression, Path | Call | Binary | Negative) else 0


def _double(expression: Expression, scope: Scope, at: int) -> str:
    return f"CAST({scope.statement.read(operand(expression, scope), Kind.NUMBER, at)} AS DOUBLE)"


def _call(call: Call, scope: Scope) -> Operand:
    function = FUNCTIONS.get(call.name)
    if function is None:
        raise BadQuery(
            f"there is no function '{call.name[:40]}'", f"character {call.at + 1}", "functions: " + " ".join(FUNCTIONS)
        )
    given, most = len(call.arguments), len(function.takes)
    if not most - function.optional <= given <= most:
        raise BadQuery(f"{call.name} takes {most} values, not {given}", f"character {call.at + 1}")
    statement = scope.statement
    constants = {"now": statement.now, "mindatetime": times.EARLIEST, "maxdatetime": times.LATEST}
    if call.name in constants:
        return Operand(Kind.TIME, constant=Literal(Kind.TIME, constants[call.name]))
    values = [operand(argument, scope) for argument in call.arguments]
    return Operand(function.gives, _fill(function, values, statement, call.at))


def _fill(function: Function, values: list[Operand], statement: Statement, at: int) -> str:
    if Kind.GEOMETRY in function.takes:
        (x1, y1), (x2, y2) = (statement.position(value, at) for value in values)
        return function.sql.format(f"{x1} - {x2}", f"{y1} - {y2}")
    sql = function.short_sql if len(values) < len(function.takes) else function.sql
    kinds = function.takes
    return sql.format(*(statement.read(value, kind, at) for value, kind in zip(values, kinds, strict=False)))


# --- comparisons


def _comparison(expression: Binary, scope: Scope) -> str:
    operator, at = expression.operator, expression.at
    left, right = operand(expression.left, scope), operand(expression.right, scope)
    if Kind.NULL in (left.kind, right.kind):
        return _with_null(operator, right if left.kind is Kind.NULL else left)
    kind = _common(left, right, at)
    if kind is Kind.INTERVAL:
        return _intervals(operator, scope.statement.interval(left, at), scope.statement.interval(right, at))
    first, second = scope.statement.read(left, kind, at), scope.statement.read(right, kind, at)
    if operator == "ne":
        return f"({first} IS DISTINCT FROM {second})"
    if operator == "eq" and left.constant is None and right.constant is None:
        return f"({first} IS NOT DISTINCT FROM {second})"
    return f"({first} {_COMPARE[operator]} {second})"


def _with_null(operator: str, other: Operand) -> str:
    if operator not in ("eq", "ne"):
        return "FALSE"
    if other.constant is not None or other.kind is Kind.NULL:
        is_null = "TRUE" if other.kind is Kind.NULL else "FALSE"
    elif other.kind is Kind.RESULT:
        is_null = f"({other.sql} IS NULL AND {other.other} IS NULL)"
    else:
        is_null = f"({other.sql} IS NULL)"
    return is_null if operator == "eq" else f"(NOT {is_null})"


def _common(left: Operand, right: Operand, at: int) -> Kind:
    """Return the kind in which two values are compared; raises ``BadQuery`` when there is none."""
    kinds = {left.kind, right.kind}
    firm = kinds.difference(_LOOSE)
    if not firm:
        return Kind.NUMBER if kinds == {Kind.RESULT} else Kind.TEXT
    if len(firm) == 1:
        kind = firm.pop()
        if kind in _ORDERED or (kind is Kind.INTERVAL and len(kinds) == 1):
            return kind
        raise mismatch(kind, Kind.NUMBER, at)
    quoted = any(side.constant is not None and side.kind is Kind.TEXT for side in (left, right))
    if Kind.INTERVAL in firm and (firm <= {Kind.INTERVAL, Kind.TIME, Kind.DATE} or quoted):
        return Kind.INTERVAL
    if Kind.TIME in firm and (firm == {Kind.TIME, Kind.DATE} or quoted):
        return Kind.TIME
    raise mismatch(right.kind, left.kind, at)


def _intervals(operator: str, left: tuple[str, str], right: tuple[str, str]) -> str:
    """Compare time intervals: one is less than another when it is over before the other starts."""
    if operator in ("eq", "ne"):
        ends = f" AND {left[1] or 'NULL'} IS NOT DISTINCT FROM {right[1] or 'NULL'}" if left[1] or right[1] else ""
        same = f"({left[0]} = {right[0]}{ends})"
        return same if operator == "eq" else f"({same} IS NOT TRUE)"
    if operator in ("gt", "ge"):
        left, right = right, left
    over = f"coalesce({left[1]}, {left[0]})" if left[1] else ""
    if operator in ("lt", "gt"):
        return f"({left[0]} < {right[0]}" + (f" AND {over} <= {right[0]})" if over else ")")
    until = f"coalesce({right[1]}, {right[0]})" if right[1] else right[0]
    return f"({left[0]} <= {right[0]}" + (f" AND {over} <= {until})" if over else ")")


# --- ordering


def keys(orders: tuple[Order, ...], scope: Scope) -> list[Key]:
    """Return the SQL keys of ``$orderby``, with the id as the last one so that the order is always the same."""
    found = [key for order in orders for key in _keys(order, scope)]
    own = f"{scope.alias}.id"
    if not any(key.sql == own for key in found):
        found.append(Key(own, Kind.NUMBER, bool(found) and found[-1].descending, False))
    return found


def _keys(order: Order, scope: Scope) -> list[Key]:
    steps = scope.first_many(order.key)
    if steps is not None:
        raise BadQuery(f"$orderby cannot go through '{'/'.join(steps)}', of which there may be many")
    value, down = operand(order.key, scope), order.descending
    if value.constant is not None:
        return []
    read = scope.statement.read
    match value.kind:
        case Kind.JSON | Kind.RESULT:
            return [Key(read(value, kind), kind, down, True) for kind in (Kind.NUMBER, Kind.TEXT)]
        case Kind.INTERVAL:
            return [Key(value.sql, Kind.TIME, down, value.nullable)]
        case Kind.DATE:
            return [Key(read(value, Kind.TIME), Kind.TIME, down, True)]
        case Kind.CLOCK:
            return [Key(f"epoch_us({value.sql})", Kind.NUMBER, down, True)]
        case kind:
            return [Key(value.sql, kind, down, value.nullable)]


_TOKEN_TYPES: dict[Kind, tuple[type, ...]] = {
    Kind.NUMBER: (int, float),
    Kind.TIME: (int,),
    Kind.TEXT: (str,),
    Kind.BOOL: (bool,),
}


def after(order: list[Key], values: tuple[Scalar, ...], statement: Statement) -> str:
    """Return the condition of the rows that come after the one with these keys."""
    fits = len(values) == len(order) and all(
        value is None or (type(value) in _TOKEN_TYPES[key.kind]) for key, value in zip(order, values, strict=False)
    )
    if not fits:
        raise BadQuery("$skiptoken does not belong to this query", remedy="follow @iot.nextLink as it was given")
    ways: list[str] = []
    equal: list[str] = []
    for key, value in zip(order, values, strict=True):
        if value is None:
            equal.append(f"{key.sql} IS NULL")
            continue
        bound = statement.read(Operand(key.kind, constant=Literal(key.kind, value)), key.kind)
        beyond = f"{key.sql} {'<' if key.descending else '>'} {bound}"
        ways.append("(" + " AND ".join([*equal, f"({beyond} OR {key.sql} IS NULL)" if key.nullable else beyond]) + ")")
        equal.append(f"{key.sql} = {bound}")
    first = order[0]
    if not first.nullable and values[0] is not None:  # alone it lets DuckDB skip row groups by their zone maps
        bound = statement.read(Operand(first.kind, constant=Literal(first.kind, values[0])), first.kind)
        return f"{first.sql} {'<=' if first.descending else '>='} {bound} AND ({' OR '.join(ways)})"
    return f"({' OR '.join(ways)})" if ways else "FALSE"
