"""``$expand``: one statement for each link of each level, for all parents at once (OGC 18-088, section 9.3.2.1).

The same entity may stand at many places of an answer, so its ``weight`` counts them: a level holds so many objects as
the answer will, and what it may hold bounds what each parent gets.
"""

from __future__ import annotations

import msgspec

from placette.model.errors import BadQuery
from placette.publish.sensorthings import plan as plans
from placette.publish.sensorthings.entities import ENTITIES, Entity, Link
from placette.publish.sensorthings.fetch import Fetcher
from placette.publish.sensorthings.serialise import Row
from placette.publish.sensorthings.tree import Expand, Options, Path, query_string

DEFAULT_TOP = 100
MAX_TOP = 10_000
"""Rows of one page; more are reached through ``@iot.nextLink``."""
LEVEL_ROWS = 50_000
"""Objects of one level over all its parents: some 20 MB of JSON. Beyond it each parent gets fewer, with a next link."""

_TIME = ("phenomenonTime",)


async def expand(fetcher: Fetcher, parents: list[Row], entity: Entity, options: Options, root: str) -> None:
    """Put into the objects of ``parents`` what ``options`` expand, down to the last level."""
    if not parents:
        return
    for item in options.expand:
        link = entity.links[item.link]
        if link.many:
            await _many(fetcher, parents, entity, link, item.options, root)
        else:
            _refuse_on_one(item)
            await _one(fetcher, parents, link, item.options, root)


async def _one(fetcher: Fetcher, parents: list[Row], link: Link, options: Options, root: str) -> None:
    near = [row.here.get(link.name, row.id) for row in parents]
    weights = _weights(near, parents)
    plan = plans.level(link, options, fetcher.clock(), list(weights), 1)
    found = await fetcher.rows(plan, root) if weights else []
    _weigh(found, weights)
    await expand(fetcher, found, ENTITIES[link.target], options, root)
    by_parent = {row.parent: row.json for row in found}
    for row, key in zip(parents, near, strict=True):
        row.json[link.name] = by_parent.get(key)


async def _many(fetcher: Fetcher, parents: list[Row], entity: Entity, link: Link, options: Options, root: str) -> None:
    weights = _weights([row.id for row in parents], parents)
    keys = list(weights)
    most = max(1, LEVEL_ROWS // sum(weights.values()))
    top = min(DEFAULT_TOP if options.top is None else options.top, MAX_TOP, most)
    only = _newest(fetcher, link, options, keys)
    found: list[Row] = []
    if top:
        found = await fetcher.rows(plans.level(link, options, fetcher.clock(), keys, top + 1, only), root)
    groups, cut = _cut(found, top)
    if only is not None:
        await fetcher.extents.refresh()
        cut = {key for key, n in zip(keys, fetcher.extents.counts(keys), strict=True) if n > top}
    shown = [row for group in groups.values() for row in group]
    _weigh(shown, weights)
    await expand(fetcher, shown, ENTITIES[link.target], options, root)
    counts = await _counts(fetcher, link, options, keys) if options.count else {}
    for parent in parents:
        group = groups.get(parent.id, [])
        if options.count:
            parent.json[f"{link.name}@iot.count"] = counts.get(parent.id, 0)
        if parent.id in cut and group:
            following = msgspec.structs.replace(options, skip=0, after=group[-1].keys)
            place = f"{root}/{entity.set}({parent.id})/{link.name}"
            parent.json[f"{link.name}@iot.nextLink"] = f"{place}?{query_string(following)}"
        parent.json[link.name] = [row.json for row in group]


def _is_newest_first(options: Options) -> bool:
    """True when all Observations are asked for by falling time, as most clients ask for the latest ones."""
    order = options.orderby[0] if len(options.orderby) == 1 and options.filter is None else None
    return order is not None and order.descending and isinstance(order.key, Path) and order.key.steps == _TIME


async def _counts(fetcher: Fetcher, link: Link, options: Options, keys: list[int]) -> dict[int, int]:
    table = await fetcher.query(*plans.level_counts(link, options, fetcher.clock(), keys))
    return dict(zip(table.column(0).to_pylist(), table.column(1).to_pylist(), strict=True))


def _newest(fetcher: Fetcher, link: Link, options: Options, keys: list[int]) -> list[int] | None:
    """Return the ids of the newest Observations when just these are asked for: they are known without a search."""
    if link.name != "Observations" or link.via or options.top != 1 or not _is_newest_first(options):
        return None
    if options.skip or options.after is not None:
        return None
    ids: list[int] = fetcher.store.latest.of(keys).column("id").to_pylist()
    return ids


def _weights(keys: list[int | None], parents: list[Row]) -> dict[int, int]:
    """Return the distinct keys with the number of places where the answer will show what is behind them."""
    weights: dict[int, int] = {}
    for key, row in zip(keys, parents, strict=True):
        if key is not None:
            weights[key] = weights.get(key, 0) + row.weight
    return weights


def _weigh(found: list[Row], weights: dict[int, int]) -> None:
    for row in found:
        row.weight = weights[row.parent] if row.parent is not None else 1


def _cut(found: list[Row], top: int) -> tuple[dict[int | None, list[Row]], set[int | None]]:
    """Group rows by parent, at most ``top`` of each; return the groups and the parents of which there are more."""
    groups: dict[int | None, list[Row]] = {}
    cut: set[int | None] = set()
    for row in found:
        group = groups.setdefault(row.parent, [])
        if len(group) < top:
            group.append(row)
        else:
            cut.add(row.parent)
    return groups, cut


def _refuse_on_one(item: Expand) -> None:
    options = item.options
    if options.filter or options.orderby or options.top is not None or options.skip or options.count:
        raise BadQuery(
            f"$expand: {item.link} leads to one entity",
            f"character {item.at + 1}",
            "only $select and $expand may stand in its brackets",
        )
