"""Makes a small, valid city folder to begin from; every line that must be changed says so."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from string import Template

from placette.model.errors import BadInput, Conflict, StorageFailure

_TEMPLATES = files("placette.city") / "template"
FILES = (
    "city.toml",
    "places.geojson",
    "outline.geojson",
    "properties.toml",
    "models.toml",
    "networks.toml",
    "things.csv",
)
"""What a city folder must have."""
_ALSO = ("feeds.toml", "calendar.toml")


def slug(name: str) -> str:
    """Return the key of a city's name: lower case letters, digits and hyphens.

    Raises ``BadInput`` when the name has none that the Latin alphabet knows.

    >>> slug("Saint-Étienne-du-Grès")
    'saint-etienne-du-gres'
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    key = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if not key:
        raise BadInput(f"no key can be made of the name '{name}'", remedy="give a name with letters from a to z")
    return key


def scaffold(name: str, target: Path, *, longitude: float = 0.0, latitude: float = 0.0) -> list[Path]:
    """Write a new city folder for ``name`` at ``target`` and return the files written.

    The city's square, one place and three devices stand around ``longitude`` and ``latitude`` (degrees), to be
    replaced. Raises ``Conflict`` when the folder holds something already, ``BadInput`` when the name cannot be used.
    """
    values = _values(name, longitude, latitude)
    try:
        target.mkdir(parents=True, exist_ok=True)
        if any(target.iterdir()):
            raise Conflict(f"the folder {target} is not empty", str(target), "give another folder; nothing was written")
        written = []
        for file in (*FILES, *_ALSO):
            text = Template((_TEMPLATES / file).read_text(encoding="utf-8")).substitute(values)
            (target / file).write_text(text, encoding="utf-8")
            written.append(target / file)
    except OSError as error:
        raise StorageFailure(f"cannot write: {error.strerror}", str(target), "give a folder you may write to") from None
    return written


def _values(name: str, longitude: float, latitude: float) -> Mapping[str, str]:
    key = slug(name)
    half = 0.02
    west, east, south, north = longitude - half, longitude + half, latitude - half, latitude + half
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {
        "name": json.dumps(name, ensure_ascii=False).replace("\x7f", ""),
        "key": key,
        "code": key.upper()[:20],
        "longitude": f"{longitude:.5f}",
        "latitude": f"{latitude:.5f}",
        "longitude_2": f"{longitude + 0.0004:.5f}",
        "latitude_2": f"{latitude + 0.0003:.5f}",
        "longitude_3": f"{longitude - 0.0005:.5f}",
        "latitude_3": f"{latitude + 0.0002:.5f}",
        "ring": json.dumps([[round(x, 5), round(y, 5)] for x, y in ring]),
    }
