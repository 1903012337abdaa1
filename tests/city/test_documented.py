"""Every key a city folder may have is explained in docs/city.md."""

from pathlib import Path

import msgspec
import pytest

from placette.city import model, things

PAGE = (Path(__file__).parents[2] / "docs" / "city.md").read_text(encoding="utf-8")
WRITTEN = (
    model.Contact,
    model.Licence,
    model.Population,
    model.Source,
    model.Place,
    model.Property,
    model.Quantity,
    model.DeviceModel,
    model.Network,
    model.Market,
    model.Occasion,
)


@pytest.mark.parametrize("kind", WRITTEN, ids=lambda kind: kind.__name__)
def test_every_key_is_documented(kind):
    keys = [field.name for field in msgspec.structs.fields(kind)]
    assert [key for key in keys if f"`{key}`" not in PAGE and f".{key}]]`" not in PAGE] == []


def test_every_column_and_objective_is_documented():
    names = (*things.REQUIRED, *things.OPTIONAL, *model.OBJECTIVES)
    assert [name for name in names if f"`{name}`" not in PAGE] == []
