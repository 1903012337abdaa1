"""Pictures that leave the page: SVG that carries its own title, units, source, licence and time, with nothing outside.

Every shape has a class for the page, whose style sheet gives it the colour of the theme, and the same colour by day as
an attribute, for wherever the picture goes. No style sheet inside: a strict content security policy takes it as it is.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from markupsafe import escape

INKS = {
    "plaster": "#ffffff",
    "stone": "#f5efe2",
    "sky-deep": "#cfe2ee",
    "ink": "#172136",
    "ink-soft": "#43506a",
    "line": "#c3d3de",
    "edge": "#6d7f92",
    "blue": "#1d4f91",
    "ochre": "#e0a02f",
    "ochre-ink": "#7d4b00",
    "teal": "#1b8190",
    "brick": "#c2523a",
    "lavender": "#7467b4",
    "sage-ink": "#1f5f41",
    "level-6": "#7b2f7d",
    "map-ground": "#f7f3ea",
}
"""The tokens of components/styles/tokens.css by day; a test compares them."""
FONT = "Bricolage Grotesque Variable, system-ui, Segoe UI, Roboto, Arial, sans-serif"
NARROW = 560
"""Width below which a picture is one for a phone."""
_LETTER = 0.56
"""Mean width of a letter, in its size."""


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """What stands around a drawing that leaves the page, each a line of text; ``address`` leads back to it."""

    title: str
    lede: str
    foot: tuple[str, ...]
    address: str


class Legend(msgspec.Struct, frozen=True):
    """One entry of a legend: its words and the look of its line."""

    name: str
    hue: str
    dash: str
    faint: bool = False


class Paper:
    """A sheet to draw on from the top: ``y`` is how far down it is used, in its own units (1 is a pixel)."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.y = 0.0
        self._parts: list[str] = []

    def text(
        self,
        x: float,
        y: float,
        words: str,
        ink: str = "ink-soft",
        size: float = 12,
        *,
        anchor: str = "",
        bold: bool = False,
    ) -> None:
        """Write words with their baseline at ``y``."""
        more = (f' text-anchor="{anchor}"' if anchor else "") + (' font-weight="700"' if bold else "")
        self._parts.append(
            f'<text class="fill-{ink}" fill="{INKS[ink]}" x="{x:g}" y="{y:g}" font-size="{size:g}"{more}>'
            f"{escape(words)}</text>"
        )

    def stroke(self, path: str, ink: str, width: float = 1, dash: str = "", opacity: float = 1.0) -> None:
        """Draw a line along a path."""
        more = (f' stroke-dasharray="{dash}"' if dash else "") + (f' opacity="{opacity:g}"' if opacity < 1 else "")
        self._parts.append(
            f'<path class="stroke-{ink}" d="{path}" fill="none" stroke="{INKS[ink]}" stroke-width="{width:g}"'
            f' stroke-linejoin="round" stroke-linecap="round"{more}/>'
        )

    def fill(self, path: str, ink: str, opacity: float = 1.0) -> None:
        """Fill a path."""
        more = f' fill-opacity="{opacity:g}"' if opacity < 1 else ""
        self._parts.append(f'<path class="fill-{ink}" d="{path}" fill="{INKS[ink]}"{more}/>')

    def disc(self, x: float, y: float, radius: float, ink: str, opacity: float = 1.0, title: str = "") -> None:
        """Draw a disc; ``title`` is what it says when pointed at."""
        said = f"<title>{escape(title)}</title>" if title else ""
        more = f' fill-opacity="{opacity:g}"' if opacity < 1 else ""
        self._parts.append(
            f'<circle class="fill-{ink}" cx="{x:g}" cy="{y:g}" r="{radius:g}" fill="{INKS[ink]}"{more}>{said}</circle>'
        )

    def head(self, frame: Frame) -> None:
        """Write title and lede, each in as many lines as it needs."""
        for line in wrapped(frame.title, self.width - 32, 19):
            self.y += 26
            self.text(16, self.y, line, "ink", 19, bold=True)
        for line in wrapped(frame.lede, self.width - 32, 13):
            self.y += 19
            self.text(16, self.y, line, "ink-soft", 13)
        self.y += 10

    def legend(self, entries: Sequence[Legend]) -> None:
        """Write the legend, several entries on a line as long as they fit."""
        x = 16.0
        self.y += 14
        for entry in entries:
            wide = 36 + len(entry.name) * 12 * _LETTER
            if x + wide > self.width - 8 and x > 16:
                x, self.y = 16.0, self.y + 19
            self.stroke(f"M{x:g} {self.y - 4:g}h22", entry.hue, 2.5, entry.dash, 0.5 if entry.faint else 1.0)
            self.text(x + 28, self.y, entry.name, "ink", 12)
            x += wide + 10
        self.y += 8

    def foot(self, frame: Frame) -> None:
        """Write where the picture comes from."""
        self.y += 6
        self.stroke(f"M16 {self.y:g}H{self.width - 16}", "line")
        for words in frame.foot:
            for line in wrapped(words, self.width - 32, 11):
                self.y += 16
                self.text(16, self.y, line, "ink-soft", 11)
        self.y += 14

    def svg(self, frame: Frame, name: str = "", *, whole: bool = True) -> str:
        """Return the sheet; ``whole`` as a file of its own with its ground, otherwise as a part of a page."""
        high = round(self.y)
        size = f'viewBox="0 0 {self.width} {high}"'
        inside = "".join(self._parts)
        if not whole:
            start = f'<svg class="paper {name}" {size} font-family="{FONT}" aria-hidden="true" focusable="false">'
            return f"{start}{inside}</svg>"
        said = escape(" · ".join((frame.lede, *frame.foot, frame.address)))
        about = f"<title>{escape(frame.title)}</title><desc>{said}</desc>"
        ground = f'<rect width="{self.width}" height="{high}" fill="{INKS["plaster"]}"/>'
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} width="{self.width}" height="{high}" font-family="{FONT}">'
            f"{about}{ground}{inside}</svg>\n"
        )


def wrapped(words: str, width: float, size: float) -> list[str]:
    """Return the words in lines no wider than ``width``.

    >>> wrapped("one two three", 60, 12)
    ['one two', 'three']
    """
    most = max(8, int(width / (size * _LETTER)))
    lines = [""]
    for word in words.split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > most:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return [line for line in lines if line]
