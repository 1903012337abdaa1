"""The state of a place: which figures, which words, what is too old to say how it is now."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from placette.city import City
from placette.model.entities import Origin
from placette.model.observations import ObservationRow
from placette.model.times import micros
from placette.publish.city_sync import sync
from placette.store import Store
from placette.web.now import KeyValue, Now
from placette.web.scales import scales

NOW = micros("2026-07-01T10:00:00Z")
MINUTE = 60_000_000


@pytest.fixture
async def store(tmp_path: Path, aix: City) -> AsyncIterator[Store]:
    opened = Store.open(tmp_path / "p.duckdb")
    sync(opened, aix, Origin.SIMULATED)
    yield opened
    opened.close()


async def rotonde(store: Store, aix: City, *values: tuple[str, float, float]) -> dict[str, KeyValue]:
    """Store (code, minutes ago, value) and return La Rotonde's figures."""
    rows = [
        ObservationRow(store.directory.by_code[f"AIX-ROT-{code}"].id, NOW - int(ago * MINUTE), value)
        for code, ago, value in values
    ]
    if rows:
        await store.append_rows(rows)
    places = await Now(store, aix).places(NOW)
    here = next(place for place in places if place.place.key == "rotonde")
    return {value.key: value for value in here.values}


async def test_without_observations_nothing_is_said(store: Store, aix: City) -> None:
    assert await rotonde(store, aix) == {}


async def test_people_of_the_last_hour_are_summed_over_the_counters(store: Store, aix: City) -> None:
    found = await rotonde(
        store, aix, ("CNT-01/pedestrians", 5, 30), ("CNT-02/pedestrians", 50, 12), ("CNT-01/pedestrians", 61, 900)
    )
    assert (found["crowd"].value, found["crowd"].devices, found["crowd"].word) == (42.0, 2, "")


async def test_the_worst_pollutant_speaks_for_the_air(store: Store, aix: City) -> None:
    found = await rotonde(
        store, aix, ("AIR-01/pm2_5", 10, 4), ("AIR-01/no2", 10, 61), ("AIR-02/no2", 20, 79), ("AIR-01/o3", 10, 90)
    )
    assert (found["air"].property, found["air"].value, found["air"].word) == ("no2", 70.0, "poor")


async def test_sound_is_averaged_as_energy_and_degrees_are_not(store: Store, aix: City) -> None:
    found = await rotonde(
        store,
        aix,
        ("SON-01/laeq", 5, 60),
        ("SON-02/laeq", 5, 70),
        ("AIR-01/temperature", 5, 20),
        ("AIR-02/temperature", 5, 30),
    )
    assert round(found["noise"].value, 1) == 67.4
    assert (found["noise"].word, found["temperature"].value, found["temperature"].word) == ("loud", 25.0, "mild")


async def test_what_is_older_than_an_hour_is_not_now(store: Store, aix: City) -> None:
    assert "noise" not in await rotonde(store, aix, ("SON-01/laeq", 61, 60))


@pytest.mark.parametrize(
    ("scale", "key", "value", "word"),
    [
        ("air", "pm10", 45.0, "fair"),
        ("air", "pm10", 45.01, "moderate"),
        ("air", "o3", 500.0, "extremely_poor"),
        ("noise", "laeq", 54.9, "quiet"),
        ("temperature", "temperature", 35.1, "very_hot"),
    ],
)
def test_words_follow_their_bounds(scale: str, key: str, value: float, word: str) -> None:
    assert scales()[scale].band(key, value).word == word


def test_every_scale_has_a_bound_between_any_two_words() -> None:
    for scale in scales().values():
        assert len(scale.words) == len(scale.levels)
        for upper in scale.upper.values():
            assert len(upper) == len(scale.words) - 1
            assert list(upper) == sorted(upper)
