"""Deleting entities with what hangs on them (OGC 18-088, section 10.4, table 25)."""

from __future__ import annotations

from collections.abc import Iterable

import duckdb

from placette.store.catalogue.entities import require
from placette.store.ledger import notes
from placette.store.sql import among


def delete_thing(con: duckdb.DuckDBPyConnection, key: int) -> None:
    """Delete a Thing, its Datastreams with their Observations, and its HistoricalLocations."""
    require(con, "thing", key)
    delete_datastreams(con, _ids(con, "SELECT id FROM datastream WHERE thing_id = ?", key))
    delete_historical_locations(con, _ids(con, "SELECT id FROM historical_location WHERE thing_id = ?", key))
    con.execute("DELETE FROM thing_location WHERE thing_id = ?", [key])
    con.execute("DELETE FROM thing WHERE id = ?", [key])
    notes().things.add(key)


def delete_location(con: duckdb.DuckDBPyConnection, key: int) -> None:
    """Delete a Location and the HistoricalLocations that knew no other; its Things stay, without it."""
    require(con, "location", key)
    notes().things.update(_ids(con, "SELECT thing_id FROM thing_location WHERE location_id = ?", key))
    orphans = (
        "SELECT historical_location_id FROM historical_location_location"
        " GROUP BY historical_location_id HAVING bool_and(location_id = ?)"
    )
    delete_historical_locations(con, _ids(con, orphans, key))
    con.execute("DELETE FROM historical_location_location WHERE location_id = ?", [key])
    con.execute("DELETE FROM thing_location WHERE location_id = ?", [key])
    con.execute("DELETE FROM location_feature WHERE location_id = ?", [key])
    con.execute("DELETE FROM location WHERE id = ?", [key])


def delete_historical_locations(con: duckdb.DuckDBPyConnection, keys: Iterable[int]) -> None:
    """Delete HistoricalLocations."""
    wanted = among(keys)
    con.execute(f"DELETE FROM historical_location_location WHERE historical_location_id IN {wanted}")  # noqa: S608  # integers
    con.execute(f"DELETE FROM historical_location WHERE id IN {wanted}")  # noqa: S608  # integers
    notes().other = True


def delete_sensor(con: duckdb.DuckDBPyConnection, key: int) -> None:
    """Delete a Sensor and its Datastreams with their Observations."""
    require(con, "sensor", key)
    delete_datastreams(con, _ids(con, "SELECT id FROM datastream WHERE sensor_id = ?", key))
    con.execute("DELETE FROM sensor WHERE id = ?", [key])
    notes().other = True


def delete_observed_property(con: duckdb.DuckDBPyConnection, key: int) -> None:
    """Delete an ObservedProperty and its Datastreams with their Observations."""
    require(con, "observed_property", key)
    delete_datastreams(con, _ids(con, "SELECT id FROM datastream WHERE observed_property_id = ?", key))
    con.execute("DELETE FROM observed_property WHERE id = ?", [key])
    notes().other = True


def delete_datastream(con: duckdb.DuckDBPyConnection, key: int) -> None:
    """Delete a Datastream and its Observations."""
    require(con, "datastream", key)
    delete_datastreams(con, [key])


def delete_datastreams(con: duckdb.DuckDBPyConnection, keys: Iterable[int]) -> None:
    """Delete Datastreams and their Observations; ids that do not exist are passed over."""
    wanted = list(keys)
    if not wanted:
        return
    for table in ("observation", "observation_change", "latest"):
        con.execute(f"DELETE FROM {table} WHERE datastream_id IN {among(wanted)}")  # noqa: S608  # integers
    con.execute(f"DELETE FROM datastream WHERE id IN {among(wanted)}")  # noqa: S608  # integers
    notes().datastreams.update(wanted)
    notes().observations_of.update(wanted)


def delete_feature(con: duckdb.DuckDBPyConnection, key: int) -> None:
    """Delete a FeatureOfInterest and the Observations of it."""
    require(con, "feature_of_interest", key)
    touched = _ids(con, "SELECT DISTINCT datastream_id FROM observation WHERE feature_id = ?", key)
    if touched:
        con.execute("DELETE FROM observation WHERE feature_id = ?", [key])
        notes().observations_of.update(touched)
    con.execute("DELETE FROM location_feature WHERE feature_id = ?", [key])
    con.execute("DELETE FROM feature_of_interest WHERE id = ?", [key])
    notes().features_gone.add(key)


def _ids(con: duckdb.DuckDBPyConnection, query: str, key: int) -> list[int]:
    return [int(found) for (found,) in con.execute(query, [key]).fetchall()]
