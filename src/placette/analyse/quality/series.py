"""All tests of one datastream together, on its whole series: the twin of ``streaming``, with the same verdicts."""

from __future__ import annotations

import numpy as np

from placette.analyse.quality import qartod
from placette.analyse.quality.qartod import Bools, Flags, Floats, Times
from placette.analyse.quality.terms import Terms


def examine(times: Times, values: Floats, terms: Terms) -> Flags:
    """Return the flag of every value of one series in the order of time; NaN is missing (9).

    A value that is missing or cannot be stands between nobody: its neighbours are compared as if it were not there.
    Across a gap nothing is compared. The newest value may be called a spike when the next one is known.

    >>> hours = np.arange(5) * 3_600_000_000
    >>> examine(hours, np.array([20.0, 21, 99, 45, 21]), Terms(fail=(-30, 50), spike=(5, 10))).tolist()
    [1, 1, 4, 4, 1]
    """
    flags = qartod.gross_range(values, terms.fail, terms.suspect)
    usable = (flags != qartod.MISSING) & (flags != qartod.FAIL)
    if usable.any():
        flags[usable] = qartod.combine(flags[usable], _compare(times[usable], values[usable], terms))
    return flags


def _compare(times: Times, values: Floats, terms: Terms) -> Flags:
    linked = np.zeros(len(values), np.bool_)
    steps = np.diff(times)
    linked[1:] = (steps > 0) & (steps <= terms.linked_us)
    found = [np.full(len(values), qartod.GOOD)]
    if np.isfinite(terms.spike[0]) and len(values) > 2:
        found.append(qartod.spike(values, *terms.spike, method="differential", linked=linked))
    if np.isfinite(terms.rate):
        rate = qartod.rate_of_change(values, times, terms.rate)
        rate[~linked] = qartod.UNKNOWN
        found.append(rate)
    if terms.flat[0]:
        found.append(_stillness(values, linked, terms))
    return qartod.combine(*found)


def _stillness(values: Floats, linked: Bools, terms: Terms) -> Flags:
    """Flag what stands still; a window that reaches across a gap says nothing."""
    flags = qartod.flat_line(values, 1, *terms.flat, terms.tolerance)
    position = np.arange(len(values))
    since = position - np.maximum.accumulate(np.where(linked, 0, position))
    few, many = terms.flat
    flags[since < few] = qartod.GOOD
    flags[(since < many) & (flags == qartod.FAIL)] = qartod.SUSPECT
    flags[values == terms.spared] = qartod.GOOD
    return flags
