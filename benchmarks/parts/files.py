"""Files into the city, end to end: the command `placette import` on CSV files, and PostgreSQL given the same file."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from benchmarks.bench import Bench
from benchmarks.compare.postgresql import PostgreSQL
from benchmarks.figures import Figure, Result, Skipped

PART = "files"
ABOUT = (
    "`placette import` as a process of its own, from its start to its end, into a fresh data folder: parsing, local "
    "time to UTC, checks, things and datastreams made, every value durable. A row of the target is a value, that is an "
    "observation: in the long files each line is one, in the wide file each line holds 20, so that its lines a second "
    "stand beside its values. Memory is the process's largest resident size. PostgreSQL gets the long file by `COPY` "
    "into a staging table and from there, joined with its sensors, into a table whose unique index lets no value in "
    "twice."
)
VALUES = 5_000_000
SENSORS = 200
WIDE = 20
TARGET = 300_000
MEMORY_MB = 1_000
_MEASURED = """import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print("maxrss", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)"""
"""Starts a program from a small process: on Linux a child's largest memory counts that of the process it came from."""
_HEAD = 'title = "x"\nsource = "x"\nlicence = "x"\n'
_LONG = """[things]
each = "row"
code = "{sensor}"
kind = "air"
[[values]]
columns = "temperature"
property = "temperature"
unit = "Cel"
"""
_WIDE = _LONG.replace('"row"', '"column"').replace("{sensor}", "{column}")
_WIDE = _WIDE.replace('columns = "temperature"', 'columns = "*"')
_MAPPINGS = {
    "long": _HEAD + '[time]\ncolumn = "time"\nzone = "UTC"\n' + _LONG,
    "wide": _HEAD + '[time]\ncolumn = "time"\nzone = "UTC"\n' + _WIDE,
    "french": _HEAD + '[file]\nseparator = ";"\ndecimal = ","\n[time]\ncolumn = "time"\nformat = "%d/%m/%Y %H:%M"\n'
    'zone = "Europe/Paris"\nambiguous = "in order"\nnonexistent = "shift"\n' + _LONG,
}  # fmt: skip
_NAMES = {
    "long": "long CSV, one value a line",
    "wide": f"wide CSV, {WIDE} values a line",
    "french": "long CSV with decimal comma and local time of Paris",
}


def run(bench: Bench) -> Iterator[Result]:
    """Import each kind of file, the long one twice, and give the long one to PostgreSQL."""
    folder = bench.folder("files")
    folder.mkdir(parents=True)
    for kind, mapping in _MAPPINGS.items():
        (folder / f"{kind}.toml").write_text(mapping)
    _write(folder)
    for kind, name in _NAMES.items():
        rates, memory, again = [], [], []
        for number in range(bench.runs):
            data = folder / f"data-{kind}-{number}"
            seconds, peak = _import(folder, kind, data)
            rates.append(VALUES / seconds)
            memory.append(peak)
            if kind == "long":
                again.append(VALUES / _import(folder, kind, data)[0])
        yield _rate(name, rates, target=TARGET)
        if kind == "wide":
            lines = tuple(rate / WIDE for rate in rates)
            yield Figure(part=PART, name=f"{name}: lines", unit="lines/s", values=lines, at_least=True)
        yield Figure(part=PART, name=f"{name}: memory", unit="MB", values=tuple(memory), target=MEMORY_MB)
        if again:
            yield _rate("the same file again, nothing stored twice", again, target=TARGET)
    yield from _postgresql(bench, folder)


def _write(folder: Path) -> None:
    """Write the three files: readings every quarter of an hour, of one decimal."""
    random = np.random.default_rng(20260101)
    result = random.normal(15, 5, VALUES).round(1)
    slots = VALUES // SENSORS
    wall = np.datetime64("2023-01-01T00:00:00") + np.arange(slots) * np.timedelta64(900, "s")
    times = np.repeat(np.datetime_as_string(wall), SENSORS)
    sensors = np.tile([f"sensor-{number:03}" for number in range(SENSORS)], slots)
    options = arrow_csv.WriteOptions(quoting_style="none")
    arrow_csv.write_csv(
        pa.table({"time": times, "sensor": sensors, "temperature": result}), folder / "long.csv", options
    )
    rows = VALUES // WIDE
    wide = {"time": np.datetime_as_string(wall[0] + np.arange(rows) * np.timedelta64(300, "s"))}
    wide |= {f"sensor-{number:03}": result[number * rows : (number + 1) * rows] for number in range(WIDE)}
    arrow_csv.write_csv(pa.table(wide), folder / "wide.csv", options)
    days = np.repeat([f"{day[8:10]}/{day[5:7]}/{day[:4]} {day[11:16]}" for day in np.datetime_as_string(wall)], SENSORS)
    commas = pc.replace_substring(pa.array(result).cast(pa.string()), ".", ",")
    french = pa.table({"time": days, "sensor": sensors, "temperature": commas})
    arrow_csv.write_csv(french, folder / "french.csv", arrow_csv.WriteOptions(delimiter=";", quoting_style="none"))


def _import(folder: Path, kind: str, data: Path) -> tuple[float, float]:
    """Return the seconds and the largest resident memory (MB) of one import; raises when a value is missing."""
    command = [sys.executable, "-m", "placette", "import", str(folder / f"{kind}.csv")]
    command += ["--mapping", str(folder / f"{kind}.toml"), "--data", str(data)]
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", _MEASURED, *command], capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    said = done.stdout
    found = re.search(r"([\d,]+) stored, ([\d,]+) already there", said)
    aside = re.search(r"corrected, ([\d,]+) set aside", said)
    counts = [int(text.replace(",", "")) for match in (found, aside) if match for text in match.groups()]
    if done.returncode or sum(counts) != VALUES:
        raise RuntimeError(f"the import of {kind}.csv ended with {done.returncode}: {said[-300:]}{done.stderr[-300:]}")
    return seconds, int(said.rsplit("maxrss ", 1)[1]) / 1024


def _postgresql(bench: Bench, folder: Path) -> Iterator[Result]:
    """COPY into a staging table, then insert what is not there, in one transaction."""
    name = _NAMES["long"]
    rates = []
    try:
        for number in range(bench.runs):
            system = PostgreSQL(1)
            system.start(folder / f"cluster-{number}")
            try:
                rates.append(VALUES / _staged(system, folder / "long.csv"))
            finally:
                system.stop()
    except (OSError, RuntimeError) as error:
        yield Skipped(part=PART, name=f"{name} [PostgreSQL]", reason=str(error))
        return
    note = "COPY, then INSERT … ON CONFLICT DO NOTHING; fsync on"
    yield Figure(
        part=PART, name=name, unit="values/s", values=tuple(rates), at_least=True, system="PostgreSQL", note=note
    )


def _staged(system: PostgreSQL, file: Path) -> float:
    con = system.connection
    con.execute("create table sensor (id bigint generated always as identity primary key, name text unique)")
    con.execute("create table reading (sensor_id bigint, time timestamptz, result float8, unique (sensor_id, time))")
    started = time.perf_counter()
    with con.transaction():
        con.execute("set local time zone 'UTC'")
        con.execute("create temp table staged (time timestamptz, sensor text, result float8) on commit drop")
        with (
            con.cursor().copy("copy staged from stdin with (format csv, header true)") as copy,
            file.open("rb") as lines,
        ):
            while part := lines.read(1 << 20):
                copy.write(part)
        con.execute("insert into sensor (name) select distinct sensor from staged on conflict do nothing")
        con.execute(
            "insert into reading select s.id, g.time, g.result from staged g join sensor s on s.name = g.sensor"
            " on conflict do nothing"
        )
    return time.perf_counter() - started


def _rate(name: str, values: list[float], *, target: float) -> Figure:
    return Figure(part=PART, name=name, unit="values/s", values=tuple(values), at_least=True, target=target)
