"""Codecs declared in TOML: the layout is compiled once, then a payload is read without looking at it again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from placette.harmonise.codecs.codec import CodecError, Decoded, Frame, one_by_one
from placette.harmonise.codecs.layout_fields import UNKNOWN, Out, Short, Step, steps
from placette.harmonise.codecs.layout_spec import Field, FixedFrame, Layout, Message, read_layouts
from placette.model.codecs import CodecSource

_REMEDY = "compare the payload with the device's manual, or mend the layout"


class LayoutCodec:
    """One declared codec."""

    def __init__(self, name: str, version: str, layout: Layout) -> None:
        self.name = name
        self.version = version
        _check_names(name, layout)
        self._frames = [(frame, steps(frame.fields, layout.order)) for frame in layout.frames]
        self._messages = {code: _message(one, layout.order) for code, one in layout.messages.items()}
        self._widths = sorted({len(code) for code in layout.messages})

    def decode(self, payload: bytes, port: int | None, received_time: int) -> Decoded:
        """Return the fields of this payload; raises ``CodecError`` that names the byte."""
        out: Out = {}
        warnings: list[str] = []
        try:
            self._read(payload, port, out, warnings)
        except Short as short:
            what = f"the payload ends at byte {len(payload)}, '{short.name}' needs {short.end} bytes"
            raise CodecError(what, f"codec {self.name}", _REMEDY) from None
        if UNKNOWN in out:
            warnings += out.pop(UNKNOWN)
        return Decoded(out, tuple(warnings))

    def decode_many(self, frames: list[Frame]) -> list[Decoded | CodecError]:
        """Return the fields of each payload, or why there are none."""
        return one_by_one(self, frames)

    def close(self) -> None:
        """Nothing is held."""

    def _read(self, payload: bytes, port: int | None, out: Out, warnings: list[str]) -> None:
        for frame, step in self._frames:
            if _applies(frame, payload, port):
                end = step(payload, 0, out, {})
                if end < len(payload):
                    warnings.append(f"{len(payload) - end} bytes after byte {end} were not read")
                return
        if not self._messages:
            what = f"no frame of the layout has port {port} and {len(payload)} bytes"
            raise CodecError(what, f"codec {self.name}", _REMEDY)
        self._chain(payload, out, warnings)

    def _chain(self, payload: bytes, out: Out, warnings: list[str]) -> None:
        at, length, messages = 0, len(payload), self._messages
        while at < length:
            for width in self._widths:
                step = messages.get(payload[at : at + width])
                if step:
                    break
            else:
                what = f"byte {at}: the layout has no message {payload[at : at + 2].hex(' ')}"
                if at == 0:
                    raise CodecError(what, f"codec {self.name}", _REMEDY)
                warnings.append(f"{what}; the rest was not read")
                return
            end = step(payload, at + width, out, {})
            if end <= at:
                what = f"byte {at}: the message leads back to byte {end}"
                raise CodecError(
                    what, f"codec {self.name}", "leave 'at' out of messages: their fields follow one another"
                )
            at = end


def layout_codecs(source: CodecSource) -> list[LayoutCodec]:
    """Return the codecs of a layout, one for each of its devices; raises ``CodecError`` with file and line."""
    try:
        return [LayoutCodec(name, source.version, layout) for name, layout in read_layouts(source).items()]
    except CodecError as error:
        read_layouts(source, steps)  # the reader knows lines: it raises the fault of a field at its own
        raise CodecError(error.what, error.where or source.file, error.remedy) from None


def _check_names(codec: str, layout: Layout) -> None:
    """Refuse a name that is a value in one place and holds others in another: ``gnss`` beside ``gnss.latitude``."""
    messages = layout.messages.values()
    lists = {message.into for message in messages if message.into}
    plain = {name for message in messages if not message.into for name in _names(message.fields)}
    groups = [plain, *([*_names(message.fields)] for message in messages if message.into)]
    groups += [[*_names(frame.fields)] for frame in layout.frames]
    clash = next((name for group in groups for name in group if _above(name) & {*group}), "") or next(
        (name for name in plain if name in lists or _above(name) & lists), ""
    )
    if clash:
        what = f"'{clash}' stands under a name that is itself a value or a list"
        raise CodecError(what, f"codec {codec}", "give one of the two another name")


def _names(fields: list[Field]) -> Iterator[str]:
    for field in fields:
        yield field.name
        for part in (field, *field.bits):
            yield from (part.name, *(name for fields in part.instead.values() for name in fields))


def _above(name: str) -> set[str]:
    parts = name.split(".")
    return {".".join(parts[:end]) for end in range(1, len(parts))}


def _applies(frame: FixedFrame, payload: bytes, port: int | None) -> bool:
    return (
        _among(port, frame.port)
        and _among(len(payload), frame.length)
        and payload.startswith(bytes.fromhex(frame.starts))
    )


def _among(value: int | None, wanted: int | list[int] | None) -> bool:
    return wanted is None or (value in wanted if isinstance(wanted, list) else value == wanted)


def _message(message: Message, order: str) -> Step:
    step = steps(message.fields, order)
    into, also = message.into, message.also
    if not into:
        return step

    def read(payload: bytes, at: int, out: Out, seen: dict[str, int]) -> int:
        row: dict[str, Any] = {}
        at = step(payload, at, row, seen)
        if UNKNOWN in row:
            out.setdefault(UNKNOWN, []).extend(row.pop(UNKNOWN))
        out.setdefault(into, []).append(row)
        for name in also:
            if name in row:
                out[name] = row[name]
        return at

    return read
