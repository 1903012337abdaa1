import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placette.connect.files import opened, text
from placette.connect.files.delimited import Delimited
from placette.connect.files.packed import opened as unpacked
from placette.model.errors import BadInput, UnsupportedMedia
from placette.model.file_format import FileFormat

CELL = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), max_size=6)


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.csv.xz", "a.csv.zip"])
def test_a_table_is_read_packed_or_not(read, name):
    got = read(name, "a,b\n1,2\n3,4\n")
    assert got.rows == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]
    assert got.lines == [2, 3]


@pytest.mark.parametrize(("separator", "said"), [(",", ","), (";", ";"), ("\t", "tab"), ("|", "|")])
def test_the_separator_is_found_from_the_column_names(read, separator, said):
    got = read("a.csv", "a,b\n1,2\n".replace(",", separator))
    assert got.columns == ("a", "b")
    assert got.source.understood["separator"] == said


@pytest.mark.parametrize(
    ("encoding", "data"),
    [("utf-8", "é\n1\n".encode()), ("utf-8", "\ufeffé\n1\n".encode()), ("latin-1", "é\n1\n".encode("latin-1"))],
)
def test_texts_are_read_in_their_encoding(read, encoding, data):
    assert read("a.csv", data, encoding=encoding).columns == ("é",)


def test_a_wrong_encoding_is_told_with_line_byte_and_remedy(read):
    with pytest.raises(BadInput) as refused:
        read("a.csv", "a,b\n1,x\n2,é\n".encode("latin-1"))
    assert refused.value.where.endswith("a.csv, line 3, byte 3")
    assert "windows-1252" in refused.value.remedy


def test_an_unknown_encoding_is_refused(read):
    with pytest.raises(UnsupportedMedia, match="unknown encoding"):
        read("a.csv", "a\n1\n", encoding="latin-99")


def test_lines_above_the_column_names_are_skipped(read):
    got = read("a.csv", "Serial: 7\n\na;b\n1;2\n", skip_lines=2)
    assert (got.columns, got.lines) == (("a", "b"), [4])


def test_column_names_can_be_given(read):
    assert read("a.csv", "1 2\n", columns=("x", "y"), separator=" ").rows == [{"x": "1", "y": "2"}]


def test_column_names_become_different_and_never_empty(read):
    assert read("a.csv", "t,x,x,,\n1,2,3,4,5\n").columns == ("t", "x", "x (2)", "(column 4)", "(column 5)")


def test_rows_without_all_columns_are_set_aside_with_their_line(read):
    got = read("a.csv", 'a,b\n1,2\n\n3\n"x\ny",4\n5,6,7\n , \n8,9\n')
    assert [row["a"] for row in got.rows] == ["1", "x\ny", " ", "8"]
    assert got.lines == [2, 5, 8, 9]
    assert got.odd == [(4, "3"), (7, "5,6,7")]


def test_an_empty_file_is_refused(read):
    with pytest.raises(BadInput, match="the file is empty"):
        read("a.csv", "")
    with pytest.raises(BadInput, match="no column names"):
        read("a.csv.gz", "")


def test_a_file_with_column_names_alone_has_no_rows(read):
    assert read("a.csv", "a,b\n").rows == []


@pytest.mark.parametrize("name", ["a.csv.gz", "a.csv.xz"])
def test_a_truncated_file_gives_what_came_before_the_cut(write, name):
    whole = "a,b\n" + "".join(f"{row},{row * row % 9973}\n" for row in range(300_000))
    path = write(name, whole)
    path.write_bytes(path.read_bytes()[:-20_000])
    rows = []
    with opened(path, FileFormat()) as source, pytest.raises(BadInput, match="cut off or damaged") as refused:
        rows.extend(block.table.num_rows for block in source.blocks(source.columns))
    assert 100_000 < sum(rows) < 300_000
    assert "importing twice adds nothing" in refused.value.remedy


def test_a_truncated_zip_is_refused(write):
    path = write("a.csv.zip", "a,b\n" + "1,2\n" * 1000)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(BadInput, match="cut off or damaged"), opened(path, FileFormat()):
        pass


@given(rows=st.lists(st.tuples(CELL, CELL), min_size=1, max_size=30), block=st.integers(1, 40))
def test_what_the_csv_module_writes_is_read_back_whatever_the_blocks(tmp_path_factory, rows, block):
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([("a", "b"), *rows])
    path.write_bytes(out.getvalue().encode())
    with unpacked(path) as stream:
        source = Delimited(stream, FileFormat(separator=","))
        source._reader._block_bytes = block
        got = [tuple(row.values()) for part in source.blocks(("a", "b")) for row in part.table.to_pylist()]
    assert got == rows


def test_a_stray_quote_does_not_swallow_the_file(read, monkeypatch):
    monkeypatch.setattr(text, "_LONGEST", 1000)
    got = read("a.csv", 'a,b\n1,5" pipe\n' + "2,3\n" * 2000)
    assert got.rows[0] == {"a": "1", "b": '5" pipe'}
    assert len(got.rows) == 2001
