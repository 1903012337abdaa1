"""Networks that call us, through a real server."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx
import pytest

from placette.connect.webhook import Webhooks
from placette.model.arrivals import Arrival
from placette.model.errors import Busy, StorageFailure
from placette.model.networks import Taken

NOW = 1_782_900_000_000_000


class Taking:
    """Takes arrivals, and says what it is told to say."""

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        self.answer: Taken | Exception = Taken(stored=2)

    async def __call__(self, arrivals: Sequence[Arrival]) -> Taken:
        if isinstance(self.answer, Exception):
            raise self.answer
        self.arrivals += arrivals
        return self.answer


@pytest.fixture
def taking() -> Taking:
    return Taking()


@pytest.fixture
def webhooks(taking: Taking) -> Webhooks:
    return Webhooks(["lora", "loggers"], taking, limit=10_000, clock=lambda: NOW)


@pytest.fixture
async def client(webhooks: Webhooks, asking: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a running server."""
    async with asking(webhooks.routes()) as made:
        yield made


@pytest.mark.parametrize(
    ("address", "channel"),
    [
        ("/api/networks/lora?event=up", "/api/networks/lora?event=up"),
        ("/api/networks/lora?token=secret&event=join", "/api/networks/lora?event=join"),
        ("/api/networks/lora?device=a%20b", "/api/networks/lora?device=a+b"),
        ("/api/networks/lora", "/api/networks/lora"),
    ],
)
async def test_a_message_arrives_with_what_its_address_says(
    client: httpx.AsyncClient, taking: Taking, address: str, channel: str
) -> None:
    answer = await client.post(address, content=b"\x0a\x24", headers={"Content-Type": "application/octet-stream"})
    assert (answer.status_code, answer.json()["stored"]) == (200, 2)
    assert taking.arrivals == [Arrival(network="lora", channel=channel, payload=b"\x0a\x24", received_time=NOW)]


@pytest.mark.parametrize("path", ["write?u=city&p=secret&precision=s", "api/v2/write?org=o&bucket=b&precision=s"])
async def test_clients_of_influxdb_write_to_their_own_address(
    client: httpx.AsyncClient, taking: Taking, path: str
) -> None:
    packed = gzip.compress(b"air,device=m v=1 1782900000")
    answer = await client.post(f"/api/networks/loggers/{path}", content=packed, headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 204
    [arrival] = taking.arrivals
    assert arrival.payload == b"air,device=m v=1 1782900000"
    assert arrival.channel.endswith("/write?precision=s")


async def test_a_message_that_cannot_be_used_is_taken_and_says_why(client: httpx.AsyncClient, taking: Taking) -> None:
    taking.answer = Taken(dead=1, reasons=("the event is neither JSON nor protobuf",))
    answer = await client.post("/api/networks/lora?event=up", content=b"?")
    assert answer.status_code == 200
    assert (answer.json()["dead"], answer.json()["reasons"]) == (1, ["the event is neither JSON nor protobuf"])


@pytest.mark.parametrize(
    ("error", "status"), [(Busy("the queue is full", retry_after_s=7), 503), (StorageFailure("the disk is full"), 507)]
)
async def test_what_is_not_durable_is_to_be_sent_again(
    client: httpx.AsyncClient, taking: Taking, webhooks: Webhooks, error: Exception, status: int
) -> None:
    taking.answer = error
    answer = await client.post("/api/networks/lora?event=up", content=b"{}")
    assert answer.status_code == status
    assert answer.headers.get("retry-after") == ("7" if status == 503 else None)
    assert webhooks.networks["lora"].health.problem
    taking.answer = Taken(stored=1)
    await client.post("/api/networks/lora?event=up", content=b"{}")
    assert webhooks.networks["lora"].health.problem == ""


async def test_an_unknown_network_is_not_found(client: httpx.AsyncClient, taking: Taking) -> None:
    answer = await client.post("/api/networks/nowhere", content=b"{}")
    assert (answer.status_code, taking.arrivals) == (404, [])


PACKED = {"identity": bytes, "gzip": gzip.compress, "deflate": zlib.compress}


@pytest.mark.parametrize("encoding", PACKED)
async def test_a_body_may_be_compressed(client: httpx.AsyncClient, taking: Taking, encoding: str) -> None:
    body = PACKED[encoding](b"x" * 9_000)
    await client.post("/api/networks/lora", content=body, headers={"Content-Encoding": encoding})
    assert taking.arrivals[0].payload == b"x" * 9_000


@pytest.mark.parametrize("body", [b"nonsense", zlib.compress(b"x" * 9_000)[:-4]])
async def test_a_damaged_body_is_refused(client: httpx.AsyncClient, taking: Taking, body: bytes) -> None:
    answer = await client.post("/api/networks/lora", content=body, headers={"Content-Encoding": "deflate"})
    assert (answer.status_code, taking.arrivals) == (400, [])


@pytest.mark.parametrize("encoding", PACKED)
async def test_a_body_beyond_the_limit_is_refused(client: httpx.AsyncClient, taking: Taking, encoding: str) -> None:
    body = PACKED[encoding](b"x" * 20_000)
    answer = await client.post("/api/networks/lora", content=body, headers={"Content-Encoding": encoding})
    assert (answer.status_code, taking.arrivals) == (413, [])


async def test_a_stranger_is_refused(client: httpx.AsyncClient, taking: Taking) -> None:
    del client.headers["Authorization"]
    answer = await client.post("/api/networks/lora", content=b"{}")
    assert (answer.status_code, taking.arrivals) == (401, [])


async def test_the_network_counts(client: httpx.AsyncClient, taking: Taking, webhooks: Webhooks) -> None:
    taking.answer = Taken(stored=3, dead=1)
    for _ in range(2):
        await client.post("/api/networks/lora", content=b"{}")
    network = webhooks.networks["lora"]
    assert (network.health.received, network.health.stored, network.health.dead, network.health.waiting) == (2, 6, 2, 0)
    assert network.recent.total(NOW) == 2
    assert webhooks.networks["loggers"].health.received == 0
