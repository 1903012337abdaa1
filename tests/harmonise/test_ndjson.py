"""NDJSON bodies become columns; a faulty one names its lines."""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from placette.harmonise import ndjson
from placette.harmonise.ndjson import NdjsonReader
from placette.model import times
from placette.model.errors import BadInput, BadObservation, TooLarge
from placette.model.observations import OBSERVATION_SCHEMA, complete

GOOD = b'{"datastream": 1, "time": "2026-07-01T12:00:00Z", "result": 21.5}\n'


def read(directory: Any, *pieces: bytes) -> pa.Table:
    reader = NdjsonReader(directory)
    for piece in pieces:
        assert reader.feed(piece) == []
    tables = reader.finish()
    return complete(tables[0]) if tables else OBSERVATION_SCHEMA.empty_table()


def test_ids_codes_times_and_every_kind_of_result_are_understood(directory: Any) -> None:
    table = read(
        directory,
        GOOD,
        b'{"datastream": "ROT-01/door", "time": "2026-07-01T14:00:00+02:00", "result": "open", "quality": 1}\n'
        b'{"datastream": "TOR-01/pm10", "time": "2026-07-01 12:00", "result": 0}\n'
        b'{"datastream": 2, "time": "2026-07-01T12:00:00.123456789Z", "result": false}\n'
        b'{"datastream": 2, "time": "2026-07-01T12:00Z", "result": null}',
    )
    assert table["datastream_id"].to_pylist() == [1, 2, 3, 2, 2]
    assert table["result"].to_pylist() == [21.5, None, 0.0, None, None]
    assert table["result_json"].to_pylist() == [None, '"open"', None, "false", None]
    assert table["quality"].to_pylist() == [2, 1, 2, 2, 2]
    noon = times.micros("2026-07-01T12:00:00Z")
    assert [moment - noon for moment in table["phenomenon_time"].cast(pa.int64()).to_pylist()] == [0, 0, 0, 123456, 0]


@pytest.mark.parametrize("size", [1, 7, 64, 10_000])
def test_where_the_bytes_are_cut_changes_nothing(directory: Any, size: int) -> None:
    body = GOOD * 40
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    assert read(directory, *pieces).num_rows == 40


def test_blank_lines_and_a_missing_last_line_feed_are_fine(directory: Any) -> None:
    assert read(directory, b"\n" + GOOD + b"\r\n\n" + GOOD.strip()).num_rows == 2


def test_an_empty_body_is_no_observation(directory: Any) -> None:
    assert read(directory, b"").num_rows == 0


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"{", "truncated"),
        (b'{"datastream": 1, "time": "2026-07-01T12:00:00Z", "result": NaN}', "null for a missing"),
        (b'{"datastream": 1, "time": "2026-07-01T12:00:00Z", "result": 1e999}', "range"),
        (b'{"datastream": 1, "time": "2026-07-01T12:00:00Z"}', "result"),
        (b'{"datastream": 1, "time": 17, "result": 1}', "time"),
        (b'{"datastream": true, "time": "2026-07-01T12:00:00Z", "result": 1}', "datastream"),
        (b'{"datastream": 9, "time": "2026-07-01T12:00:00Z", "result": 1}', "no datastream 9"),
        (b'{"datastream": "x/y", "time": "2026-07-01T12:00:00Z", "result": 1}', "no datastream 'x/y'"),
        (b'{"datastream": 1, "time": "yesterday", "result": 1}', "not a time"),
        (b'{"datastream": 1, "time": "0001-01-01T00:00:00Z", "result": 1}', "1900"),
        (b'{"datastream": 1, "time": "9999-12-31T00:00:00Z", "result": 1}', "1900"),
        (b'{"datastream": 1, "time": "2026-07-01T12:00:00Z", "result": 1, "quality": 7}', "QARTOD"),
        (b'{"datastream": 1, "time": "2026-07-01T12:00:00Z", "result": 1, "unit": "m"}', "unit"),
        (b'{"datastream": 1, "time": "2026-07-01T12:00:00Z", "result": "\xe9"}', "UTF-8"),
        (GOOD.strip() + GOOD.strip(), "trailing"),
    ],
)
def test_a_faulty_line_is_named_and_explained(directory: Any, line: bytes, says: str) -> None:
    with pytest.raises(BadInput) as caught:
        read(directory, GOOD, line + b"\n", GOOD)
    assert caught.value.where == "line 2"
    assert says in str(caught.value)


def test_the_first_twenty_faulty_lines_are_named(directory: Any) -> None:
    with pytest.raises(BadObservation) as caught:
        read(directory, (GOOD + b"{}\n") * 30)
    assert caught.value.rows == tuple(range(2, 42, 2))


def test_faults_far_apart_are_gathered(directory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ndjson, "BLOCK", 256)
    with pytest.raises(BadObservation) as caught:
        read(directory, GOOD * 10 + b"{}\n" + GOOD * 10 + b"[]\n" + GOOD)
    assert caught.value.rows == (11, 22)


def test_json_nested_ten_thousand_deep_is_too_large(directory: Any) -> None:
    deep = b'{"datastream": 1, "time": "2026-07-01T12:00:00Z", "result": ' + b"[" * 10_000 + b"]" * 10_000 + b"}\n"
    with pytest.raises(TooLarge, match="nested"):
        read(directory, GOOD, deep)


@pytest.mark.parametrize("pieces", [[b"[" * 700_000, b"[" * 700_000], [b"[" * 1_400_000], [b"[" * 1_400_000 + b"\n"]])
def test_an_endless_line_is_too_large(directory: Any, pieces: list[bytes]) -> None:
    with pytest.raises(TooLarge, match="line 2 is longer"):
        read(directory, GOOD, *pieces)


def test_the_stores_refusal_gets_line_numbers(directory: Any) -> None:
    reader = NdjsonReader(directory)
    reader.feed(GOOD + b"\n" + GOOD + GOOD)
    reader.finish()
    told = reader.explain(BadObservation("in the future", "", "set the clock", rows=(1, 2)))
    assert (told.where, told.rows) == ("lines 3, 4", (3, 4))


@given(st.binary(max_size=300) | st.lists(st.sampled_from([GOOD, b"{}\n", b"\n", b"[1", b'"\\udc00"\n'])).map(b"".join))
def test_nothing_but_our_own_errors_leaves_the_reader(directory: Any, body: bytes) -> None:
    with contextlib.suppress(BadInput, TooLarge):
        read(directory, body)


_TIMES = st.datetimes(min_value=times._EPOCH.replace(tzinfo=None)).map(str) | st.from_regex(
    r"(19|20)\d\d-[01]\d-[0-3]\d[T ][0-2]\d(:[0-5]\d(:[0-6]\d(\.\d{1,9})?)?)?(Z|z|[+-][0-2]\d(:?[0-6]\d)?)?",
    fullmatch=True,
)


@given(st.lists(_TIMES, min_size=1, max_size=4))
def test_times_mean_the_same_one_by_one_and_together(directory: Any, texts: list[str]) -> None:
    try:
        expected: list[int] | None = [times.micros(text) for text in texts]
    except BadInput:
        expected = None
    body = b"".join(msgspec.json.encode({"datastream": 1, "time": text, "result": 1}) + b"\n" for text in texts)
    try:
        table = read(directory, body)
    except BadInput:
        assert expected is None
    else:
        assert table["phenomenon_time"].cast(pa.int64()).to_pylist() == expected
