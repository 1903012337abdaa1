"""Reads maps.toml: what is known of the ground everywhere and may explain what stations measure.

Four kinds: ``distance`` to the nearest shape of a GeoJSON file (parks, water, main roads), ``grid`` of an ESRI ASCII
grid in degrees (height, share of built ground), ``centre``, the distance to one point, and ``basemap``, what
``placette basemap`` has measured in the extract of OpenStreetMap (its file lies in the data folder, not here).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from placette.city.documents import Document, Fault, read_text
from placette.city.model import Covariate, Property
from placette.city.tables import Reader
from placette.city.words import check_key, known_or_close, texts_in
from placette.model import geometry
from placette.model.errors import BadInput

FILE = "maps.toml"
MOST_BYTES = 32 * 2**20
MOST_SEGMENTS = 20_000
_ASCII_GRID = "write the grid as ESRI ASCII grid in degrees (GDAL: gdal_translate -of AAIGrid)"

Floats = npt.NDArray[np.float64]


class Grid(msgspec.Struct, frozen=True):
    """Values on the ground (rows from south to north × columns from west to east, NaN: none), degrees.

    ``west`` and ``south`` are the centre of the first cell, ``step`` is the side of a cell.
    """

    west: float
    south: float
    step: float
    values: Floats


class Shapes(msgspec.Struct, frozen=True):
    """Points are segments without length (segments × 2, degrees); ``rings`` are the closed rings of polygons."""

    starts: Floats
    ends: Floats
    rings: tuple[Floats, ...]


def read_covariates(
    folder: Path,
    document: Document,
    languages: tuple[str, ...],
    properties: Mapping[str, Property],
    faults: list[Fault],
) -> tuple[tuple[Covariate, ...], dict[str, str]]:
    """Return the covariates, and the text of the files that they name."""
    reader = Reader(document, faults)
    table = reader.table((), document.value)
    for name in table:
        if name != "covariates":
            reader.fault((name,), f"unknown key '{name}'", "maps.toml has [covariates.NAME] tables")
    found: list[Covariate] = []
    files: dict[str, str] = {}
    for key, value in reader.table(("covariates",), table.get("covariates", {})).items():
        check_key(reader, ("covariates", key), key)
        one = reader.struct(Covariate, ("covariates", key), value, {"names": texts_in(languages)}, key=key)
        if one is None:
            continue
        for name in one.properties:
            if name not in properties:
                remedy = known_or_close(name, properties, "properties.toml")
                reader.fault(("covariates", key, "properties"), f"unknown property '{name}'", remedy)
        if one.kind == "basemap":
            _check_measure(reader, one)
        elif one.kind == "centre":
            _check_centre(reader, one)
        else:
            files |= _file(reader, folder, one)
        found.append(one)
    return tuple(found), files


def _check_centre(reader: Reader, one: Covariate) -> None:
    if one.at is None or not (abs(one.at[0]) <= 180 and abs(one.at[1]) <= 90):
        reader.fault(("covariates", one.key), "the point is missing or no position", "write at = [longitude, latitude]")


def _check_measure(reader: Reader, one: Covariate) -> None:
    if one.measure is None:
        remedy = 'write measure = "built", "green", "water" or "main_road"'
        reader.fault(("covariates", one.key), "what of the basemap is missing", remedy)


def _file(reader: Reader, folder: Path, one: Covariate) -> dict[str, str]:
    """Return the text of the covariate's file by its name, after noting what is wrong with it."""
    place = ("covariates", one.key, "file")
    path = (folder / one.file).resolve()
    if not one.file or not path.is_relative_to(folder.resolve()):
        reader.fault(place, f"'{one.file}' is no file of the city folder", "name a file inside of it")
        return {}
    if path.is_file() and path.stat().st_size > MOST_BYTES:
        reader.fault(place, f"{one.file} is larger than {MOST_BYTES >> 20} MiB", "use a coarser grid, simplify shapes")
        return {}
    text = read_text(folder, one.file, reader.faults)
    if text is None:
        return {}
    try:
        _ = grid_of(text) if one.kind == "grid" else shapes_of(text)
    except BadInput as error:
        reader.faults.append(Fault(one.file, 1, error.what, error.remedy))
    return {one.file: text}


def grid_of(text: str) -> Grid:
    r"""Return an ESRI ASCII grid; raises ``BadInput``.

    >>> head = "ncols 2\nnrows 2\nxllcorner 5\nyllcorner 43\ncellsize 0.5\nNODATA_value -9\n"
    >>> found = grid_of(head + "1 2\n3 -9\n")
    >>> found.west, found.south, found.values.tolist()
    (5.25, 43.25, [[3.0, nan], [1.0, 2.0]])
    """
    lines = text.split("\n", 7)
    head: dict[str, float] = {}
    while lines and len(pair := lines[0].split()) == 2 and pair[0][0].isalpha():
        try:
            head[pair[0].lower()] = float(pair[1])
        except ValueError:
            raise BadInput(f"'{pair[1][:20]}' is no number", remedy=_ASCII_GRID) from None
        lines.pop(0)
    try:
        columns, rows, step = int(head["ncols"]), int(head["nrows"]), head["cellsize"]
        west = head["xllcenter"] if "xllcenter" in head else head["xllcorner"] + step / 2
        south = head["yllcenter"] if "yllcenter" in head else head["yllcorner"] + step / 2
        values = np.array(" ".join(lines).split(), np.float64)
    except KeyError as error:
        raise BadInput(f"the grid has no {error.args[0]}", remedy=_ASCII_GRID) from None
    except (ValueError, OverflowError):
        raise BadInput("the grid holds what is no number", remedy=_ASCII_GRID) from None
    if len(values) != columns * rows or min(columns, rows) < 2 or not 0 < step < 1:
        raise BadInput(f"{len(values)} values for {rows} rows of {columns}, {step} ° wide", remedy=_ASCII_GRID)
    if not (abs(west) <= 180 and abs(south) <= 90):
        raise BadInput("the grid is not in degrees", remedy="give it in WGS 84 (GDAL: gdalwarp -t_srs EPSG:4326)")
    values = np.where(values == head.get("nodata_value", -9999.0), np.nan, values)
    return Grid(west, south, step, values.reshape(rows, columns)[::-1])


def shapes_of(text: str) -> Shapes:
    """Return the points, lines and polygons of a GeoJSON file; raises ``BadInput``.

    >>> found = shapes_of('{"type": "LineString", "coordinates": [[5.4, 43.5], [5.5, 43.5], [5.5, 43.6]]}')
    >>> found.starts.tolist(), found.ends.tolist()
    ([[5.4, 43.5], [5.5, 43.5]], [[5.5, 43.5], [5.5, 43.6]])
    """
    try:
        written = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise BadInput("not JSON", remedy="write it as GeoJSON, RFC 7946") from None
    chains: list[Floats] = []
    rings: list[Floats] = []
    for shape in _shapes(written):
        if geometry.check_geojson(shape) is None:
            continue
        kind, at = str(shape["type"]), shape["coordinates"]
        depth = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
        parts = [np.array([each[:2] for each in part], np.float64) for part in _chains(at, depth[kind])]
        chains += [point[None, :] for part in parts for point in part] if kind.endswith("Point") else parts
        rings += parts if kind.endswith("Polygon") else []
    if not chains:
        raise BadInput("there is no shape in the file", remedy="write points, lines or polygons as GeoJSON")
    starts = np.concatenate([chain[:-1] if len(chain) > 1 else chain for chain in chains])
    ends = np.concatenate([chain[1:] if len(chain) > 1 else chain for chain in chains])
    if len(starts) > MOST_SEGMENTS:
        raise BadInput(f"{len(starts)} segments", remedy=f"simplify the shapes to {MOST_SEGMENTS} at the most")
    return Shapes(starts, ends, tuple(rings))


def _shapes(written: Any) -> Iterator[dict[str, Any]]:
    """Yield every simple geometry of a GeoJSON object."""
    if not isinstance(written, dict):
        raise BadInput("not GeoJSON", remedy="write a FeatureCollection, a Feature or a geometry")
    kind = written.get("type")
    if kind in ("FeatureCollection", "GeometryCollection"):
        inside = written.get("features" if kind == "FeatureCollection" else "geometries")
        for one in inside if isinstance(inside, list) else ():
            yield from _shapes(one)
    elif kind == "Feature":
        if written.get("geometry") is not None:
            yield from _shapes(written["geometry"])
    else:
        yield written


def _chains(at: Any, depth: int) -> Iterator[Any]:
    """Yield lists of positions, however deep they lie."""
    if depth == 0:
        yield [at]
    elif depth == 1:
        yield at
    else:
        for part in at:
            yield from _chains(part, depth - 1)
