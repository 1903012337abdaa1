import contextlib
import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placette.connect.files import wkb
from placette.model.errors import BadInput

shapely = pytest.importorskip("shapely")
SHAPES = [
    "POINT (1 2)",
    "POINT Z (1 2 3)",
    "LINESTRING (0 0, 1 1)",
    "POLYGON ((0 0, 4 0, 4 4, 0 0), (1 1, 2 1, 2 2, 1 1))",
    "MULTIPOINT (1 2, 3 4)",
    "MULTILINESTRING ((0 0, 1 1), (2 2, 3 3))",
    "MULTIPOLYGON (((0 0, 4 0, 4 4, 0 0)))",
    "GEOMETRYCOLLECTION (POINT (1 2), LINESTRING (0 0, 1 1))",
]


@pytest.mark.parametrize("text", SHAPES)
@pytest.mark.parametrize(("order", "flavour"), [(0, "iso"), (1, "iso"), (1, "extended")])
def test_geometries_are_read_as_shapely_reads_them(text, order, flavour):
    shape = shapely.from_wkt(text)
    data = shapely.to_wkb(
        shapely.set_srid(shape, 2154), byte_order=order, flavor=flavour, include_srid=flavour == "extended"
    )
    assert wkb.geometry(data) == json.loads(shapely.to_geojson(shapely.force_2d(shape)))


def test_an_empty_point_is_no_geometry():
    assert wkb.geometry(shapely.to_wkb(shapely.Point())) is None


@given(st.binary(max_size=80))
def test_any_other_bytes_are_refused(data):
    with contextlib.suppress(BadInput):
        wkb.geometry(data)


def test_a_count_beyond_the_bytes_is_refused_at_once():
    with pytest.raises(BadInput):
        wkb.geometry(struct.pack("<BII", 1, 4, 2**32 - 1))


def test_collections_within_collections_are_refused_beyond_a_depth():
    with pytest.raises(BadInput, match="too deeply"):
        wkb.geometry(struct.pack("<BII", 1, 7, 1) * 40 + struct.pack("<BII", 1, 7, 0))
