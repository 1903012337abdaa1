"""JSON Patch (RFC 6902) on plain JSON values. Pure: gives a new value and leaves the old one alone."""

from __future__ import annotations

import copy
from typing import Any

from placette.model.errors import BadInput

_NEEDS = {"add": "value", "replace": "value", "test": "value", "move": "from", "copy": "from", "remove": "path"}


def apply(document: Any, patch: Any) -> Any:
    """Return ``document`` after all operations of ``patch``; raises ``BadInput`` when one of them cannot be done.

    >>> apply({"a": [1, 2]}, [{"op": "add", "path": "/a/-", "value": 3}, {"op": "remove", "path": "/a/0"}])
    {'a': [2, 3]}
    """
    if not isinstance(patch, list):
        raise BadInput("a JSON Patch is a list of operations", "$", "see RFC 6902")
    found = copy.deepcopy(document)
    for position, step in enumerate(patch):
        try:
            found = _step(found, step)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise BadInput(
                f"operation {position} of the JSON Patch cannot be done: {error}", f"$[{position}]", "see RFC 6902"
            ) from None
    return found


def _step(document: Any, step: Any) -> Any:
    operation, path = step["op"], _pointer(step["path"])
    need = _NEEDS.get(operation)
    if need is None or need not in step:
        raise ValueError(f"'{operation}' is none of {', '.join(_NEEDS)}, or lacks its '{need}'")
    if operation == "test":
        if _get(document, path) != step["value"]:
            raise ValueError("the value tested for is not there")
        return document
    if operation in ("move", "copy"):
        source = _pointer(step["from"])
        value = copy.deepcopy(_get(document, source))
        if operation == "move":
            if path[: len(source)] == source and path != source:
                raise ValueError("a value cannot move into itself")
            document = _remove(document, source)
    elif operation != "remove":
        value = step["value"]
    if operation in ("remove", "replace"):
        document = _remove(document, path)
    return document if operation == "remove" else _add(document, path, value)


def _pointer(text: Any) -> list[str]:
    if not isinstance(text, str) or (text and not text.startswith("/")):
        raise ValueError(f"'{text}' is not a JSON pointer")
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _get(document: Any, path: list[str]) -> Any:
    for step in path:
        document = document[_index(step, len(document) - 1)] if isinstance(document, list) else document[step]
    return document


def _add(document: Any, path: list[str], value: Any) -> Any:
    if not path:
        return value
    place = _get(document, path[:-1])
    if isinstance(place, list):
        place.insert(len(place) if path[-1] == "-" else _index(path[-1], len(place)), value)
    else:
        place[path[-1]] = value
    return document


def _remove(document: Any, path: list[str]) -> Any:
    if not path:
        return None
    place = _get(document, path[:-1])
    del place[_index(path[-1], len(place) - 1) if isinstance(place, list) else path[-1]]
    return document


def _index(step: str, highest: int) -> int:
    if not (step.isascii() and step.isdigit()) or int(step) > highest:
        raise IndexError(f"there is no element '{step}'")
    return int(step)
