"""Reads resource paths such as ``Things(1)/Datastreams(2)/Observations`` (OGC 18-088, section 9.2; OData 4.0 part 2).

The first segment is an entity set, each following one a link; ids are integers. At the end may stand a property (and
the way into it), ``$value`` for its bare value, or ``$ref`` for addresses only.
"""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from placette.model.errors import BadQuery, NotFound
from placette.publish.sensorthings.entities import ENTITIES, SETS, Entity, Link

MAX_ID = 2**63 - 1
MAX_STEPS = 16
_SEGMENT = re.compile(r"([^\W\d]\w*)(?:\((.*)\))?")


class Step(msgspec.Struct, frozen=True):
    """One segment: what it leads to, by which link (``None`` for the first), and which one of a set."""

    entity: Entity
    link: Link | None
    id: int | None

    @property
    def single(self) -> bool:
        """True when the segment names one entity, not a set."""
        return self.id is not None or (self.link is not None and not self.link.many)


class Resource(msgspec.Struct, frozen=True):
    """What a path names: its ``steps``, then a property (``inside``), its bare ``value``, or addresses (``ref``)."""

    path: str
    steps: tuple[Step, ...]
    inside: tuple[str, ...] = ()
    value: bool = False
    ref: bool = False

    @property
    def entity(self) -> Entity:
        """The entity at the end of the path."""
        return self.steps[-1].entity

    @property
    def single(self) -> bool:
        """True when the path ends at one entity."""
        return self.steps[-1].single

    @property
    def parent(self) -> Resource:
        """The path up to the last segment."""
        path, _, _ = self.path.rpartition("/")
        return Resource(path, self.steps[:-1])


@lru_cache(maxsize=4096)
def parse_path(path: str) -> Resource:
    """Return what a decoded path below the service's root names; raises ``NotFound`` or ``BadQuery``."""
    segments = [segment for segment in path.split("/") if segment]
    if not segments or len(segments) > MAX_STEPS:
        raise NotFound("no such address", path[:200], "start at the root document")
    tail = segments.pop() if segments[-1] in ("$value", "$ref") else ""
    steps: list[Step] = []
    inside: list[str] = []
    for segment in segments:
        step = None if inside else _step(segment, steps[-1] if steps else None)
        if step is not None:
            steps.append(step)
        elif not steps:
            raise NotFound(f"there is no entity set '{segment[:40]}'", path[:200], "there are " + ", ".join(SETS))
        else:
            _check_property(segment, steps[-1], inside, path)
            inside.append(segment)
    if tail and not segments:
        raise NotFound("no such address", path[:200], "start at the root document")
    if (tail == "$value" and not inside) or (tail == "$ref" and inside):
        raise BadQuery(f"{tail} cannot stand here", path[:200], "$value follows a property, $ref entities")
    shown = "/".join(segments[: len(steps)])
    return Resource(shown, tuple(steps), tuple(inside), tail == "$value", tail == "$ref")


def _step(segment: str, before: Step | None) -> Step | None:
    match = _SEGMENT.fullmatch(segment)
    if match is None:
        return None
    name, key = match.groups()
    if before is None:
        link, entity = None, SETS.get(name)
    else:
        link = before.entity.links.get(name)
        entity = ENTITIES[link.target] if link else None
    if entity is None:
        return None
    if before is not None and not before.single:
        raise BadQuery(
            f"'{name}' follows a whole set", remedy=f"name one of the set, e.g. {before.entity.set}(1)/{name}"
        )
    if key is None:
        return Step(entity, link, None)
    if link is not None and not link.many:
        raise BadQuery(f"'{name}' leads to one entity and takes no id", segment[:80], f"write {name}")
    return Step(entity, link, _id(key, segment))


def _id(key: str, segment: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]+", key):
        raise BadQuery(f"'{key[:40]}' is not an id", segment[:80], "ids are integers, e.g. Things(1)")
    digits = key.lstrip("+-0") or "0"
    value = -1 if len(digits) > 19 else int(key)
    if not 0 <= value <= MAX_ID:
        raise NotFound(f"there is no entity {segment[:80]}", remedy="ids lie between 1 and 2^63−1")
    return value


def _check_property(segment: str, step: Step, inside: list[str], path: str) -> None:
    if inside:
        return
    if not step.single:
        raise BadQuery(f"'{segment[:40]}' follows a whole set", path[:200], f"name one, e.g. {step.entity.set}(1)")
    if segment not in ("id", "@iot.id") and segment not in step.entity.columns:
        known = " ".join([*step.entity.columns, *step.entity.links])
        raise NotFound(f"{step.entity.name} has no '{segment[:40]}'", path[:200], f"there are id {known}")
