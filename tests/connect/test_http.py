"""Bulk uploads through a real server into a real store."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pyarrow as pa
import pytest

from placette.connect import bodies, http
from placette.connect.http import ARROW, NDJSON, BulkUpload
from placette.harmonise.arrow_stream import ArrowReader
from placette.harmonise.ndjson import NdjsonReader
from placette.model.errors import Busy
from placette.store import Store

LINE = '{{"datastream": "ROT-01/pm10", "time": "2026-07-01T12:{:02}:00Z", "result": {}}}\n'
TYPE = {"Content-Type": NDJSON}


@pytest.fixture
def upload(store: Store) -> BulkUpload:
    """Uploads whose limit is 100 kB."""
    readers = {NDJSON: lambda: NdjsonReader(store.directory), ARROW: lambda: ArrowReader(store.directory)}
    return BulkUpload(readers, store.append, limit=100_000, stream_limit=10_000_000)


@pytest.fixture
async def client(upload: BulkUpload, asking: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a running server."""
    async with asking(upload.routes()) as made:
        yield made


async def post(client: httpx.AsyncClient, content: Any, **headers: str) -> httpx.Response:
    return await client.post(
        http.PATH, content=content, headers={**TYPE, **{k.replace("_", "-"): v for k, v in headers.items()}}
    )


async def count(store: Store) -> int:
    table = await store.query("SELECT count(*) AS n FROM observation")
    counted: int = table["n"][0].as_py()
    return counted


def arrow(times: list[int], results: list[float], rows: int | None = None) -> bytes:
    table = pa.table(
        {"datastream_id": [1] * len(times), "phenomenon_time": pa.array(times, pa.timestamp("s")), "result": results}
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=rows)
    return sink.getvalue().to_pybytes()


async def test_ndjson_is_durable_when_answered_and_the_same_again_changes_nothing(client: Any, store: Store) -> None:
    body = "".join(LINE.format(minute, minute) for minute in range(50))
    first = await post(client, body)
    assert first.status_code == 201
    assert first.json() == {"inserted": 50, "replaced": 0, "unchanged": 0, "first_id": 1, "last_id": 50}
    again = await post(client, body + LINE.format(0, 99))
    assert (again.json()["unchanged"], again.json()["replaced"], again.json()["inserted"]) == (50, 1, 0)
    assert await count(store) == 50


@pytest.mark.parametrize("codec", ["gzip", "zstd"])
async def test_compressed_bodies_are_read(client: Any, store: Store, codec: str) -> None:
    body = "".join(LINE.format(minute, minute) for minute in range(50)).encode()
    answer = await post(client, pa.compress(body, codec=codec, asbytes=True), Content_Encoding=codec)
    assert (answer.status_code, await count(store)) == (201, 50)


async def test_a_body_sent_in_small_pieces_is_read(client: Any, store: Store) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for minute in range(20):
            for part in LINE.format(minute, 1).encode().partition(b","):
                yield part

    assert (await post(client, pieces())).json()["inserted"] == 20
    assert await count(store) == 20


async def test_an_arrow_stream_is_stored(client: Any, store: Store) -> None:
    answer = await post(client, arrow([*range(1000)], [1.0] * 1000, 100), Content_Type=ARROW)
    assert (answer.status_code, answer.json()["inserted"]) == (201, 1000)
    assert await count(store) == 1000


async def test_the_batches_before_a_bad_one_are_stored_and_counted(client: Any, store: Store, monkeypatch: Any) -> None:
    monkeypatch.setattr(http, "GROUP_ROWS", 10)
    body = arrow([*range(35)], [1.0] * 25 + [float("nan")] + [1.0] * 9, 10)
    answer = await post(client, body, Content_Type=ARROW)
    assert answer.status_code == 400
    assert answer.json()["where"] == "rows 25 (counted from 0)"
    assert "the first 20 observations are stored" in answer.json()["remedy"]
    assert await count(store) == 20


@pytest.mark.parametrize(
    ("content", "headers", "status", "says"),
    [
        (LINE.format(0, 1) + "{", {}, 400, "line 2"),
        (LINE.format(0, "NaN"), {}, 400, "null for a missing"),
        (LINE.format(0, 1).replace("2026-", "2199-"), {}, 400, "ahead"),
        (LINE.format(0, 1).replace("2026-", "9999-"), {}, 400, "1900"),
        (LINE.format(0, 1).replace("ROT-01", "NO"), {}, 400, "NO/pm10"),
        (LINE.format(0, '"\xe9"').encode("latin-1"), {}, 400, "UTF-8"),
        (LINE.format(0, "[" * 10_000), {}, 413, "nested"),
        (LINE.format(0, 1) * 2000, {}, 413, "100,000 bytes"),
        (gzip.compress(LINE.format(0, 1).encode() * 20_000), {"Content_Encoding": "gzip"}, 413, "100,000 bytes"),
        (gzip.compress(b"x" * 999)[:-9], {"Content_Encoding": "gzip"}, 400, "cut short"),
        ("x", {"Content_Encoding": "br"}, 415, "gzip or zstd"),
        ("x", {"Content_Type": "text/plain"}, 415, NDJSON),
        ("x" * 99, {"Content_Type": ARROW}, 400, "no Arrow IPC stream"),
        (arrow([1], [1])[:-20], {"Content_Type": ARROW}, 400, "cut short"),
    ],
)
async def test_bad_bodies_are_explained_and_nothing_is_stored(
    client: Any, store: Store, content: Any, headers: dict[str, str], status: int, says: str
) -> None:
    answer = await post(client, content, **headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert says in answer.text
    assert await count(store) == 0


async def test_a_large_body_that_did_not_say_its_size_is_cut_off(client: Any) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"\n" * 50_000

    assert (await post(client, pieces())).status_code == 413


async def test_a_token_is_needed(client: Any) -> None:
    del client.headers["authorization"]
    assert (await post(client, LINE.format(0, 1))).status_code == 401


async def test_a_busy_store_says_when_to_come_back(client: Any, store: Store, monkeypatch: Any) -> None:
    def busy(*_: Any) -> Any:
        raise Busy("the queue is full", retry_after_s=3)

    monkeypatch.setattr(store._writer, "submit", busy)
    answer = await post(client, LINE.format(0, 1))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "3")


async def test_more_uploads_than_turns_wait_and_then_come_back_later(
    client: Any, upload: BulkUpload, until: Any, monkeypatch: Any
) -> None:
    held = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield LINE.format(0, 1).encode()
        await held.wait()

    waiting = [asyncio.create_task(post(client, slow())) for _ in range(http.AT_ONCE)]
    await until(upload._turns.locked)
    monkeypatch.setattr(http, "WAIT_S", 0.05)
    answer = await post(client, LINE.format(0, 1))
    held.set()
    assert {(await each).status_code for each in waiting} == {201}
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


async def test_a_silent_sender_loses_its_turn(client: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(bodies, "SILENCE_S", 0.05)

    reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
    headers = {"Host": "x", "Authorization": "x", "Content-Type": NDJSON, "Content-Length": "9"}
    lines = [f"POST {http.PATH} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    writer.write("\r\n".join(lines).encode())
    assert b"400" in await reader.readline()
    writer.close()
    await writer.wait_closed()
