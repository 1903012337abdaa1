"""Quality control beside the requests of a running city: the jobs that judge what is stored."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

from placette.jobs import Job
from placette.model.quality import Checks
from placette.quality.plans import Plans
from placette.quality.review import review_new
from placette.quality.weeks import review_counts
from placette.store import Store

_HOUR_US = 3_600_000_000


class Keeper:
    """One city's; ``checks`` are those of its quality.toml, ``zone`` is its time zone."""

    def __init__(self, store: Store, checks: Mapping[str, Checks], zone: str) -> None:
        self._store = store
        self.plans = Plans(store, checks, zone)

    def jobs(self) -> list[Job]:
        """Judge what came by post and import every minute, and the counters' full hours every hour."""
        return [
            Job(key="quality", work=self._review, every_s=60, first_after_s=30),
            Job(key="quality of counts", work=self._review_counts, every_s=3_600, first_after_s=120),
        ]

    async def _review(self) -> None:
        await asyncio.to_thread(review_new, self._store, self.plans)

    async def _review_counts(self) -> None:
        """Judge the hours of the last day: what comes late today is still seen tomorrow."""
        hour = time.time_ns() // 1000 // _HOUR_US * _HOUR_US
        await asyncio.to_thread(review_counts, self._store, self.plans, hour - 24 * _HOUR_US, hour)
