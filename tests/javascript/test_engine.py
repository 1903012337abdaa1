"""JavaScript codecs as makers write them, and as nobody should: each harms itself alone, and the next call works."""

from __future__ import annotations

import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from placette.harmonise.codecs import CodecError, CodecSource, Decoded, Frame
from placette.harmonise.codecs.javascript import JavaScriptCodec
from placette.javascript import JavaScriptEngine
from placette.javascript.engine import GIVE_UP_AFTER

WELL = "function decodeUplink(input) { return { data: { length: input.bytes.length, port: input.fPort } }; }"


def codec(engine: JavaScriptEngine, text: str, name: str = "probe") -> JavaScriptCodec:
    return JavaScriptCodec(CodecSource(name=name, kind="javascript", text=text, file="codec.js"), engine)


def body(statements: str) -> str:
    return f"function decodeUplink(input) {{ {statements} }}"


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        (WELL, {"length": 3, "port": 7}),
        ("const decodeUplink = ({bytes}) => ({data: {n: bytes[0]}});", {"n": 1}),
        ("function Decode(fPort, bytes, variables) { return {n: bytes[1], p: fPort, v: typeof variables} }",
         {"n": 255, "p": 7, "v": "object"}),
        ("function Decoder(bytes, port) { return {n: bytes.length, p: port} }", {"n": 3, "p": 7}),
        ("exports.decodeUplink = (input) => ({data: {n: 1}});", {"n": 1}),
        ("module.exports = { decodeUplink: (input) => ({data: {n: 2}}) };", {"n": 2}),
        (WELL + "\nSymbol('last')", {"length": 3, "port": 7}),
        (WELL + "\n({}).x = new Promise(() => 1)", {"length": 3, "port": 7}),
        ("module.exports.x = 1;" + WELL, {"length": 3, "port": 7}),
        (body('console.log("x"); return {data: {t: input.recvTime}}'), {"t": "2023-11-14T22:13:20.000Z"}),
        (body("const b = Buffer.from(input.bytes); return {data: {a: b.readInt16LE(1), h: b.toString('hex'), "
              "s: b.slice(0, 1).toString('base64'), n: b.readUIntBE(0, 3)}}"),
         {"a": 767, "h": "01ff02", "s": "AQ==", "n": 130818}),
        ("var Buffer = require('buffer').Buffer;"
         + body("return {data: {s: Buffer.from('YWI=', 'base64').toString()}}"), {"s": "ab"}),
        (body("return {data: {a: 1n, b: undefined, c: null, d: [1, 'é'], e: true}}"),
         {"a": 1, "c": None, "d": [1, "é"], "e": True}),
        (body(r"return {data: {a: '\ud800'}}"), {"a": "�"}),
    ],
)  # fmt: skip
def test_makers_codecs_of_every_form_run(engine: JavaScriptEngine, text: str, fields: dict[str, object]) -> None:
    found = codec(engine, text).decode(b"\x01\xff\x02", 7, 1_700_000_000_000_000)
    assert found.fields == fields


def test_warnings_are_handed_on(engine: JavaScriptEngine) -> None:
    found = codec(engine, body("return {data: {}, warnings: ['low battery']}")).decode(b"", None, 0)
    assert found.warnings == ("low battery",)


BAD = {
    "throws": (body("throw new Error('no such sensor')"), "no such sensor"),
    "says errors": (body("return {errors: ['unknown port']}"), "the codec says: unknown port"),
    "names an address": (body("throw new Error('seen 00:1B:44:11:3A:B7')"), "seen xx:xx:xx:xx:xx:xx"),
    "loops": (body("for (;;);"), "out of time"),
    "matches without end": (body("/(a+)+b/.test('a'.repeat(40))"), "out of time"),
    "eats memory": (body("var a = []; for (;;) a.push({x: a.length})"), "out of (time|memory)|ended the engine"),
    "eats arrays": (body("for (var k = [];;) k.push(new Uint8Array(5e7).fill(1))"), "out of (time|memory)|ended"),
    "asks too much at once": (body("'x'.repeat(1 << 28).split('')"), "ended the engine|out of"),
    "calls itself": (body("function f() { f() } f()"), "call stack"),
    "is cyclic": (body("var a = {}; a.a = a; return {data: a}"), "refers to itself"),
    "is not a number": (body("return {data: {a: {b: 0 / 0}}}"), "NaN at 'a.b'"),
    "is infinite": (body("return {data: {a: [1, 1 / 0]}}"), "Infinity at 'a.1'"),
    "is long": (body("return {data: {a: 'x'.repeat(70000)}}"), "longer than 65536"),
    "is many": (body("return {data: {a: Array.from({length: 6000}, () => 1)}}"), "more than 5000 values"),
    "is nothing": (body("return null"), "no fields"),
    "is a list": (body("return {data: [1]}"), "no fields"),
    "is later": (f"async {WELL}", "no fields"),
    "is odd": (body("return {data: new Proxy({}, {ownKeys() { throw 1 }})}"), "the codec failed"),
    "has other JSON": ("Array.prototype.join = () => '[{';" + WELL, "not JSON"),
    "waits": (body("setTimeout(() => 1, 1)"), "setTimeout is not a function"),
    "asks for files": ("var fs;" + body("fs = require('fs')"), "no modules"),
}


@pytest.mark.parametrize(("text", "said"), BAD.values(), ids=BAD)
def test_a_bad_codec_harms_itself_alone(engine: JavaScriptEngine, text: str, said: str) -> None:
    well, bad = codec(engine, WELL, "well"), codec(engine, text, "bad")
    for _ in range(2):
        with pytest.raises(CodecError, match=said):
            bad.decode(b"\x01", 1, 0)
        assert well.decode(b"\x01", 1, 0).fields == {"length": 1, "port": 1}


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("\n\nfunction decodeUplink( {", 3, "SyntaxError: Unexpected end of input"),
        ("var x = 1; // no more", 1, "no function decodeUplink"),
        ("", 1, "no function decodeUplink"),
        ("\nthrow new Error('at once')", 2, "at once"),
        ("for (;;);", 1, "out of time"),
    ],
)
def test_a_codec_that_cannot_be_loaded_says_where_and_why(
    engine: JavaScriptEngine, text: str, line: int, said: str
) -> None:
    with pytest.raises(CodecError, match=said) as caught:
        codec(engine, text)
    assert caught.value.where == f"codec.js:{line}"


@pytest.mark.parametrize(
    "name", ["process", "fetch", "XMLHttpRequest", "WebAssembly", "SharedArrayBuffer", "Atomics", "Deno"]
)
def test_a_codec_finds_no_way_out(engine: JavaScriptEngine, name: str) -> None:
    assert codec(engine, body(f"return {{data: {{is: typeof {name}}}}}")).decode(b"", 1, 0).fields == {
        "is": "undefined"
    }


def test_many_frames_cross_together_and_keep_their_order(engine: JavaScriptEngine) -> None:
    found = codec(engine, WELL).decode_many([Frame(bytes(n % 50), n) for n in range(1000)])
    assert [one.fields["port"] for one in found if isinstance(one, Decoded)] == list(range(1000))


def test_one_frame_that_loops_costs_its_own_answer_alone(engine: JavaScriptEngine) -> None:
    text = body("if (input.fPort === 3) for (;;); return {data: {p: input.fPort}}")
    found = codec(engine, text).decode_many([Frame(b"", port) for port in range(6)])
    assert [isinstance(one, CodecError) for one in found] == [False, False, False, True, False, False]


def test_a_codec_that_loops_on_every_frame_is_given_up(engine: JavaScriptEngine) -> None:
    found = codec(engine, body("for (;;);")).decode_many([Frame(b"")] * 20)
    assert all(isinstance(one, CodecError) for one in found)
    assert sum("not tried" in str(one) for one in found) == 20 - GIVE_UP_AFTER


def test_any_thread_may_call(engine: JavaScriptEngine) -> None:
    codecs = [codec(engine, body(f"return {{data: {{n: {n}}}}}"), f"c{n}") for n in range(4)]
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda n: codecs[n % 4].decode(b"", 1, 0).fields["n"], range(200)))
    assert found == [n % 4 for n in range(200)]


def test_more_codecs_than_are_kept_loaded_all_work(engine: JavaScriptEngine) -> None:
    codecs = [codec(engine, body(f"return {{data: {{n: {n}}}}}"), f"m{n}") for n in range(40)]
    for _ in range(2):
        assert [one.decode(b"", 1, 0).fields["n"] for one in codecs] == list(range(40))
    for one in codecs:
        one.close()


def test_a_closed_codec_that_is_still_held_works() -> None:
    with JavaScriptEngine() as engine:
        one = codec(engine, WELL)
        one.close()
        assert one.decode(b"", 1, 0).fields == {"length": 0, "port": 1}


def test_the_worker_sees_no_secret_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLACETTE_SECRET", "hidden")
    with JavaScriptEngine() as engine:
        codec(engine, WELL)
        environment = Path(f"/proc/{engine.process_id}/environ").read_bytes()
    assert b"PLACETTE_SECRET" not in environment


def test_the_worker_ends_with_its_engine() -> None:
    engine = JavaScriptEngine()
    codec(engine, WELL)
    process = engine.process_id
    assert process is not None
    engine.close()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_a_worker_that_was_killed_is_started_again() -> None:
    with JavaScriptEngine() as engine:
        one = codec(engine, WELL)
        assert engine.process_id is not None
        os.kill(engine.process_id, 9)
        frames = [Frame(b"", 1)]
        found = one.decode_many(frames) + one.decode_many(frames)
        assert isinstance(found[-1], Decoded)


def test_a_worker_that_hangs_is_started_again() -> None:
    with JavaScriptEngine(silence_s=3) as engine:
        one = codec(engine, WELL)
        assert engine.process_id is not None
        os.kill(engine.process_id, signal.SIGSTOP)
        assert isinstance(one.decode_many([Frame(b"", 1)])[0], CodecError)
        assert isinstance(one.decode_many([Frame(b"", 1)])[0], Decoded)


def test_without_the_extra_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "py_mini_racer", None)
    with JavaScriptEngine() as engine, pytest.raises(CodecError, match=r"pip install 'placette\[lorawan\]'"):
        codec(engine, WELL)


FUZZED = "function decodeUplink(i) { return {data: {t: i.bytes[0] * i.bytes[1], s: String.fromCharCode(...i.bytes)}} }"


@settings(max_examples=50)
@given(payload=st.binary(max_size=64))
def test_any_bytes_are_decoded_or_refused(engine: JavaScriptEngine, payload: bytes) -> None:
    found = codec(engine, FUZZED).decode_many([Frame(payload, 1)])[0]
    assert isinstance(found, CodecError) is (len(payload) < 2)
