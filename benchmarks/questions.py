"""The four questions of every page, with their targets, and which datastreams they are put to."""

from __future__ import annotations

import numpy as np

from benchmarks.plan import SECOND, Plan

DAY = 86_400 * SECOND
YEAR = 365 * DAY
NEWEST = 100

LATEST = "latest value of all datastreams"
LAST_DAY = "24 h of one datastream"
HOURLY = "one year of one datastream as hourly means"
LAST = f"newest {NEWEST} of one datastream"

TARGETS_MS = {LATEST: 50, LAST_DAY: 20, HOURLY: 60, LAST: 15}
P99_TARGETS_MS = {LAST_DAY: 60}
COUNTS = {LATEST: 100, LAST_DAY: 200, HOURLY: 40, LAST: 100}
"""How often each is asked per run."""


class Chooser:
    """Chooses the datastream of the next question: any, or one that has a year."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._random = np.random.default_rng(11)

    def any(self) -> int:
        """The position of any datastream."""
        return int(self._random.integers(0, self._plan.datastreams))

    def deep(self) -> int:
        """The position of a datastream with a year of history."""
        return int(self._random.integers(0, self._plan.deep))
