"""The numbers of docs/quality.md are those of the program; run this file to write them."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from placette.city.quality import defaults
from placette.model.quality import Checks

PAGE = Path(__file__).parents[2] / "docs" / "quality.md"
BLOCK = re.compile(r"(<!-- defaults:.*?-->\n)(.*?)(<!-- end of defaults -->)", re.DOTALL)
NUMBERS = (
    "fail",
    "suspect",
    "spike",
    "rate",
    "flat",
    "flat_tolerance",
    "flat_spares",
    "gap",
    "neighbour",
    "neighbour_floor",
)


def written(name: str, value: object) -> str:
    if isinstance(value, tuple):
        return (" to " if name in ("fail", "suspect") else " / ").join(written(name, part) for part in value)
    return "yes" if value is True else f"{value:g}".replace("-", "−")


def tables() -> str:
    """One table per property: every number that is asked, with its reason."""
    plain = Checks(unit="1")
    parts = []
    for key, checks in defaults().items():
        rows = []
        for name in (*NUMBERS, "counts"):
            value = getattr(checks, name)
            if value is None or (value == getattr(plain, name) and name not in checks.why):
                continue
            rows.append(f"| `{name}` | {written(name, value)} | {checks.why.get(name, '')} |")
        parts.append(
            "\n".join([f"### `{key}`, in `{checks.unit}`", "", "| test | value | why |", "|---|---|---|", *rows])
        )
    return "\n" + "\n\n".join(parts) + "\n\n"


def test_the_page_shows_the_numbers_of_the_program() -> None:
    found = BLOCK.search(PAGE.read_text(encoding="utf-8"))
    assert found is not None
    assert found.group(2) == tables(), "write them with: python tests/quality/test_documented.py"


def test_every_key_is_explained() -> None:
    text = PAGE.read_text(encoding="utf-8")
    keys = [field.name for field in msgspec.structs.fields(Checks)]
    assert [key for key in keys if f"`{key}`" not in text] == []


if __name__ == "__main__":
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(BLOCK.sub(lambda found: found.group(1) + tables() + found.group(3), page), encoding="utf-8")
