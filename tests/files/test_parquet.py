import io
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from placette.connect.files import opened
from placette.model.errors import BadInput
from placette.model.file_format import FileFormat


def parquet(rows: int) -> bytes:
    out = io.BytesIO()
    times = pa.array([datetime(2019, 1, 1, tzinfo=UTC)] * rows)
    pq.write_table(pa.table({"t": times, "v": list(range(rows))}), out)
    return out.getvalue()


def test_rows_keep_their_types_and_are_counted_from_one(read):
    got = read("a.parquet", parquet(3))
    assert got.rows[0] == {"t": datetime(2019, 1, 1, tzinfo=UTC), "v": 0}
    assert got.lines == [1, 2, 3]


def test_only_the_columns_asked_for_are_read(write):
    with opened(write("a.parquet", parquet(3)), FileFormat()) as source:
        assert [block.table.column_names for block in source.blocks(("v",))] == [["v"]]


@pytest.mark.parametrize("data", [b"no parquet", parquet(3)[:-9]])
def test_a_damaged_file_is_refused(read, data):
    with pytest.raises(BadInput, match="cut off or damaged"):
        read("a.parquet", data)
