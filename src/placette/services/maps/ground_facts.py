"""What the city folder and the basemap know of the ground, at any position: the covariates of regression-kriging."""

from __future__ import annotations

import io
import logging
import zipfile
from functools import lru_cache
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from placette.city.covariates import Grid, Shapes, grid_of, shapes_of
from placette.city.model import City, Covariate
from placette.services.maps.grid import Ground

Floats = npt.NDArray[np.float64]
log = logging.getLogger(__name__)
_CHUNK = 2_000_000
"""Distances computed at once: 50 MB."""
_NEAR_M = 100.0

_grid = lru_cache(maxsize=8)(grid_of)
_shapes = lru_cache(maxsize=16)(shapes_of)


class Measured(msgspec.Struct, frozen=True):
    """One grid of the basemap: cells are ``stretch`` times as many degrees wide as high."""

    grid: Grid
    stretch: float


class Known(msgspec.Struct, frozen=True):
    """The covariates of one property: those that can be asked, and the ``basemap`` ones nobody has measured."""

    covariates: tuple[Covariate, ...]
    lacking: tuple[str, ...]
    measured: dict[str, Measured]

    @property
    def used(self) -> tuple[str, ...]:
        """Their keys, in the order of the columns."""
        return tuple(one.key for one in self.covariates)


def known_ground(city: City, key: str, file: Path | None) -> Known:
    """Return what is known of the ground for a property; ``file`` is what ``placette basemap`` has measured."""
    wanted = [one for one in city.covariates if not one.properties or key in one.properties]
    when = stamp(file)
    measured = _measured(str(file), when) if when else {}
    kept = tuple(one for one in wanted if one.kind != "basemap" or one.measure in measured)
    return Known(kept, tuple(one.key for one in wanted if one not in kept), measured)


def stamp(file: Path | None) -> tuple[int, int] | None:
    """Return what changes when the file does, ``None`` when there is none."""
    try:
        found = file.stat() if file else None
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size) if found else None


@lru_cache(maxsize=2)
def _measured(file: str, _: tuple[int, int]) -> dict[str, Measured]:
    """Return the grids of the basemap by what they measure; a file that cannot be read holds none."""
    try:
        with np.load(io.BytesIO(Path(file).read_bytes()), allow_pickle=False) as kept:
            west, south, across, along = (float(kept[name]) for name in ("west", "south", "step_x", "step_y"))
            return {
                name: Measured(Grid(west, south, along, kept[name].astype(np.float64)), across / along)
                for name in ("built", "green", "water", "main_road")
            }
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        log.warning("%s cannot be read, maps go without it: %s", file, error)
        return {}


def facts(city: City, known: Known, ground: Ground, positions: Floats) -> Floats | None:
    """Return the covariates (positions × covariates, NaN: not known) at positions in m; ``None`` without covariates."""
    if not known.covariates:
        return None
    return np.column_stack([_fact(city, known, one, ground, positions) for one in known.covariates])


def _fact(city: City, known: Known, one: Covariate, ground: Ground, positions: Floats) -> Floats:
    if one.kind == "basemap" and one.measure is not None:
        measured = known.measured[one.measure]
        degrees = ground.degrees(positions)
        degrees[:, 0] = measured.grid.west + (degrees[:, 0] - measured.grid.west) / measured.stretch
        value = interpolated(measured.grid, degrees)
        return np.log1p(value / _NEAR_M) if one.log else value
    if one.kind == "grid":
        return interpolated(_grid(city.covariate_files[one.file]), ground.degrees(positions))
    if one.kind == "centre" and one.at is not None:
        away: Floats = np.hypot(*(positions - ground.metres([one.at[0]], [one.at[1]])).T)
    else:
        away = _distance(city.covariate_files[one.file], ground.centre, positions.tobytes())
    return np.log1p(away / _NEAR_M) if one.log else away


@lru_cache(maxsize=32)
def _distance(text: str, centre: tuple[float, float], positions: bytes) -> Floats:
    """Return the distances to a file's shapes, kept: the cells of a map stay where they are from hour to hour."""
    return distance(_shapes(text), Ground(centre, ()), np.frombuffer(positions, np.float64).reshape(-1, 2))


def interpolated(grid: Grid, degrees: Floats) -> Floats:
    """Return the grid's values between its cells (bilinear), NaN outside of it and beside cells without a value.

    >>> grid = Grid(5.0, 43.0, 1.0, np.array([[0.0, 1.0], [2.0, 3.0]]))
    >>> interpolated(grid, np.array([[5.5, 43.5], [5.0, 44.0], [7.0, 43.0]])).tolist()
    [1.5, 2.0, nan]
    """
    rows, columns = grid.values.shape
    x, y = (degrees[:, 0] - grid.west) / grid.step, (degrees[:, 1] - grid.south) / grid.step
    inside = (x >= 0) & (x <= columns - 1) & (y >= 0) & (y <= rows - 1)
    x, y = np.where(inside, x, 0.0), np.where(inside, y, 0.0)
    column = np.minimum(x.astype(np.int64), columns - 2)
    row = np.minimum(y.astype(np.int64), rows - 2)
    right, up = x - column, y - row
    values = grid.values
    below = values[row, column] * (1 - right) + values[row, column + 1] * right
    above = values[row + 1, column] * (1 - right) + values[row + 1, column + 1] * right
    return np.where(inside, below * (1 - up) + above * up, np.nan)


def distance(shapes: Shapes, ground: Ground, positions: Floats) -> Floats:
    """Return the distance in m to the nearest point, line or polygon; 0 within a polygon.

    >>> line = Shapes(np.array([[5.4, 43.5]]), np.array([[5.5, 43.5]]), ())
    >>> here = Ground((5.4, 43.5), ())
    >>> distance(line, here, np.array([[100.0, 50.0], [-30.0, 40.0]])).round(3).tolist()
    [50.0, 50.0]
    """
    starts = ground.metres(*shapes.starts.T)
    ways = ground.metres(*shapes.ends.T) - starts
    squares = np.maximum((ways**2).sum(axis=1), 1e-9)
    found = np.empty(len(positions))
    chunk = max(1, _CHUNK // len(starts))
    for first in range(0, len(positions), chunk):
        part = positions[first : first + chunk, None, :] - starts
        along = np.clip((part * ways).sum(axis=2) / squares, 0, 1)
        found[first : first + chunk] = np.hypot(*np.moveaxis(part - along[:, :, None] * ways, 2, 0)).min(axis=1)
    if shapes.rings:
        rings = tuple(ground.metres(*ring.T) for ring in shapes.rings)
        found[Ground(ground.centre, rings).holds(positions)] = 0.0
    return found
