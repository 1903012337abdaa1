from __future__ import annotations

import pytest

from placette.basemap.sea import sea

BOX = (0.0, 0.0, 10.0, 10.0)


def test_the_sea_lies_to_the_right_of_the_coast() -> None:
    assert sea([[(-1, 4), (11, 4)]], BOX).area == pytest.approx(40)
    assert sea([[(11, 4), (-1, 4)]], BOX).area == pytest.approx(60)


def test_an_island_is_not_sea() -> None:
    island = [(4, 4), (6, 4), (6, 6), (4, 6), (4, 4)]
    assert sea([island], BOX).area == pytest.approx(96)


def test_a_sea_within_the_land_is_only_that_sea() -> None:
    lagoon = [(4, 4), (4, 6), (6, 6), (6, 4), (4, 4)]
    assert sea([lagoon], BOX).area == pytest.approx(4)


def test_a_coast_in_several_ways_is_one_coast() -> None:
    ways = [[(0, 5), (3, 6)], [(3, 6), (7, 6)], [(7, 6), (10, 5)]]
    assert sea(ways, BOX).area == pytest.approx(57)


def test_a_coast_cut_short_goes_on_to_the_nearest_side() -> None:
    assert sea([[(0, 5), (9, 5)]], BOX).area == pytest.approx(50)


def test_a_map_without_coast_has_no_sea() -> None:
    assert sea([], BOX).is_empty
    assert sea([[(20, 20), (30, 20)]], BOX).is_empty
