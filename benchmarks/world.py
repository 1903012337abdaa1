"""A data folder with things and datastreams to measure on, filled with history or empty.

The entities are written by plain SQL in one transaction, since making 10,000 of them is not what is measured; the
observations go through ``Store.append_now`` like those of a file import.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import duckdb
import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from placette.access import Tokens
from placette.model.entities import Identity
from placette.store import Store, StoreSettings

PER_THING = 10
DATABASE = "placette.duckdb"

_SEED = (
    "INSERT INTO sensor SELECT nextval('sensor_id'), 'probe', 'benchmark', 'text/html', '\"\"', '{}'",
    f"""INSERT INTO observed_property SELECT nextval('observed_property_id'), 'quantity ' || i,
        'https://example.org/quantity/' || i, 'benchmark', json_object('key', 'p' || i), 'p' || i
        FROM range({PER_THING}) t(i)""",
    """INSERT INTO thing SELECT nextval('thing_id'), 'thing ' || i, 'benchmark',
        json_object('code', 'B-' || i), 'B-' || i, NULL, NULL FROM range(?) t(i)""",
    """INSERT INTO datastream SELECT nextval('datastream_id'), 'datastream ' || i, 'benchmark',
        'http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement', 'degree Celsius', '°C', 'Cel', NULL,
        thing.id, (SELECT max(id) FROM sensor), observed_property.id,
        json_object('code', thing.code || '/' || key, 'identity', $1), thing.code || '/' || key, 'measured', $1
        FROM range($2) t(i) JOIN thing ON thing.code = 'B-' || (i // $3)
        JOIN observed_property ON key = 'p' || (i % $3) ORDER BY i""",
)


class World(msgspec.Struct, frozen=True):
    """A data folder: ``ids`` holds the datastream id of each position of a plan, ``token`` may write."""

    data: Path
    ids: npt.NDArray[np.int64]
    token: str

    @property
    def database(self) -> Path:
        """The database file."""
        return self.data / DATABASE

    def bytes_on_disk(self) -> int:
        """The database file with its log."""
        return sum(file.stat().st_size for file in self.data.glob(f"{DATABASE}*"))

    def with_ids(self, table: pa.Table) -> pa.Table:
        """Return a plan's table as the store takes it, ``position`` replaced by ``datastream_id``."""
        ids = pa.array(self.ids[table["position"].to_numpy()])
        return pa.table({"datastream_id": ids, "phenomenon_time": table["phenomenon_time"], "result": table["result"]})


def make(data: Path, datastreams: int, history: Iterable[pa.Table] = ()) -> World:
    """Make a fresh data folder with so many datastreams and this history (tables of a plan)."""
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True)
    store = Store.open(data / DATABASE, StoreSettings())
    try:
        ids = store.change_now(lambda con: _seed(con, datastreams))
        world = World(data, ids, Tokens(data).create("benchmark"))
        for table in history:
            store.append_now(world.with_ids(table))
    finally:
        store.close()
    return world


def code(position: int) -> tuple[str, str]:
    """Return the Thing's code and the observed property's key of a datastream."""
    return f"B-{position // PER_THING}", f"p{position % PER_THING}"


def _seed(con: duckdb.DuckDBPyConnection, datastreams: int) -> npt.NDArray[np.int64]:
    con.execute(_SEED[0])
    con.execute(_SEED[1])
    con.execute(_SEED[2], [-(-datastreams // PER_THING)])
    con.execute(_SEED[3], [Identity.PHENOMENON_TIME, datastreams, PER_THING])
    found = con.execute("SELECT id FROM datastream WHERE description = 'benchmark' ORDER BY id").fetchnumpy()
    ids: npt.NDArray[np.int64] = np.asarray(found["id"], np.int64)
    return ids
