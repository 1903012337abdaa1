"""Finds the second row for one time of one series inside a file, in bounded memory.

A row newer than all before it in its series costs nothing to decide. For the late ones the times seen are remembered
as runs of equal steps, so that years of hourly data are a handful of numbers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Micros = NDArray[np.int64]
Mask = NDArray[np.bool_]

_MOST_RUNS = 4_000_000
_MOST_TABLES = 16
_NEVER = np.iinfo(np.int64).min


class _Runs(NamedTuple):
    """Sorted runs ``start, start + step, … end``; a key is ``series + time·i``, which numpy orders as we need.

    µs between 1900 and 2200 are exact in the 53 bits of a float.
    """

    start: NDArray[np.complex128]
    end: NDArray[np.complex128]
    step: NDArray[np.float64]


class Repeats:
    """What a file has said so far: ``find`` marks the rows whose series and time it has said before."""

    def __init__(self, most_runs: int = _MOST_RUNS) -> None:
        self._newest = np.full(0, _NEVER, np.int64)
        self._tables: list[_Runs] = []
        self._most_runs = most_runs
        self.forgot = False
        """True once the memory was full: late rows may since have passed unmarked."""

    def find(self, series: NDArray[np.int64], times: Micros) -> tuple[NDArray[np.intp], Mask]:
        """Return the order of the rows by series and time, and where, in that order, a row repeats an earlier one."""
        order = np.lexsort((times, series))
        keys = series[order] + 1j * times[order]
        repeated = np.zeros(len(keys), np.bool_)
        if not len(keys):
            return order, repeated
        repeated[1:] = keys[1:] == keys[:-1]
        self._grow(int(series.max()) + 1)
        late = times[order] <= self._newest[series[order]]
        if late.any():
            repeated[late] |= self._seen(keys[late])
        np.maximum.at(self._newest, series, times)
        if not repeated.all():
            self._remember(_runs(keys[~repeated]))
        return order, repeated

    def _grow(self, series: int) -> None:
        if series > len(self._newest):
            more = np.full(max(series, 2 * len(self._newest)) - len(self._newest), _NEVER, np.int64)
            self._newest = np.concatenate((self._newest, more))

    def _seen(self, keys: NDArray[np.complex128]) -> Mask:
        found = np.zeros(len(keys), np.bool_)
        for runs in self._tables:
            at = np.searchsorted(runs.start, keys, side="right") - 1
            inside = (at >= 0) & (keys <= runs.end[at])
            steps = np.where(runs.step[at] == 0, 1, runs.step[at])
            found |= inside & ((keys.imag - runs.start[at].imag) % steps == 0)
        return found

    def _remember(self, runs: _Runs) -> None:
        joined = _joined(self._tables[-1], runs) if self._tables else None
        if joined is not None:
            self._tables[-1] = joined
        else:
            self._tables.append(runs)
        if len(self._tables) > _MOST_TABLES:
            self._tables = [_runs(np.sort(np.concatenate([_keys(table) for table in self._tables])))]
        while sum(len(table.start) for table in self._tables) > self._most_runs:
            self._tables.pop(0)
            self.forgot = True


def _runs(keys: NDArray[np.complex128]) -> _Runs:
    """Return sorted, different keys (at least one) as runs of equal steps."""
    step = np.where(np.diff(keys.real) == 0, np.diff(keys.imag), np.nan)
    breaks = np.ones(len(keys), np.bool_)
    if len(keys) > 1:
        breaks[1] = np.isnan(step[0])
        breaks[2:] = np.isnan(step[1:]) | (~np.isnan(step[:-1]) & (step[1:] != step[:-1]))
    first = np.flatnonzero(breaks)
    last = np.append(first[1:], len(keys)) - 1
    steps = np.append(step, np.nan)[first]
    return _Runs(keys[first], keys[last], np.where(last > first, steps, 0.0))


def _keys(runs: _Runs) -> NDArray[np.complex128]:
    steps = np.where(runs.step == 0, 1, runs.step)
    counts = np.rint((runs.end.imag - runs.start.imag) / steps).astype(np.int64) + 1
    nth = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.repeat(runs.start, counts) + 1j * nth * np.repeat(runs.step, counts)


def _joined(one: _Runs, other: _Runs) -> _Runs | None:
    """Return both as one table, ``None`` where a run of one lies inside a run of the other."""
    start, end, step = (np.concatenate(both) for both in zip(one, other, strict=True))
    order = np.argsort(start)
    start, end, step = start[order], end[order], step[order]
    if (end[:-1] >= start[1:]).any():
        return None
    gap = start[1:] - end[:-1]
    goes_on = (gap.real == 0) & (gap.imag == step[:-1]) & ((step[1:] == step[:-1]) | (step[1:] == 0))
    first = np.flatnonzero(np.append(True, ~goes_on))
    return _Runs(start[first], end[np.append(first[1:], len(start)) - 1], step[first])


class Spread:
    """Moves the rows of one series and time apart, a microsecond each in the file's order: the same at each import.

    >>> Spread().delays(np.array([0, 0, 1, 0]), np.array([7, 7, 7, 9])).tolist()
    [0, 1, 0, 0]
    """

    def __init__(self) -> None:
        self._counts: dict[tuple[int, int], int] = {}

    def delays(self, series: NDArray[np.int64], times: Micros) -> Micros:
        """Return how many µs later each row counts. Memory grows with the different times: surveys are small."""
        delays = np.zeros(len(series), np.int64)
        for row, key in enumerate(zip(series.tolist(), times.tolist(), strict=True)):
            delays[row] = self._counts.get(key, 0)
            self._counts[key] = int(delays[row]) + 1
        return delays
