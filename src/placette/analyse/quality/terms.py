"""What is asked of one datastream: the checks of its property with the range of its device and its rhythm."""

from __future__ import annotations

import math

import msgspec

from placette.model.quality import Checks

_HOUR_S = 3600
_US = 1_000_000


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """Plain numbers, so that a value is judged by comparisons alone; infinite where nothing is asked."""

    fail: tuple[float, float] = (-math.inf, math.inf)
    suspect: tuple[float, float] = (-math.inf, math.inf)
    spike: tuple[float, float] = (math.inf, math.inf)
    rate: float = math.inf
    """Per second."""
    flat: tuple[int, int] = (0, 0)
    """Intervals without change that are suspect, and that fail; 0: not asked."""
    tolerance: float = 0
    spared: float = math.nan
    linked_us: float = math.inf
    """The longest time between two values that are compared."""


def terms(
    checks: Checks | None,
    unit: str,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    every_s: float | None = None,
) -> Terms | None:
    """Return what is asked of a datastream, ``None`` when nothing is.

    ``minimum`` and ``maximum`` are what its device can read, ``every_s`` its rhythm, without which no test of stillness
    or gap is made. Numbers in another unit than the datastream's are left out: only its device's range holds.

    >>> checks = Checks(unit="Cel", suspect=(-15, 45), fail=(-40, 60), flat=(6, 24))
    >>> found = terms(checks, "Cel", minimum=-30, maximum=50, every_s=600)
    >>> found.fail, found.suspect, found.flat
    ((-30, 50), (-15, 45), (36, 144))
    >>> terms(checks, "K") is None
    True
    """
    own = checks if checks is not None and checks.unit == unit else None
    device = (minimum is not None, maximum is not None) != (False, False)
    if own is None and not device:
        return None
    low, high = (own.fail if own and own.fail else None) or (-math.inf, math.inf)
    fail = (low if minimum is None else minimum, high if maximum is None else maximum)
    linked_us = (own.gap if own else 3.0) * every_s * _US if every_s else math.inf
    if own is None:
        return Terms(fail=fail, linked_us=linked_us)
    return Terms(
        fail=fail,
        suspect=own.suspect or Terms().suspect,
        spike=own.spike or Terms().spike,
        rate=own.rate / _HOUR_S if own.rate else math.inf,
        flat=_intervals(own.flat, every_s) if own.flat and every_s else (0, 0),
        tolerance=own.flat_tolerance,
        spared=math.nan if own.flat_spares is None else own.flat_spares,
        linked_us=linked_us,
    )


def _intervals(hours: tuple[float, float], every_s: float) -> tuple[int, int]:
    return max(2, int(hours[0] * _HOUR_S / every_s)), max(2, int(hours[1] * _HOUR_S / every_s))
