"""Sends the simulated history through the bulk API, as a city that moves its old data in would."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx
import msgspec
import pyarrow as pa

from placette.city import City, datastream_code
from placette.demo.days import DAY_US
from placette.demo.simulation import history
from placette.model.errors import PlacetteError
from placette.model.times import micros

ARROW = "application/vnd.apache.arrow.stream"
BATCH_ROWS = 100_000
ATTEMPTS = 60
"""How often a busy server is asked again before giving up."""

Progress = Callable[[float, int], None]
"""Called with the share done (0 to 1) and the rows sent so far."""


class _Latest(msgspec.Struct):
    code: str | None
    time: str


class _LatestAnswer(msgspec.Struct):
    latest: list[_Latest]


class Refused(PlacetteError):
    """The city's own API does not take what the demo sends."""


async def backfill(client: httpx.AsyncClient, city: City, *, now: int, days: int, seed: int, progress: Progress) -> int:
    """Send what is missing of the ``days`` before ``now`` (µs since 1970-01-01 UTC); return the rows sent.

    Devices that have sent something already go on from there, the others get the whole history.
    """
    start = now - days * DAY_US
    newest = await _newest(client, city)
    known = [device for device in city.devices if device.code in newest]
    new = [device for device in city.devices if device.code not in newest]
    since = max(newest.values(), default=start)
    wanted = [(new, start), (known, max(since + 1, start))]
    parts = [(msgspec.structs.replace(city, devices=tuple(devices)), begin) for devices, begin in wanted if devices]
    total = sum(now - begin for _, begin in parts) or 1
    sent, before = 0, 0
    for part, begin in parts:
        tables = history(part, begin, now, seed=seed)
        while (table := await asyncio.to_thread(next, tables, None)) is not None:
            if table.num_rows:
                await _post(client, await asyncio.to_thread(_packed, table))
                sent += table.num_rows
                progress((before + _last_time(table) - begin) / total, sent)
        before += now - begin
    progress(1.0, sent)
    return sent


def _last_time(table: pa.Table) -> int:
    last: int = table.column("phenomenon_time").cast(pa.int64())[-1].as_py()
    return last


async def _newest(client: httpx.AsyncClient, city: City) -> dict[str, int]:
    """Return when each device of the city last sent something, by its code."""
    answer = await client.get("/api/latest")
    _check(answer)
    devices = {
        datastream_code(device, quantity): device.code
        for device in city.devices
        for quantity in city.models[device.model].quantities
    }
    newest: dict[str, int] = {}
    for value in msgspec.json.decode(answer.content, type=_LatestAnswer).latest:
        device = devices.get(value.code or "")
        if device is not None:
            newest[device] = max(newest.get(device, 0), micros(value.time))
    return newest


def _packed(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=BATCH_ROWS)
    body: bytes = sink.getvalue().to_pybytes()
    return body


async def _post(client: httpx.AsyncClient, body: bytes) -> None:
    for _ in range(ATTEMPTS):
        answer = await client.post("/api/observations", content=body, headers={"Content-Type": ARROW})
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            _check(answer)
            return
        await asyncio.sleep(float(answer.headers.get("Retry-After", "1")))
    _check(answer)


def _check(answer: httpx.Response) -> None:
    if answer.is_error:
        where = f"{answer.request.method} {answer.request.url.path}"
        raise Refused(f"status {answer.status_code}: {answer.text[:300]}", where, "see the server's log")
