import gzip
import json
from datetime import datetime, timedelta

import numpy as np
import pytest

from placette import city
from placette.importing import read as reading
from placette.model.errors import BadInput, Conflict, NotFound, PlacetteError

TWO_HOURS = "t,a,b\n2019-01-01 00:00,50,60\n2019-01-01 01:00,51,\n"
OBSERVATIONS = """
SELECT d.code, o.phenomenon_time, o.phenomenon_end, o.result
FROM observation o JOIN datastream d ON d.id = o.datastream_id ORDER BY ALL
"""
LETTERS = "SELECT what, where_, payload FROM dead_letter ORDER BY id"


def figures(report):
    return report.values, report.inserted, report.unchanged, report.replaced, report.values_set_aside


def test_values_are_stored_with_their_period_in_utc(desk):
    report = desk.load(TWO_HOURS)
    start = datetime(2018, 12, 31, 23)
    hours = [start + timedelta(hours=hour) for hour in range(3)]
    assert desk.rows(OBSERVATIONS) == [
        ("N-a/laeq", hours[0], hours[1], 50.0),
        ("N-a/laeq", hours[1], hours[2], 51.0),
        ("N-b/laeq", hours[0], hours[1], 60.0),
    ]
    assert figures(report) == (3, 3, 0, 0, 0)
    assert (report.things_new, report.series_new, report.missing) == (2, 2, {"": 1})


def test_what_is_made_says_where_it_comes_from(desk):
    desk.load(TWO_HOURS)
    info = desk.store.directory.by_code["N-a/laeq"]
    assert (info.unit, info.kind, info.origin, info.identity) == ("dB[SPL]", "noise", "measured", "phenomenonTime")
    [(properties,)] = desk.rows("SELECT properties FROM datastream WHERE code = 'N-a/laeq'")
    assert json.loads(properties).items() >= {"source": "Town", "licence": "LO", "file": "noise.csv"}.items()


def test_a_second_import_adds_nothing_not_even_dead_letters(desk):
    content = TWO_HOURS + "2019-03-31 02:00,52,53\n2019-01-01 03:00,x,1\n2019-01-01 01:00,99,\nsplit\n"
    first, second = desk.load(content), desk.load(content)
    assert figures(first) == (8, 4, 0, 0, 4)
    assert figures(second) == (8, 0, 4, 0, 4)
    assert (second.things_new, second.series_new) == (0, 0)
    assert len(desk.rows(LETTERS)) == 4
    assert desk.rows("SELECT count(*) FROM observation_change") == [(0,)]


def test_a_corrected_file_replaces_what_changed_and_the_change_is_on_record(desk):
    desk.load(TWO_HOURS)
    assert figures(desk.load(TWO_HOURS.replace("51", "57"))) == (3, 0, 2, 1, 0)
    assert desk.rows("SELECT old_result, new_result FROM observation_change") == [(51.0, 57.0)]


def test_what_is_set_aside_is_kept_with_its_line_and_reason(desk):
    report = desk.load(TWO_HOURS + "2019-03-31 02:00,52,53\n")
    [(what, where, payload)] = desk.rows(LETTERS)
    assert (what, where) == (report.set_aside[0].what, "noise.csv, line 4")
    row = {"t": "2019-03-31 02:00", "a": "52", "b": "53"}
    assert json.loads(payload) == {"line": 4, "columns": ["a", "b"], "row": row}
    assert (report.set_aside[0].rows, report.set_aside[0].values, report.skipped_rows) == (1, 2, 1)


def test_a_preview_stores_nothing_and_shows_the_first_values(desk):
    report = desk.look(TWO_HOURS)
    assert figures(report) == (3, 0, 0, 0, 0)
    assert [(row.line, row.code, row.result) for row in report.first_rows] == [
        (2, "N-a/laeq", 50.0),
        (2, "N-b/laeq", 60.0),
        (3, "N-a/laeq", 51.0),
    ]
    assert desk.rows("SELECT count(*) FROM thing") == [(0,)]


def test_a_truncated_file_keeps_what_came_before_and_says_so(desk):
    lines = (
        f"2019-01-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
        for day in range(1, 8)
        for hour in range(24)
        for minute in range(60)
        for second in range(0, 60, 10)
    )
    rng = np.random.default_rng(3)
    whole = "t,a\n" + "".join(
        f"{line},{value}\n" for line, value in zip(lines, rng.integers(0, 99, 60_480), strict=True)
    )
    packed = gzip.compress(whole.encode())
    report = desk.load(packed[:-9_000], name="noise.csv.gz")
    assert report.failure is not None
    assert "cut off" in report.failure.what
    assert 10_000 < report.inserted < 60_480
    again = desk.load(packed, name="noise.csv.gz")
    assert (again.unchanged, again.inserted) == (report.inserted, 60_480 - report.inserted)


def test_a_file_of_which_nothing_can_be_used_is_refused_at_once(desk):
    with pytest.raises(BadInput, match="nothing of the first 2 rows can be used: the value is not a number") as refused:
        desk.load("t;a\n2019-01-01;2,5\n2019-01-02;2,6\n")
    assert refused.value.where.endswith("noise.csv, line 2")
    assert "[file] decimal" in refused.value.remedy
    assert desk.rows("SELECT count(*) FROM thing") == [(0,)]


def test_the_future_is_set_aside_unless_it_is_a_forecast(desk):
    content = TWO_HOURS + "2190-01-01 00:00,1,2\n"
    assert desk.load(content).values_set_aside == 2
    forecast = desk.mapping.replace('licence = "LO"', 'licence = "LO"\norigin = "forecast"').replace("N-{", "F-{")
    assert desk.load(content, forecast).values_set_aside == 0


@pytest.mark.parametrize(("old", "new"), [("dB[SPL]", "dB"), ('licence = "LO"', 'licence = "LO"\norigin = "modelled"')])
def test_what_a_datastream_is_never_changes(desk, old, new):
    desk.load(TWO_HOURS)
    with pytest.raises(Conflict, match="'N-a/laeq' is there already"):
        desk.load(TWO_HOURS, desk.mapping.replace(old, new))


def test_files_larger_than_a_block_are_read_in_blocks(desk, monkeypatch):
    monkeypatch.setattr(reading, "_APPEND_ROWS", 100)
    steps = []
    rows = "".join(f"{1_546_300_800 + 60 * row},{row % 90},{row % 80}\n" for row in range(300_000))
    mapping = desk.mapping.replace('zone = "Europe/Paris"', 'format = "epoch s"').replace("1 hour", "1 minute")
    report = desk.look("t,a,b\n" + rows, mapping, progress=steps.append)
    assert (report.rows, report.values) == (300_000, 600_000)
    assert len(steps) > 1
    assert steps[-1].done == steps[-1].total == report.bytes


def test_thousands_of_things_come_in_one_go(desk):
    mapping = """
    title = "Lights"
    source = "Town"
    licence = "LO"
    [things]
    each = "row"
    code = "L-{id}"
    kind = "light"
    position = { longitude = "x", latitude = "y" }
    """
    rows = "".join(f"{row},{5 + row / 1e4:.4f},43.5\n" for row in range(5_000))
    report = desk.load("id,x,y\n" + rows + "bad,200,43\n", mapping)
    assert (report.things_new, report.set_aside[0].rows) == (5_000, 1)
    assert desk.rows("SELECT count(*), max(longitude) FROM location") == [(5_000, 5.4999)]
    assert desk.rows("SELECT count(*) FROM historical_location_location") == [(5_000,)]
    assert desk.load("id,x,y\n" + rows, mapping).things_new == 0


@pytest.fixture
def arles(tmp_path):
    city.scaffold("Arles", tmp_path / "arles", longitude=4.6278, latitude=43.6777)
    return city.read(tmp_path / "arles")


def test_a_city_lends_its_zone_and_the_names_of_its_properties(desk, arles):
    mapping = desk.mapping.replace('zone = "Europe/Paris"\n', "").replace("laeq", "pedestrians")
    mapping = mapping.replace("dB[SPL]", "{person}")
    with pytest.raises(BadInput, match="do not say their zone"):
        desk.load(TWO_HOURS, mapping)
    desk.load(TWO_HOURS, mapping, city=arles)
    [(name,)] = desk.rows("SELECT name FROM observed_property")
    assert name == arles.properties["pedestrians"].names["fr"]


def test_a_place_the_city_does_not_have_is_refused_with_those_it_has(desk, arles):
    with pytest.raises(BadInput, match="no place 'elsewhere'") as refused:
        desk.load(TWO_HOURS, desk.mapping.replace('kind = "noise"', 'kind = "noise"\nplace = "elsewhere"'), city=arles)
    assert arles.places[0].key in refused.value.remedy


def test_positions_in_a_file_beside_are_taken_by_name(desk):
    position = '\nposition = { file = "where.csv", key = "name", longitude = "x", latitude = "y" }'
    mapping = desk.mapping.replace('kind = "noise"', 'kind = "noise"' + position)
    with pytest.raises(NotFound, match="no such file"):
        desk.load(TWO_HOURS, mapping)
    desk.write("name,x,y\na,4.6,43.7\n", "where.csv")
    assert desk.load(TWO_HOURS, mapping).things_unplaced == ("N-b",)
    assert desk.store.directory.by_code["N-a/laeq"].longitude == 4.6


@pytest.mark.parametrize(
    ("content", "mapping", "what"),
    [
        ("t,a\n", "title = 1", "the mapping cannot be used"),
        ("time,a\n", None, "the file has no column 't'"),
        ("", None, "the file is empty"),
        (b"t,a\n2019-01-01,\xe9\n", None, "no text in utf-8"),
    ],
)
def test_what_cannot_be_read_at_all_is_an_error(desk, content, mapping, what):
    with pytest.raises(PlacetteError, match=what):
        desk.load(content, mapping or desk.mapping)
