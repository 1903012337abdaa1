"""On which line each value of a TOML or JSON text stands, since the parsers of the standard library do not say.

Both functions take text that a real parser has already accepted, and return ``{path: line}``: a path is the tuple of
keys and positions that leads to the value, lines count from 1. A value's line is that of its key.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator

Path = tuple[str | int, ...]
Lines = dict[Path, int]

_JSON_PART = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_TOML_PART = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|\#[^\n]*|\n|[\[\]{}=,.]|[^\s\[\]{}=,."\'\#]+',
    re.DOTALL,
)
_TOML_END_OF_SCALAR = frozenset({",", "]", "}", "\n", ""})


def json_lines(text: str) -> Lines:
    r"""Return the line of every value of this JSON text.

    >>> json_lines('{"a": [1,\n 2]}')[("a", 1)]
    2
    """
    lines: Lines = {(): 1}
    path: list[str | int] = []
    in_object: list[bool] = []
    awaits_key = False
    for part, line in _parts(_JSON_PART, text):
        if part in "{[":
            lines.setdefault(tuple(path), line)
            in_object.append(part == "{")
            path.append("" if part == "{" else 0)
            awaits_key = part == "{"
        elif part in "}]":
            in_object.pop()
            path.pop()
            awaits_key = False
        elif part == ",":
            awaits_key = in_object[-1]
            if not in_object[-1]:
                path[-1] = int(path[-1]) + 1
        elif awaits_key:
            path[-1] = json.loads(part)
            lines[tuple(path)] = line
            awaits_key = False
        elif part != ":":
            lines.setdefault(tuple(path), line)
    return lines


def toml_lines(text: str) -> Lines:
    r"""Return the line of every table and value of this TOML text.

    >>> toml_lines('[a]\nb = [\n 1,\n 2]\n[[c]]\n')[("a", "b", 1)]
    4
    """
    return _TomlScanner(text.replace("\r\n", "\n")).scan()


class _TomlScanner:
    """Walks the parts of a valid TOML 1.0 document (https://toml.io/en/v1.0.0) and notes where each path begins."""

    def __init__(self, text: str) -> None:
        self._parts = [(part, line) for part, line in _parts(_TOML_PART, text) if not part.startswith("#")]
        self._at = 0
        self._lines: Lines = {(): 1}
        self._arrays: dict[Path, int] = {}

    def scan(self) -> Lines:
        prefix: Path = ()
        while self._skip_newlines():
            line = self._line
            if self._part == "[":
                prefix = self._header()
                self._note((), prefix, line)
            else:
                self._pair(prefix)
        return self._lines

    @property
    def _part(self) -> str:
        return self._parts[self._at][0] if self._at < len(self._parts) else ""

    @property
    def _line(self) -> int:
        return self._parts[self._at][1]

    def _skip_newlines(self) -> bool:
        while self._part == "\n":
            self._at += 1
        return self._part != ""

    def _header(self) -> Path:
        self._at += 1
        is_array = self._part == "["
        self._at += is_array
        keys = self._keys("]")
        self._at += 1 + is_array
        path = self._resolve(keys[:-1])
        if not is_array:
            return self._resolve(keys)
        here = (*path, keys[-1])
        self._lines.setdefault(here, self._parts[self._at - 1][1])
        self._arrays[here] = self._arrays.get(here, 0) + 1
        return (*here, self._arrays[here] - 1)

    def _resolve(self, keys: list[str]) -> Path:
        """Return the path of ``keys``; inside an array of tables they mean its last table."""
        path: Path = ()
        for key in keys:
            path = (*path, key)
            if path in self._arrays:
                path = (*path, self._arrays[path] - 1)
        return path

    def _keys(self, until: str) -> list[str]:
        keys = []
        while self._part != until:
            if self._part != ".":
                keys.append(_unquoted(self._part))
            self._at += 1
        return keys

    def _pair(self, prefix: Path) -> None:
        line = self._line
        path = (*prefix, *self._keys("="))
        self._note(prefix, path, line)
        self._at += 1
        self._value(path)

    def _note(self, known: Path, path: Path, line: int) -> None:
        """Note the line of ``path`` and of the tables that it makes on the way."""
        for length in range(len(known) + 1, len(path) + 1):
            self._lines.setdefault(path[:length], line)

    def _value(self, path: Path) -> None:
        if self._part == "[":
            self._items(path)
        elif self._part == "{":
            self._at += 1
            while self._skip_newlines() and self._part != "}":
                if self._part == ",":
                    self._at += 1
                else:
                    self._pair(path)
            self._at += 1
        else:
            while self._part not in _TOML_END_OF_SCALAR:
                self._at += 1

    def _items(self, path: Path) -> None:
        self._at += 1
        index = 0
        while self._skip_newlines() and self._part != "]":
            if self._part == ",":
                self._at += 1
                continue
            self._lines[(*path, index)] = self._line
            self._value((*path, index))
            index += 1
        self._at += 1


def _parts(pattern: re.Pattern[str], text: str) -> Iterator[tuple[str, int]]:
    line, last = 1, 0
    for match in pattern.finditer(text):
        line += text.count("\n", last, match.start())
        last = match.start()
        yield match.group(), line


def _unquoted(key: str) -> str:
    return next(iter(tomllib.loads(f"{key} = 0"))) if key[0] in "\"'" else key
