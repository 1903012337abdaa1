import io
import json
import zipfile
from pathlib import Path

import pytest
import shapefile

from placette.connect.files.features import GEOMETRY
from placette.model.errors import BadInput, NotFound, UnsupportedMedia

PRJ = 'GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]]]'


def shape_parts(encoding: str = "utf-8") -> dict[str, bytes]:
    parts = {suffix: io.BytesIO() for suffix in ("shp", "shx", "dbf")}
    with shapefile.Writer(**parts, encoding=encoding) as out:
        out.field("name", "C", 20)
        out.field("height", "N", 10, 2)
        out.point(5.45, 43.53)
        out.record("Hôtel", 7.5)
        out.null()
        out.record("nowhere", None)
    return {suffix: part.getvalue() for suffix, part in parts.items()} | {"prj": PRJ.encode()}


def zipped(path: Path, parts: dict[str, bytes], folder: str = "") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for suffix, data in parts.items():
            archive.writestr(f"{folder}lights.{suffix}", data)
    return path


def test_a_zipped_shapefile_is_read_with_attributes_geometry_and_projection(tmp_path, take):
    got = take(zipped(tmp_path / "lights.zip", shape_parts(), "data/"))
    assert json.loads(str(got.rows[0].pop(GEOMETRY))) == {"type": "Point", "coordinates": [5.45, 43.53]}
    assert got.rows == [{"name": "Hôtel", "height": 7.5}, {"name": "nowhere", "height": None, GEOMETRY: None}]
    assert (got.source.crs, got.lines) == (PRJ, [1, 2])


def test_a_shapefile_beside_its_parts_is_read(tmp_path, take):
    for suffix, data in shape_parts().items():
        (tmp_path / f"lights.{suffix}").write_bytes(data)
    assert len(take(tmp_path / "lights.shp").rows) == 2


def test_attributes_of_another_encoding_need_it_declared(tmp_path, take):
    path = zipped(tmp_path / "lights.zip", shape_parts("latin-1"))
    with pytest.raises(BadInput, match="the attributes are no text in utf-8") as refused:
        take(path)
    assert refused.value.where.endswith("feature 1")
    assert "encoding" in refused.value.remedy
    assert take(path, encoding="latin-1").rows[0]["name"] == "Hôtel"


def test_an_encoding_stated_beside_the_shapefile_is_used(tmp_path, take):
    parts = shape_parts("latin-1") | {"cpg": b"ISO-8859-1\n"}
    assert take(zipped(tmp_path / "lights.zip", parts)).rows[0]["name"] == "Hôtel"


def test_a_shapefile_without_its_table_is_refused(tmp_path, take):
    parts = shape_parts()
    del parts["dbf"]
    with pytest.raises(NotFound, match=r"no \.dbf"):
        take(zipped(tmp_path / "lights.zip", parts))


def test_a_cut_shapefile_is_refused(tmp_path, take):
    parts = shape_parts()
    parts["shp"] = parts["shp"][:-30]
    with pytest.raises(BadInput):
        take(zipped(tmp_path / "lights.zip", parts))


def test_geojson_features_become_rows(read):
    point = {"type": "Point", "coordinates": [5.45, 43.53]}
    features = [
        {"type": "Feature", "properties": {"id": 7}, "geometry": point},
        {"type": "Feature", "properties": None, "geometry": None},
    ]
    got = read("a.geojson.xz", json.dumps({"type": "FeatureCollection", "features": features}))
    assert got.rows[0]["id"] == 7
    assert json.loads(str(got.rows[0][GEOMETRY])) == point
    assert got.rows[1] == {"id": None, GEOMETRY: None}


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"features": 1}', '{"features": [1]}', "[" * 20_000])
def test_what_is_no_feature_collection_is_refused(read, text):
    with pytest.raises(BadInput, match="no GeoJSON"):
        read("a.geojson", text)


def test_a_file_of_unknown_kind_is_refused_with_the_known_ones(read):
    with pytest.raises(UnsupportedMedia) as refused:
        read("a.docx", b"PK")
    assert ".parquet" in refused.value.remedy


def test_an_archive_of_several_files_needs_one_named(tmp_path, take):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("one.csv", "a\n1\n")
        archive.writestr("two.csv", "a\n2\n")
    with pytest.raises(NotFound) as refused:
        take(path)
    assert "one.csv, two.csv" in refused.value.remedy
    assert take(path, member="two.csv").rows == [{"a": "2"}]


def test_a_file_that_is_not_there_is_told(tmp_path, take):
    with pytest.raises(NotFound, match="no such file"):
        take(tmp_path / "absent.csv")


def test_features_marked_as_deleted_are_left_out_and_those_without_attributes_are_kept(tmp_path, take):
    parts = shape_parts()
    table = bytearray(parts["dbf"])
    header, width = (int.from_bytes(table[at : at + 2], "little") for at in (8, 10))
    for mark, rows in ((b"*", 1), (b"\0", 2)):
        table[header : header + width] = mark * width
        got = take(zipped(tmp_path / "lights.zip", parts | {"dbf": bytes(table)}))
        assert len(got.rows) == rows
        assert got.rows[-1]["name"] == "nowhere"
    assert got.rows[0]["name"] is None
    assert got.rows[0][GEOMETRY] is not None
