"""Where the names of a query lead: from the steps of a path to a column, with the joins that the way needs.

A way through a link to one is a left join; a way through a link to many opens an inner scope, which becomes ``EXISTS``.
"""

from __future__ import annotations

from placette.model.errors import BadQuery
from placette.publish.sensorthings.entities import ENTITIES, ID, Column, Entity, Link
from placette.publish.sensorthings.operands import Operand, Statement
from placette.publish.sensorthings.tree import Binary, Call, Expression, Kind, Logic, Negative, Not, Path

Steps = tuple[str, ...]


class Scope:
    """The tables that the names of one ``FROM`` clause can stand for; ``prefix`` leads from the root to its entity."""

    def __init__(self, statement: Statement, entity: Entity, prefix: Steps = (), outer: Scope | None = None) -> None:
        self.statement = statement
        self.entity = entity
        self.prefix = prefix
        self.outer = outer
        self.alias = statement.alias()
        self.joins: list[str] = []
        self._known: dict[Steps, tuple[Entity, str]] = {prefix: (entity, self.alias)}

    def tables(self) -> str:
        """Return what stands after ``FROM``; complete only when everything else of the statement is written."""
        return " ".join([f"{self.entity.table} {self.alias}", *self.joins])

    def find(self, steps: Steps) -> tuple[Entity, str] | None:
        """Return entity and alias of this way if it is already open here or further out."""
        found = self._known.get(steps)
        if found is None and self.outer is not None:
            return self.outer.find(steps)
        return found

    def open(self, steps: Steps) -> tuple[Entity, str]:
        """Return entity and alias of a way through links to one, joining what is missing."""
        found = self.find(steps)
        if found is not None:
            return found
        owner = self
        while owner.outer is not None and steps[: len(owner.prefix)] != owner.prefix:
            owner = owner.outer
        entity, alias = owner.open(steps[:-1])
        link = entity.links[steps[-1]]
        target, near = ENTITIES[link.target], self.statement.alias()
        here = link.here.format(t=alias)
        if link.via:
            pairs = self.statement.alias()
            via = link.via.replace("{only}", "")
            owner.joins.append(f"LEFT JOIN {via} {pairs} ON {pairs}.{link.near} = {here}")
            here = f"{pairs}.{link.far}"
        owner.joins.append(f"LEFT JOIN {target.table} {near} ON {link.there.format(t=near)} = {here}")
        owner._known[steps] = (target, near)
        return target, near

    def inner(self, steps: Steps) -> tuple[Scope, str, str]:
        """Open a scope behind a link to many; return it, the tables before its own and its condition."""
        entity, alias = self.open(steps[:-1])
        link = entity.links[steps[-1]]
        scope = Scope(self.statement, ENTITIES[link.target], steps, self)
        here, there = link.here.format(t=alias), link.there.format(t=scope.alias)
        if not link.via:
            return scope, "", f"{there} = {here}"
        pairs = self.statement.alias()
        via = link.via.replace("{only}", "")
        return scope, f"{via} {pairs}, ", f"{pairs}.{link.near} = {here} AND {pairs}.{link.far} = {there}"

    # --- names

    def split(self, path: Path) -> tuple[list[tuple[Steps, Link]], Entity, Steps]:
        """Return the links a path goes through (each with its whole way), where it arrives, and what is left."""
        entity = self.root.entity
        links: list[tuple[Steps, Link]] = []
        for position, step in enumerate(path.steps):
            link = entity.links.get(step)
            if link is None:
                return links, entity, path.steps[position:]
            links.append((path.steps[: position + 1], link))
            entity = ENTITIES[link.target]
        raise BadQuery(
            f"'{'/'.join(path.steps)}' leads to {entity.name}, not to a property",
            f"character {path.at + 1}",
            f"name one of its properties: id {' '.join(entity.columns)}",
        )

    @property
    def root(self) -> Scope:
        """The outermost scope."""
        return self if self.outer is None else self.outer.root

    def first_many(self, expression: Expression) -> Steps | None:
        """Return the shortest way through a link to many in the expression that is not open yet."""
        for path in paths(expression):
            for steps, link in self.split(path)[0]:
                if link.many and self.find(steps) is None:
                    return steps
        return None

    def operand(self, path: Path) -> Operand:
        """Return the property a path leads to; raises ``BadQuery`` when there is none."""
        links, entity, rest = self.split(path)
        _, alias = self.open(path.steps[: len(links)])
        column = ID if rest[0] in ("id", "@iot.id") else entity.columns.get(rest[0])
        if column is None:
            raise BadQuery(
                f"{entity.name} has no property or link '{rest[0][:40]}'",
                f"character {path.at + 1}",
                f"properties: id {' '.join(entity.columns)}; links: {' '.join(entity.links)}",
            )
        nullable = column.nullable or bool(links)
        return self._column(column, [part.format(t=alias) for part in column.parts], rest[1:], path, nullable)

    def _column(self, column: Column, parts: list[str], rest: Steps, path: Path, nullable: bool) -> Operand:
        if column.kind is Kind.JSON:
            return self.json(parts[0], rest)
        if column.kind is Kind.RESULT and rest:
            return self.json(parts[1], rest)
        if column.kind is Kind.OBJECT and len(rest) == 1 and rest[0] in column.members:
            return Operand(Kind.TEXT, parts[column.members.index(rest[0])])
        if rest or column.kind is Kind.OBJECT:
            inside = f"one of {' '.join(column.members)}" if column.members else "nothing inside"
            raise BadQuery(f"{column.name} has {inside}", f"character {path.at + 1}")
        return Operand(column.kind, parts[0], parts[1] if len(parts) > 1 else "", nullable=nullable)

    def json(self, document: str, steps: Steps) -> Operand:
        """Return the value at ``steps`` inside a JSON document, by JSON pointer (RFC 6901)."""
        pointer = "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)
        place = self.statement.bind(pointer) if pointer else "'$'"
        text = f"json_extract_string({document}, {place})"
        return Operand(Kind.JSON, text, document=document, pointer=pointer)


def paths(expression: Expression) -> list[Path]:
    """Return every path in an expression, from left to right."""
    match expression:
        case Path():
            return [expression]
        case Call(_, parts) | Logic(_, parts):
            return [path for part in parts for path in paths(part)]
        case Binary(_, left, right):
            return paths(left) + paths(right)
        case Not(part) | Negative(part):
            return paths(part)
        case _:
            return []
