"""Real series by their clocks: pedestrians of Melbourne and Auckland, air of Aix-en-Provence, noise of Dublin."""

from __future__ import annotations

import csv
import gzip
import io
import lzma
from pathlib import Path
from typing import Literal

import numpy as np

from placette.analyse.cycles.series import LocalSeries, by_clock


def melbourne(data: Path, sensor: str) -> LocalSeries:
    every = _rows(data / "pedestrian/melbourne_7sensors_2016_2017.csv.gz")
    rows = [row for row in every if row["Sensor_Name"] == sensor]
    return by_clock(_times([row["Date_Time"] for row in rows]), _numbers(rows, "Hourly_Counts"))


def auckland(data: Path, sensor: str) -> LocalSeries:
    """A counting day goes from 6 h to 6 h of the next: rows from 0 to 5 h belong to the day after their date."""
    rows = _rows(data / "pedestrian/auckland_hourly_2019_2024.csv.gz")
    hour = np.array([int(row["hour"].split(":")[0]) for row in rows])
    day = np.array([row["date"] for row in rows], "datetime64[D]") + (hour < 6)
    return by_clock(day.astype("datetime64[h]") + hour, _numbers(rows, sensor))


def aix(data: Path, quantity: str, hours: Literal[1, 24]) -> LocalSeries:
    name = {1: "hourly_pm", 24: "daily"}[hours]
    rows = _rows(data / f"air/atmosud_aix_ecole_dart_{name}_2017_2020.csv.gz")
    return by_clock(_times([row["timestamp"] for row in rows]), _numbers(rows, quantity), hours)


def dublin(data: Path, monitor: str) -> LocalSeries:
    rows = _rows(data / "noise/dublin_laeq_hourly_2015_2019.csv.xz")
    return by_clock(_times([row["datetime"] for row in rows]), _numbers(rows, monitor))


def _rows(file: Path) -> list[dict[str, str]]:
    opened = {".gz": gzip.open, ".xz": lzma.open}[file.suffix]
    with opened(file, "rb") as raw:
        return list(csv.DictReader(io.TextIOWrapper(raw, encoding="utf-8")))  # type: ignore[arg-type]


def _times(texts: list[str]) -> np.ndarray:
    return np.array(texts, "datetime64[s]")


def _numbers(rows: list[dict[str, str]], column: str) -> np.ndarray:
    return np.array([float(row[column]) if row[column] not in {"", "NA"} else np.nan for row in rows])
