"""The scales as a reader may check them: which word stands for which figures."""

from __future__ import annotations

import msgspec

from placette.city.model import City
from placette.web.figures import NBSP, Figures
from placette.web.scales import Scale, scales
from placette.web.words import Words


class BandShown(msgspec.Struct, frozen=True):
    """One word with its colour level and its bounds, written out."""

    word: str
    level: int
    bounds: str


class ScaleShown(msgspec.Struct, frozen=True):
    """One scale; without bands where habits and not bounds decide."""

    key: str
    bands: tuple[BandShown, ...]


def scale_table(words: Words, figures: Figures, city: City) -> tuple[ScaleShown, ...]:
    """Return every scale of the city page in its order."""
    known = scales()
    return ScaleShown("crowd", ()), *(
        ScaleShown(key, _bands(scale, words, figures, city)) for key, scale in known.items()
    )


def _bands(scale: Scale, words: Words, figures: Figures, city: City) -> tuple[BandShown, ...]:
    shown = []
    for rank, (word, level) in enumerate(zip(scale.words, scale.levels, strict=True)):
        parts = []
        for key, upper in scale.upper.items():
            name = words(f"pollutant.{key}") + NBSP if len(scale.upper) > 1 else ""
            last = rank == len(upper)
            parts.append(f"{name}{'>' if last else '≤'}{NBSP}{figures.number(upper[-1] if last else upper[rank])}")
        first = city.properties.get(next(iter(scale.upper)))
        unit = figures.unit(first.unit) if first else ""
        shown.append(BandShown(word, level, f"{', '.join(parts)}{NBSP}{unit}".rstrip()))
    return tuple(shown)
