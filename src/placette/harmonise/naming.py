"""Texts with holes, such as ``NOISE-{column}``, and the codes made from them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

_HOLE = re.compile(r"\{([^{}]+)\}")
_ODD = re.compile(r"[^A-Za-z0-9._-]+")


def holes(template: str) -> tuple[str, ...]:
    """Return the names in the holes of a text, in their order.

    >>> holes("{site} {row}")
    ('site', 'row')
    """
    return tuple(_HOLE.findall(template))


def fill(template: str, values: Mapping[str, str]) -> str:
    """Return the text with its holes filled.

    >>> fill("Counter {column}", {"column": "2 High Street"})
    'Counter 2 High Street'
    """
    return _HOLE.sub(lambda hole: values[hole[1]], template)


def code(template: str, values: Mapping[str, str]) -> str:
    """Return a code: the text with its holes filled by what a code may hold; ``""`` when a hole has nothing to hold.

    >>> code("AKL-{column}", {"column": "188 Quay Street (EW)"})
    'AKL-188-Quay-Street-EW'
    >>> code("{x}", {"x": "Hôtel de Ville"}), code("{x}", {"x": "?"})
    ('Hotel-de-Ville', '')
    """
    plain = {name: _plain(values[name]) for name in holes(template)}
    return fill(template, plain) if all(plain.values()) else ""


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return _ODD.sub("-", letters).strip("-")
