"""A small good city folder to break."""

from pathlib import Path

import pytest

from placette import city

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def aix() -> Path:
    return REPOSITORY / "cities" / "aix"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    target = tmp_path / "arles"
    city.scaffold("Arles", target, longitude=4.6278, latitude=43.6777)
    return target
