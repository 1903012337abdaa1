"""The weather beside the shared series: read in the prior's units, days spread over their hours."""

from __future__ import annotations

import gzip
import lzma
from pathlib import Path

import numpy as np
import pytest

from placette.analyse.forecast.terms import HOUR_S, Panel
from placette.analyse.forecast.weather import UNITS
from placette.benchmarking.skies import SKIES, under
from placette.model.errors import NotFound


def panel(day: str) -> Panel:
    start_s = int(np.datetime64(day, "s").astype(int))
    return Panel(values=np.ones((48, 1)), start_s=start_s, step_s=HOUR_S, known=np.empty((48, 0)))


def test_a_dew_point_becomes_humidity(tmp_path: Path) -> None:
    file = tmp_path / SKIES["beijing"].file
    file.parent.mkdir()
    with lzma.open(file, "wt") as out:
        out.write("year,month,day,hour,TEMP,DEWP,WSPM\n2014,5,1,3,20.0,9.3,2.5\n2014,5,1,3,22.0,NA,3.5\n")
    found = under("beijing", panel("2014-05-01"), tmp_path)
    assert found.kinds == tuple(UNITS)
    assert found.known[3].round(1).tolist() == [21.0, 50.1, 3.0]
    assert np.isnan(np.delete(found.known, 3, axis=0)).all()


def test_a_day_of_weather_stands_for_its_hours(tmp_path: Path) -> None:
    file = tmp_path / SKIES["london"].file
    file.parent.mkdir()
    with gzip.open(file, "wt") as out:
        out.write("date,air_temp,rh,ws\n1999-02-02 00:00:00,8.5,80,4.0\n")
    found = under("london", panel("1999-02-01"), tmp_path).known
    assert found[24:].tolist() == [[8.5, 80.0, 4.0]] * 24
    assert np.isnan(found[:24]).all()


def test_a_city_whose_weather_is_in_no_file_keeps_its_panel(tmp_path: Path) -> None:
    given = panel("2014-05-01")
    assert under("auckland", given, tmp_path) is given


def test_an_absent_file_is_said_with_its_remedy(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="not here"):
        under("dublin", panel("2016-05-01"), tmp_path)
