"""What is asked of a map, and what comes back: values and errors on cells, frame by frame, or why there are none."""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from placette.analyse.kriging.pooled import Checked, Learned
from placette.city.model import Property
from placette.services.maps.grid import Ground, Hexagons
from placette.services.maps.ground_facts import Known
from placette.services.maps.scales import Floats, Scale
from placette.services.maps.stations import Gathered, Origin
from placette.services.maps.times import Period

Ints = npt.NDArray[np.int64]
Shape = Literal["hexagons", "contours", "points"]
SHAPES: tuple[Shape, ...] = ("hexagons", "contours", "points")
Refused = Literal["no_values", "too_few_stations", "constant", "one_line", "no_better_than_mean"]
DOUBT = (0.5, 0.75, 1.0)
"""Standard errors, as shares of the spread of the stations, at which a cell is less and less sure: at 1 it knows no
more than the mean of the stations."""


class Question(msgspec.Struct, frozen=True):
    """A map: ``time`` is an instant (µs UTC) in its last hour, ``None`` for the newest; ``frames`` maps in a row."""

    property: str
    time: int | None = None
    period: Period = "hour"
    frames: int = 1
    shape: Shape = "hexagons"
    origin: Origin | None = None


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """One map in time, from ``begin`` to ``end`` (µs UTC)."""

    begin: int
    end: int
    stations: int
    refused: Refused | None
    mean: float | None
    """Of the stations, in the property's unit."""
    learned: Learned | None
    """Of all hours (or days) that share the variogram."""
    own: Checked | None
    """Of this frame alone."""


class Cells(msgspec.Struct, frozen=True, kw_only=True):
    """Values on cells, in the property's unit (frames × cells, NaN: not known)."""

    hexagons: Hexagons
    values: Floats
    errors: Floats
    low: Floats
    high: Floats
    doubt: Ints
    """0 (sure) to 3 (no surer than the mean), by ``DOUBT``."""
    scaled: Floats
    """As interpolated, and its standard errors: for the probability of exceeding a threshold."""
    scaled_errors: Floats
    nearest: Ints
    distance_m: Floats


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """The answer: what is interpolated and how, the stations with their values, the cells if there is any map."""

    question: Question
    known: Property
    origin: Origin
    counts: dict[Origin, int]
    """Stations per origin."""
    scale: Scale
    ground: Ground
    gathered: Gathered
    values: Floats
    """What the stations say (frames × stations), in the property's unit."""
    frames: tuple[Frame, ...]
    cells: Cells | None
    known_ground: Known
    """The covariates that were tried, in the order of ``Learned.columns``."""
