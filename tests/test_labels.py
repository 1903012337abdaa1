"""Labels can be read by a camera, by eye, and fit on their paper whatever they say."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import zxingcpp

from placette.labels import HEIGHT_MM, WIDTH_MM, Label, drawn

SVG = "{http://www.w3.org/2000/svg}"
LABEL = Label(
    name="Point lumineux avec compteur d’énergie",
    place="Rue Pierre et Marie Curie, côté fontaine, mât n° 12 & 13",
    code="AIX-HDV-LGT-01",
    city="Aix-en-Provence",
    url="https://placettes.aixenprovence.example/t/AIX-HDV-LGT-01",
)


def seen(svg: str) -> np.ndarray:
    """Return the QR code as a camera would see it from near: grey levels, eight pixels a module."""
    path = ET.fromstring(svg).find(f".//{SVG}path[@class='qrline']")  # noqa: S314  # our own
    assert path is not None
    runs = re.findall(r"([Mm])([-\d.]+)[ ,]([-\d.]+)|h([\d.]+)", path.attrib["d"])
    field = np.full((80, 80), 255, np.uint8)
    x = y = 0.0
    for move, dx, dy, run in runs:
        if move:
            x, y = (float(dx), float(dy)) if move == "M" else (x + float(dx), y + float(dy))
        else:
            field[int(y), int(x) : int(x + float(run))] = 0
            x += float(run)
    return np.kron(field, np.ones((8, 8), np.uint8))


def test_a_camera_reads_the_address() -> None:
    found = zxingcpp.read_barcodes(seen(drawn(LABEL)))
    assert [each.text for each in found] == [LABEL.url]


def test_a_scratched_label_is_still_read() -> None:
    field = seen(drawn(LABEL))
    field[90:130, 90:230] = 255
    assert [each.text for each in zxingcpp.read_barcodes(field)] == [LABEL.url]


@pytest.mark.parametrize(
    ("name", "place", "code"),
    [
        (LABEL.name, LABEL.place, LABEL.code),
        ("W" * 60, "Donaudampfschifffahrtsgesellschaft", "X" * 64),
        ("A", "<b>&amp;</b>", "A"),
        ("", "", "A-1"),
    ],
)
def test_every_text_stays_on_the_paper(name: str, place: str, code: str) -> None:
    tree = ET.fromstring(drawn(Label(name=name, place=place, code=code, city="Aix", url="https://x.example/t/A")))  # noqa: S314  # our own
    assert (tree.attrib["width"], tree.attrib["height"]) == (f"{WIDTH_MM}mm", f"{HEIGHT_MM}mm")
    texts = tree.findall(f".//{SVG}text")
    assert code in [each.text for each in texts]
    for each in texts:
        width = len(each.text or "") * float(each.attrib["font-size"]) * 0.65  # of DejaVu Sans Bold, a broad font
        assert float(each.attrib["x"]) + width <= WIDTH_MM + 1, each.text
        assert float(each.attrib["y"]) < HEIGHT_MM
