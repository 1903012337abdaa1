"""Which anomalies are one event: several sensors see it in the same hours, nobody wants to read it several times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from placette.analyse.anomaly.causes import CITYWIDE
from placette.services.anomaly.reading import Anomaly

Circle = tuple[str, str, str, str, int]
"""What events share that may be the same: of a place or a property, its key; likeliest cause, its name, direction."""


def together(found: Sequence[Anomaly]) -> list[list[Anomaly]]:
    """Return anomalies in groups, each in the order given, groups in that of their first.

    Events with the same likeliest cause and direction and hours in common are one where they are in one place, or of
    one property where their cause acts on the whole city; so are those that a third one links.
    """
    circles: dict[Circle, list[int]] = {}
    for at, one in enumerate(found):
        for circle in _circles(one):
            circles.setdefault(circle, []).append(at)
    first = list(range(len(found)))
    for members in circles.values():
        _link(found, members, first)
    groups: dict[int, list[Anomaly]] = {}
    for at, one in enumerate(found):
        groups.setdefault(_root(first, at), []).append(one)
    return list(groups.values())


def _circles(one: Anomaly) -> Iterator[Circle]:
    """Yield what an event shares with those that may be the same."""
    if one.kind != "event":
        return
    cause, name = (one.causes[0].key, one.causes[0].name) if one.causes else ("", "")
    if one.place is not None:
        yield ("place", one.place, cause, name, one.direction)
    if cause in CITYWIDE and one.property is not None:
        yield ("property", one.property, cause, name, one.direction)


def _link(found: Sequence[Anomaly], members: Sequence[int], first: list[int]) -> None:
    """Link those of one circle that have hours in common; times are ISO 8601 in UTC, which sort as texts."""
    ordered = sorted(members, key=lambda at: found[at].start)
    reaching, until = ordered[0], found[ordered[0]].end
    for at in ordered[1:]:
        if found[at].start < until:
            low, high = sorted((_root(first, reaching), _root(first, at)))
            first[high] = low
        if found[at].end > until:
            reaching, until = at, found[at].end


def _root(first: list[int], at: int) -> int:
    while first[at] != at:
        at = first[at]
    return at
