"""What harmonising must know of the catalogue: which datastream a code names. The store's directory has this shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Entry(Protocol):
    """One datastream."""

    @property
    def id(self) -> int:
        """The datastream's id."""
        ...


class Directory(Protocol):
    """All datastreams, as an immutable snapshot."""

    @property
    def by_code(self) -> Mapping[str, Entry]:
        """Each datastream under its code, ``<thing code>/<observed property key>``."""
        ...

    @property
    def by_id(self) -> Mapping[int, Entry]:
        """Each datastream under its id."""
        ...
