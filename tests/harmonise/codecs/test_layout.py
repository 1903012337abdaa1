"""Layouts declared in TOML: each word of the language, faults with their line, and bytes that do not fit."""

from __future__ import annotations

import msgspec
import pytest
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st

from placette.harmonise.codecs import Codec, CodecError, CodecSource, Decoded, Frame
from placette.harmonise.codecs.layout import layout_codecs


def codecs(text: str) -> dict[str, Codec]:
    source = CodecSource(name="probe", kind="layout", text=text, file="codecs/probe/layout.toml")
    return {codec.name: codec for codec in layout_codecs(source)}


def decode(text: str, payload: str, port: int | None = 1) -> Decoded:
    return codecs(text)["probe"].decode(bytes.fromhex(payload), port, 0)


def frame(fields: str, order: str = "little") -> str:
    return f'order = "{order}"\n[[frames]]\nfields = [{fields}]\n'


@pytest.mark.parametrize(
    ("fields", "payload", "expected"),
    [
        ('{name = "a", type = "u8"}', "ff", {"a": 255}),
        ('{name = "a", type = "i8"}', "ff", {"a": -1}),
        ('{name = "a", type = "u16"}', "0102", {"a": 0x0201}),
        ('{name = "a", type = "u16be"}', "0102", {"a": 0x0102}),
        ('{name = "a", type = "i24"}', "feffff", {"a": -2}),
        ('{name = "a", type = "u24be"}', "010203", {"a": 0x010203}),
        ('{name = "a", type = "u48"}', "010000000000", {"a": 1}),
        ('{name = "a", type = "u64be"}', "0000000000000001", {"a": 1}),
        ('{name = "a", type = "f32"}', "0000c03f", {"a": 1.5}),
        ('{name = "a", type = "f32"}', "0000c07f", {}),
        ('{name = "a", type = "f64be"}', "3ff8000000000000", {"a": 1.5}),
        ('{name = "a", type = "i16", divide = 10}', "d7ff", {"a": -4.1}),
        ('{name = "a", type = "u8", multiply = 0.5, add = -40}', "64", {"a": 10}),
        ('{name = "a", type = "u8", divide = 3, decimals = 2}', "0a", {"a": 3.33}),
        ('{name = "a", type = "u8", values = ["off", "on"]}', "01", {"a": "on"}),
        ('{name = "a", type = "u8", values = {0x10 = true}}', "10", {"a": True}),
        ('{name = "a", type = "u16", missing = [65535]}', "ffff", {}),
        ('{name = "a", type = "u8", instead = {255 = {fault = "probe"}}}', "ff", {"fault": "probe"}),
        ('{name = "a.b.c", type = "u8"}', "07", {"a": {"b": {"c": 7}}}),
        ('{name = "a", type = "hex", size = 2}', "0aff", {"a": "0aff"}),
        ('{name = "a", type = "text", size = 4}', "41420000", {"a": "AB"}),
        ('{name = "a", type = "bytes", size = 2, format = "v{0}.{1}"}', "0103", {"a": "v1.3"}),
        ('{name = "a", type = "nibbles", size = 1, format = "{0}.{1}"}', "2f", {"a": "2.15"}),
        ('{name = "_n", type = "u8"}, {name = "a", type = "text", size = "_n"}', "024142", {"a": "AB"}),
        ('{type = "skip", size = 1}, {name = "a", type = "u8"}', "ff01", {"a": 1}),
        ('{name = "a", type = "u8", at = 2}', "000005", {"a": 5}),
        ('{name = "a", type = "u8", flags = ["x", "", "z"]}', "07", {"a": ["x", "z"]}),
        (
            '{type = "u16", bits = [{name = "t", at = 0, values = [false, true]}, '
            '{name = "a", at = 1, size = 15, signed = true, divide = 100}]}',
            "0180",
            {"t": True, "a": -163.84},
        ),
        ('{name = "_f", type = "u8"}, {name = "a", type = "u8", when = {_f = [1]}}', "0105", {"a": 5}),
        ('{name = "_f", type = "u8"}, {name = "a", type = "u8", when = {_f = [1]}}', "00", {}),
        ('{name = "_f", type = "u8"}, {name = "a", type = "u8", unless = {_f = [1]}}', "0005", {"a": 5}),
        ('{name = "r", repeat = [{name = "a", type = "u8"}]}', "0102", {"r": [{"a": 1}, {"a": 2}]}),
        ('{name = "r", count = 1, repeat = [{name = "a", type = "u8"}]}', "01", {"r": [{"a": 1}]}),
        (
            '{name = "_n", type = "u8"}, {name = "r", count = "_n", repeat = [{name = "a", type = "u8"}]}',
            "0107",
            {"r": [{"a": 7}]},
        ),
    ],
)
def test_a_field_is_read_as_declared(fields: str, payload: str, expected: dict[str, object]) -> None:
    assert decode(frame(fields), payload).fields == expected


def test_a_frame_is_chosen_by_port_length_and_first_bytes() -> None:
    text = """
    [[frames]]
    port = [1, 2]
    length = 1
    fields = [{name = "short", type = "u8"}]
    [[frames]]
    starts = "aa"
    fields = [{name = "marked", type = "u16be"}]
    """
    assert decode(text, "05", 2).fields == {"short": 5}
    assert decode(text, "aa05", 2).fields == {"marked": 0xAA05}
    with pytest.raises(CodecError, match="no frame of the layout has port 3 and 1 bytes"):
        decode(text, "05", 3)


CHAIN = """
[messages]
"03 67" = [{name = "temperature", type = "i16", divide = 10}]
"04 68, 05 68" = [{name = "humidity", type = "u8"}]
"20 ce" = {into = "history", also = ["level"], fields = [{name = "level", type = "u8", values = {1 = "low"}}]}
[devices.two.messages]
"03 67" = [{name = "inside", type = "u8"}]
[devices.three]
like = "two"
"""


@pytest.mark.parametrize(
    ("payload", "fields", "warned"),
    [
        ("0367e70004683b", {"temperature": 23.1, "humidity": 59}, ""),
        ("05683b", {"humidity": 59}, ""),
        ("20ce0120ce01", {"history": [{"level": "low"}, {"level": "low"}], "level": "low"}, ""),
        ("20ce09", {"history": [{}]}, "level: the code 9 is not declared"),
        ("04683b0909", {"humidity": 59}, "byte 3: the layout has no message 09 09"),
        ("", {}, ""),
    ],
)
def test_messages_follow_one_another(payload: str, fields: dict[str, object], warned: str) -> None:
    found = decode(CHAIN, payload)
    assert found.fields == fields
    assert warned in "".join(found.warnings)


def test_a_device_of_a_family_differs_where_it_says_so() -> None:
    three = codecs(CHAIN)["probe-three"]
    assert three.decode(bytes.fromhex("03670504683b"), 1, 0).fields == {"inside": 5, "humidity": 59}


@pytest.mark.parametrize(
    ("payload", "said"),
    [("0367e7", "ends at byte 3, 'temperature' needs 4 bytes"), ("0909", "byte 0: the layout has no message 09 09")],
)
def test_a_payload_that_does_not_fit_is_refused_at_its_byte(payload: str, said: str) -> None:
    with pytest.raises(CodecError, match=said):
        decode(CHAIN, payload)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a = ", "", "not TOML"),
        ("", ":1", "describes nothing"),
        ('[messages]\n"0367" = [\n  {name = "a", typ = "u8"},\n]', ":2", "typ"),
        ('[messages]\n\n"temperature" = []', ":3", "not a channel and type"),
        ('[devices.a]\nlike = "b"', ":2", "no device 'b' above"),
        ('[[frames]]\nstarts = "0"\nfields = []', ":1", "regex"),
        (frame('{name = "a", type = "u7"}'), ":3", "'u7' is not a type"),
        (frame('{name = "a", type = "u8", divide = 0}'), ":3", "divided by 0"),
        (frame('{name = "a", type = "u8", values = {x = 1}}'), ":3", "'x' is not a code"),
        (frame('{name = "a", type = "bytes", size = 1, format = "{1}"}'), ":3", "parts that are not there"),
        (frame('{name = "a", type = "u8"}, {name = "a.b", type = "u8"}'), "", "itself a value"),
    ],
)
def test_a_layout_that_cannot_be_used_says_where_and_why(text: str, line: str, said: str) -> None:
    with pytest.raises(CodecError) as caught:
        codecs(text)
    assert said in str(caught.value)
    assert line in caught.value.where


@pytest.mark.parametrize(
    "fields",
    ['{name = "a", type = "u8", at = 0}', '{name = "r", repeat = [{name = "a", type = "u8", at = 0}]}'],
)
def test_a_message_that_leads_back_ends(fields: str) -> None:
    assert [*decode(f'[messages]\n"00 01" = [{fields}, {{type = "skip", at = 2}}]', "000102").fields] == [fields[9]]
    with pytest.raises(CodecError, match="leads back to byte 0"):
        decode('[messages]\n"00" = [{type = "skip", size = 0, at = 0}]', "0001")


EVERYTHING = codecs(
    """
    [[frames]]
    port = 1
    fields = [
      {name = "_n", type = "u8"},
      {name = "name", type = "text", size = "_n"},
      {name = "rows", count = "_n", repeat = [
        {name = "a", type = "i16"},
        {name = "b", type = "f32", when = {a = [1]}},
      ]},
      {name = "rest", type = "hex"},
    ]
    [messages]
    "01 00" = {into = "list", fields = [{name = "x", type = "u24", values = {1 = "one"}}]}
    "02" = [{name = "rows", repeat = [{name = "y", type = "u8"}]}]
    """
)["probe"]


@given(st.binary(max_size=64), st.sampled_from([None, 1, 2]))
def test_any_bytes_are_decoded_or_refused(payload: bytes, port: int | None) -> None:
    try:
        found = EVERYTHING.decode(payload, port, 0)
    except CodecError:
        return
    assert "\0" not in found.fields


NUMBERS = st.one_of(st.integers(-2, 70), st.sampled_from([0.5, 1e300, 65536]))
WORDS = st.sampled_from(["", "a", "a.b", "_n", "b", "{0}", "v{1}", "7", "0x10", "u8", "nine"])
CODES = st.dictionaries(WORDS, st.one_of(NUMBERS, WORDS), max_size=2)
TYPES = st.sampled_from(
    ["u8", "i16be", "u24", "u64", "f16", "f32", "f24", "u12", "hex", "text", "bytes", "nibbles", "skip"]
)
READING = {
    "name": WORDS,
    "divide": NUMBERS,
    "multiply": NUMBERS,
    "add": NUMBERS,
    "decimals": NUMBERS,
    "values": st.one_of(CODES, st.lists(WORDS, max_size=3)),
    "missing": st.lists(st.integers(0, 3), max_size=2),
    "instead": st.dictionaries(WORDS, CODES, max_size=1),
}
BITS = st.fixed_dictionaries({"at": NUMBERS}, optional={**READING, "size": NUMBERS, "signed": st.booleans()})
PLAIN = {
    **READING,
    "at": NUMBERS,
    "size": st.one_of(NUMBERS, WORDS),
    "format": WORDS,
    "bits": st.lists(BITS, max_size=2),
    "flags": st.lists(WORDS, max_size=3),
    "count": st.one_of(st.integers(0, 3), WORDS),
    "when": st.dictionaries(WORDS, st.lists(st.integers(0, 2), max_size=2), max_size=1),
    "unless": st.dictionaries(WORDS, st.lists(st.integers(0, 2), max_size=2), max_size=1),
}
FIELD = st.fixed_dictionaries({"type": TYPES}, optional=PLAIN)
GROUP = st.fixed_dictionaries({"repeat": st.lists(FIELD, max_size=2)}, optional=PLAIN)
FIELDS = st.lists(st.one_of(FIELD, GROUP), max_size=4)
LAYOUT = st.fixed_dictionaries(
    {"messages": st.dictionaries(st.sampled_from(["00", "01 02", "x"]), FIELDS, max_size=2)},
    optional={"frames": st.lists(st.fixed_dictionaries({"fields": FIELDS}), max_size=1)},
)


@settings(max_examples=50)
@given(LAYOUT, st.lists(st.binary(max_size=16), min_size=1, max_size=4))
def test_any_layout_is_refused_or_reads_or_refuses_any_bytes(layout: dict[str, object], payloads: list[bytes]) -> None:
    try:
        codec = codecs(tomlkit.dumps(layout))["probe"]
    except CodecError:
        return
    for payload in payloads:
        found = codec.decode_many([Frame(payload)])[0]
        assert isinstance(found, CodecError) or msgspec.json.encode(found.fields)
