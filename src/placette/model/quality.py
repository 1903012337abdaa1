"""What quality control asks of an observed property: the numbers a city may set, as one value."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

Pair = tuple[float, float]
Positive = Annotated[float, Meta(gt=0)]


class Checks(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The tests of one observed property; an absent one is not made. Values are in ``unit`` (UCUM).

    ``why`` says of each number where it comes from.
    """

    unit: str
    fail: Pair | None = None
    """Lowest and highest value that can be; the range of a device's model goes before it."""
    suspect: Pair | None = None
    """Lowest and highest value that this place has reason to expect."""
    spike: Pair | None = None
    """Height above both neighbours in time that is suspect, and that fails."""
    rate: Positive | None = None
    """Change that is suspect, per hour."""
    flat: Pair | None = None
    """Hours without change that are suspect, and that fail."""
    flat_tolerance: Positive = 1e-6
    """Movement smaller than this is none."""
    flat_spares: float | None = None
    """A value that may stand as long as it likes."""
    gap: Annotated[float, Meta(ge=1, le=1000)] = 3
    """Intervals of silence that are a gap; nothing is compared across one."""
    neighbour: Positive | None = None
    """Robust standard deviations from the median of the neighbours that are suspect."""
    neighbour_floor: Positive = 1
    """The standard deviation of neighbours is taken for this at the least."""
    neighbour_m: Annotated[float, Meta(gt=0, le=100_000)] = 2000
    """How far a neighbour may be, m."""
    counts: bool = False
    """Hours are compared with the same hour of the weeks before: zeros, stuck values, outliers."""
    why: dict[str, str] = {}
