"""How many frames a second each kind of codec reads."""

from __future__ import annotations

import time
from collections.abc import Iterator

from benchmarks.bench import Bench
from benchmarks.figures import Figure, Result, Skipped
from placette.codecs import CodecShelf
from placette.harmonise.codecs import Codec, CodecError, CodecSource, Frame
from placette.harmonise.codecs.javascript import JavaScriptCodec
from placette.javascript import JavaScriptEngine

PART = "codecs"
ABOUT = (
    "Payloads of a climate sensor (four values, 14 bytes) through the three kinds of codec, from bytes to fields with "
    "names, without a network and without storing. JavaScript runs in a process of its own; the "
    "figures are with up to 256 frames per crossing, as they gather under load, and with one frame per crossing."
)
TARGET = 5_000
FRAMES = 50_000
ALONE = 2_000

_PAYLOAD = bytes.fromhex("0175640367180104686d077dc501")
_CAYENNE = bytes.fromhex("0102006403670118046850076501c5")
_JAVASCRIPT = """
function two(bytes, i) { return (bytes[i + 1] << 8) | bytes[i]; }
function signed(v) { return v > 0x7fff ? v - 0x10000 : v; }
function decodeUplink(input) {
  var bytes = input.bytes, data = {}, i = 0;
  while (i < bytes.length) {
    var channel = bytes[i++], type = bytes[i++];
    if (channel === 0x01 && type === 0x75) { data.battery = bytes[i]; i += 1; }
    else if (channel === 0x03 && type === 0x67) { data.temperature = signed(two(bytes, i)) / 10; i += 2; }
    else if (channel === 0x04 && type === 0x68) { data.humidity = bytes[i] / 2; i += 1; }
    else if (channel === 0x07 && type === 0x7d) { data.co2 = two(bytes, i); i += 2; }
    else break;
  }
  return { data: data };
}
"""


def run(bench: Bench) -> Iterator[Result]:
    """Measure each kind of codec several times on the same payloads."""
    with CodecShelf() as shelf:
        layout, cayenne = shelf.codecs.get("milesight-am103"), shelf.codecs.get("cayenne-lpp")
        yield _figure(bench, "a layout in TOML (Milesight)", layout, _PAYLOAD, FRAMES)
        yield _figure(bench, "Cayenne LPP", cayenne, _CAYENNE, FRAMES)
    source = CodecSource(name="climate", kind="javascript", text=_JAVASCRIPT)
    with JavaScriptEngine() as engine:
        try:
            javascript = JavaScriptCodec(source, engine)
        except CodecError as missing:
            yield Skipped(part=PART, name="JavaScript", reason=missing.what)
            return
        yield _figure(bench, "JavaScript, many frames at once", javascript, _PAYLOAD, FRAMES)
        yield _figure(bench, "JavaScript, one frame at a time", javascript, _PAYLOAD, ALONE, together=1)


def _figure(bench: Bench, name: str, codec: Codec, payload: bytes, count: int, together: int = FRAMES) -> Figure:
    frames = [Frame(payload, 85, 0)] * count
    rates = []
    for _ in range(bench.runs):
        started = time.perf_counter()
        found = [one for at in range(0, count, together) for one in codec.decode_many(frames[at : at + together])]
        rates.append(count / (time.perf_counter() - started))
        assert not any(isinstance(one, CodecError) for one in found)
    target = TARGET if together > 1 else None
    return Figure(part=PART, name=name, unit="frames/s", values=tuple(rates), target=target, at_least=True)
