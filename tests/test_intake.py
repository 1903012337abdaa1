"""Arrivals on their way into the store: good ones are stored, bad ones kept, whatever their neighbours are."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from placette.harmonise.messages import MessageReader
from placette.intake import MessageIntake
from placette.model.arrivals import Arrival, DeadLetter
from placette.model.entities import Datastream, ObservedProperty, Sensor, Thing
from placette.model.errors import Busy
from placette.model.networks import Taken
from placette.store import Store, catalogue, inbox


def arrival(payload: str, channel: str = "v1.1/Observations") -> Arrival:
    return Arrival(network="n", channel=channel, payload=payload.encode(), received_time=time.time_ns() // 1000)


def of(datastream: int, time: str = "2026-07-01T12:00:00Z") -> Arrival:
    return arrival(f'{{"result": 1, "phenomenonTime": "{time}", "Datastream": {{"@iot.id": {datastream}}}}}')


@pytest.fixture
def store(tmp_path: Path) -> Any:
    """A store with datastream 1."""
    opened = Store.open(tmp_path / "placette.duckdb")

    def make(con: Any) -> None:
        thing = catalogue.insert_thing(con, Thing(name="t", description=""))
        sensor = catalogue.insert_sensor(con, Sensor(name="s", description=""))
        observed = catalogue.insert_observed_property(
            con, ObservedProperty(name="p", definition="urn:p", description="")
        )
        catalogue.insert_datastream(
            con,
            Datastream(name="d", description="", thing_id=thing, sensor_id=sensor, observed_property_id=observed),
        )

    opened.change_now(make)
    yield opened
    opened.close()


async def test_what_the_store_refuses_is_kept_and_its_neighbours_are_stored(store: Store) -> None:
    bad = [of(99), of(1, "2199-01-01T00:00:00Z")]
    taken = await MessageIntake(store)([of(1), bad[0], of(1, "2026-07-01T13:00:00Z"), bad[1], arrival("{")])
    assert (taken.stored, taken.dead, len(taken.reasons)) == (2, 3, 3)
    letters = [kept.letter for kept in await inbox.list(store)]
    reasons = {letter.arrival.payload: letter.what for letter in letters}
    assert "unknown datastream" in reasons[bad[0].payload]
    assert "ahead" in reasons[bad[1].payload]
    assert all(letter.where.startswith("v1.1/Observations") and letter.remedy for letter in letters)


async def test_one_arrival_that_breaks_the_reader_harms_no_other(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    real = MessageReader._read_one

    def breaks(self: MessageReader, one: Arrival, *more: Any) -> tuple[list[Any], DeadLetter | None]:
        if one.payload == b"poison":
            raise ZeroDivisionError
        return real(self, one, *more)

    monkeypatch.setattr(MessageReader, "_read_one", breaks)
    why = "an error on our side"
    assert await MessageIntake(store)([of(1), arrival("poison")]) == Taken(1, 1, reasons=(why,), aside={1: why})


async def test_a_busy_store_takes_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    async def busy(*_: Any) -> Any:
        raise Busy("full")

    monkeypatch.setattr(store, "append_rows", busy)
    with pytest.raises(Busy):
        await MessageIntake(store)([of(1), arrival("{")])
    assert await inbox.list(store) == []
