"""``placette benchmark``: our forecaster on published benchmarks, by their authors' protocols."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import numpy as np
from rich.console import Console

from placette import __version__
from placette.analyse.forecast.system import Settings
from placette.analyse.forecast.terms import Floats, Panel
from placette.benchmarking import report
from placette.benchmarking.baseline import baseline
from placette.benchmarking.protocol import Row, forecasts, score
from placette.benchmarking.rolling import Made, rolled
from placette.benchmarking.tables import published
from placette.benchmarking.tasks import TASKS, Task, load
from placette.model.errors import BadInput

PARTS = ("trees", "network", "profile")


def benchmark(*, data: Path, task: list[str] | None = None, write: Path | None = None) -> int:
    """Recompute published forecasting benchmarks and print our row among the published ones.

    Example: placette benchmark --data shared/data/benchmark --write docs/forecasting.md

    Args:
        data: Folder of the authors' data and of their tables of results.
        task: Only these tasks; all without it.
        write: A page whose tables are replaced by those measured now.
    """
    console = Console(stderr=True)
    results: list[report.Result] = []
    whole = ""
    for chosen in _chosen(task):
        results.append(_run(chosen, data, console))
        whole = _text(results, data)
        if write:  # after each task: a run that is interrupted keeps what it measured
            report.write(write, whole)
    print(whole)
    return 0


def _text(results: list[report.Result], data: Path) -> str:
    text = [f"Measured {time.strftime('%Y-%m-%d', time.gmtime())} with Placette {_version()}.\n"]
    text += [report.section(result, published(result.task, data)) for result in results]
    text += ["### What each part brought\n\nSQL of each part by itself, of their combination, and corrected.\n"]
    return "\n".join([*text, report.parts(results)])


def _chosen(names: list[str] | None) -> list[Task]:
    unknown = set(names or ()) - {task.key for task in TASKS}
    if unknown:
        known = ", ".join(task.key for task in TASKS)
        raise BadInput(f"There is no task {', '.join(sorted(unknown))}.", "--task", f"Choose among {known}.")
    return [task for task in TASKS if not names or task.key in names]


def _run(task: Task, data: Path, console: Console) -> report.Result:
    panel = load(task, data)
    began = time.process_time()
    with console.status(task.key) as status:
        made = rolled(task, panel, Settings(), lambda number: status.update(f"{task.key} {number}/{task.windows}"))
    spent = time.process_time() - began
    return report.Result(
        task=task,
        ours=score(task, panel, made.final),
        naive=score(task, panel, forecasts(task, panel, baseline(task))),
        parts=_parts(task, panel, made),
        trainings=made.trainings,
        cpu_s=spent,
    )


def _parts(task: Task, panel: Panel, made: Made) -> dict[str, Row]:
    def alone(number: int) -> list[Floats]:
        return [np.asarray(parts[number]) for parts in made.parts]

    rows = {name: score(task, panel, alone(number)) for number, name in enumerate(PARTS)}
    return {**rows, "combined": score(task, panel, made.plain)}


def _version() -> str:
    """Return the version, with the last commit of the forecaster where the source is a repository."""
    source = Path(__file__).parent.parent
    parts = [str(source / name) for name in ("analyse/forecast", "benchmarking")]
    try:
        commit = _git("-C", str(source), "log", "-1", "--format=%h", "--", *parts)
        changed = _git("-C", str(source), "status", "--porcelain", "--", *parts)
    except OSError:
        return __version__
    return f"{__version__}, commit {commit}{' and changes since' if changed else ''}" if commit else __version__


def _git(*arguments: str) -> str:
    done = subprocess.run(("git", *arguments), capture_output=True, text=True, check=False, timeout=10)  # noqa: S603, S607
    return done.stdout.strip()
