"""CrowdQC+ against what its authors' program says of their own data: 624 stations of Berlin, May 2023."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.csv
import pytest

from placette.analyse.quality.crowd import Crowd, CrowdSettings, crowd_flags, own_position

LEVELS = ("m1", "m2", "m3", "m4", "m5", "o1", "o2", "o3")


class Reference:
    """The stations × hours of the reference, and its flags as written."""

    def __init__(self, file: Path) -> None:
        table = pyarrow.csv.read_csv(file).sort_by([("p_id", "ascending"), ("time", "ascending")])
        stations = len(table.column("p_id").unique())
        self._columns = {name: table.column(name).to_numpy().reshape(stations, -1) for name in table.column_names}
        hours = self["time"][0].astype("datetime64[us]").astype(np.int64)
        self.crowd = Crowd(self["lon"][:, 0], self["lat"][:, 0], self["z"][:, 0], hours)

    def __getitem__(self, name: str) -> Any:
        return self._columns[name]


@pytest.fixture(scope="module")
def reference(shared_data: Path) -> Reference:
    return Reference(shared_data / "reference" / "crowdqc_reference_flags.csv.gz")


def test_every_flag_of_every_level_is_that_of_the_original(reference: Reference) -> None:
    found = crowd_flags(reference["ta"], reference.crowd)
    assert {name: int((getattr(found, name) != reference[name]).sum()) for name in LEVELS} == dict.fromkeys(LEVELS, 0)
    assert [int(getattr(found, name).sum()) for name in LEVELS] == [
        *(275_666, 260_503, 258_451, 230_233, 130_732),
        *(153_841, 71_423, 41_334),
    ]
    assert (found.isolated[:, None] == reference["isolated"]).all()
    assert found.isolated.sum() * len(reference.crowd.hours) == 198_912


def test_students_t_without_isolated_stations_passes_as_many_as_the_original(reference: Reference) -> None:
    found = crowd_flags(reference["ta"], reference.crowd, CrowdSettings(student=True, keep_isolated=False))
    counts = {name: int(getattr(found, name).sum()) for name in ("m2", "m3", "m4", "m5", "o3")}
    assert counts == {"m2": 260_664, "m3": 258_601, "m4": 230_105, "m5": 33_908, "o3": 3_436}


def test_a_station_at_the_place_of_another_is_nowhere() -> None:
    east, north = np.array([13.1, 13.2, 13.1, np.nan]), np.array([52.5, 52.5, 52.5, 52.5])
    assert own_position(Crowd(east, north, np.zeros(4), np.zeros(1, np.int64))).tolist() == [False, True, False, False]


def test_no_stations_and_no_values_are_no_fault() -> None:
    nothing = Crowd(np.empty(0), np.empty(0), np.empty(0), np.arange(3) * 3_600_000_000)
    assert crowd_flags(np.empty((0, 3)), nothing).o3.shape == (0, 3)
    two = Crowd(np.array([1.0, 2]), np.array([1.0, 2]), np.array([np.nan, 5]), np.arange(3) * 3_600_000_000)
    assert not crowd_flags(np.full((2, 3), np.nan), two).m2.any()


def test_the_indoor_sensor_and_the_sunlit_one_fail_and_an_unknown_height_does_not_isolate() -> None:
    chance = np.random.default_rng(3)
    hours = np.arange(24 * 30) * 3_600_000_000
    outdoors = 15 + 6 * np.sin(hours / 86_400e6 * 2 * np.pi) + chance.normal(0, 0.5, (40, len(hours)))
    outdoors[0] = 21 + chance.normal(0, 0.2, len(hours))
    outdoors[1, 12::24] += 12
    crowd = Crowd(chance.uniform(5.43, 5.46, 40), chance.uniform(43.51, 43.54, 40), np.full(40, np.nan), hours)
    found = crowd_flags(outdoors, crowd)
    assert not found.m4[0].any()
    assert not found.m2[1, 12::24].any()
    assert not found.isolated.any()
    assert found.m5[2:].mean() > 0.8
