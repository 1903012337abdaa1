"""What a measurement is: a name, a unit, the values of its runs and, where there is one, a target."""

from __future__ import annotations

from statistics import median

import msgspec


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One measured value: ``values`` holds one number per run, in ``unit``.

    ``at_least`` tells which side of ``target`` is good. ``rows`` is the number of observations stored when it was
    measured (0 where it does not matter), ``system`` whose figure it is; ``rows`` and ``system`` belong to its key.
    """

    part: str
    name: str
    unit: str
    values: tuple[float, ...]
    target: float | None = None
    at_least: bool = False
    system: str = "Placette"
    rows: int = 0
    note: str = ""
    measured: str = ""
    commit: str = ""

    @property
    def key(self) -> tuple[str, str, str, int]:
        """What makes two figures measurements of the same thing."""
        return self.part, self.name, self.system, self.rows

    @property
    def median(self) -> float:
        """The median of the runs."""
        return median(self.values)

    @property
    def met(self) -> bool | None:
        """Whether the median keeps the target; ``None`` where there is no target."""
        if self.target is None:
            return None
        return self.median >= self.target if self.at_least else self.median <= self.target


class Skipped(msgspec.Struct, frozen=True, kw_only=True):
    """A part that could not be measured here, and why."""

    part: str
    name: str
    reason: str


Result = Figure | Skipped


def shown(value: float) -> str:
    """Return ``value`` with as many digits as it deserves: three significant ones below 1,000, none after it.

    >>> shown(531234.4), shown(12.345), shown(0.98765), shown(230.4)
    ('531,234', '12.3', '0.988', '230')
    """
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3g}"
