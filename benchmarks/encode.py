"""Rows of a plan in every form a way in takes, made before the clock starts: a gateway has its bodies ready."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np
import pyarrow as pa

from benchmarks.world import World, code

ARROW = "application/vnd.apache.arrow.stream"
NDJSON = "application/x-ndjson"
JSON = "application/json"

_encode = msgspec.json.encode


def arrow(world: World, table: pa.Table) -> bytes:
    """An Arrow IPC stream with ``datastream_id``, ``phenomenon_time`` and ``result``."""
    sink = pa.BufferOutputStream()
    rows = world.with_ids(table)
    with pa.ipc.new_stream(sink, rows.schema) as writer:
        writer.write_table(rows)
    return bytes(sink.getvalue())


def ndjson(world: World, table: pa.Table) -> bytes:
    """One line per observation: ``{"datastream": 17, "time": "…Z", "result": 21.4}``."""
    return "".join(
        f'{{"datastream":{key},"time":"{time}","result":{result}}}\n' for key, time, result in _rows(world, table)
    ).encode()


def data_array(world: World, table: pa.Table) -> bytes:
    """A SensorThings DataArray: the rows grouped by datastream (OGC 18-088, section 13)."""
    groups: dict[int, list[list[object]]] = {}
    for key, time, result in _rows(world, table):
        groups.setdefault(key, []).append([time, result])
    return _encode([
        {
            "Datastream": {"@iot.id": key},
            "components": ["phenomenonTime", "result"],
            "dataArray@iot.count": len(rows),
            "dataArray": rows,
        }
        for key, rows in groups.items()
    ])  # fmt: skip


def singles(world: World, table: pa.Table) -> list[bytes]:
    """One SensorThings observation per body."""
    return [
        f'{{"phenomenonTime":"{time}","result":{result},"Datastream":{{"@iot.id":{key}}}}}'.encode()
        for key, time, result in _rows(world, table)
    ]


def frames(table: pa.Table) -> Iterator[tuple[str, bytes]]:
    """Topic and device frame per observation."""
    times = np.datetime_as_string(table["phenomenon_time"].to_numpy(), unit="s")
    for position, time, result in zip(table["position"].to_pylist(), times, table["result"].to_pylist(), strict=True):
        thing, key = code(position)
        yield f"devices/{thing}/up", f'{{"time":"{time}Z","values":{{"{key}":{result}}}}}'.encode()


def _rows(world: World, table: pa.Table) -> Iterator[tuple[int, str, float]]:
    ids = world.ids[table["position"].to_numpy()].tolist()
    times = np.datetime_as_string(table["phenomenon_time"].to_numpy(), unit="s")
    return zip(ids, (f"{time}Z" for time in times), table["result"].to_pylist(), strict=True)
