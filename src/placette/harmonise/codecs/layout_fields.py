"""Declared fields become one Python function that reads them, made once per layout.

A step reads from ``payload`` at an offset, writes into ``out`` (what is given out) and ``seen`` (raw numbers that
conditions and sizes refer to) and returns the next offset. A payload that ends too soon raises :class:`Short`.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Mapping
from typing import Any, Literal

from placette.harmonise.codecs.codec import CodecError
from placette.harmonise.codecs.layout_spec import Bits, Field, Reading, Values

Out = dict[str, Any]
Seen = dict[str, int]
Step = Callable[[bytes, int, Out, Seen], int]
Put = Callable[[int, Out], None]

LARGEST_REPEAT = 1000
SMALLEST_DIVISOR = 1e-12
_TYPE = re.compile(r"([uif])(8|16|24|32|40|48|64)(le|be)?")
_STRUCT = {"u8": "B", "i8": "b", "u16": "H", "i16": "h", "u32": "I", "i32": "i", "u64": "Q", "i64": "q"}
_FLOAT = {"f16": "e", "f32": "f", "f64": "d"}


class Short(Exception):
    """The payload ends before byte ``end``, within the field ``name``."""

    def __init__(self, name: str, end: int) -> None:
        super().__init__(name, end)
        self.name = name
        self.end = end


def steps(fields: list[Field], order: str) -> Step:
    """Return the one function that reads these fields one after the other; raises ``CodecError``."""
    made = [_step(field, order) for field in fields]
    if len(made) == 1:
        return made[0]

    def read(payload: bytes, at: int, out: Out, seen: Seen) -> int:
        for step in made:
            at = step(payload, at, out, seen)
        return at

    return read


def _step(field: Field, order: str) -> Step:
    step = _repeat(field, order) if field.repeat else _plain(field, order)
    if field.at is not None:
        step = _placed(step, field.at)
    if field.unless:
        step = _conditional(step, field.unless, wanted=False)
    return _conditional(step, field.when, wanted=True) if field.when else step


def _placed(step: Step, place: int) -> Step:
    def read(payload: bytes, _at: int, out: Out, seen: Seen) -> int:
        return step(payload, place, out, seen)

    return read


def _conditional(step: Step, when: Mapping[str, list[int]], *, wanted: bool) -> Step:
    conditions = [(name, frozenset(codes)) for name, codes in when.items()]

    def read(payload: bytes, at: int, out: Out, seen: Seen) -> int:
        for name, codes in conditions:
            if (seen.get(name) in codes) is not wanted:
                return at
        return step(payload, at, out, seen)

    return read


def _repeat(field: Field, order: str) -> Step:
    inner = steps(field.repeat, order)
    name, count = field.name, field.count

    def read(payload: bytes, at: int, out: Out, seen: Seen) -> int:
        wanted = seen.get(count, 0) if isinstance(count, str) else LARGEST_REPEAT if count is None else count
        rows: list[Out] = []
        while len(rows) < wanted and (count is not None or at < len(payload)):
            row: Out = {}
            before = at
            at = inner(payload, at, row, seen)
            out.setdefault(UNKNOWN, []).extend(row.pop(UNKNOWN, ()))
            rows.append(row)
            if at <= before:
                break  # the group reads nothing new: it would be there without end
        out[name] = rows
        return at

    return read


def _plain(field: Field, order: str) -> Step:
    kind = _TYPE.fullmatch(field.type)
    if kind:
        little = (kind[3] or ("le" if order == "little" else "be")) == "le"
        base = kind[1] + kind[2]
        if kind[1] == "f":
            return _float(field, base, little)
        return _whole(field, base, little)
    if field.type in ("bytes", "nibbles", "hex", "text", "skip"):
        return _run(field)
    raise CodecError(
        f"'{field.type}' is not a type", field.name, "use u8 to u64, i8 to i64, f32, f64, hex, text, bytes"
    )


def _float(field: Field, base: str, little: bool) -> Step:
    if base not in _FLOAT:
        raise CodecError(f"'{field.type}' is not a type", field.name, "numbers with a point are f16, f32 or f64")
    packed = struct.Struct(("<" if little else ">") + _FLOAT[base])
    put, name, width = _put(field), field.name, packed.size

    def read(payload: bytes, at: int, out: Out, _seen: Seen) -> int:
        end = at + width
        if end > len(payload):
            raise Short(name, end)
        value = packed.unpack_from(payload, at)[0]
        if value - value == 0:  # neither NaN nor infinite: those say that nothing was measured
            put(value, out)
        return end

    return read


def _whole(field: Field, base: str, little: bool) -> Step:
    name, hidden = field.name, field.name.startswith("_")
    puts = [_bits(one) for one in field.bits]
    if field.flags:
        puts.append(_flags(name, field.flags))
    elif name and (not hidden or field.instead):
        puts.append(_put(field))
    number = _number(base, little)
    width = int(base[1:]) // 8
    only = puts[0] if len(puts) == 1 else None

    def read(payload: bytes, at: int, out: Out, seen: Seen) -> int:
        end = at + width
        if end > len(payload):
            raise Short(name, end)
        raw = number(payload, at)
        if name:
            seen[name] = raw
        if only:
            only(raw, out)
        else:
            for put in puts:
                put(raw, out)
        return end

    return read


def _number(base: str, little: bool) -> Callable[[bytes, int], int]:
    if base == "u8":
        return bytes.__getitem__
    if base in _STRUCT:
        unpack = struct.Struct(("<" if little else ">") + _STRUCT[base]).unpack_from
        return lambda payload, at: unpack(payload, at)[0]
    width, signed = int(base[1:]) // 8, base[0] == "i"
    byteorder: Literal["little", "big"] = "little" if little else "big"
    return lambda payload, at: int.from_bytes(payload[at : at + width], byteorder, signed=signed)


def _run(field: Field) -> Step:
    """Return the step of a field that is a run of bytes: text, hexadecimal digits, a version, or nothing."""
    name, size = field.name, field.size
    shown = _SHOWN[field.type]
    made = field.format
    if made:
        parts = size * (2 if field.type == "nibbles" else 1) if isinstance(size, int) else 0
        if field.type not in ("bytes", "nibbles") or any(int(one) >= parts for one in re.findall(r"\{(\d+)\}", made)):
            what = f"the format '{made}' names parts that are not there"
            raise CodecError(what, name, "give bytes or nibbles of fixed size, counted from {0}")

    def read(payload: bytes, at: int, out: Out, seen: Seen) -> int:
        end = at + seen.get(size, 0) if isinstance(size, str) else len(payload) if size is None else at + size
        if end > len(payload):
            raise Short(name, end)
        if name:
            value = shown(payload[at:end])
            _place(out, name, made.format(*value) if made else value)
        return end

    return read


def _nibbles(content: bytes) -> list[int]:
    return [half for byte in content for half in (byte >> 4, byte & 15)]


_SHOWN: dict[str, Callable[[bytes], Any]] = {
    "bytes": list,
    "nibbles": _nibbles,
    "hex": bytes.hex,
    "text": lambda content: content.split(b"\0", 1)[0].decode("utf-8", "replace"),
    "skip": lambda content: None,
}


def _flags(name: str, flags: list[str]) -> Put:
    def put(raw: int, out: Out) -> None:
        _place(out, name, [flag for bit, flag in enumerate(flags) if flag and raw >> bit & 1])

    return put


def _bits(bits: Bits) -> Put:
    at, mask = bits.at, (1 << bits.size) - 1
    half, whole = 1 << (bits.size - 1), 1 << bits.size
    put, signed = _put(bits), bits.signed

    def take(raw: int, out: Out) -> None:
        part = (raw >> at) & mask
        put(part - whole if signed and part >= half else part, out)

    return take


def _put(reading: Reading) -> Put:
    """Return the function that turns a raw number into the value and places it."""
    known = _codes(reading.values)
    instead = {_code(code): fields for code, fields in reading.instead.items()}
    missing = frozenset(reading.missing)
    plain = _arithmetic(reading)
    name, nested = reading.name, "." in reading.name
    if name.startswith("_"):  # not given out; what stands ``instead`` is
        return lambda raw, out: out.update(instead.get(raw, ()))
    if not (known or instead or missing or nested):
        if plain is None:
            return lambda raw, out: out.__setitem__(name, raw)
        return lambda raw, out: out.__setitem__(name, plain(raw))

    def put(raw: int, out: Out) -> None:
        if raw in instead:
            out.update(instead[raw])
        elif raw in known:
            _place(out, name, known[raw])
        elif known:
            out.setdefault(UNKNOWN, []).append(f"{name}: the code {raw} is not declared")
        elif raw not in missing:
            _place(out, name, plain(raw) if plain else raw)

    return put


UNKNOWN = "\0"
"""Where warnings stand until the frame is read; a declared name holds no control character."""


def _codes(values: Values | None) -> dict[int, Any]:
    if isinstance(values, list):
        return dict(enumerate(values))
    return {_code(code): value for code, value in (values or {}).items()}


def _code(text: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        raise CodecError(f"'{text}' is not a code", "", "write a whole number: 3, 0x03 or 0b11") from None


def _arithmetic(reading: Reading) -> Callable[[int], float] | None:
    if reading.divide is not None and abs(reading.divide) < SMALLEST_DIVISOR:
        raise CodecError(f"nothing is divided by {reading.divide}", reading.name, "leave divide out")
    divide, multiply, add, decimals = reading.divide, reading.multiply, reading.add, reading.decimals
    if divide is not None and multiply is None and add is None and decimals is None:
        return lambda raw: raw / divide
    if divide is None and multiply is None and add is None and decimals is None:
        return None

    def value(raw: int) -> float:
        found: float = raw
        if divide is not None:
            found /= divide
        if multiply is not None:
            found *= multiply
        if add is not None:
            found += add
        return found if decimals is None else round(found, decimals)

    return value


def _place(out: Out, name: str, value: Any) -> None:
    *parents, last = name.split(".")
    for parent in parents:
        out = out.setdefault(parent, {})
    out[last] = value
