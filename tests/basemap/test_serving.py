from __future__ import annotations

import gzip
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from pmtiles.reader import MemorySource, Reader

from placette import city
from placette.access import Tokens
from placette.app import House
from placette.basemap.build import Built
from placette.settings import Settings
from placette.store import Store

AIX = Path(__file__).parents[2] / "cities" / "aix"
ADDRESS = "/tiles/basemap.pmtiles"
PALACE = (15, 17059, 11949)


@pytest.fixture
async def visitor(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who asks a city whose data folder is ``tmp_path``."""
    store = Store.open(tmp_path / "placette.duckdb")
    house = House(
        store=store, city=city.read(AIX), settings=Settings(), tokens=Tokens(tmp_path), data=tmp_path, url="http://aix"
    )
    transport = httpx.ASGITransport(house.asgi())
    async with httpx.AsyncClient(transport=transport, base_url="http://aix") as client:
        yield client
    store.close()


async def part(visitor: httpx.AsyncClient, offset: int, length: int) -> bytes:
    answer = await visitor.get(ADDRESS, headers={"Range": f"bytes={offset}-{offset + length - 1}"})
    assert answer.status_code == 206
    return answer.content


async def test_a_tile_is_read_by_ranges_as_a_map_does(
    visitor: httpx.AsyncClient, built: tuple[Path, Built], tmp_path: Path
) -> None:
    shutil.copy(built[0], tmp_path / "basemap.pmtiles")
    start = await part(visitor, 0, 16_384)
    expected = Reader(MemorySource(built[0].read_bytes())).get(*PALACE)
    assert start == built[0].read_bytes()[:16_384]
    offset = built[0].read_bytes().index(expected)
    assert b"building" in gzip.decompress(await part(visitor, offset, len(expected)))


async def test_a_range_beyond_the_file_is_refused(
    visitor: httpx.AsyncClient, built: tuple[Path, Built], tmp_path: Path
) -> None:
    shutil.copy(built[0], tmp_path / "basemap.pmtiles")
    answer = await visitor.get(ADDRESS, headers={"Range": f"bytes={built[1].tileset.size}-"})
    assert answer.status_code == 416


async def test_a_city_without_a_basemap_says_so(visitor: httpx.AsyncClient) -> None:
    assert (await visitor.get(ADDRESS)).status_code == 404


async def test_a_basemap_built_while_the_city_runs_is_found(
    visitor: httpx.AsyncClient, built: tuple[Path, Built], tmp_path: Path
) -> None:
    assert (await visitor.get(ADDRESS)).status_code == 404
    shutil.copy(built[0], tmp_path / "basemap.pmtiles")
    assert (await visitor.get(ADDRESS)).status_code == 200
    assert ADDRESS in (await visitor.get("/en/")).text
