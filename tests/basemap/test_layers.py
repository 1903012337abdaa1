from __future__ import annotations

import re
from pathlib import Path

import pytest

from placette.basemap import layers

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("tags", "layer", "attributes"),
    [
        ({"building": "yes"}, "building", {}),
        ({"building": "yes", "height": "12.5 m"}, "building", {"height": 12.5}),
        ({"building": "church", "height": "tall"}, "building", {}),
        ({"building": "no", "landuse": "grass"}, "green", {"kind": "grass"}),
        ({"natural": "water"}, "water", {"kind": "lake"}),
        ({"natural": "water", "water": "canal"}, "water", {"kind": "canal"}),
        ({"leisure": "swimming_pool"}, "water", {"kind": "pool"}),
        ({"natural": "wood"}, "green", {"kind": "forest"}),
        ({"highway": "pedestrian", "area": "yes"}, "road", {"class": "pedestrian"}),
        ({"place": "square", "name": "Place d'Armes"}, "road", {"class": "pedestrian", "name": "Place d'Armes"}),
    ],
)
def test_an_area_is_drawn_by_its_tags(tags: dict[str, str], layer: str, attributes: dict[str, object]) -> None:
    drawn = layers.area(tags)
    assert drawn is not None
    assert (drawn.layer, drawn.properties) == (layer, attributes)


@pytest.mark.parametrize(
    ("tags", "layer", "attributes"),
    [
        ({"highway": "trunk"}, "road", {"class": "motorway"}),
        ({"highway": "living_street"}, "road", {"class": "minor"}),
        ({"highway": "steps"}, "road", {"class": "path"}),
        ({"highway": "motorway_link", "bridge": "yes"}, "road", {"class": "motorway", "bridge": 1}),
        ({"railway": "light_rail", "tunnel": "yes"}, "rail", {"kind": "tram", "tunnel": 1}),
        ({"waterway": "drain"}, "water", {"kind": "stream"}),
    ],
)
def test_a_line_is_drawn_by_its_tags(tags: dict[str, str], layer: str, attributes: dict[str, object]) -> None:
    drawn = layers.line(tags)
    assert drawn is not None
    assert (drawn.layer, drawn.properties) == (layer, attributes)


@pytest.mark.parametrize("tags", [{"building": "yes", "location": "underground"}, {"landuse": "residential"}, {}])
def test_other_areas_are_not_drawn(tags: dict[str, str]) -> None:
    assert layers.area(tags) is None


@pytest.mark.parametrize("tags", [{"highway": "proposed"}, {"highway": "footway", "area": "yes"}, {}])
def test_other_lines_are_not_drawn(tags: dict[str, str]) -> None:
    assert layers.line(tags) is None


def test_translated_names_are_kept_only_where_they_differ() -> None:
    drawn = layers.point({"place": "city", "name": "Genève", "name:fr": "Genève", "name:en": "Geneva"})
    assert drawn is not None
    assert drawn.properties == {"kind": "city", "rank": 2, "name": "Genève", "name_en": "Geneva"}


def test_a_place_without_a_name_is_not_drawn() -> None:
    assert layers.point({"place": "village"}) is None


def test_a_pedestrian_street_that_closes_on_itself_is_no_square() -> None:
    assert not layers.is_square({"highway": "pedestrian"})


def test_the_documented_layers_are_those_of_the_code() -> None:
    text = (ROOT / "docs" / "basemap.md").read_text(encoding="utf-8")
    table = text.split("## Layers")[1].split("## ")[0]
    assert tuple(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == layers.LAYERS


def test_every_kind_of_the_code_is_documented() -> None:
    text = (ROOT / "docs" / "basemap.md").read_text(encoding="utf-8")
    tables = [*layers._GREEN.values(), *layers._WATER_AREAS.values(), layers._ROADS, layers._RAILS]
    kinds = {kind for table in tables for kind, _ in table.values()} | set(layers._PLACES)
    assert {kind for kind in kinds if f"`{kind}`" not in text} == set()
