from typing import Any

import pytest

from placette.model.errors import BadInput
from placette.model.geometry import check_geojson, check_position


def test_a_position_is_longitude_then_latitude() -> None:
    assert check_position(5.4477, 43.5299) == (5.4477, 43.5299)


@pytest.mark.parametrize(
    ("longitude", "latitude"), [(5, 91), (181, 0), (float("nan"), 0), ("5", 43), (True, 43), (None, 43)]
)
def test_a_position_off_the_globe_is_refused(longitude: object, latitude: object) -> None:
    with pytest.raises(BadInput):
        check_position(longitude, latitude)


@pytest.mark.parametrize(
    ("value", "centre"),
    [
        ({"type": "Point", "coordinates": [5, 43]}, (5, 43)),
        ({"type": "LineString", "coordinates": [[5, 43], [6, 44]]}, (5.5, 43.5)),
        (
            {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [[[0, 0], [2, 0], [2, 2], [0, 0]]]}},
            (1, 1),
        ),
        ({"type": "MultiPoint", "coordinates": []}, None),
    ],
)
def test_a_geometry_has_the_centre_of_its_box(value: Any, centre: Any) -> None:
    assert check_geojson(value) == centre


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        {"type": "Circle", "coordinates": [5, 43]},
        {"type": "Point", "coordinates": [5]},
        {"type": "Point", "coordinates": [5, 91]},
        {"type": "Polygon", "coordinates": [[5, 43]]},
        {"type": "Point", "coordinates": "5,43"},
    ],
)
def test_what_is_no_geometry_is_refused(value: Any) -> None:
    with pytest.raises(BadInput):
        check_geojson(value)
