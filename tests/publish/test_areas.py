"""The ground a place covers, and the net of distances between places."""

from __future__ import annotations

import math

import pytest

from placette.publish.areas import MARGIN_M, area, distance_m, is_sound, links

CENTRE = (5.4454, 43.5263)


def test_the_ground_is_a_closed_ring_around_every_device() -> None:
    devices = [(5.4460, 43.5266), (5.4448, 43.5260)]
    ring = area(CENTRE, devices)
    assert ring[0] == ring[-1]
    assert min(distance_m(corner, device) for corner in ring for device in devices) == pytest.approx(MARGIN_M, rel=0.01)


def test_one_bad_coordinate_does_not_stretch_the_ground() -> None:
    bad = [(0.0, 0.0), (math.nan, 43.5), (5.4454, 89.0), (500.0, 43.5)]
    assert area(CENTRE, bad) == area(CENTRE, [])


@pytest.mark.parametrize("position", [(math.inf, 0.0), (0.0, math.nan), (181.0, 0.0), (0.0, -86.0)])
def test_what_cannot_be_drawn_is_not_sound(position: tuple[float, float]) -> None:
    assert not is_sound(position)


def test_no_place_and_one_place_have_no_links() -> None:
    assert links({}) == links({"a": CENTRE}) == []
