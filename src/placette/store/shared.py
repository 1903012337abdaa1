"""What the writer thread keeps up to date and everybody may read without waiting."""

from __future__ import annotations

from placette.model.pace import LastMinute
from placette.store.directory import EMPTY, Directory
from placette.store.kinds import Kinds
from placette.store.watermark import Watermark


class Meter:
    """Counts stored rows."""

    def __init__(self) -> None:
        self.total = 0
        self.last_commit = 0
        """When the last group was stored, µs UTC; 0 before the first."""
        self._recent = LastMinute()

    def count(self, rows: int, now: int) -> None:
        """Note ``rows`` stored at ``now`` (µs UTC); called by the writer thread."""
        self._recent.count(rows, now)
        self.total += rows
        self.last_commit = now

    def per_second(self, now: int) -> float:
        """Return the mean rate of the last minute before ``now`` (µs UTC), in observations/s."""
        return self._recent.total(now) / 60


class Shared:
    """The caches of one store."""

    def __init__(self) -> None:
        self.directory: Directory = EMPTY
        self.kinds = Kinds()
        self.watermark = Watermark()
        self.meter = Meter()
