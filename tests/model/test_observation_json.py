"""One decoder and one encoder for an Observation as JSON."""

from __future__ import annotations

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from placette.model import observation_json as oj
from placette.model.errors import BadInput, PlacetteError, TooLarge, Unprocessable
from placette.model.observations import STORED_SCHEMA
from placette.model.times import micros

NOON = micros("2026-07-01T12:00:00Z")


def test_every_member_lands_in_its_column() -> None:
    sent = {
        "phenomenonTime": "2026-07-01T14:00:00+02:00/2026-07-01T15:00:00+02:00",
        "resultTime": "2026-07-01T13:00:01Z",
        "result": 21.5,
        "resultQuality": 3,
        "validTime": "2026-07-01T12:00:00Z/2026-07-02T12:00:00Z",
        "parameters": {"lens": "dirty"},
        "Datastream": {"@iot.id": 7},
        "FeatureOfInterest": {"@iot.id": 9},
    }
    row = oj.read(msgspec.json.encode(sent), now=0)
    assert (row.datastream_id, row.feature_id, row.result, row.quality) == (7, 9, 21.5, 3)
    assert (row.phenomenon_time, row.phenomenon_end) == (NOON, NOON + 3_600_000_000)
    assert msgspec.json.decode(row.extra or "") == {
        "resultQuality": 3,
        "validTime": "2026-07-01T12:00:00Z/2026-07-02T12:00:00Z",
        "parameters": {"lens": "dirty"},
    }


def test_an_observation_without_a_time_is_of_now() -> None:
    assert oj.read(b'{"result": 1}', now=NOON, datastream_id=1).phenomenon_time == NOON


@pytest.mark.parametrize(
    ("result", "columns"),
    [
        ("0", (0.0, None)),
        ("false", (None, "false")),
        ("null", (None, None)),
        ('"open"', (None, '"open"')),
        ("[1]", (None, "[1]")),
    ],
)
def test_any_json_is_a_result(result: str, columns: tuple[float | None, str | None]) -> None:
    row = oj.read(f'{{"result": {result}}}'.encode(), now=0, datastream_id=1)
    assert (row.result, row.result_json) == columns


@pytest.mark.parametrize(
    ("payload", "error", "says"),
    [
        (b"{", BadInput, "truncated"),
        (b'{"result": NaN}', BadInput, "null for a missing"),
        (b'{"result": 1e999}', BadInput, "range"),
        (b'{"result": ' + b"9" * 400 + b"}", BadInput, "1.8e308"),
        (b'{"result": "\xe9"}', BadInput, "UTF-8"),
        ('{"result": 1}'.encode("utf-16"), BadInput, "UTF-16"),
        (b'\xef\xbb\xbf{"result": 1}', BadInput, "byte-order mark"),
        (b'{"result": ' + b"[" * 10_000 + b"]" * 10_000 + b"}", TooLarge, "nested"),
        (b'{"phenomenonTime": "2026-07-01T12:00:00Z"}', BadInput, "result"),
        (b'{"result": 1, "phenomenontime": "2026"}', BadInput, "phenomenonTime"),
        (b'{"result": 1, "phenomenonTime": 5}', BadInput, "phenomenonTime"),
        (b'{"result": 1, "phenomenonTime": "0001-01-01T00:00:00Z"}', BadInput, "1900"),
        (b'{"result": 1, "phenomenonTime": "9999-12-31T00:00:00Z"}', BadInput, "1900"),
        (b'{"result": 1, "phenomenonTime": "2026-07-02T00:00Z/2026-07-01T00:00Z"}', BadInput, "ends before"),
        (b'{"result": 1, "Datastream": {"name": "new"}}', Unprocessable, "by reference"),
        (b'{"result": 1, "Datastream": {"@iot.id": 8}}', Unprocessable, "agree"),
        (b'{"result": 1, "FeatureOfInterest": {"@iot.id": 99999999999999999999}}', Unprocessable, "64-bit"),
    ],
)
def test_what_cannot_be_used_is_explained(payload: bytes, error: type[PlacetteError], says: str) -> None:
    with pytest.raises(error) as caught:
        oj.read(payload, now=0, datastream_id=7)
    assert says in str(caught.value)


def test_no_datastream_anywhere_is_an_error() -> None:
    with pytest.raises(BadInput, match="names no Datastream"):
        oj.read(b'{"result": 1}', now=0)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_nothing_but_our_own_errors_leaves_the_decoder(payload: bytes) -> None:
    with pytest.raises(PlacetteError):
        oj.read(payload, now=0)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(_JSON, st.integers(0, 10**15))
def test_what_is_read_is_written_again(result: object, time: int) -> None:
    try:
        row = oj.read(msgspec.json.encode({"result": result}), now=time, datastream_id=3)
    except BadInput:
        assert isinstance(result, int)
        return
    table = pa.Table.from_pylist([{"id": 5, **msgspec.structs.asdict(row)}], schema=STORED_SCHEMA)
    [(datastream, entity)] = oj.write(table, "http://here/v1.1")
    back = oj.body(entity)
    assert datastream == 3
    assert back.is_echo
    assert back.result == (float(result) if type(result) is int else result)
    assert oj.row(back, now=0, datastream_id=3).phenomenon_time == time
