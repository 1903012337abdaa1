"""How it went when what had come before was read again: dead letters after a mend, kept frames by a new codec."""

from __future__ import annotations

import msgspec


class ReplayReport(msgspec.Struct, frozen=True, kw_only=True):
    """How a replay of dead letters went.

    ``replayed`` letters went through and held ``stored`` observations; ``failed`` are still unusable, the newest of
    them by id in ``unusable``; ``left`` were not tried because there were too many for one order: the next one goes on
    ``before`` the id ``next``.
    """

    replayed: int = 0
    stored: int = 0
    failed: int = 0
    left: int = 0
    unusable: tuple[int, ...] = ()
    next: int | None = None


class Rereading(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which kept frames to read again: those of a codec or of a device model, received in a span (ISO 8601, UTC).

    With ``dry_run`` nothing is stored; ``after`` is the ``next`` of the report before.
    """

    codec: str = ""
    model: str = ""
    since: str | None = None
    until: str | None = None
    dry_run: bool = False
    after: int = 0


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One observation that a new reading of its frame tells otherwise; ``time`` in µs UTC.

    ``before`` is ``None`` for one that is new, ``after`` for one that no longer comes out; both are JSON text.
    """

    datastream: str
    time: int
    before: str | None
    after: str | None


class ReharmoniseReport(msgspec.Struct, frozen=True, kw_only=True):
    """How kept frames read today: how many were read, and what became of their observations.

    ``changed`` were replaced and the change is on record, ``added`` are new, ``gone`` no longer come out and stay as
    they are; ``unreadable`` frames cannot be used today and leave theirs. ``next`` continues where this order ended.
    """

    frames: int = 0
    unchanged: int = 0
    changed: int = 0
    added: int = 0
    gone: int = 0
    unreadable: int = 0
    examples: tuple[Difference, ...] = ()
    faults: tuple[str, ...] = ()
    next: int | None = None

    def plus(self, other: ReharmoniseReport) -> ReharmoniseReport:
        """Return both together; what continues is what ``other`` says."""
        counts = ("frames", "unchanged", "changed", "added", "gone", "unreadable")
        return ReharmoniseReport(
            **{name: getattr(self, name) + getattr(other, name) for name in counts},
            examples=(self.examples + other.examples)[:SHOWN],
            faults=tuple(dict.fromkeys(self.faults + other.faults))[:SHOWN],
            next=other.next,
        )


SHOWN = 10
"""Differences and faults that a report shows."""
