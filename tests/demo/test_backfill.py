"""The history goes through the real bulk API into a real store, once."""

import httpx
import msgspec
import pytest
from starlette.applications import Starlette

from placette.access import Tokens
from placette.api import mount
from placette.connect.http import ARROW, BulkUpload
from placette.demo.backfill import Refused, backfill
from placette.demo.days import DAY_US, HOUR_US
from placette.demo.simulation import SEED, history
from placette.harmonise.arrow_stream import ArrowReader
from placette.model.entities import Origin
from placette.publish import latest
from placette.publish.city_sync import sync
from placette.store import Store

NOW = 1_780_000_000_000_000


@pytest.fixture
def store(tmp_path, aix):
    opened = Store.open(tmp_path / "placette.duckdb")
    sync(opened, aix, Origin.SIMULATED)
    yield opened
    opened.close()


@pytest.fixture
async def client(store, aix, tmp_path):
    tokens = Tokens(tmp_path)
    upload = BulkUpload({ARROW: lambda: ArrowReader(store.directory)}, store.append)
    app = Starlette(routes=mount([*upload.routes(), *latest.routes(store, aix)], tokens))
    headers = {"Authorization": f"Bearer {tokens.create('demo')}"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://city", headers=headers) as made:
        yield made


async def sent(client, city, now=NOW, days=1, shares=None):
    shares = [] if shares is None else shares
    return await backfill(
        client, city, now=now, days=days, seed=SEED, progress=lambda share, rows: shares.append(share)
    )


def rows(store) -> int:
    return store.query_now("SELECT count(*) AS n FROM observation").to_pylist()[0]["n"]


async def test_all_of_the_history_is_stored(client, store, aix):
    shares: list[float] = []
    expected = sum(table.num_rows for table in history(aix, NOW - DAY_US, NOW))
    assert await sent(client, aix, shares=shares) == expected == rows(store)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


async def test_a_second_start_sends_only_what_came_since(client, store, aix):
    await sent(client, aix)
    later = NOW + 2 * HOUR_US
    assert await sent(client, aix, now=later) == sum(table.num_rows for table in history(aix, NOW, later))
    assert rows(store) == sum(table.num_rows for table in history(aix, NOW - DAY_US, later))


async def test_a_device_that_is_new_gets_its_whole_history(client, store, aix):
    await sent(client, msgspec.structs.replace(aix, devices=aix.devices[1:]))
    only = msgspec.structs.replace(aix, devices=aix.devices[:1])
    assert await sent(client, aix) == sum(table.num_rows for table in history(only, NOW - DAY_US, NOW))


async def test_a_refusal_says_what_and_where(client, aix):
    del client.headers["Authorization"]
    with pytest.raises(Refused, match="status 401") as refusal:
        await sent(client, aix)
    assert refusal.value.where == "POST /api/observations"
