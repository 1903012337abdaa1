"""What a person changes is stated; what was shown and left as it was stays a guess with its evidence."""

from __future__ import annotations

import msgspec
import pytest

from placette.importing.detect import Known, Understood, detect
from placette.importing.detect.correct import FACTS, THINGS, corrected, reread, written

AIR = "date;NO2 (µg/m3);débit\n" + "".join(f"{day:02}/05/2024 10:00;{day},5;{day % 7}\n" for day in range(1, 29))
PARIS = Known("Europe/Paris", {})


@pytest.fixture
def air(tmp_path):
    path = tmp_path / "air.csv"
    path.write_text(AIR, encoding="utf-8")

    def understand(said=None):
        return detect(path, PARIS, said)

    return understand


def form(found: Understood) -> dict[str, str]:
    """What a browser sends of the page's form when nothing in it was touched."""
    said = {
        "seen": "1",
        "property": "",
        "unit": "",
        "title": found.title,
        "ambiguous": found.value("ambiguous") or "refuse",
    }
    said |= {name.replace(" ", "_"): found.value(name) for name in FACTS if name != "ambiguous"}
    said |= {name: found.things.get(name, "") for name in THINGS}
    for at, column in enumerate(found.columns):
        said[f"role.{at}"] = column.role
        if column.role in ("value", "category"):
            said |= {f"property.{at}": column.observed_property, f"unit.{at}": column.unit}
    said |= {
        name: str(getattr(found.format, name))
        for name in ("encoding", "separator", "skip_lines", "decimal", "thousands")
    }
    return said | {"missing": "  ".join(found.format.missing), "source": "", "licence": ""}


def test_a_form_sent_untouched_changes_nothing(air) -> None:
    found = air()
    assert any(guess.confidence < 1 for guess in found.facts.values())
    assert written(found, form(found)) is None
    sent = corrected(found, form(found))
    assert (sent.facts, sent.columns, sent.doubts) == (found.facts, found.columns, found.doubts)


@pytest.mark.parametrize(
    ("name", "text", "fact"),
    [("zone", "UTC", "zone"), ("period", "1 hour", "period"), ("ambiguous", "first", "ambiguous")],
)
def test_only_the_fact_that_was_changed_is_stated(air, name, text, fact) -> None:
    found = air()
    sent = corrected(found, form(found) | {name: text})
    changed = {key for key, guess in sent.facts.items() if guess != found.facts.get(key)}
    assert changed == {fact}
    assert (sent.facts[fact].value, sent.facts[fact].confidence) == (text, 1.0)
    assert sent.columns == found.columns


def test_only_the_column_that_was_changed_is_stated(air) -> None:
    found = air()
    sent = corrected(found, form(found) | {"property.2": "flow", "unit.2": "m3/s"})
    assert [one == other for one, other in zip(sent.columns, found.columns, strict=True)] == [True, True, False]
    assert msgspec.structs.astuple(sent.columns[2])[2:4] == (1.0, "as stated by you")


def test_of_how_a_file_is_written_only_what_was_changed_is_stated(air) -> None:
    found = air()
    said = form(found) | {"decimal": "."}
    again = reread(found, air(written(found, said)))
    changed = {key for key, guess in again.facts.items() if guess != found.facts.get(key)}
    assert again.facts["decimal"].evidence == "as stated by you"
    assert changed & {"encoding", "separator", "header", "thousands", "missing"} == set()
