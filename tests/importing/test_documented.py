"""What a mapping may say stands in docs/import.md, and the mapping shown there is the one that is tried."""

from pathlib import Path

import msgspec
import pytest

from placette.harmonise import mapping
from placette.model.file_format import FileFormat

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "import.md").read_text(encoding="utf-8")
PARTS = (mapping.Time, mapping.Things, mapping.Position, mapping.Values, mapping.Sensor, mapping.Mapping, FileFormat)
KEYS = [(part.__name__, field.encode_name) for part in PARTS for field in msgspec.structs.fields(part)]


@pytest.mark.parametrize(("part", "key"), KEYS, ids=[f"{part}.{key}" for part, key in KEYS])
def test_every_key_of_a_mapping_is_documented(part, key):
    assert f"`{key}`" in PAGE or f"[{key}]" in PAGE or f"{key} = " in PAGE


def test_the_mapping_shown_is_the_example():
    assert (ROOT / "examples" / "import" / "comptages.toml").read_text(encoding="utf-8") in PAGE


@pytest.mark.parametrize(
    "path",
    sorted([*(ROOT / "examples" / "import").glob("*.toml"), *(ROOT / "examples" / "mappings").glob("*.toml")]),
    ids=lambda path: path.name,
)
def test_every_example_is_a_good_mapping(path):
    assert mapping.read(path.read_text(encoding="utf-8"), str(path)).title
