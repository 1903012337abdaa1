"""What is to be drawn over time, before anybody draws it: the server as SVG, the browser on its canvas."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

HUES = ("blue", "ochre-ink", "teal", "brick", "lavender", "sage-ink", "level-6", "ink-soft")
"""Tokens of the design system, in the order in which lines take them."""
DASHES = ("", "7 4", "2 3")
"""Lines beyond the hues take the first hue again, dashed: eight hues and three strokes tell 24 lines apart."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line. ``values`` stand over the plot's ``x``, or over ``own``; NaN breaks the line.

    ``unit`` is what people see, ``axis`` the number of the scale it is read on, ``style`` counts hues and dashes.
    ``group`` is the datastream's place among those chosen. A ``faint`` line stands behind, for what it is compared to.
    """

    name: str
    values: Floats
    unit: str = ""
    decimals: int = 1
    axis: int = 0
    style: int = 0
    group: int = 0
    faint: bool = False
    own: Floats | None = None


class Band(msgspec.Struct, frozen=True, kw_only=True):
    """The room between two columns over the plot's ``x``, on the scale and in the hue of a line."""

    low: Floats
    high: Floats
    axis: int = 0
    style: int = 0
    strength: float = 0.16


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of time that is pointed out: ``start`` and ``end`` in the plot's ``x``; ``tone`` names a token.

    ``kind`` is what the legend calls all marks of this tone; ``dashed`` tells tones apart for who sees no colours.
    """

    start: float
    end: float
    text: str
    tone: str = "brick"
    kind: str = ""
    dashed: bool = False


class Plot(msgspec.Struct, frozen=True, kw_only=True):
    """A whole drawing over time. ``x`` is s since 1970 UTC, or s since the beginning where it is ``elapsed``.

    ``axes`` are the words beside the one or two scales; ``now`` draws a line where the future begins.
    """

    x: Floats
    lines: tuple[Line, ...]
    axes: tuple[str, ...]
    step: str
    bands: tuple[Band, ...] = ()
    marks: tuple[Mark, ...] = ()
    elapsed: bool = False
    origin: float = 0.0
    now: float | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is no value at all."""
        return not any(np.isfinite(line.values).any() for line in self.lines)

    @property
    def kinds(self) -> tuple[Mark, ...]:
        """One mark of each kind, for the legend."""
        return tuple({mark.tone: mark for mark in self.marks}.values())

    def extent(self) -> tuple[float, float]:
        """Return the first and the last ``x``."""
        columns = [line.own for line in self.lines if line.own is not None and len(line.own)]
        columns += [self.x] if len(self.x) else []
        if not columns:
            return 0.0, 1.0
        return float(min(column[0] for column in columns)), float(max(column[-1] for column in columns))

    def range_of(self, axis: int) -> tuple[float, float]:
        """Return the least and the largest value on a scale; 0 and 1 where there is none."""
        columns = [line.values for line in self.lines if line.axis == axis]
        columns += [column for band in self.bands if band.axis == axis for column in (band.low, band.high)]
        known = [column[np.isfinite(column)] for column in columns]
        known = [column for column in known if len(column)]
        if not known:
            return 0.0, 1.0
        return float(min(column.min() for column in known)), float(max(column.max() for column in known))


def plain(plot: Plot) -> dict[str, Any]:
    """Return the plot as JSON takes it: rounded a decimal beyond what is shown, null where nothing is."""
    bands = [
        {
            "low": rounded(band.low, 3),
            "high": rounded(band.high, 3),
            "axis": band.axis,
            "style": band.style,
            "strength": band.strength,
        }
        for band in plot.bands
    ]
    return {
        "x": plot.x.tolist(),
        "elapsed": plot.elapsed,
        "origin": plot.origin,
        "now": plot.now,
        "step": plot.step,
        "axes": plot.axes,
        "lines": [_line(line) for line in plot.lines],
        "bands": bands,
        "marks": plot.marks,
    }


def _line(line: Line) -> dict[str, Any]:
    own = {} if line.own is None else {"own": line.own.tolist()}
    return own | {
        "name": line.name,
        "unit": line.unit,
        "decimals": line.decimals,
        "axis": line.axis,
        "style": line.style,
        "group": line.group,
        "faint": line.faint,
        "values": rounded(line.values, line.decimals + 1),
    }


def rounded(column: Floats, decimals: int) -> list[float | None]:
    """Return the column with so many decimals, ``None`` for NaN.

    >>> rounded(np.array([1.23456, np.nan]), 2)
    [1.23, None]
    """
    missing = ~np.isfinite(column)
    if not missing.any():
        listed: list[float | None] = np.round(column, decimals).tolist()
        return listed
    numbers = np.round(column, decimals).astype(object)
    numbers[missing] = None
    return list(numbers)
