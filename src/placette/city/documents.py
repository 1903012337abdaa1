"""The files of a city folder as parsed values that know their lines; what cannot be parsed becomes a fault."""

from __future__ import annotations

import re
import tomllib
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from placette.city.lines import Lines, json_lines, toml_lines

_TOML_PLACE = re.compile(r"\(at line (\d+), column \d+\)$")
_JSON_PLACE = re.compile(r"\(byte (\d+)\)$")


class Fault(msgspec.Struct, frozen=True, order=True):
    """Something wrong in a city folder: the file in it, the line (from 1), what is wrong and what to do."""

    file: str
    line: int
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what} — {self.remedy}"


class Document:
    """A parsed file: its name, its value, and the line of every part of it."""

    def __init__(self, file: str, text: str, value: Any) -> None:
        self.file = file
        self.value = value
        self._text = text

    def line(self, path: tuple[str | int, ...]) -> int:
        """Return the line of the value at ``path``, or of the nearest part around it that is there."""
        while path not in self._lines:
            path = path[:-1]
        return self._lines[path]

    @cached_property
    def _lines(self) -> Lines:
        return toml_lines(self._text) if self.file.endswith(".toml") else json_lines(self._text)


def read_text(folder: Path, file: str, faults: list[Fault]) -> str | None:
    """Return the text of a file of the folder without its byte order mark, or ``None`` when it has no readable text."""
    try:
        content = (folder / file).read_bytes()
    except FileNotFoundError:
        faults.append(Fault(file, 1, "the file is missing", "`placette city new NAME` makes a folder with every file"))
        return None
    except OSError as error:
        faults.append(Fault(file, 1, f"the file cannot be read: {error.strerror}", "check its kind and its rights"))
        return None
    if content.startswith(b"\xef\xbb\xbf"):
        faults.append(Fault(file, 1, "the file begins with a byte order mark", "save it as UTF-8 without BOM"))
        content = content[3:]
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        what = f"byte 0x{content[error.start]:02x} is not UTF-8"
        faults.append(Fault(file, line, what, "save the file in the UTF-8 encoding"))
        return None


def read_toml(folder: Path, file: str, faults: list[Fault]) -> Document | None:
    """Return the parsed TOML file, or ``None`` after noting why it could not be parsed."""
    text = read_text(folder, file, faults)
    if text is None:
        return None
    try:
        return Document(file, text, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        place = _TOML_PLACE.search(str(error))
        line = int(place.group(1)) if place else _last_line(text)
        what = _TOML_PLACE.sub("", str(error)).strip()
        faults.append(Fault(file, line, f"not TOML: {what}", "see https://toml.io for the syntax"))
    except RecursionError:
        faults.append(Fault(file, 1, "the values are nested too deeply", "a city folder needs five levels at most"))
    return None


def read_json(folder: Path, file: str, faults: list[Fault]) -> Document | None:
    """Return the parsed JSON file, or ``None`` after noting why it could not be parsed."""
    text = read_text(folder, file, faults)
    if text is None:
        return None
    content = text.encode()
    try:
        return Document(file, text, msgspec.json.decode(content))
    except msgspec.DecodeError as error:
        place = _JSON_PLACE.search(str(error))
        line = content.count(b"\n", 0, int(place.group(1))) + 1 if place else _last_line(text)
        what = _JSON_PLACE.sub("", str(error)).strip()
        faults.append(Fault(file, line, f"not JSON: {what}", "check commas, quotes and brackets around this line"))
    except RecursionError:
        faults.append(Fault(file, 1, "the values are nested too deeply", "a city folder needs ten levels at most"))
    return None


def _last_line(text: str) -> int:
    return text.rstrip("\n").count("\n") + 1
