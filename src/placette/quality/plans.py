"""What is asked of each datastream: its property's checks, its device's range and rhythm, read when first needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from placette.analyse.quality.terms import Terms, terms
from placette.model.entities import Origin
from placette.model.quality import Checks
from placette.store import DatastreamInfo, Store
from placette.store.sql import among

_JUDGED = (Origin.MEASURED.value, Origin.SIMULATED.value)
"""What is computed has the uncertainty of its method, and is no measurement to be judged."""


class Plan(msgspec.Struct, frozen=True):
    """What is asked of a datastream; ``terms`` is ``None`` when nothing is, ``every_s`` when no rhythm is known."""

    info: DatastreamInfo
    terms: Terms | None
    checks: Checks | None
    every_s: float | None


class Plans:
    """The plans of a store's datastreams; a datastream that changed is read again.

    ``zone`` is the city's time zone: the hours of its week are those of its clocks.
    """

    def __init__(self, store: Store, checks: Mapping[str, Checks], zone: str = "UTC") -> None:
        self.zone = zone
        self._store = store
        self._checks = checks
        self._known: dict[int, Plan] = {}

    def known(self, datastream: int) -> Plan | None:
        """Return the plan of a datastream that was asked for before and has not changed since."""
        plan = self._known.get(datastream)
        return plan if plan is not None and self._store.directory.by_id.get(datastream) is plan.info else None

    def of(self, datastreams: Iterable[int]) -> dict[int, Plan]:
        """Return the plans of these datastreams, without those that do not exist; blocks for a query of new ones."""
        wanted = set(datastreams)
        by_id = self._store.directory.by_id
        new = {key: by_id[key] for key in wanted if key in by_id and self.known(key) is None}
        if new:
            sql = f"SELECT id, properties FROM datastream WHERE id IN {among(new)}"  # noqa: S608  # integers
            for row in self._store.query_now(sql).to_pylist():
                self._known[row["id"]] = self._plan(new[row["id"]], msgspec.json.decode(row["properties"]))
        return {key: self._known[key] for key in wanted if key in self._known}

    def _plan(self, info: DatastreamInfo, properties: Any) -> Plan:
        every_s = _number(properties, "every_s")
        every_s = every_s if every_s and every_s > 0 else None
        checks = self._checks.get(info.property_key or "")
        if checks is not None and checks.unit != info.unit:
            checks = None
        if info.origin not in _JUDGED:
            return Plan(info, None, None, every_s)
        asked = terms(
            checks,
            info.unit,
            minimum=_number(properties, "minimum"),
            maximum=_number(properties, "maximum"),
            every_s=every_s,
        )
        return Plan(info, asked, checks, every_s)


def _number(properties: Any, name: str) -> float | None:
    """Return a number a client of the API may have written as anything."""
    value = properties.get(name) if isinstance(properties, dict) else None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
