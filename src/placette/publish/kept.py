"""What is made from the whole catalogue, kept until the catalogue has changed, and a little longer when it is dear."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Generic, TypeVar

from placette.store import Directory

T = TypeVar("T")

SHARE = 20
"""A thing is kept at least this many times as long as it took to make: no more than a twentieth of the time goes into
it, however often the catalogue changes. With a hundred devices that is milliseconds, with 30,000 some seconds."""


class Kept(Generic[T]):
    """The newest thing that ``make`` made from a directory; ``clock`` tells seconds."""

    def __init__(self, make: Callable[[Directory], T], clock: Callable[[], float] = time.monotonic) -> None:
        self._make = make
        self._clock = clock
        self._thing: T | None = None
        self._version = -1
        self._until = 0.0

    def of(self, directory: Directory) -> T:
        """Return the thing made from this directory, or from one a moment older."""
        begun = self._clock()
        if self._thing is None or (self._version != directory.version and begun >= self._until):
            self._thing = self._make(directory)
            self._version = directory.version
            done = self._clock()
            self._until = done + SHARE * (done - begun)
        return self._thing
