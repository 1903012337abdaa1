"""Turns parsed TOML and JSON into the Structs of ``city.model``, and notes every fault instead of the first one."""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from placette.city.documents import Document, Fault

T = TypeVar("T", bound=msgspec.Struct)
Path = tuple[str | int, ...]

Check = Callable[["Reader", Path, Any], None]
"""Notes a fault of one field's value; it is called with the reader, the field's path and the value."""
NO_CHECKS: Mapping[str, Check] = {}

_SECRETS = ("password", "token", "secret", "username", "user")
_PLAIN_WORDS = {
    "`str`": "text",
    "`int`": "a whole number",
    "`float`": "a number",
    "`bool`": "true or false",
    "`object`": "a table",
    "`array`": "a list",
    "`": "'",
}


class Reader:
    """Builds Structs from one document; ``faults`` collects all that is wrong."""

    def __init__(self, document: Document, faults: list[Fault]) -> None:
        self.document = document
        self.faults = faults

    def fault(self, path: Path, what: str, remedy: str) -> None:
        """Note a fault at the line of ``path``."""
        self.faults.append(Fault(self.document.file, self.document.line(path), what, remedy))

    def table(self, path: Path, value: Any) -> dict[str, Any]:
        """Return ``value`` when it is a table, else note the fault and return an empty one."""
        if isinstance(value, dict):
            return value
        self.fault(path, f"{_dotted(path) or 'the file'} must be a table of keys and values", "write key = value pairs")
        return {}

    def struct(
        self, kind: type[T], path: Path, value: Any, checks: Mapping[str, Check] = NO_CHECKS, **given: Any
    ) -> T | None:
        """Return ``value`` as a ``kind``, or ``None`` after noting every fault.

        ``checks`` look at what single fields mean, also where others are faulty. Fields in ``given`` come from
        elsewhere and may not stand in the table.
        """
        before = len(self.faults)
        if not isinstance(value, dict):
            self.table(path, value)
            return None
        hints = get_type_hints(kind, include_extras=True)
        fields = {field.name: field for field in msgspec.structs.fields(kind) if field.name not in given}
        self._check_keys(path, value, tuple(fields))
        built = dict(given)
        for name, field in fields.items():
            if name in value:
                built[name] = self._field(hints[name], (*path, name), value[name], checks.get(name))
            elif field.required:
                self.fault(path, f"'{name}' is missing{_of(path)}", f"add {name}: it is required")
        return kind(**built) if len(self.faults) == before else None

    def _field(self, kind: Any, path: Path, value: Any, check: Check | None) -> Any:
        before = len(self.faults)
        found = self._value(kind, path, value)
        if check is not None and len(self.faults) == before:
            check(self, path, found)
        return found

    def _check_keys(self, path: Path, value: dict[str, Any], known: tuple[str, ...]) -> None:
        for key in value:
            if key in known:
                continue
            close = get_close_matches(key, known, 1)
            if key.lower() in _SECRETS and f"{key.lower()}_env" in known:
                self.fault(
                    (*path, key),
                    f"the secret '{key}' may not stand in a file",
                    f'put it in an environment variable and write {key}_env = "ITS_NAME"',
                )
            elif close:
                self.fault((*path, key), f"unknown key '{key}'{_of(path)}", f"did you mean '{close[0]}'?")
            else:
                self.fault((*path, key), f"unknown key '{key}'{_of(path)}", f"known keys: {', '.join(known)}")

    def _value(self, kind: Any, path: Path, value: Any) -> Any:
        inner = _struct_in(kind)
        if inner is None:
            return self._plain(kind, path, value)
        if get_origin(kind) is tuple:
            if not isinstance(value, list):
                self.fault(path, f"{_dotted(path)} must be a list", "write it between [ and ]")
                return ()
            return tuple(self.struct(inner, (*path, index), item) for index, item in enumerate(value))
        return self.struct(inner, path, value)

    def _plain(self, kind: Any, path: Path, value: Any) -> Any:
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            message, _, place = str(error).partition(" - at `$")
            self.fault(
                (*path, *_steps(place)),
                f"{_dotted(path)}: {_plain_words(message)}",
                f"it is now {_shown(value)}",
            )
            return None


def _struct_in(kind: Any) -> type[msgspec.Struct] | None:
    """Return the Struct that ``kind`` is, holds in a tuple, or may be; ``None`` for everything else."""
    for candidate in (kind, *(get_args(kind) if get_origin(kind) in (tuple, types.UnionType) else ())):
        if isinstance(candidate, type) and issubclass(candidate, msgspec.Struct):
            return candidate
    return None


def _steps(place: str) -> Path:
    """Return msgspec's ``[0].name`` or ``[...]`` as a path; what it does not name is left out."""
    found = re.findall(r"\[(\d+)\]|\.([A-Za-z_0-9]+)", place)
    return tuple(int(index) if index else name for index, name in found)


def _plain_words(message: str) -> str:
    for word, plain in _PLAIN_WORDS.items():
        message = message.replace(word, plain)
    return message[:1].lower() + message[1:]


def _dotted(path: Path) -> str:
    return ".".join(str(step) for step in path)


def _of(path: Path) -> str:
    return f" in {_dotted(path)}" if path else ""


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
