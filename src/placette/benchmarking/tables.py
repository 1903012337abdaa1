"""The published results, read from the authors' tables beside the data; never written here by hand."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import msgspec

from placette.benchmarking.tasks import Task
from placette.model.errors import NotFound

FEV = "fev_bench_results_all_tasks.csv.gz"
GIFT = "gift_eval_results_city_tasks.csv.gz"


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """One model's row; a score its table does not give is None. ``seen``: trained on this very data."""

    model: str
    sql: float | None
    mase: float
    wape: float | None
    wql: float
    seen: bool = False


def published(task: Task, folder: Path) -> list[Published]:
    """Return the published rows of a task, best first: by SQL (fev-bench) or weighted quantile loss (GIFT-Eval)."""
    if task.bench == "fev":
        rows = [_fev(row) for row in _read(folder / FEV) if row["dataset_config"] == task.published]
    else:
        rows = [_gift(row) for row in _read(folder / GIFT) if row["dataset"] == task.published]
    return sorted(rows, key=rank)


def rank(row: Published) -> float:
    """Return the score a table is ordered by."""
    return row.wql if row.sql is None else row.sql


def _fev(row: dict[str, str]) -> Published:
    return Published(
        model=row["model_name"],
        sql=float(row["SQL"]),
        mase=float(row["MASE"]),
        wape=float(row["WAPE"]),
        wql=float(row["WQL"]),
        seen=row["trained_on_this_dataset"] == "True",
    )


def _gift(row: dict[str, str]) -> Published:
    wql = float(row["mean_weighted_sum_quantile_loss"])
    return Published(model=row["results_dir"], sql=None, mase=float(row["MASE[0.5]"]), wape=None, wql=wql)


def _read(file: Path) -> list[dict[str, str]]:
    if not file.is_file():
        raise NotFound("The table of published results is not here.", str(file), "Name its folder with --data.")
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))
