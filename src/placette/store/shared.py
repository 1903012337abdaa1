"""What the writer thread keeps up to date and everybody may read without waiting."""

from __future__ import annotations

from collections import deque

from placette.store.directory import EMPTY, Directory
from placette.store.kinds import Kinds
from placette.store.watermark import Watermark

_WINDOW_S = 60


class Meter:
    """Counts stored rows per second over the last minute."""

    def __init__(self) -> None:
        self.total = 0
        self.last_commit = 0
        """When the last group was stored, µs UTC; 0 before the first."""
        self._seconds: deque[tuple[int, int]] = deque(maxlen=_WINDOW_S + 1)

    def count(self, rows: int, now: int) -> None:
        """Note ``rows`` stored at ``now`` (µs UTC); called by the writer thread."""
        second = now // 1_000_000
        if self._seconds and self._seconds[-1][0] == second:
            self._seconds[-1] = (second, self._seconds[-1][1] + rows)
        else:
            self._seconds.append((second, rows))
        self.total += rows
        self.last_commit = now

    def per_second(self, now: int) -> float:
        """Return the mean rate of the last minute before ``now`` (µs UTC), in observations/s."""
        since = now // 1_000_000 - _WINDOW_S
        return sum(rows for second, rows in tuple(self._seconds) if second > since) / _WINDOW_S


class Shared:
    """The caches of one store."""

    def __init__(self) -> None:
        self.directory: Directory = EMPTY
        self.kinds = Kinds()
        self.watermark = Watermark()
        self.meter = Meter()
