"""Words for figures: reads ``scales.toml`` and says in which band a value lies."""

from __future__ import annotations

from bisect import bisect_left
from datetime import date
from functools import cache
from importlib.resources import files

import msgspec


class Band(msgspec.Struct, frozen=True):
    """Where a value lies: the ``word``'s key in the catalogue and its ``level``, 0 (none) to 6 (bad)."""

    word: str
    level: int
    rank: int


class Scale(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One scale: words from the least to the most, and per property the upper bounds of all bands but the last."""

    valid_from: date
    words: tuple[str, ...]
    levels: tuple[int, ...]
    upper: dict[str, tuple[float, ...]]

    def band(self, property_key: str, value: float) -> Band:
        """Return the band of a value; a bound belongs to the band below it.

        >>> scales()["air"].band("pm2_5", 5.0).word, scales()["air"].band("pm2_5", 5.1).word
        ('good', 'fair')
        """
        rank = bisect_left(self.upper[property_key], value)
        return Band(self.words[rank], self.levels[rank], rank)


@cache
def scales() -> dict[str, Scale]:
    """Return every scale by its key."""
    text = files("placette.web").joinpath("scales.toml").read_bytes()
    return msgspec.toml.decode(text, type=dict[str, Scale])
