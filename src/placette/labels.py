"""Labels for devices: name, place, code, city, and a QR code that leads to the page of the device.

A label is a drawing of 70 × 37 mm, of which 24 go on one A4 sheet of common sticky labels. The QR code (ISO/IEC 18004,
by segno) holds the short address; it corrects a quarter of its modules, since labels in the street get scratched.
"""

from __future__ import annotations

import io
import re
from urllib.parse import quote
from xml.sax.saxutils import escape

import msgspec
import segno

from placette.city.model import City, Device
from placette.model.scans import LABEL

WIDTH_MM, HEIGHT_MM = 70, 37
_QUIET = 4
"""Modules of white around the code, as the standard asks."""
_QR_MM = 29.0
_LEFT_MM = 32.0
_LINE = 18
"""Letters of a line of the larger text, as wide as the broadest of the usual fonts has them."""
_PATH = re.compile(r'<path[^>]*\bd="([^"]+)"')


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """What stands on a label; ``url`` is what its QR code says."""

    name: str
    place: str
    code: str
    city: str
    url: str

    @classmethod
    def of(cls, city: City, device: Device, address: str, language: str = "") -> Label:
        """Return the label of a device; ``address`` is where the city is reached, without a final slash."""
        model, place = city.models.get(device.model), city.place(device.place)
        return cls(
            name=_named(model.names if model else {}, language) or device.model,
            place=device.address or _named(place.names if place else {}, language) or device.place,
            code=device.code,
            city=city.name,
            url=f"{address}{LABEL}{quote(device.code)}",
        )


def drawn(label: Label) -> str:
    """Return the label as SVG, 70 × 37 mm, black on white whatever the page around it is."""
    qr = segno.make(label.url, error="q", micro=False)
    size = qr.symbol_size(border=_QUIET)[0]
    out = io.BytesIO()
    qr.save(out, kind="svg", border=_QUIET, xmldecl=False, svgns=False, nl=False)
    found = _PATH.search(out.getvalue().decode())
    path = found[1] if found else ""
    scale = _QR_MM / size
    lines = _lines(label)
    text = "".join(
        f'<text x="{_LEFT_MM}" y="{y:g}" font-size="{height:g}" font-weight="{weight}">{escape(words)}</text>'
        for words, y, height, weight in lines
    )
    title = escape(f"{label.code} — {label.name}, {label.place}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH_MM}mm" height="{HEIGHT_MM}mm"'
        f' viewBox="0 0 {WIDTH_MM} {HEIGHT_MM}" role="img" font-family="system-ui, Arial, sans-serif">'
        f'<title>{title}</title><rect width="{WIDTH_MM}" height="{HEIGHT_MM}" fill="#fff"/>'
        f'<g transform="translate(1.5 4) scale({scale:.5f})">'
        f'<path d="{path}" stroke="#000" fill="none" class="qrline"/></g>'
        f'<g fill="#000">{text}</g></svg>'
    )


def _lines(label: Label) -> list[tuple[str, float, float, int]]:
    """Return each line of text with its baseline and height (mm) and weight."""
    found: list[tuple[str, float, float, int]] = []
    y = 8.0
    for words, letters, height, weight, most in (
        (label.name, _LINE, 3.2, 700, 2),
        (label.place, _LINE + 3, 2.7, 400, 2),
    ):
        for line in _wrapped(words, letters, most):
            found.append((line, y, height, weight))
            y += height * 1.25
        y += 0.9
    found.append((label.code, max(y + 0.6, 26.0), min(3.6, 54 / len(label.code)), 700))
    found.append((label.city, 32.5, 2.9, 400))
    return found


def _wrapped(text: str, letters: int, most: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > letters:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    shown = lines[:most]
    if len(lines) > most or len(shown[-1]) > letters:
        shown[-1] = shown[-1][: letters - 1].rstrip(" ,;") + "…"
    return [line if len(line) <= letters else line[: letters - 1] + "…" for line in shown]


def _named(names: dict[str, str], language: str) -> str:
    return names.get(language) or next(iter(names.values()), "")
