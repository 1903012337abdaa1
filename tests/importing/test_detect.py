"""What detection says of small files that are written for one question each."""

import csv
import io
import tomllib

import pytest

from placette.harmonise import mapping
from placette.importing import import_file
from placette.importing.detect import SURE, Known, detect, mapping_text
from placette.importing.detect.correct import corrected
from placette.importing.detect.schemas import known

PARIS = Known("Europe/Paris", {})


@pytest.fixture
def understand(tmp_path):
    def understand(content, name="a.csv", known=PARIS):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return detect(path, known)

    return understand


def hours(count, start="2024-01-01", written="%Y-%m-%d %H:%M"):
    import datetime

    first = datetime.datetime.fromisoformat(start)
    return [(first + datetime.timedelta(hours=at)).strftime(written) for at in range(count)]


def table(names, rows, separator=","):
    out = io.StringIO()
    csv.writer(out, delimiter=separator).writerows([names, *rows])
    return out.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1252", "mac-roman"])
def test_encodings_are_told_apart(understand, encoding):
    rows = [[time, f"{at},5", "Hôtel de Ville, été"] for at, time in enumerate(hours(40))]
    found = understand(table(["date", "température", "lieu"], rows, ";").encode(encoding))
    assert found.format.encoding == encoding.removesuffix("-sig")
    assert found.columns[1].name == "température"


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separators_are_told_apart(understand, separator):
    assert (
        understand(table(["date", "pm10"], [[t, "1.5"] for t in hours(9)], separator)).value("separator") == separator
    )


@pytest.mark.parametrize(
    ("cells", "decimal", "thousands"),
    [
        (["1,5", "12,25", "3"], ",", ""),
        (["1 184,5", "12,25", "902"], ",", " "),
        (["1.184,5", "12,25", "902"], ",", "."),
        (["1,184.5", "12.25", "902"], ".", ","),
        (["1184.5", "12.25", "902"], ".", ""),
    ],
)
def test_marks_of_numbers_are_told_apart(understand, cells, decimal, thousands):
    found = understand(table(["date", "pm10"], zip(hours(30), cells * 10, strict=True), ";"))
    assert (found.value("decimal"), found.value("thousands")) == (decimal, thousands)


@pytest.mark.parametrize(
    ("cells", "missing"),
    [(["1", "NA", "3"], "NA"), (["1.5", "-200", "2.5"], "-200"), (["5", "-999", "8"], "-999"), (["1", "2", "3"], ""),
     (["-1", "0", "1"], "")],
)  # fmt: skip
def test_codes_for_no_value_are_found_and_cold_days_are_none(understand, cells, missing):
    assert understand(table(["date", "temp"], zip(hours(30), cells * 10, strict=True))).value("missing") == missing


@pytest.mark.parametrize(
    ("written", "expected"),
    [("%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M"), ("%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M"), ("%d.%m.%Y %H.%M", "%d.%m.%Y %H.%M"),
     ("%Y%m%d%H", "%Y%m%d%H"), ("%Y-%m-%dT%H:%M:%SZ", ""), ("%d/%m/%y %Hh%M", "%d/%m/%y %Hh%M")],
)  # fmt: skip
def test_ways_to_write_times_are_told_apart(understand, written, expected):
    rows = [[time, "1.5"] for time in hours(24 * 40, written=written)]
    assert understand(table(["date", "pm10"], rows)).value("format") == expected


def test_days_and_months_that_could_change_places_are_a_doubt(understand):
    found = understand(table(["date", "pm10"], [["01/02/2024", "1"], ["02/02/2024", "2"], ["03/02/2024", "2"]]))
    assert found.value("format") == "%d/%m/%Y"
    assert "%m/%d/%Y" in found.facts["format"].alternatives


def test_a_file_without_column_names_gets_some(understand):
    found = understand(table([*hours(1), "1.5"], [[time, "2.5"] for time in hours(20)]))
    assert found.format.columns == ("column 1", "column 2")


@pytest.mark.parametrize(
    ("x", "y", "crs"),
    [("5.45", "43.53", "EPSG:4326"), ("897000", "6272000", "EPSG:2154"), ("1897000", "3160000", "EPSG:3944")],
)
def test_coordinate_systems_are_told_by_their_numbers(understand, x, y, crs):
    found = understand(table(["id", "x", "y"], [[str(at), x, y] for at in range(5)]))
    assert (found.layout, found.value("position")) == ("inventory", crs)


def test_fahrenheit_is_turned_into_celsius(understand):
    found = understand(table(["date", "Temp (°F)"], [[time, "50"] for time in hours(9)]))
    column = found.columns[1]
    assert (column.unit, round(50 * column.multiply + column.add, 6)) == ("Cel", 10.0)


LIMESURVEY = table(
    ["id", "submitdate", "lastpage", "startlanguage", "Votre nom", "email", "ipaddr", "q1. Satisfaction ?",
     "q2. Note ?", "q3. Commentaires"],
    [[str(at), time, "3", "fr", f"Dupont {at}", f"a{at}@b.fr", f"10.0.0.{at}", ["bien", "mal"][at % 2], str(at % 5),
      f"Je trouve que la place {at} est un peu bruyante le soir venu"] for at, time in
     enumerate(["2024-05-01 10:00:00"] * 30)],
)  # fmt: skip
KOBO = table(
    ["start", "end", "Nom", "phonenumber", "Age", "Bruit ?", "_id", "_uuid", "_submission_time", "_submitted_by"],
    [[time, time, "x", "0601020304", "30", "oui", str(at), "u", time, "jo"] for at, time in enumerate(hours(20))],
)


def test_a_limesurvey_export_keeps_questions_and_leaves_persons_out(understand):
    found = understand(LIMESURVEY)
    roles = {each.name: each.role for each in found.columns}
    assert found.layout == "survey"
    assert {name for name, role in roles.items() if role == "personal"} == {
        "Votre nom", "email", "ipaddr", "q3. Commentaires"}  # fmt: skip
    assert (roles["q1. Satisfaction ?"], roles["q2. Note ?"]) == ("category", "value")
    assert not any(each.samples for each in found.columns if each.role == "personal")


def test_a_kobo_export_is_known(understand):
    found = understand(KOBO)
    roles = {each.name: each.role for each in found.columns}
    assert found.layout == "survey"
    assert all(roles[name] == "personal" for name in ("phonenumber", "Age", "_submitted_by"))
    assert roles["Bruit ?"] == "category"


def test_answers_given_at_the_same_time_are_all_kept_once_and_no_person(desk):
    path = desk.write(LIMESURVEY, "enquete.csv")
    saved = desk.write(mapping_text(detect(path, PARIS)), "m.toml")
    first, again = import_file(desk.store, path, saved), import_file(desk.store, path, saved)
    assert (first.inserted, again.inserted, again.unchanged) == (60, 0, 60)
    texts = desk.rows("SELECT DISTINCT result_json FROM observation WHERE result_json IS NOT NULL ORDER BY 1")
    assert texts == [('"bien"',), ('"mal"',)]
    kept = str(desk.rows("SELECT * FROM thing")) + str(desk.rows("SELECT * FROM datastream"))
    assert "Dupont" not in kept
    assert "@b.fr" not in kept


def test_a_row_that_cannot_be_cut_is_not_kept_where_columns_are_left_out(desk):
    content = table(["date", "pm10", "contact"], [[time, "1.5", "jo@aix.fr"] for time in hours(9)])
    path = desk.write(content + "2024-02-01 00:00,2,3,secret@aix.fr\n", "a.csv")
    report = import_file(desk.store, path, desk.write(mapping_text(detect(path, PARIS)), "m.toml"))
    assert [(each.rows, each.examples[0].line) for each in report.set_aside] == [(1, 11)]
    everything = str(report) + str(desk.rows("SELECT * FROM dead_letter"))
    assert "aix.fr" not in everything


SIRENE = table(
    ["siren", "nic", "siret", "statutDiffusionEtablissement", "trancheEffectifsEtablissement",
     "complementAdresseEtablissement", "libelleVoieEtablissement", "enseigne1Etablissement",
     "denominationUsuelleEtablissement", "activitePrincipaleEtablissement", "coordonneeLambertAbscisseEtablissement",
     "coordonneeLambertOrdonneeEtablissement"],
    [["552100554", f"{at:05}", f"55210055400{at:03}", "O", "11", "CHEZ M DURAND", "COURS MIRABEAU", f"BOUTIQUE {at}",
      "DURAND JEAN", "47.11B", "897500.5", "6273100.2"] for at in range(6)],
)  # fmt: skip
TREES = table(
    ["id", "longitude", "latitude", "genre", "espece", "nom_vernaculaire", "hauteur", "date_plantation", "matricule"],
    [
        [str(at), "5.447", "43.529", "Platanus", "x hispanica", "Platane", "18", "1890-01-01", f"P{at}"]
        for at in range(4)
    ],
)
REQUESTS = table(
    ["service_request_id", "status", "service_name", "description", "requested_datetime", "lat", "long", "email"],
    [[f"R{at}", "open", "Lampadaire éteint", "Je suis Mme X", "2024-01-01T10:00:00Z", "43.53", "5.45", "x@y.fr"]
     for at in range(3)],
)  # fmt: skip
LIGHTS = table(["idSup", "idArm", "idDep", "X", "Y"], [[f"S{at}", "A1", "D1", "897500", "6273100"] for at in range(3)])
BINS = table(["id_corbeille", "type", "volume", "longitude", "latitude"], [["7", "tri", "80", "5.45", "43.53"]])


@pytest.mark.parametrize(
    ("content", "schema", "code", "crs"),
    [
        (SIRENE, "sirene_etablissements", "SIRET-55210055400000", "EPSG:2154"),
        (TREES, "arbres_urbains", "TREE-0", "EPSG:4326"),
        (REQUESTS, "demandes_open311", "REQ-R0", "EPSG:4326"),
        (LIGHTS, "eclext_supports", "LIGHT-S0", "EPSG:2154"),
        (BINS, "corbeilles", "BIN-7", "EPSG:4326"),
    ],
)
def test_municipal_files_are_known_by_their_header_and_become_things(desk, content, schema, code, crs):
    path = desk.write(content, "ville.csv")
    found = detect(path, PARIS)
    assert (found.schema, found.value("position"), found.doubts) == (schema, crs, ())
    report = import_file(desk.store, path, desk.write(mapping_text(found), "m.toml"))
    assert report.things_unplaced_count == 0
    assert (code,) in desk.rows("SELECT code FROM thing")
    longitude, latitude = desk.rows("SELECT longitude, latitude FROM location LIMIT 1")[0]
    assert 5.3 < longitude < 5.6
    assert 43.4 < latitude < 43.7
    everything = str(desk.rows("SELECT * FROM thing"))
    assert not any(word in everything for word in ("DURAND", "x@y.fr", "Mme X"))


@pytest.mark.parametrize("schema", known(), ids=lambda schema: schema.key)
def test_every_schema_knows_its_needs_and_has_an_identifier(schema):
    assert set(schema.needs) <= set(schema.columns)
    assert [column for column in schema.columns.values() if column.role == "identifier"]


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("contact", ["jo"]),
        ("a", ["jo@aix.fr"]),
        ("b", ["06 01 02 03 04"]),
        ("c", ["10.0.0.7"]),
        ("d", ["a0:b1:c2:d3:e4:f5"]),
    ],
)
def test_columns_of_persons_are_proposed_for_nothing_and_never_shown(understand, name, cells):
    found = understand(table(["date", "pm10", name], [[time, "1.5", *cells] for time in hours(9)]))
    column = found.columns[2]
    assert (column.role, column.samples) == ("personal", ())
    assert cells[0] not in mapping_text(found)


@pytest.mark.parametrize("text", ['"; rm -rf', "a\nb", "\x00\x1b[31m", "]] # \\u", "{x}"])
def test_odd_names_of_columns_make_a_mapping_that_can_be_read(understand, text):
    found = understand(table(["date", text, "pm10"], [[time, "1.5", "2"] for time in hours(9)]))
    assert tomllib.loads(mapping_text(found))


def test_a_mapping_can_be_read_and_says_its_evidence(understand):
    text = mapping_text(understand(table(["date", "PM10 (µg/m³)"], [[time, "1.5"] for time in hours(9)])))
    assert mapping.read(text).values[0].unit == "ug/m3"
    assert "# ? 40%: nothing says which clock wrote the times" in text


def test_offsets_in_the_text_are_proof_of_the_zone(understand):
    found = understand(table(["date", "pm10"], [[f"{time}+02:00", "1"] for time in hours(9)]))
    assert found.facts["zone"].confidence > SURE


def test_what_a_person_says_of_columns_and_facts_counts(understand):
    found = understand(table(["jour", "relevé", "x1"], [["2024-01-01", time, "5"] for time in hours(9)]))
    said = {"seen": "1", "role.0": "unused", "role.1": "time", "property.2": "pm10", "unit.2": "ug/m3", "zone": "UTC"}
    told = corrected(found, said | {"role.2": "value", "format": "", "source": "Town"})
    read = mapping.read(mapping_text(told))
    assert (read.time.columns, read.time.zone, read.source) == (("relevé",), "UTC", "Town")
    assert (read.values[0].observed_property, read.values[0].unit) == ("pm10", "ug/m3")
    assert [column.confidence for column in told.columns] == [1.0, 1.0, 1.0]


def test_what_is_said_of_all_columns_spares_those_that_were_corrected(understand):
    rows = [[time, "5", "6", "7"] for time in hours(9)]
    found = understand(table(["date", "1 High Street", "K Road", "Quay"], rows))
    said = {"seen": "1", "property": "pedestrians", "unit": "{person}", "property.2": "bicycles", "unit.2": "{vehicle}"}
    told = corrected(found, said)
    assert [(each.observed_property, each.unit) for each in told.columns[1:]] == [
        ("pedestrians", "{person}"),
        ("bicycles", "{vehicle}"),
        ("pedestrians", "{person}"),
    ]


def test_a_text_that_is_no_time_does_not_decide_which_is_the_month(understand):
    days = [f"{day:02}/05/2024 {hour:02}:00" for day in (1, 2, 3) for hour in range(24)]
    found = understand(table(["date", "pm10"], [[day, "5"] for day in [*days, "pas de date"]]))
    assert found.value("format") == "%d/%m/%Y %H:%M"
