"""What is wrong, decided from the figures alone."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import msgspec
import pytest

from placette.publish.health import Health, NetworkHealth, routes, troubles

NOW = 1_800_000_000_000_000
DAY = 86_400_000_000
WELL = Health(
    version="1.0",
    now=NOW,
    started_at=NOW - 10 * DAY,
    observations=10,
    datastreams=2,
    stored_per_second=1.0,
    lag_s=0.01,
    last_commit=NOW,
    queued_rows=0,
    queue_rows=1000,
    file_bytes=1000,
    disk_free_bytes=50 << 30,
    disk_bytes=100 << 30,
    schema_version=1,
    dead_letters=0,
    last_backup=NOW - DAY,
    networks=(NetworkHealth(key="street", connected=True, last_frame=NOW - 1_000_000, expected_s=60),),
)


def network(**changes: object) -> tuple[NetworkHealth, ...]:
    return (msgspec.structs.replace(WELL.networks[0], **changes),)


def test_all_is_well() -> None:
    assert troubles(WELL) == ()


@pytest.mark.parametrize(
    ("changes", "key", "stops"),
    [
        ({"disk_free_bytes": 100 << 20}, "disk_full", True),
        ({"disk_free_bytes": 9 << 30}, "disk_low", False),
        ({"queued_rows": 501}, "queue", False),
        ({"lag_s": 31.0}, "lag", False),
        ({"dead_letters": 1}, "dead_letters", False),
        ({"last_backup": None}, "no_backup", False),
        ({"last_backup": NOW - 3 * DAY}, "old_backup", False),
        ({"networks": network(connected=False)}, "disconnected", True),
        ({"networks": network(last_frame=NOW - 181_000_000)}, "silent", True),
        ({"networks": network(last_frame=None)}, "silent", True),
    ],
)
def test_each_trouble_is_seen(changes: dict[str, object], key: str, stops: bool) -> None:
    found = troubles(msgspec.structs.replace(WELL, **changes))
    assert [(trouble.key, trouble.stops) for trouble in found] == [(key, stops)]


def test_a_fresh_start_is_not_blamed_for_its_backup() -> None:
    assert troubles(msgspec.structs.replace(WELL, last_backup=None, started_at=NOW - DAY)) == ()


def test_what_stops_data_comes_first() -> None:
    found = troubles(msgspec.structs.replace(WELL, dead_letters=1, networks=network(connected=False)))
    assert [trouble.key for trouble in found] == ["disconnected", "dead_letters"]


async def test_the_api_tells_figures_and_troubles(client_of: Callable[..., httpx.AsyncClient]) -> None:
    async def health() -> Health:
        return msgspec.structs.replace(WELL, dead_letters=2)

    answer = (await client_of(routes(health)).get("/api/health")).json()
    assert (answer["version"], answer["troubles"][0]["key"]) == ("1.0", "dead_letters")
