import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placette.harmonise.mapping import Mapping, read
from placette.model.errors import BadInput, PlacetteError

GOOD = """
title = "Noise of the town hall square"
source = "Technical services"
licence = "Licence Ouverte 2.0"

[time]
column = ["date", "hour"]
format = "%d/%m/%Y %H:%M"
zone = "Europe/Paris"
period = "1 hour"

[things]
each = "column"
code = "NOISE-{column}"
kind = "noise"

[[values]]
columns = "*"
property = "laeq"
unit = "dB[SPL]"
"""


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


def test_a_mapping_is_read_with_its_defaults():
    mapping = read(GOOD)
    assert mapping.time is not None
    assert mapping.time.columns == ("date", "hour")
    assert mapping.time.parsed_period == (1, "hour")
    assert (mapping.time.ambiguous, mapping.time.nonexistent) == ("refuse", "refuse")
    assert mapping.file.decimal == "."


@pytest.mark.parametrize(
    ("old", "new", "what", "remedy"),
    [
        ("Europe/Paris", "Europe/Pari", "unknown time zone", "Europe/Paris"),
        ("dB[SPL]", "decibels", "unknown unit 'decibels'", "dB[SPL]"),
        ("%d/%m/%Y %H:%M", "%d/%m %H:%M", "does not fix a date", "%Y-%m-%d"),
        ("1 hour", "hourly", "'hourly' is not a period", "1 hour"),
        ('period = "1 hour"', 'stamp = "end"', "needs a period", "1 hour"),
        ('period = "1 hour"', 'counting_day_start = "6"', "not a time of day", "06:00"),
        ("NOISE-{column}", "NOISE", "needs {column}", "NOISE-{column}"),
        ('each = "column"', 'each = "file"', "one Thing for the file", "each ="),
        ('kind = "noise"', 'kind = "noise"\ncrs = "EPSG:1"', "unknown coordinate system", "EPSG:2154"),
        ('kind = "noise"', 'position = {longitude = 5.4, latitude = "y"}\nkind="a"', "mixes numbers", "two column"),
        ('kind = "noise"', 'kind = "Noise!"', "$.things.kind", "docs/import.md"),
        ('kind = "noise"', 'kind = "noise"\nkindd = "a"', "kindd", "docs/import.md"),
        ('[time]\ncolumn = ["date", "hour"]', "[time]", "$.time", "docs/import.md"),
        ("[time]", "[time", "not TOML", "docs/import.md"),
    ],
)
def test_a_fault_is_explained_with_its_remedy(old, new, what, remedy):
    with pytest.raises(PlacetteError) as refused:
        read(changed(old, new), "m.toml")
    assert what in refused.value.what
    assert remedy in refused.value.remedy
    assert refused.value.where.startswith("m.toml")


def test_values_without_a_time_are_refused():
    start, end = GOOD.index("[time]"), GOOD.index("[things]")
    with pytest.raises(BadInput, match=r"no \[time\]"):
        read(GOOD[:start] + GOOD[end:])


@given(st.text())
def test_any_text_is_a_mapping_or_refused(text):
    with contextlib.suppress(PlacetteError):
        assert isinstance(read(text), Mapping)
