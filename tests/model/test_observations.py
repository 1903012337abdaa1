import pyarrow as pa
import pytest

from placette.model.observations import OBSERVATION_SCHEMA, ObservationRow, Quality, complete, table_of


def test_absent_columns_are_null_and_quality_is_not_evaluated() -> None:
    table = complete(pa.table({"datastream_id": [1], "phenomenon_time": pa.array([0], pa.timestamp("us"))}))
    assert table.schema == OBSERVATION_SCHEMA
    assert table.to_pylist()[0]["quality"] == Quality.NOT_EVALUATED
    assert table.to_pylist()[0]["result"] is None


def test_a_table_without_times_names_what_is_absent() -> None:
    with pytest.raises(KeyError, match="phenomenon_time"):
        complete(pa.table({"datastream_id": [1]}))


def test_rows_and_tables_say_the_same() -> None:
    rows = [ObservationRow(1, 5, 2.5), ObservationRow(2, 6, result_json='"open"', quality=1)]
    table = table_of(rows)
    assert table.schema == OBSERVATION_SCHEMA
    assert table.column("result").to_pylist() == [2.5, None]
    assert table.column("result_json").to_pylist() == [None, '"open"']
