"""The language of declared layouts, as it is written in TOML, and the line of each fault in it.

A layout has ``[[frames]]`` (bytes at fixed places, chosen by port, length or first bytes) or ``[messages]`` (each
begins with its channel and type, and the key says which: ``"03 67"``), and ``[devices.NAME]`` for what differs from one
device of a family to the next. ``docs/codecs.md`` is its manual.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from typing import Annotated, Any, Literal, NoReturn, TypeVar

import msgspec

from placette.city.lines import Lines, toml_lines
from placette.harmonise.codecs.codec import CodecError
from placette.model.codecs import CodecSource

Path = tuple[str | int, ...]
Scalar = str | int | float | bool
Values = dict[str, Scalar] | list[Scalar]
Factor = Annotated[float, msgspec.Meta(ge=-1e15, le=1e15)]
Natural = Annotated[int, msgspec.Meta(ge=0, le=65_535)]
Size = Natural | Annotated[str, msgspec.Meta(min_length=1)]
Name = Annotated[str, msgspec.Meta(pattern=r"^[^\x00-\x1f]*$", max_length=100)]
T = TypeVar("T")
Compiled = Callable[[list["Field"], str], Any]


class Reading(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a raw whole number becomes a value: first ``instead`` and ``values``, else divide, multiply, add, round."""

    name: Name = ""
    divide: Factor | None = None
    multiply: Factor | None = None
    add: Factor | None = None
    decimals: Annotated[int, msgspec.Meta(ge=0, le=12)] | None = None
    values: Values | None = None
    missing: list[int] = []
    instead: dict[str, dict[str, Scalar]] = {}


class Bits(Reading, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Some bits of a field: ``size`` of them from bit ``at`` on, bit 0 being the least significant."""

    at: Annotated[int, msgspec.Meta(ge=0, le=63)]
    size: Annotated[int, msgspec.Meta(ge=1, le=64)] = 1
    signed: bool = False


class Field(Reading, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One field; those whose names begin with ``_`` serve ``when``, ``size`` and ``count`` and are not given out.

    ``flags`` names bits, from the least significant on: the value is the list of those that are set.
    """

    type: str = ""
    at: Natural | None = None
    size: Size | None = None
    format: Annotated[str, msgspec.Meta(pattern=r"^([^{}]|\{[0-9]{1,2}\})*$", max_length=100)] = ""
    bits: list[Bits] = []
    repeat: list[Field] = []
    count: Size | None = None
    flags: list[str] = []
    when: dict[str, list[int]] = {}
    unless: dict[str, list[int]] = {}


class Message(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The fields after a channel and type.

    ``into`` gathers them as one object of a list, ``also`` names those of them that stand outside too.
    """

    fields: list[Field]
    into: Name = ""
    also: list[str] = []


class FixedFrame(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A frame of fixed places; it applies when the port, the length in bytes and the first bytes are those given."""

    fields: list[Field]
    port: int | list[int] | None = None
    length: int | list[int] | None = None
    starts: Annotated[str, msgspec.Meta(pattern="^([0-9A-Fa-f]{2})*$")] = ""


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """A whole layout of one device; messages by their channel and type."""

    order: Literal["little", "big"] = "little"
    frames: tuple[FixedFrame, ...] = ()
    messages: dict[bytes, Message] = {}


class _Device(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    like: str = ""
    messages: dict[str, Any] = {}
    frames: list[Any] = []


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    about: str = ""
    order: Literal["little", "big"] = "little"
    frames: list[Any] = []
    messages: dict[str, Any] = {}
    devices: dict[str, dict[str, Any]] = {}


def read_layouts(source: CodecSource, compiled: Compiled | None = None) -> dict[str, Layout]:
    """Return the layouts of this source by codec name: its own, and one for each of its devices.

    With ``compiled`` each field is compiled where it stands. Raises ``CodecError`` with file and line.
    """
    return _Reader(source, compiled).read()


class _Reader:
    def __init__(self, source: CodecSource, compiled: Compiled | None) -> None:
        self._source = source
        self._compiled = compiled
        self._file = source.file or "layout.toml"
        try:
            self._value = tomllib.loads(source.text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            raise CodecError(f"not TOML: {error}", self._file, "see https://toml.io for the syntax") from None
        self._lines: Lines | None = None
        self._layouts: dict[str, Layout] = {}

    def read(self) -> dict[str, Layout]:
        file = self._convert((), self._value, _File)
        name = self._source.name
        base = Layout(
            order=file.order, frames=self._frames((), file.frames), messages=self._messages((), file.messages)
        )
        self._layouts[""] = base
        for device, table in file.devices.items():
            self._device(("devices", device), device, self._convert(("devices", device), table, _Device))
        if not any(one.frames or one.messages for one in self._layouts.values()):
            self.fail((), "the layout describes nothing", "add [[frames]] or [messages]")
        return {f"{name}-{device}" if device else name: layout for device, layout in self._layouts.items()}

    def _device(self, path: Path, name: str, device: _Device) -> None:
        base = self._layouts.get(device.like)
        if base is None:
            self.fail((*path, "like"), f"there is no device '{device.like}' above", "name one that stands above it")
        self._layouts[name] = msgspec.structs.replace(
            base,
            frames=(*self._frames(path, device.frames), *base.frames),
            messages={**base.messages, **self._messages(path, device.messages)},
        )

    def _frames(self, path: Path, frames: list[Any]) -> tuple[FixedFrame, ...]:
        found = []
        for at, frame in enumerate(frames):
            here = (*path, "frames", at)
            one = self._convert(here, frame, FixedFrame)
            self._check((*here, "fields"), one.fields)
            found.append(one)
        return tuple(found)

    def _messages(self, path: Path, messages: dict[str, Any]) -> dict[bytes, Message]:
        found = {}
        for key, value in messages.items():
            here = (*path, "messages", key)
            message = self._convert(here, {"fields": value} if isinstance(value, list) else value, Message)
            self._check(here if isinstance(value, list) else (*here, "fields"), message.fields)
            for code in key.split(","):
                found[self._code(here, code)] = message
        return found

    def _code(self, path: Path, text: str) -> bytes:
        try:
            code = bytes.fromhex(text)
        except ValueError:
            code = b""
        if len(code) not in (1, 2):
            self.fail(path, f"'{text.strip()}' is not a channel and type", 'write two bytes in hexadecimal: "03 67"')
        return code

    def _check(self, path: Path, fields: list[Field]) -> None:
        if self._compiled is None:
            return
        for at, field in enumerate(fields):
            try:
                self._compiled([field], "little")
            except CodecError as error:
                name = f"{error.where}: " if error.where else ""
                self.fail((*path, at), f"{name}{error.what}", error.remedy)

    def _convert(self, path: Path, value: Any, kind: type[T]) -> T:
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            self.fail(path, str(error), "docs/codecs.md lists what may stand there")

    def fail(self, path: Path, what: str, remedy: str) -> NoReturn:
        """Raise the fault at this path with its line."""
        if self._lines is None:
            self._lines = toml_lines(self._source.text)
        while path not in self._lines:
            path = path[:-1]
        raise CodecError(what, f"{self._file}:{self._lines[path]}", remedy)
