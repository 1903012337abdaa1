"""Devices are planned, installed, fall silent, are replaced and retired; their sites keep the series."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from placette import city as cities
from placette.city.model import City, Device
from placette.fieldwork import FieldWork, overlay
from placette.harmonise.devices import Devices
from placette.model.entities import Origin
from placette.model.errors import BadInput, Conflict, NotFound
from placette.model.observations import ObservationRow
from placette.publish.city_sync import sync
from placette.publish.latest import things
from placette.store import DatastreamInfo, Store, life
from placette.web.fleet import Fleet

AIX = Path(__file__).resolve().parents[1] / "cities" / "aix"
NOON = 1_780_000_000_000_000
MINUTE = 60_000_000
CODE = "AIX-ROT-AIR-01"


class Street:
    """A city, its store, and a clock that is set by hand."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store = store
        self.folder = folder
        self.now = NOON
        self.told: list[Devices] = []
        self.start()

    def start(self) -> None:
        """Open the city as the server does when it starts."""
        read = cities.read(self.folder)
        self.city: City = overlay(self.store, read)
        sync(self.store, self.city, Origin.MEASURED)
        self.work = FieldWork(
            self.store,
            self.city,
            read.devices,
            Origin.MEASURED,
            lambda _city, devices: self.told.append(devices),
            lambda: self.now,
        )
        self.devices = self.work.settle()

    def frame(self, code: str = CODE, time: int | None = None) -> None:
        """Let a site be heard."""
        at = self.now if time is None else time
        table = [ObservationRow(self.store.directory.by_code[f"{code}/no2"].id, at, 20.0)]
        import asyncio

        asyncio.run(self._append(table))

    async def _append(self, rows: list[ObservationRow]) -> None:
        await self.store.append_rows(rows)

    def drawn(self) -> set[str]:
        """What the public map shows."""
        return {each["properties"]["code"] for each in things(self.store.directory)["features"]}

    def series(self) -> list[DatastreamInfo]:
        return [info for info in self.store.directory.by_id.values() if info.thing_code == CODE]

    def state(self, code: str = CODE) -> str:
        return self.work.site(code).state

    def things(self, **change: str) -> None:
        """Change the folder's line of the device."""
        file = self.folder / "things.csv"
        lines = file.read_text().splitlines()
        header = lines[0].split(",")
        if "network_id" not in header:
            lines = [lines[0] + ",network_id", *(line + "," for line in lines[1:])]
            header.append("network_id")
        for number, line in enumerate(lines):
            if line.startswith(f"{CODE},"):
                cells = line.split(",")
                for name, value in change.items():
                    cells[header.index(name)] = value
                lines[number] = ",".join(cells)
        file.write_text("\n".join(lines) + "\n")


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    folder = tmp_path / "aix"
    shutil.copytree(AIX, folder)
    store = Store.open(tmp_path / "placette.duckdb")
    yield Street(store, folder)
    store.close()


def new_device(street: Street, **more: Any) -> Device:
    old = street.work.site(CODE).device
    made = {"code": "AIX-ROT-AIR-09", "network_id": "70B3D57ED0000009", "address": "Kiosk"} | more
    return msgspec.structs.replace(old, **made)


def test_a_device_is_planned_until_it_is_heard_and_silent_when_it_is_not(street: Street) -> None:
    assert street.state() == "planned"
    street.frame()
    street.work.watch()
    assert street.state() == "installed"
    street.now += 31 * MINUTE  # it sends every ten
    street.work.watch()
    assert street.state() == "silent"
    street.frame()
    street.work.watch()
    assert street.state() == "installed"
    assert [event.state for event in life.events(street.store, CODE)] == ["installed", "silent", "installed", "planned"]


def test_a_replacement_keeps_the_series_and_the_past(street: Street) -> None:
    before = street.store.directory.by_code[f"{CODE}/no2"].id
    street.now += MINUTE
    site = street.work.replace(CODE, "70B3D57ED0000001", note="battery dead")
    assert (site.state, site.attached and site.attached.network_id) == ("replaced", "70B3D57ED0000001")
    assert street.store.directory.by_code[f"{CODE}/no2"].id == before
    devices = street.told[-1]
    found = devices.find("70b3d57ed0000001")
    assert found is not None
    assert found.thing_code == CODE
    assert devices.find(CODE, street.now - 1) is not None
    assert devices.find(CODE, street.now) is None
    street.frame()
    street.work.watch()
    assert street.state() == "installed"


def test_a_device_that_is_in_no_folder_is_installed_and_stays_after_a_restart(street: Street) -> None:
    street.work.install(new_device(street), "scanned")
    assert street.store.directory.by_code["AIX-ROT-AIR-09/no2"].place == "rotonde"
    street.start()
    assert any(device.code == "AIX-ROT-AIR-09" for device in street.city.devices)
    found = street.devices.find("70b3d57ed0000009")
    assert found is not None
    assert found.thing_code == "AIX-ROT-AIR-09"


def test_what_the_field_declared_counts_until_the_folder_is_changed(street: Street) -> None:
    street.now += MINUTE
    street.work.replace(CODE, "70B3D57ED0000001")
    street.start()
    assert street.work.site(CODE).device.network_id == "70B3D57ED0000001"
    street.things(network_id="70B3D57ED0000002")
    street.now += MINUTE
    street.start()
    site = street.work.site(CODE)
    assert (site.device.network_id, site.attached and site.attached.network_id) == ("70B3D57ED0000002",) * 2
    assert [each.network_id for each in life.attachments(street.store, CODE)] == [
        CODE,
        "70B3D57ED0000001",
        "70B3D57ED0000002",
    ]


def test_a_device_of_the_folder_hangs_since_the_day_that_the_folder_says(street: Street) -> None:
    first = life.attachments(street.store, CODE)[0]
    assert datetime.fromtimestamp(first.since / 1e6, ZoneInfo("Europe/Paris")) == datetime(
        2026, 1, 21, tzinfo=ZoneInfo("Europe/Paris")
    )
    street.things(network_id="70B3D57ED0000002", installed="2026-01-22")
    street.now += MINUTE
    street.start()
    assert [each.since for each in life.attachments(street.store, CODE)] == [first.since, street.now]


def test_a_retired_device_stays_away_and_its_history_stays(street: Street) -> None:
    street.frame()
    street.now += MINUTE
    street.work.retire(CODE, "works")
    assert street.state() == "retired"
    street.now += 10**12
    assert street.work.watch() == 0 or street.state() == "retired"
    street.start()
    assert street.state() == "retired"
    assert street.devices.find(CODE) is not None
    assert street.devices.find(CODE, street.now) is None
    assert CODE not in street.drawn()
    street.work.install(street.work.site(CODE).device)
    assert street.state() == "installed"


def test_a_retired_device_leaves_the_map_and_comes_back_with_its_series(street: Street) -> None:
    street.frame()
    fleet = Fleet(street.city, street.store.directory)
    assert CODE in street.drawn()
    assert CODE in {member.code for member in fleet.at("rotonde")}
    street.work.retire(CODE)
    fleet = Fleet(street.city, street.store.directory)
    assert CODE not in street.drawn()
    assert CODE not in {member.code for member in fleet.members}
    assert len(fleet.by_code[CODE].infos) == len(street.series()) > 0
    street.work.install(street.work.site(CODE).device)
    assert CODE in street.drawn()
    assert not any(info.retired for info in street.series())


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"model": "hives"}, BadInput, "no model 'hives'"),
        ({"place": "nowhere"}, BadInput, "no place"),
        ({"network": "lora"}, BadInput, "no network"),
        ({"network_id": "AIX-HDV-AIR-01"}, Conflict, "hangs at 'AIX-HDV-AIR-01'"),
    ],
)
def test_an_installation_that_cannot_be_is_explained(
    street: Street, change: dict[str, str], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        street.work.install(new_device(street, **change))


def test_a_site_that_is_not_there_is_said_so(street: Street) -> None:
    with pytest.raises(NotFound):
        street.work.replace("AIX-0", "70B3D57ED0000001")
