"""The directory tells what was observed from what was said of it: forecasts and anomalies."""

from __future__ import annotations

from pathlib import Path

import duckdb

from placette.model.entities import Datastream, ObservedProperty, Sensor, Thing
from placette.store import Store, catalogue


def test_forecasts_and_anomalies_of_a_datastream_are_not_among_the_observed(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "placette.duckdb")

    def make(con: duckdb.DuckDBPyConnection) -> None:
        thing = catalogue.insert_thing(con, Thing(name="t", description="", properties={"code": "T"}))
        sensor = catalogue.insert_sensor(con, Sensor(name="s", description=""))
        seen = catalogue.insert_observed_property(con, ObservedProperty(name="p", definition="", description=""))
        for code, about in (
            ("T/p", {}),
            ("T/p.forecast", {"forecastOf": "T/p"}),
            ("T/p.anomaly", {"anomalyOf": "T/p"}),
        ):
            stream = Datastream(
                name=code,
                description="",
                thing_id=thing,
                sensor_id=sensor,
                observed_property_id=seen,
                properties={"code": code, **about},
            )
            catalogue.insert_datastream(con, stream)

    store.change_now(make)
    assert [info.code for info in store.directory.observed] == ["T/p"]
    assert store.directory.by_code["T/p.forecast"].about == "T/p"
    assert store.directory.by_code["T/p.anomaly"].about == "T/p"
    store.close()
