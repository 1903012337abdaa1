"""Workbooks, JSON, GeoPackage, KML and GeoParquet: what a town's other programs write."""

import datetime
import io
import json
import sqlite3
import struct
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from placette.connect.files.features import GEOMETRY
from placette.model.errors import BadInput, NotFound

POINT = struct.pack("<BIdd", 1, 1, 5.45, 43.53)
KML = """<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Folder>
<Placemark><name>Hôtel</name><ExtendedData><Data name="type"><value>LED</value></Data>
<SchemaData><SimpleData name="power">40</SimpleData></SchemaData></ExtendedData>
<Point><coordinates>5.45,43.53,120</coordinates></Point></Placemark>
<Placemark><name>Place</name><Polygon><outerBoundaryIs><LinearRing><coordinates>0,0 1,0 1,1 0,0</coordinates>
</LinearRing></outerBoundaryIs></Polygon></Placemark>
</Folder></Document></kml>"""


def workbook(rows, sheet="Feuil1", before=()):
    from openpyxl import Workbook

    book = Workbook()
    book.active.title = sheet
    for row in [*before, *rows]:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def geopackage(path, layers=("lights",)):
    con = sqlite3.connect(path)
    con.executescript(
        "CREATE TABLE gpkg_contents (table_name, data_type); CREATE TABLE gpkg_spatial_ref_sys (srs_id, organization,"
        " organization_coordsys_id); INSERT INTO gpkg_spatial_ref_sys VALUES (2154, 'EPSG', 2154);"
        "CREATE TABLE gpkg_geometry_columns (table_name, column_name, srs_id);"
    )
    for layer in layers:
        con.execute("INSERT INTO gpkg_contents VALUES (?, 'features')", [layer])
        con.execute("INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', 2154)", [layer])
        con.execute(f"CREATE TABLE {layer} (fid INTEGER PRIMARY KEY, name TEXT, geom BLOB)")
        header = b"GP\x00\x01" + struct.pack("<i", 2154)
        boxed = b"GP\x00\x03" + struct.pack("<i4d", 2154, 0, 0, 0, 0)
        con.execute(f"INSERT INTO {layer} VALUES (1, 'Hôtel', ?), (2, 'boxed', ?), (3, NULL, NULL)",
                    [header + POINT, boxed + POINT])  # fmt: skip
    con.commit()
    con.close()
    return path.read_bytes()


SHEET = [
    ["date", "NO2 (µg/m3)", "note"],
    [datetime.datetime(2024, 1, 1, 0, 0), 12.5, "a"],
    [datetime.datetime(2024, 1, 1, 1, 0), 13, 7],
]


@pytest.mark.parametrize("name", ["a.xlsx", "a.xlsx.gz", "a.xlsx.zip"])
def test_a_sheet_is_read_with_dates_as_text_and_whole_numbers_plain(read, name):
    got = read(name, workbook([*SHEET, [], [None, None, "end"]]))
    assert got.columns == ("date", "NO2 (µg/m3)", "note")
    assert got.rows[:2] == [
        {"date": "2024-01-01", "NO2 (µg/m3)": 12.5, "note": "a"},
        {"date": "2024-01-01 01:00:00", "NO2 (µg/m3)": 13.0, "note": "7"},
    ]
    assert got.lines == [2, 3, 5]


def test_lines_above_the_names_are_skipped_and_a_sheet_can_be_named(read):
    content = workbook(SHEET, "Mesures", before=[["Ville d'Aix"], ["Export"]])
    assert read("a.xlsx", content, skip_lines=2, layer="Mesures").lines == [4, 5]
    with pytest.raises(NotFound, match="no sheet") as refused:
        read("a.xlsx", content, layer="Autre")
    assert "Mesures" in refused.value.remedy


@pytest.mark.parametrize("content", [b"PK\x03\x04 no", b"hello", workbook([])])
def test_what_is_no_workbook_is_refused(read, content):
    with pytest.raises(BadInput):
        read("a.xlsx", content)


ROWS = [{"t": "2024-01-01", "v": 1, "at": {"lon": 5.4}}, {"t": "2024-01-02", "v": 2}]


@pytest.mark.parametrize(
    ("whole", "records"),
    [(ROWS, ""), ({"count": 2, "data": {"items": ROWS}, "few": [{}]}, ""), ({"a": ROWS, "b": ROWS * 2}, "a")],
)
def test_json_rows_are_found_or_named(read, whole, records):
    got = read("a.json.gz", json.dumps(whole), records=records)
    assert got.rows == [
        {"t": "2024-01-01", "v": 1.0, "at.lon": 5.4},
        {"t": "2024-01-02", "v": 2.0, "at.lon": None},
    ]


@pytest.mark.parametrize("text", ["{", "[]", '{"a": 1}', "[1, 2]", "[" * 20_000])
def test_json_without_rows_is_refused(read, text):
    with pytest.raises(BadInput):
        read("a.json", text)


@pytest.mark.parametrize("suffix", ["", ".gz", ".zip"])
def test_a_geopackage_is_read_with_geometry_and_projection(tmp_path, read, suffix):
    got = read(f"town.gpkg{suffix}", geopackage(tmp_path / "made.gpkg"))
    assert got.source.crs == "EPSG:2154"
    assert [row["name"] for row in got.rows] == ["Hôtel", "boxed", None]
    shapes = [row[GEOMETRY] and json.loads(str(row[GEOMETRY]))["coordinates"] for row in got.rows]
    assert shapes == [[5.45, 43.53], [5.45, 43.53], None]


def test_a_geopackage_of_two_layers_needs_one_named(tmp_path, read):
    content = geopackage(tmp_path / "made.gpkg", ("lights", "trees"))
    with pytest.raises(NotFound, match="several layers") as refused:
        read("a.gpkg", content)
    assert "lights, trees" in refused.value.remedy
    assert len(read("a.gpkg", content, layer="trees").rows) == 3


@pytest.mark.parametrize("content", [b"SQLite format 3\x00 no", b"hello" * 100])
def test_what_is_no_geopackage_is_refused(read, content):
    with pytest.raises(BadInput, match="no GeoPackage"):
        read("a.gpkg", content)


@pytest.mark.parametrize("name", ["a.kml", "a.kml.xz", "a.kmz"])
def test_placemarks_become_rows(tmp_path, take, write, name):
    if name.endswith(".kmz"):
        path = tmp_path / name
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("doc.kml", KML)
            archive.writestr("icons/a.png", b"")
    else:
        path = write(name, KML)
    got = take(path)
    assert json.loads(str(got.rows[0].pop(GEOMETRY))) == {"type": "Point", "coordinates": [5.45, 43.53]}
    assert got.rows[0] == {"name": "Hôtel", "type": "LED", "power": "40"}
    assert json.loads(str(got.rows[1][GEOMETRY]))["type"] == "Polygon"


@pytest.mark.parametrize(
    "text",
    [
        "<html/>",
        "<kml>",
        "<kml>" * 100 + "</kml>" * 100,
        '<!DOCTYPE kml [<!ENTITY a "aaaa">]><kml>&a;</kml>',
        '<!DOCTYPE kml SYSTEM "file:///etc/passwd"><kml/>',
    ],
)
def test_xml_that_is_no_honest_kml_is_refused(read, text):
    with pytest.raises(BadInput, match="no KML"):
        read("a.kml", text)


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_geoparquet_is_read_with_its_geometry(read, suffix):
    geo = {"primary_column": "geom", "columns": {"geom": {"encoding": "WKB", "crs": None}}}
    geo["columns"]["geom"]["crs"] = {"id": {"authority": "EPSG", "code": 2154}}
    table = pa.table({"id": [1, 2], "geom": [POINT, None]}).replace_schema_metadata({"geo": json.dumps(geo)})
    out = io.BytesIO()
    pq.write_table(table, out)
    got = read(f"a.parquet{suffix}", out.getvalue())
    assert got.source.crs == "EPSG:2154"
    assert [row[GEOMETRY] for row in got.rows] == ['{"type":"Point","coordinates":[5.45,43.53]}', None]
