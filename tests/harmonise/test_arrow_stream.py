"""Arrow IPC streams become columns, batch by batch; whatever is wrong is said before anything large is allocated."""

from __future__ import annotations

import contextlib
import struct
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from placette.harmonise.arrow_stream import ArrowReader
from placette.model.errors import BadInput, BadObservation, TooLarge
from placette.model.observations import complete

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def stream(table: pa.Table, rows: int | None = None, compression: str | None = None) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as writer:
        writer.write_table(table, max_chunksize=rows)
    return sink.getvalue().to_pybytes()


def table(**changed: Any) -> pa.Table:
    made = {
        "datastream_id": [1, 2],
        "phenomenon_time": pa.array([NOON, NOON], pa.timestamp("ms", "UTC")),
        "result": [1, 2],
    }
    return pa.table({name: values for name, values in {**made, **changed}.items() if values is not None})


def read(directory: Any, body: bytes, limit: int = 1 << 20, size: int = 1 << 20) -> list[pa.Table]:
    reader = ArrowReader(directory, limit)
    found: list[pa.Table] = []
    for start in range(0, len(body), size):
        found += reader.feed(body[start : start + size])
    return [complete(each) for each in found + reader.finish()]


@pytest.mark.parametrize(
    "kind",
    [
        pa.timestamp("s"),
        pa.timestamp("ms", "UTC"),
        pa.timestamp("us", "Europe/Paris"),
        pa.timestamp("ns", "+05:30"),
        pa.string(),
    ],
)
def test_times_of_any_unit_and_zone_are_utc_microseconds(directory: Any, kind: pa.DataType) -> None:
    source = (
        ["2026-07-01T12:00:00Z"] * 2
        if kind == pa.string()
        else pa.array([NOON] * 2, pa.timestamp("us", "UTC")).cast(kind)
    )
    [got] = read(directory, stream(table(phenomenon_time=pa.array(source, kind))))
    assert got["phenomenon_time"].to_pylist() == [NOON.replace(tzinfo=None)] * 2


@pytest.mark.parametrize(
    ("values", "result", "result_json"),
    [
        (pa.array([1, 2], pa.int8()), [1.0, 2.0], [None, None]),
        (pa.array([2**53 + 1, None], pa.int64()), [2.0**53, None], [None, None]),
        (pa.array([1.5, None], pa.float32()), [1.5, None], [None, None]),
        (pa.array([1, 2], pa.decimal128(5, 2)), [1.0, 2.0], [None, None]),
        (pa.array([True, False]), [None, None], ["true", "false"]),
        (pa.array(['say "é"', None]), [None, None], ['"say \\"é\\""', None]),
        (pa.nulls(2), [None, None], [None, None]),
    ],
)
def test_results_of_any_plain_type_are_taken(
    directory: Any, values: pa.Array, result: list[Any], result_json: list[Any]
) -> None:
    [got] = read(directory, stream(table(result=values)))
    assert (got["result"].to_pylist(), got["result_json"].to_pylist()) == (result, result_json)


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())])
def test_codes_name_the_datastream(directory: Any, kind: pa.DataType) -> None:
    codes = pa.array(["TOR-01/pm10", "ROT-01/door"]).cast(kind)
    [got] = read(directory, stream(table(datastream_id=None, datastream=codes)))
    assert got["datastream_id"].to_pylist() == [3, 2]


@pytest.mark.parametrize("size", [1, 13, 1000])
@pytest.mark.parametrize("compression", [None, "lz4", "zstd"])
def test_batches_come_one_by_one_wherever_the_bytes_are_cut(directory: Any, size: int, compression: str | None) -> None:
    whole = pa.concat_tables([table()] * 3).combine_chunks()
    assert [part.num_rows for part in read(directory, stream(whole, 2, compression), size=size)] == [2, 2, 2]


def test_optional_columns_are_kept(directory: Any) -> None:
    [got] = read(
        directory,
        stream(table(quality=pa.array([1, None], pa.int64()), result_time=pa.array([None, "2026-07-01T12:00Z"]))),
    )
    assert got["quality"].to_pylist() == [1, 2]
    assert got["result_time"].to_pylist() == [None, NOON.replace(tzinfo=None)]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"result": None}, "'result' is missing"),
        ({"phenomenon_time": None}, "'phenomenon_time' is missing"),
        ({"datastream_id": None}, "names the datastream"),
        ({"value": [1, 2]}, "'value' is unknown"),
        ({"result": [[1], [2]]}, "give numbers"),
        ({"result": pa.RunEndEncodedArray.from_arrays(pa.array([2], pa.int32()), pa.array([1.0]))}, "give numbers"),
        ({"phenomenon_time": [1, 2]}, "timestamps"),
        ({"phenomenon_time": ["now", "then"]}, "not a time"),
        ({"phenomenon_time": pa.array([NOON, None])}, "rows 1 "),
        ({"phenomenon_time": pa.array([0, 2**40], pa.timestamp("s"))}, "rows 1 "),
        ({"phenomenon_time": pa.array([0, -62135596800000], pa.timestamp("ms"))}, "1900"),
        ({"datastream_id": pa.array([1, 2**63], pa.uint64())}, "64-bit"),
        ({"datastream_id": None, "datastream": ["ROT-01/pm10", "no/such"]}, "'no/such'"),
        ({"quality": [1, 7]}, "QARTOD"),
    ],
)
def test_a_wrong_column_is_named(directory: Any, changed: dict[str, Any], says: str) -> None:
    with pytest.raises(BadInput) as caught:
        read(directory, stream(table(**changed)))
    assert says in str(caught.value)


@pytest.mark.parametrize(("cut", "says"), [(5, "cut short"), (-1, "cut short"), (-20, "cut short"), (-60, "cut short")])
def test_a_stream_cut_short_is_an_error(directory: Any, cut: int, says: str) -> None:
    body = stream(table())
    with pytest.raises(BadInput, match=says):
        read(directory, body[:cut] if cut != -1 else b"")


@pytest.mark.parametrize("body", [b"ARROW1\0\0" + b"x" * 40, b"{}\n" * 20])
def test_what_is_no_stream_is_said(directory: Any, body: bytes) -> None:
    with pytest.raises(BadInput, match=r"no Arrow IPC stream.*new_stream"):
        read(directory, body)


def test_a_large_batch_is_refused_before_its_bytes_come(directory: Any) -> None:
    body = stream(table(datastream_id=[1] * 9_000, phenomenon_time=[NOON] * 9_000, result=[1.0] * 9_000))
    with pytest.raises(TooLarge, match="record batch of"):
        read(directory, body[:2_000], limit=100_000)


def test_a_batch_that_would_swell_is_refused(directory: Any) -> None:
    body = stream(
        table(datastream_id=[1] * 90_000, phenomenon_time=[NOON] * 90_000, result=[1.0] * 90_000), None, "zstd"
    )
    assert len(body) < 100_000
    with pytest.raises(TooLarge, match=r"2,\d+,\d+ bytes"):
        read(directory, body)


def test_the_stores_refusal_is_said_in_rows(directory: Any) -> None:
    told = ArrowReader(directory).explain(BadObservation("in the future", "x", "set the clock", rows=(1, 7)))
    assert told.where == "rows 1, 7 (counted from 0)"


GOOD = stream(table(datastream_id=None, datastream=pa.array(["ROT-01/pm10"] * 2).dictionary_encode()), None, "lz4")


@given(st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=8))
def test_a_damaged_stream_gives_our_own_errors_alone(directory: Any, place: int, damage: bytes) -> None:
    with contextlib.suppress(BadInput, TooLarge):
        read(directory, GOOD[:place] + damage + GOOD[place + len(damage) :], size=100)


@given(st.binary(max_size=64))
def test_noise_gives_our_own_errors_alone(directory: Any, noise: bytes) -> None:
    with pytest.raises(BadInput):
        read(directory, struct.pack("<Ii", 0xFFFFFFFF, len(noise)) + noise)
