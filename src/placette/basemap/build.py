"""From an extract to tiles that have been read back: the whole way of ``placette basemap``."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import shapely

from placette.basemap import extract as reading
from placette.basemap import ground, tiles
from placette.basemap.extract import Extract
from placette.basemap.sea import Box
from placette.basemap.tiles import Tileset
from placette.model.errors import StorageFailure

MARGIN_M = 1_000
"""How far the map goes on beyond the city's outline, in metres."""

METRES_PER_DEGREE = 111_320
"""Of latitude; of longitude at the equator."""

Progress = Callable[[str, float | None], None]
"""Told the present stage and the share of it that is done, 0 to 1, ``None`` while unknown."""


class Built(NamedTuple):
    """What was read and what was made of it."""

    extract: Extract
    tileset: Tileset


def build(source: Path, target: Path, name: str, bounds: Box | None, max_zoom: int, progress: Progress) -> Built:
    """Build ``target`` from the extract ``source``, and beside it what it says of the ground (``ground``).

    Files that are already there are replaced only by whole new ones.

    Raises the errors of ``extract.read`` and ``tiles.cut``, and ``StorageFailure`` when the target cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".basemap-") as folder:
            progress("reading the extract", None)
            extract = reading.read(source, Path(folder), bounds)
            made = Path(folder) / "basemap.pmtiles"
            tiles.cut(extract, made, name, max_zoom, lambda share: progress("cutting the tiles", share))
            tileset = tiles.describe(made)
            progress("measuring the ground", None)
            measured = Path(folder) / "ground.npz"
            ground.write(extract, measured)
            measured.replace(target.with_suffix(ground.SUFFIX))
            made.replace(target)
    except OSError as error:
        raise StorageFailure(
            f"writing failed: {error.strerror}", str(target.parent), "name a writable folder with room: --output FILE"
        ) from None
    return Built(extract, tileset)


def around(outline: dict[str, Any]) -> Box:
    """Return the rectangle around a GeoJSON Polygon or MultiPolygon, widened by the margin on every side.

    >>> box = around({"type": "Polygon", "coordinates": [[[5.0, 43.0], [6.0, 43.0], [6.0, 44.0], [5.0, 43.0]]]})
    >>> [round(side, 3) for side in box]
    [4.988, 42.991, 6.012, 44.009]
    """
    west, south, east, north = shapely.from_geojson(msgspec.json.encode(outline)).bounds
    up = MARGIN_M / METRES_PER_DEGREE
    aside = up / math.cos(math.radians(max(abs(south), abs(north))))
    return west - aside, south - up, east + aside, north + up
