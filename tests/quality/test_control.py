"""What comes over a network is flagged before it is stored, and a spike is known one value later."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from tests.quality.conftest import CHECKS, NOON, TEN, Make, flags, put

from placette.model.observations import ObservationRow
from placette.quality.control import StreamingControl
from placette.store import Store


def row(datastream: int, step: int, result: float | None, **more: object) -> ObservationRow:
    return ObservationRow(datastream, NOON + step * TEN, result, **more)


async def send(store: Store, control: StreamingControl, rows: Sequence[ObservationRow]) -> None:
    """Flag and store, as the intake does."""
    flagged = await control.flag(rows)
    assert len(flagged.rows) == len(rows)
    await store.append_rows(flagged.rows + flagged.mended)


@pytest.mark.parametrize("batch", [1, 2, 7])
async def test_each_fault_has_its_flag_however_the_rows_come(store: Store, make: Make, batch: int) -> None:
    datastream = make("AIR")
    control = StreamingControl(store, CHECKS)
    rows = [row(datastream, step, value) for step, value in enumerate([20.0, 20.5, 33.0, 20.6, None, 99.0, 20.7])]
    for start in range(0, len(rows), batch):
        await send(store, control, rows[start : start + batch])
    assert flags(store, datastream) == [1, 1, 4, 3, 9, 4, 1]
    results = store.query_now("SELECT result FROM observation ORDER BY phenomenon_time").column("result").to_pylist()
    assert results == [20.0, 20.5, 33.0, 20.6, None, 99.0, 20.7]


async def test_a_mended_row_keeps_all_it_had(store: Store, make: Make) -> None:
    datastream = make("AIR")
    control = StreamingControl(store, CHECKS)
    await send(store, control, [row(datastream, 0, 20.0), row(datastream, 1, 20.0)])
    full = {"result_time": NOON + 3 * TEN, "extra": '{"parameters":{"snr":9}}'}
    await send(store, control, [row(datastream, 2, 30.0, **full)])
    await send(store, control, [row(datastream, 3, 20.1)])
    sql = "SELECT result, epoch_us(result_time) AS result_time, extra, quality FROM observation WHERE result = 30"
    assert store.query_now(sql).to_pylist() == [{"result": 30.0, **full, "quality": 4}]


async def test_a_start_knows_the_last_values(store: Store, make: Make) -> None:
    datastream = make("AIR")
    put(store, datastream, [NOON + step * TEN for step in range(6)], [20.0] * 6)
    await send(store, StreamingControl(store, CHECKS), [row(datastream, 6, 20.0)])
    assert flags(store, datastream)[-1] == 3, "an hour without change, most of it before the start"
    again = StreamingControl(store, CHECKS)
    await send(store, again, [row(datastream, 7, 26.0)])
    await send(store, StreamingControl(store, CHECKS), [row(datastream, 8, 20.0)])
    assert flags(store, datastream)[7] == 3, "the value before the start was a spike"


async def test_late_repeated_and_foreign_rows_are_left_alone(store: Store, make: Make) -> None:
    datastream, unknown = make("AIR"), make("RAIN", "rain", "mm")
    control = StreamingControl(store, CHECKS)
    rows = [
        row(datastream, 5, 20.0),
        row(datastream, 4, 20.0),
        row(datastream, 5, 20.0),
        row(datastream, 6, None, result_json='"open"'),
        row(datastream, 7, 99.0, quality=1),
        row(unknown, 1, 5.0),
        row(987_654, 1, 5.0),
    ]
    assert [each.quality for each in (await control.flag(rows)).rows] == [1, 2, 1, 2, 1, 2, 2]


async def test_the_range_of_the_device_goes_before_that_of_the_property(store: Store, make: Make) -> None:
    narrow, foreign = make("A", minimum=-10, maximum=30), make("B", unit="K", minimum=200, maximum=340)
    rows = [row(narrow, 0, 31.0), row(foreign, 0, 293.0), row(foreign, 1, 400.0)]
    assert [each.quality for each in (await StreamingControl(store, CHECKS).flag(rows)).rows] == [4, 1, 4]


async def test_a_datastream_that_changes_is_judged_by_its_new_range(store: Store, make: Make) -> None:
    datastream = make("A", minimum=-10, maximum=30)
    control = StreamingControl(store, CHECKS)
    assert (await control.flag([row(datastream, 0, 35.0)])).rows[0].quality == 4
    wide = msgspec.json.encode({"code": "A/temperature", "every_s": 600, "maximum": 60}).decode()
    store.change_now(lambda con: con.execute("UPDATE datastream SET properties = ?", [wide]).fetchall())
    assert (await control.flag([row(datastream, 1, 35.0)])).rows[0].quality == 1


async def test_a_row_keeps_every_field_but_its_flag(store: Store, make: Make) -> None:
    datastream = make("AIR")
    full = ObservationRow(datastream, NOON, 20.0, None, NOON + TEN, NOON + 2 * TEN, 2, None, "{}", 7)
    (found,) = (await StreamingControl(store, CHECKS).flag([full])).rows
    assert msgspec.structs.asdict(found) == msgspec.structs.asdict(full) | {"quality": 1}
