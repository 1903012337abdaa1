"""maps.toml: what is known of the ground is read, and what cannot be used is explained."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from placette import city as cities
from placette.city.covariates import grid_of, shapes_of
from placette.model.errors import BadInput

AIX = Path(__file__).resolve().parents[2] / "cities" / "aix"
NAMES = 'names = { fr = "Parcs", en = "Parks" }'
PARK = {
    "type": "Polygon",
    "coordinates": [[[5.44, 43.52], [5.45, 43.52], [5.45, 43.53], [5.44, 43.53], [5.44, 43.52]]],
}
HEAD = "ncols 2\nnrows 2\nxllcorner 5.4\nyllcorner 43.5\ncellsize 0.1\n"


def folder(at: Path, text: str, **files: str) -> Path:
    made = at / "aix"
    shutil.copytree(AIX, made)
    (made / "maps.toml").write_text(text, encoding="utf-8")
    for name, content in files.items():
        (made / name.replace("_", ".", 1)).write_text(content, encoding="utf-8")
    return made


def test_a_city_without_the_file_has_no_covariates(tmp_path: Path) -> None:
    made = folder(tmp_path, "")
    (made / "maps.toml").unlink()
    assert cities.read(made).covariates == ()
    assert {one.kind for one in cities.read(AIX).covariates} == {"basemap", "centre"}


def test_covariates_come_with_the_text_of_their_files(tmp_path: Path) -> None:
    text = f"""
        [covariates.park]
        {NAMES}
        kind = "distance"
        file = "parks.geojson"
        [covariates.height]
        {NAMES}
        kind = "grid"
        file = "height.asc"
        [covariates.centre]
        {NAMES}
        kind = "centre"
        at = [5.4477, 43.5299]
        log = true
    """
    made = cities.read(folder(tmp_path, text, parks_geojson=json.dumps(PARK), height_asc=f"{HEAD}1 2\n3 4\n"))
    assert [one.key for one in made.covariates] == ["park", "height", "centre"]
    assert set(made.covariate_files) == {"parks.geojson", "height.asc"}
    assert made.covariates[2].at == (5.4477, 43.5299)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[covariate.park]\nkind = "centre"', "unknown key 'covariate'"),
        (f'[covariates.park]\n{NAMES}\nkind = "share"', "kind"),
        (f'[covariates.park]\n{NAMES}\nkind = "centre"', "the point is missing"),
        (f'[covariates.park]\n{NAMES}\nkind = "centre"\nat = [543.0, 43.5]', "no position"),
        (f'[covariates.park]\n{NAMES}\nkind = "distance"\nfile = "../parks.geojson"', "no file of the city folder"),
        (f'[covariates.park]\n{NAMES}\nkind = "distance"\nfile = "absent.geojson"', "missing"),
        (f'[covariates.park]\n{NAMES}\nkind = "grid"\nfile = "things.csv"', "the grid has no ncols"),
        ('[covariates.park]\nnames = { fr = "Parcs" }\nkind = "centre"\nat = [5.4, 43.5]', "no text in 'en'"),
    ],
)
def test_what_cannot_be_used_is_explained(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        cities.read(folder(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no ncols"),
        (HEAD.replace("2", "two", 1), "no number"),
        (f"{HEAD}1 2 3\n", "3 values"),
        (f"{HEAD}1 2\n3 x\n", "what is no number"),
        (f"{HEAD.replace('5.4', '897123')}1 2\n3 4\n", "not in degrees"),
        (f"{HEAD.replace('0.1', '25')}1 2\n3 4\n", "25"),
    ],
)
def test_a_grid_that_is_none_is_refused(text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        grid_of(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"type": "Polygon"}',
        '{"type": "FeatureCollection", "features": []}',
        '{"type": "Circle"}',
        "[" * 9999,
    ],
)
def test_shapes_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(BadInput):
        shapes_of(text)


def test_every_kind_of_shape_is_read() -> None:
    line = {"type": "LineString", "coordinates": [[5.4, 43.5], [5.5, 43.5, 12.0]]}
    points = {"type": "MultiPoint", "coordinates": [[5.4, 43.5], [5.41, 43.5]]}
    features = [{"type": "Feature", "properties": None, "geometry": shape} for shape in (PARK, line, points, None)]
    found = shapes_of(json.dumps({"type": "FeatureCollection", "features": features}))
    assert len(found.starts) == len(found.ends) == 4 + 1 + 2
    assert len(found.rings) == 1
