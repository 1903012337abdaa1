"""What the basemap knows of the ground everywhere: how built up, how green, how far from water and from main roads.

Four grids of some fifty metres, cut from the same extract as the tiles and kept beside them, so that maps between
stations can use them as covariates without opening a tile. Shares are those of a disc of 150 metres, about the ground
that an air temperature of a street answers to (Oke 2004, WMO IOM-81, table 1 and section 2.1); distances are to the
nearest shape, as far as the rectangle goes.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import shapely

from placette.basemap.extract import Extract

SUFFIX = ".ground.npz"
STEP_M = 50.0
MOST_CELLS = 400_000
"""A rectangle of 30 by 30 km at the finest step; larger ones get larger cells."""
DISC_M = 150.0
_MAIN = frozenset({"motorway", "primary", "secondary"})
_METRES_PER_DEGREE = 111_195.0
_POINTS = 4
"""Points per side of a cell that are asked whether they are built or green: sixteen of them."""
_CHUNK = 200_000
_NOWHERE_M = 20_000.0
"""The distance where the rectangle holds no such shape: far, and the same everywhere."""

Floats = npt.NDArray[np.float64]


def write(extract: Extract, target: Path) -> None:
    """Write the grids of an extract to ``target``, a NumPy archive: ``west``, ``south``, ``step`` and the four."""
    west, south, east, north = extract.box
    squeeze = math.cos(math.radians((south + north) / 2))
    span = np.array([(east - west) * squeeze, north - south]) * _METRES_PER_DEGREE
    step_m = max(STEP_M, float(np.sqrt(span.prod() / MOST_CELLS)))
    columns, rows = (max(2, int(side // step_m)) for side in span)
    step = step_m / _METRES_PER_DEGREE
    longitudes = np.asarray(west + (np.arange(columns) + 0.5) * step / squeeze, np.float64)
    latitudes = np.asarray(south + (np.arange(rows) + 0.5) * step, np.float64)
    grids = {
        "built": _share(extract.files["building"], longitudes, latitudes, step_m),
        "green": _share(extract.files["green"], longitudes, latitudes, step_m),
        "water": _away(_shapes(extract.files["water"]), longitudes, latitudes, squeeze),
        "main_road": _away(_shapes(extract.files["road"], _MAIN), longitudes, latitudes, squeeze),
    }
    packed = io.BytesIO()
    arrays: dict[str, Any] = {name: grid.astype(np.float32) for name, grid in grids.items()}
    arrays |= {"west": longitudes[0], "south": latitudes[0], "step_x": step / squeeze, "step_y": step}
    np.savez_compressed(packed, **arrays)
    target.write_bytes(packed.getvalue())


def _shapes(file: Path, classes: frozenset[str] | None = None) -> list[Any]:
    """Return the shapes of a layer; ``classes`` keeps those of these road classes."""
    return [shapely.from_geojson(geometry) for geometry in _geometries(file, classes)]


def _geometries(file: Path, classes: frozenset[str] | None) -> Iterator[bytes]:
    with file.open("rb") as lines:
        for line in lines:
            feature = msgspec.json.decode(line)
            if classes is None or feature["properties"].get("class") in classes:
                yield msgspec.json.encode(feature["geometry"])


def _share(file: Path, longitudes: Floats, latitudes: Floats, step_m: float) -> Floats:
    """Return the share of the ground around each cell (rows × columns) that polygons of a layer cover."""
    polygons = [each for each in _shapes(file) if each.geom_type.endswith("Polygon")]
    rows, columns = len(latitudes), len(longitudes)
    covered = np.zeros((rows, columns))
    if not polygons:
        return covered
    tree = shapely.STRtree(polygons)
    within = (np.arange(_POINTS) + 0.5) / _POINTS - 0.5
    steps = longitudes[1] - longitudes[0], latitudes[1] - latitudes[0]
    for across in within * steps[0]:
        for along in within * steps[1]:
            x, y = np.meshgrid(longitudes + across, latitudes + along)
            hit = np.zeros(rows * columns, bool)
            for first in range(0, hit.size, _CHUNK):
                part = shapely.points(x.ravel()[first : first + _CHUNK], y.ravel()[first : first + _CHUNK])
                hit[first + np.unique(tree.query(part, predicate="intersects")[0])] = True
            covered += hit.reshape(rows, columns)
    return _mean_around(covered / _POINTS**2, max(1, round(DISC_M / step_m)))


def _mean_around(values: Floats, reach: int) -> Floats:
    """Return the mean over the disc of ``reach`` cells around each cell; at the edge, over what there is of it.

    >>> _mean_around(np.array([[0.0, 0, 0], [0, 1, 0], [0, 0, 0]]), 1).round(2).tolist()
    [[0.0, 0.25, 0.0], [0.25, 0.2, 0.25], [0.0, 0.25, 0.0]]
    """
    rows, columns = values.shape
    padded, there = (np.pad(each, reach) for each in (values, np.ones_like(values)))
    total, count = np.zeros_like(values), np.zeros_like(values)
    for up in range(-reach, reach + 1):
        for right in range(-reach, reach + 1):
            if up**2 + right**2 <= reach**2:
                part = np.s_[reach + up : reach + up + rows, reach + right : reach + right + columns]
                total += padded[part]
                count += there[part]
    return total / count


def _away(shapes: Sequence[Any], longitudes: Floats, latitudes: Floats, squeeze: float) -> Floats:
    """Return the distance of each cell (rows × columns) to the nearest of the shapes, m."""
    shape = (len(latitudes), len(longitudes))
    if not shapes:
        return np.full(shape, _NOWHERE_M)
    scale = np.array([squeeze, 1.0]) * _METRES_PER_DEGREE
    tree = shapely.STRtree([shapely.transform(each, lambda at: at * scale) for each in shapes])
    x, y = np.meshgrid(longitudes * scale[0], latitudes * scale[1])
    found = np.empty(x.size)
    for first in range(0, x.size, _CHUNK):
        part = shapely.points(x.ravel()[first : first + _CHUNK], y.ravel()[first : first + _CHUNK])
        (order, _), away = tree.query_nearest(part, return_distance=True, all_matches=False)
        found[first + order] = away
    return found.reshape(shape)
