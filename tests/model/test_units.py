import pytest

from placette.model.errors import Unprocessable
from placette.model.units import KNOWN, symbol, unit


def test_every_known_code_has_a_name() -> None:
    assert all(unit(code).name for code in KNOWN)


def test_an_unknown_unit_is_refused_with_the_list_of_what_is_known() -> None:
    with pytest.raises(Unprocessable) as caught:
        unit("furlong")
    assert "ug/m3" in caught.value.remedy


def test_people_see_the_symbol_and_not_the_code() -> None:
    assert symbol("ug/m3") == "µg/m³"
    assert symbol("furlong") == "furlong"
    assert symbol(None) == ""
