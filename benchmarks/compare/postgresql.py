"""Debian's PostgreSQL: a private cluster, one table, one index, fsync on.

Rows enter by COPY, which is its fastest way, committed once per body; history is copied before the index is made. The
latest values are asked by one index look-up per datastream (LATERAL), which is many times faster than DISTINCT ON.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.csv

from benchmarks.compare.system import free_port

MICROS = 1_000_000
SETTINGS = {
    "listen_addresses": "'127.0.0.1'",
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "fsync": "on",
    "synchronous_commit": "on",
    "autovacuum": "on",
}


class PostgreSQL:
    """One cluster, run by the user ``postgres`` when we are root, since it refuses to run as root."""

    name = "PostgreSQL"
    ingest_batches: int | None = None
    way_in = "COPY, one transaction per body, fsync on: safe when it returns; nothing prevents duplicates"

    def __init__(self, datastreams: int) -> None:
        self._datastreams = datastreams

    def start(self, folder: Path) -> None:
        """Make the cluster with its table and index, and connect."""
        self._programs = _programs()
        self._folder = folder
        folder.mkdir(parents=True)
        self._owner = "postgres" if os.geteuid() == 0 else None
        if self._owner:
            shutil.chown(folder, self._owner)
        self._data = folder / "cluster"
        self._run("initdb", "--pgdata", self._data, "--auth=trust", "--no-sync", "--username=bench", "--encoding=UTF8")
        self.port = free_port()
        lines = [f"{key} = {value}" for key, value in {**SETTINGS, "port": self.port}.items()]
        lines.append(f"unix_socket_directories = '{folder}'")
        with (self._data / "postgresql.conf").open("a") as config:
            config.write("\n".join(lines) + "\n")
        self._run("pg_ctl", "start", "--wait", "--pgdata", self._data, "--log", folder / "log")
        self.connection = self._connected()
        self.connection.prepare_threshold = 0
        self.version = str(self.connection.info.server_version // 10_000)
        self.connection.execute("create table datastream (id bigint primary key)")
        self.connection.execute(f"insert into datastream select generate_series(0, {self._datastreams - 1})")
        self.connection.execute("create table observation (datastream_id bigint, time timestamptz, result float8)")
        self._index()

    def stop(self) -> None:
        """Stop the cluster."""
        found = self.connection.execute("select pg_total_relation_size('observation')").fetchone()
        self._bytes = int(found[0]) if found else 0
        self.connection.close()
        self._run("pg_ctl", "stop", "--mode=fast", "--pgdata", self._data)

    def prepare(self, tables: Iterable[pa.Table]) -> list[bytes]:
        """Return CSV, which COPY reads."""
        return [_csv(table) for table in tables]

    def ingest(self, bodies: list[bytes]) -> None:
        """COPY each body in its own transaction."""
        for body in bodies:
            _copy(self.connection, [body])

    def fill(self, tables: Iterable[pa.Table]) -> None:
        """Copy without the index, then make it."""
        self.connection.execute("drop index observation_of_datastream")
        _copy(self.connection, (_csv(table) for table in tables))
        self._index()
        self.connection.execute("vacuum analyze")
        self.connection.execute("checkpoint")

    def side(self) -> Callable[[bytes], None]:
        """Return what copies one body in a transaction of its own."""
        connection = self._connected()

        def send(body: bytes) -> None:
            _copy(connection, [body])

        return send

    def latest(self) -> int:
        """One index look-up per datastream."""
        return len(
            self._ask(
                "select d.id, o.time, o.result from datastream d, lateral (select time, result from observation"
                " where datastream_id = d.id order by time desc limit 1) o"
            )
        )

    def span(self, position: int, start: int, end: int) -> int:
        """A range of the index."""
        return len(self._ask(
            "select time, result from observation where datastream_id = %s and time >= to_timestamp(%s)"
            " and time < to_timestamp(%s) order by time",
            position, start / MICROS, end / MICROS,
        ))  # fmt: skip

    def hourly(self, position: int, start: int, end: int) -> int:
        """The same range, grouped by hour."""
        return len(self._ask(
            "select date_trunc('hour', time), avg(result) from observation where datastream_id = %s"
            " and time >= to_timestamp(%s) and time < to_timestamp(%s) group by 1 order by 1",
            position, start / MICROS, end / MICROS,
        ))  # fmt: skip

    def newest(self, position: int, count: int) -> int:
        """The end of the index."""
        return len(self._ask(
            "select time, result from observation where datastream_id = %s order by time desc limit %s", position, count
        ))  # fmt: skip

    def disk_bytes(self) -> int:
        """Table and index as they were when it stopped, without the write-ahead log."""
        return self._bytes

    def _connected(self) -> psycopg.Connection:
        return psycopg.connect(host="127.0.0.1", port=self.port, user="bench", dbname="postgres", autocommit=True)

    def _ask(self, sql: str, *parameters: object) -> list[tuple[object, ...]]:
        return self.connection.execute(sql, parameters or None).fetchall()

    def _index(self) -> None:
        self.connection.execute("create index observation_of_datastream on observation (datastream_id, time)")

    def _run(self, program: str, *arguments: object) -> None:
        command = [str(self._programs / program), *map(str, arguments)]
        done = subprocess.run(
            command, user=self._owner, group=self._owner, extra_groups=[] if self._owner else None,
            cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr.strip()[-500:]}")


class PostgreSQLInsert(PostgreSQL):
    """The same cluster fed by multi-row INSERT statements, which is what most applications send."""

    name = "PostgreSQL, INSERT"
    way_in = "INSERT of 1,000 rows per statement and transaction, fsync on: safe when it returns"
    ingest_batches: int | None = 2

    def prepare(self, tables: Iterable[pa.Table]) -> list[bytes]:
        """Return statements."""
        statements = []
        for table in tables:
            for chunk in table.to_batches(max_chunksize=1_000):
                columns = zip(*(column.to_pylist() for column in chunk.columns), strict=True)
                rows = ",".join(f"({position},'{time.isoformat()}Z',{result})" for position, time, result in columns)
                statements.append(f"insert into observation values {rows}".encode())
        return statements

    def ingest(self, bodies: list[bytes]) -> None:
        """Run each statement in its own transaction."""
        for statement in bodies:
            self.connection.execute(statement)


def _copy(connection: psycopg.Connection, bodies: Iterable[bytes]) -> None:
    with connection.cursor() as cursor, cursor.copy("copy observation from stdin (format csv)") as copy:
        for body in bodies:
            copy.write(body)


def _programs() -> Path:
    """Return the folder of initdb and pg_ctl; Debian keeps one per version, outside the search path."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if versions:
        return versions[-1].parent
    found = shutil.which("initdb")
    if found is None:
        raise FileNotFoundError("PostgreSQL is not installed (apt install postgresql)")
    return Path(found).resolve().parent


def _csv(table: pa.Table) -> bytes:
    sink = BytesIO()
    zoned = table.set_column(1, "phenomenon_time", table["phenomenon_time"].cast(pa.timestamp("us", "UTC")))
    pyarrow.csv.write_csv(zoned, sink, pyarrow.csv.WriteOptions(include_header=False, quoting_style="none"))
    return sink.getvalue()
