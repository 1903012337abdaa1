"""The real extract of Monaco, built once for all tests of the basemap."""

from __future__ import annotations

from pathlib import Path

import pytest

from placette.basemap import build
from placette.basemap.build import Built


@pytest.fixture(scope="session")
def monaco(shared_data: Path) -> Path:
    """The .osm.pbf file of Monaco."""
    return shared_data / "gis" / "monaco.osm.pbf"


@pytest.fixture(scope="session")
def built(monaco: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Built]:
    """The tiles of Monaco and the report on them."""
    target = tmp_path_factory.mktemp("basemap") / "basemap.pmtiles"
    return target, build.build(monaco, target, "Monaco", None, 15, lambda stage, share: None)
