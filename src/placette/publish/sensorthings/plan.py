"""Builds the SELECT of one page: of a resource path, or of one level of ``$expand`` for many parents at once."""

# ruff: noqa: S608  # the SQL is made of the names in our own tables; whatever a user sends is a parameter

from __future__ import annotations

from typing import Any

import msgspec

from placette.model.errors import BadQuery
from placette.publish.sensorthings.compile_sql import Key, after, condition, keys
from placette.publish.sensorthings.entities import ENTITIES, Column, Entity, Link
from placette.publish.sensorthings.operands import Statement
from placette.publish.sensorthings.resource import Step
from placette.publish.sensorthings.scope import Scope
from placette.publish.sensorthings.tree import Options


class Plan(msgspec.Struct):
    """A SELECT and what its columns are, in this order: id, parent (of an expansion), parts of ``columns``,
    ``keys`` (for the next page), ``here`` (one per link to one that is to be expanded).
    """  # noqa: D205

    entity: Entity
    sql: str
    parameters: list[Any]
    columns: list[Column]
    links: list[Link]
    """Links to be written as addresses."""
    shows_id: bool
    sparse: bool
    """Whether properties without a value are left out: not when the client asked for them by name."""
    keys: int
    here: list[Link]
    has_parent: bool = False


class _Draft:
    """What a page and a level of an expansion have in common."""

    def __init__(self, entity: Entity, options: Options, now: int, *, need_keys: bool) -> None:
        self.entity = entity
        self.options = options
        self.statement = Statement(now)
        self.scope = Scope(self.statement, entity)
        self.keys: list[Key] = keys(options.orderby, self.scope)
        self.columns, self.links, self.shows_id = _selection(entity, options)
        self.here = [entity.links[item.link] for item in options.expand if _is_direct(entity.links[item.link])]
        self.shown = [f"{self.scope.alias}.id"]
        self.need_keys = need_keys

    def fields(self) -> list[str]:
        alias = self.scope.alias
        parts = [part.format(t=alias) for column in self.columns if not column.derived for part in column.parts]
        order = [key.shown for key in self.keys] if self.need_keys else []
        return [*parts, *order, *(link.here.format(t=alias) for link in self.here)]

    def conditions(self) -> list[str]:
        found: list[str] = []
        if self.options.filter is not None:
            found.append(condition(self.options.filter, self.scope))
        if self.options.after is not None:
            found.append(after(self.keys, self.options.after, self.statement))
        return found

    def order(self) -> str:
        return ", ".join(key.order for key in self.keys)

    def plan(self, sql: str, *, has_parent: bool) -> Plan:
        return Plan(
            entity=self.entity,
            sql=sql,
            parameters=self.statement.parameters,
            columns=self.columns,
            links=self.links,
            shows_id=self.shows_id,
            sparse=self.options.select is None,
            keys=len(self.keys) if self.need_keys else 0,
            here=self.here,
            has_parent=has_parent,
        )


def page(steps: tuple[Step, ...], options: Options, now: int, limit: int) -> Plan:
    """Return the plan of ``limit`` rows of a path, with what its options ask for."""
    draft = _Draft(steps[-1].entity, options, now, need_keys=not steps[-1].single)
    where = [*reached(steps, draft.scope.alias, draft.statement), *draft.conditions()]
    fields = _numbered(f"{draft.scope.alias}.id", *draft.fields())
    order = "" if steps[-1].single else f" ORDER BY {draft.order()}"
    bounds = f" LIMIT {draft.statement.bind(limit)}" + (
        f" OFFSET {draft.statement.bind(options.skip)}" if options.skip else ""
    )
    sql = f"SELECT {fields} FROM {draft.scope.tables()}{_where(where)}{order}{bounds}"
    return draft.plan(sql, has_parent=False)


def level(
    link: Link, options: Options, now: int, parents: list[int], limit: int, only: list[int] | None = None
) -> Plan:
    """Return the plan of at most ``limit`` rows behind ``link`` for each parent: its id, or ``here`` of a link to one.

    ``only`` narrows the rows to these ids where the caller knows that no other can be wanted.
    """
    draft = _Draft(ENTITIES[link.target], options, now, need_keys=link.many)
    alias, statement = draft.scope.alias, draft.statement
    given = f"IN (SELECT unnest({statement.bind(parents)}::BIGINT[]))"
    parent, there = link.there.format(t=alias), ""
    where = []
    if link.via:
        pairs = statement.alias()
        parent = f"{pairs}.{link.near}"
        there = f"{link.via.replace('{only}', f'WHERE id {given}')} {pairs}, "
        where.append(f"{pairs}.{link.far} = {link.there.format(t=alias)}")
    where.append(f"{parent} {given}")
    if only is not None:
        where.append(f"{alias}.id IN (SELECT unnest({statement.bind(only)}::BIGINT[]))")
    where.extend(draft.conditions())
    fields = _numbered(f"{alias}.id", parent, *draft.fields())
    if not link.many:
        return draft.plan(f"SELECT {fields} FROM {there}{draft.scope.tables()}{_where(where)}", has_parent=True)
    ranked = f"{fields}, row_number() OVER (PARTITION BY {parent} ORDER BY {draft.order()}) AS r_"
    inner = f"SELECT {ranked} FROM {there}{draft.scope.tables()}{_where(where)}"
    start, stop = statement.bind(options.skip), statement.bind(options.skip + limit)
    sql = f"SELECT * EXCLUDE (r_) FROM ({inner}) WHERE r_ > {start} AND r_ <= {stop} ORDER BY c1, r_"
    return draft.plan(sql, has_parent=True)


def count(steps: tuple[Step, ...], options: Options, now: int) -> tuple[str, list[Any]]:
    """Return the statement that counts what a path and its filter name."""
    statement = Statement(now)
    scope = Scope(statement, steps[-1].entity)
    where = reached(steps, scope.alias, statement)
    if options.filter is not None:
        where.append(condition(options.filter, scope))
    return f"SELECT count(*) FROM {scope.tables()}{_where(where)}", statement.parameters


def level_counts(link: Link, options: Options, now: int, parents: list[int]) -> tuple[str, list[Any]]:
    """Return the statement that counts what is behind ``link`` for each parent."""
    statement = Statement(now)
    scope = Scope(statement, ENTITIES[link.target])
    given = f"IN (SELECT unnest({statement.bind(parents)}::BIGINT[]))"
    parent, there, where = link.there.format(t=scope.alias), "", []
    if link.via:
        pairs = statement.alias()
        parent, there = f"{pairs}.{link.near}", f"{link.via.replace('{only}', f'WHERE id {given}')} {pairs}, "
        where.append(f"{pairs}.{link.far} = {link.there.format(t=scope.alias)}")
    where.append(f"{parent} {given}")
    if options.filter is not None:
        where.append(condition(options.filter, scope))
    sql = f"SELECT {parent}, count(*) FROM {there}{scope.tables()}{_where(where)} GROUP BY ALL"
    return sql, statement.parameters


def exists(steps: tuple[Step, ...]) -> tuple[str, list[Any]]:
    """Return the statement that has a row when the path leads anywhere."""
    statement = Statement(0)
    alias = statement.alias()
    where = _where(reached(steps, alias, statement))
    return f"SELECT {alias}.id FROM {steps[-1].entity.table} {alias}{where} LIMIT 1", statement.parameters


def reached(steps: tuple[Step, ...], alias: str, statement: Statement) -> list[str]:
    """Return the conditions under which ``alias`` is what the steps lead to."""
    step = steps[-1]
    found = [] if step.id is None else [f"{alias}.id = {statement.bind(step.id)}"]
    if step.link is None:
        return found
    link, before = step.link, steps[-2]
    source = statement.alias()
    there = link.there.format(t=alias)
    if before.id is not None and link.here == "{t}.id":
        key = statement.bind(before.id)
        near = f"= {key}"
        if len(steps) > 2:
            inner = _where(reached(steps[:-1], source, statement))
            found.append(f"EXISTS (SELECT 1 FROM {before.entity.table} {source}{inner})")
    else:
        inner = _where(reached(steps[:-1], source, statement))
        near = f"IN (SELECT {link.here.format(t=source)} FROM {before.entity.table} {source}{inner})"
    if link.via:
        pairs = statement.alias()
        via = link.via.replace("{only}", f"WHERE id {near}")
        near = f"IN (SELECT {pairs}.{link.far} FROM {via} {pairs} WHERE {pairs}.{link.near} {near})"
    found.append(f"{there} {near}")
    return found


def _selection(entity: Entity, options: Options) -> tuple[list[Column], list[Link], bool]:
    expanded = {item.link for item in options.expand}
    for item in options.expand:
        if item.link not in entity.links:
            raise BadQuery(
                f"$expand: {entity.name} has no link '{item.link[:40]}'",
                f"character {item.at + 1}",
                "links: " + " ".join(entity.links),
            )
    if options.select is None:
        return list(entity.columns.values()), [k for k in entity.links.values() if k.name not in expanded], True
    for name in options.select:
        if name not in entity.columns and name not in entity.links and name != "id":
            known = " ".join(["id", *entity.columns, *entity.links])
            raise BadQuery(f"$select: {entity.name} has no '{name[:40]}'", remedy=f"there are {known}")
    columns = [column for name, column in entity.columns.items() if name in options.select]
    links = [link for name, link in entity.links.items() if name in options.select and name not in expanded]
    return columns, links, "id" in options.select


def _is_direct(link: Link) -> bool:
    return not link.many and not link.via


def _numbered(*fields: str) -> str:
    return ", ".join(f"{field} AS c{number}" for number, field in enumerate(fields))


def _where(conditions: list[str]) -> str:
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""
