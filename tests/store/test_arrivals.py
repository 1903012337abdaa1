"""What observations came from is kept with them, and the bytes for some days."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.store.conftest import NOON, make_datastreams

from placette.model.arrivals import Arrival
from placette.model.errors import BadObservation
from placette.model.lineage import Lineage, UplinkRecord
from placette.model.observations import ObservationRow
from placette.store import Store, arrivals

DAY = 86_400_000_000
NOW = NOON


@pytest.fixture
def datastream(store: Store) -> int:
    return make_datastreams(store)[0]


def arrival(time: int = NOW, payload: bytes = b"\x01\x02") -> Arrival:
    return Arrival(network="lora", channel="application/1/device/x/event/up", payload=payload, received_time=time)


def record(number: int = 0, **more: object) -> UplinkRecord:
    made = {"lineage": Lineage("em300", "abc", "probe", "def"), "clock": "gateway", "gateways": 2, "fingerprint": 7}
    return UplinkRecord(arrival=number, device="24E124", time=NOW, **(made | more))  # type: ignore[arg-type]


async def test_an_observation_leads_to_what_it_came_from(store: Store, datastream: int) -> None:
    book = arrivals.of(store)
    first = book.allot(2)
    await book.keep(first, [arrival(), arrival()], [record(1)])
    receipt = await store.append_rows([ObservationRow(datastream, NOW, 21.5, arrival_id=first + 1)])
    origin = await book.origin(int(receipt.ids[0]))
    assert origin is not None
    assert (origin.arrival_id, origin.network, origin.kept) == (first + 1, "lora", True)
    assert (origin.device, origin.clock, origin.lineage) == ("24E124", "gateway", record().lineage)


async def test_messages_and_their_observations_are_stored_together_or_not_at_all(store: Store, datastream: int) -> None:
    book = arrivals.of(store)
    first = book.allot(1)
    with pytest.raises(BadObservation):
        await book.keep(first, [arrival()], [record()], [ObservationRow(datastream + 1000, NOW, 21.5)])
    assert store.query_now("SELECT count(*) AS n FROM arrival").to_pylist() == [{"n": 0}]
    await book.keep(first, [arrival()], [record()], [ObservationRow(datastream, NOW, 21.5, arrival_id=first)])
    found = store.query_now("SELECT a.id FROM observation o JOIN arrival a ON a.id = o.arrival_id").to_pylist()
    assert found == [{"id": first}]


async def test_a_batch_that_cannot_be_written_takes_nothing_from_those_beside_it(store: Store) -> None:
    book = arrivals.of(store)
    first = book.allot(4)
    one, other = (record(lineage=Lineage(name, "1", "probe", "1")) for name in ("one", "other"))
    outcomes = await asyncio.gather(
        book.keep(first, [arrival()], [record()]),  # the writer is busy with this while the others gather
        book.keep(first + 1, [arrival()], [one]),
        book.keep(first + 2, [arrival()], [record(counter=2**70)]),
        book.keep(first + 3, [arrival()], [other]),
        return_exceptions=True,
    )
    assert [isinstance(outcome, Exception) for outcome in outcomes] == [False, False, True, False]
    found = store.query_now(
        "SELECT u.arrival_id - ? AS n, l.codec FROM uplink u JOIN lineage l ON l.id = u.lineage_id ORDER BY 1", [first]
    )
    assert found.to_pylist() == [{"n": 0, "codec": "em300"}, {"n": 1, "codec": "one"}, {"n": 3, "codec": "other"}]


async def test_what_a_client_posted_came_from_no_message(store: Store, datastream: int) -> None:
    receipt = await store.append_rows([ObservationRow(datastream, NOW, 21.5)])
    assert await arrivals.of(store).origin(int(receipt.ids[0])) is None


async def test_a_correction_names_the_arrival_that_brought_it(store: Store, datastream: int) -> None:
    book = arrivals.of(store)
    first = book.allot(2)
    await book.keep(first, [arrival(), arrival()], [record(0), record(1)])
    await store.append_rows([ObservationRow(datastream, NOW, 21.5, arrival_id=first)])
    receipt = await store.append_rows([ObservationRow(datastream, NOW, 22.0, arrival_id=first + 1)])
    origin = await book.origin(int(receipt.ids[0]))
    assert origin is not None
    assert origin.arrival_id == first + 1


async def test_bytes_go_after_their_days_and_the_record_stays(store: Store) -> None:
    book = arrivals.of(store)
    first = book.allot(2)
    await book.keep(first, [arrival(NOW - 8 * DAY, b"old"), arrival(payload=b"new")], [record(0), record(1)])
    assert await book.purge(NOW) == 1
    assert [frame.arrival.payload for frame in book.raw("l.codec = ?", ["em300"], 10)] == [b"new"]
    assert store.query_now("SELECT count(*) AS n FROM arrival").to_pylist() == [{"n": 2}]


async def test_ids_and_lineages_go_on_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "p.duckdb"
    for _ in range(2):
        store = Store.open(path)
        book = arrivals.of(store)
        first = book.allot(1)
        await book.keep(first, [arrival()], [record()])
        recent = book.recent()
        store.close()
    assert first == 2
    assert recent == [(7, NOW), (7, NOW)]


@pytest.mark.parametrize("records", [[], [record()]])
async def test_only_arrivals_that_gave_something_are_kept(store: Store, records: list[UplinkRecord]) -> None:
    book = arrivals.of(store)
    await book.keep(book.allot(3), [arrival()] * 3, records)
    assert store.query_now("SELECT count(*) AS n FROM raw_frame").to_pylist() == [{"n": len(records)}]
