"""A point of interest as its catalogue tells it: what it is, where, in which languages, and since when it says so."""

from __future__ import annotations

import msgspec


class PointOfInterest(msgspec.Struct, frozen=True, kw_only=True):
    """One point; positions in degrees (WGS 84), ``names`` and ``descriptions`` by language.

    ``uri`` is its identifier at the source, ``updated`` the source's own mark of its last change: a point whose mark
    is the one already stored is left as it is. ``types`` are the source's classes, ``opening`` and ``contact`` hold no
    person: addresses of pages alone.
    """

    uri: str
    names: dict[str, str]
    descriptions: dict[str, str] = {}
    longitude: float
    latitude: float
    types: tuple[str, ...] = ()
    address: str = ""
    commune: str = ""
    """INSEE code."""
    homepage: str = ""
    updated: str = ""
