"""``placette benchmark``: our forecaster on published benchmarks, by their authors' protocols."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import time
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Annotated

import numpy as np
from cyclopts import Parameter
from rich.console import Console

from placette import __version__, pretrained
from placette.analyse.forecast.system import Settings
from placette.analyse.forecast.terms import DAY_S, HOUR_S, LEVELS, QUANTILES, Floats, Panel
from placette.benchmarking import places, pretraining, report
from placette.benchmarking.baseline import baseline
from placette.benchmarking.protocol import Row, forecasts, score
from placette.benchmarking.rolling import Made, rolled
from placette.benchmarking.tables import published
from placette.benchmarking.tasks import TASKS, Task, load
from placette.model.errors import BadInput
from placette.services.process import one_thread

PARTS = ("tuned trees", "tuned network", "prior trees", "prior network", "recursion", "profile")


def benchmark(
    *,
    data: Path,
    task: list[str] | None = None,
    write: Path | None = None,
    pretrain: Annotated[bool, Parameter(negative=())] = False,
    jobs: int | None = None,
) -> int:
    """Recompute published forecasting benchmarks and print our row among the published ones.

    Example: placette benchmark --data shared/data --write docs/forecasting.md

    Args:
        data: Folder of the shared series, with the authors' data and tables of results in its folder benchmark.
        task: Only these tasks; all without it.
        write: A page whose tables are replaced by those measured now.
        pretrain: First learn the shipped prior anew from the shared series, and write it where Placette is installed.
        jobs: Tasks measured at the same time, each on one core; as many as there are cores without it.
    """
    console = Console(stderr=True)
    if pretrain:
        for step_s in (HOUR_S, DAY_S):
            with console.status("learning from the shared series"):
                print(pretraining.pretrain(step_s, data, pretrained.FOLDER))
        pretrained.prior.cache_clear()
    chosen = _chosen(task)
    done: dict[str, report.Result | report.Scored] = {}
    with console.status("") as status, one_thread(), _processes(jobs) as processes:
        begun: dict[Future[report.Result | report.Scored], str] = {
            processes.submit(_measured, one, after, data): one.key for one, after in chosen
        }
        for number, future in enumerate(as_completed(begun)):
            status.update(f"{number + 1} of {len(chosen)} tasks measured")
            done[begun[future]] = future.result()
            console.print(f"{begun[future]}: {done[begun[future]].cpu_s:.0f} s")
            whole = _text([done[one.key] for one, _ in chosen if one.key in done], _tables(data))
            if write:  # after each task: a run that is interrupted keeps what it measured
                report.write(write, whole)
    print(whole)
    return 0


def _processes(jobs: int | None) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(jobs or os.cpu_count() or 1, mp_context=multiprocessing.get_context("spawn"))


def _tables(data: Path) -> Path:
    return data / "benchmark" if (data / "benchmark").is_dir() else data


def _text(done: list[report.Result | report.Scored], tables: Path) -> str:
    results = [one for one in done if isinstance(one, report.Result)]
    scored = [one for one in done if isinstance(one, report.Scored)]
    spent = sum(one.cpu_s for one in results) + sum(one.cpu_s for one in scored)
    day = time.strftime("%Y-%m-%d", time.gmtime())
    text = [f"Measured {day} with Placette {_version()}; {spent / 60:.0f} minutes of one core in all.\n"]
    text += [report.section(result, published(result.task, tables)) for result in results]
    if results:
        text += ["### What each part brought\n\nSQL of each part by itself, of their combination, and corrected.\n"]
        text += [report.parts(results)]
    if scored:
        text += [report.places(scored), report.hours(scored)]
    return "\n".join(text)


def _chosen(names: list[str] | None) -> list[tuple[Task, str]]:
    every = [*((task, "") for task in TASKS), *places.PLACES]
    unknown = set(names or ()) - {task.key for task, _ in every}
    if unknown:
        known = ", ".join(task.key for task, _ in every)
        raise BadInput(f"There is no task {', '.join(sorted(unknown))}.", "--task", f"Choose among {known}.")
    return [(task, after) for task, after in every if not names or task.key in names]


def _measured(task: Task, after: str, data: Path) -> report.Result | report.Scored:
    """Measure one task; those of cities have a day after the last window."""
    return _place(task, after, data) if after else _run(task, _tables(data))


def _rolled(task: Task, panel: Panel, asked: tuple[float, ...]) -> tuple[Made, float]:
    began = time.process_time()
    made = rolled(task, panel, Settings(), pretrained.prior(task.step_s), asked)
    return made, time.process_time() - began


def _run(task: Task, data: Path) -> report.Result:
    panel = load(task, data)
    made, spent = _rolled(task, panel, LEVELS)
    return report.Result(
        task=task,
        ours=score(task, panel, made.final),
        naive=score(task, panel, forecasts(task, panel, baseline(task))),
        parts=_parts(task, panel, made),
        trainings=made.trainings,
        cpu_s=spent,
    )


def _place(task: Task, after: str, data: Path) -> report.Scored:
    panel = places.load(task, after, data)
    made, spent = _rolled(task, panel, QUANTILES)
    return report.Scored(
        task=task,
        ours=score(task, panel, places.at_published(made.final)),
        references=places.reference_scores(task, panel),
        held=places.held(task, panel, made.final),
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
    parts = [str(source / name) for name in ("analyse/forecast", "benchmarking", "pretrained")]
    try:
        commit = _git("-C", str(source), "log", "-1", "--format=%h", "--", *parts)
        changed = _git("-C", str(source), "status", "--porcelain", "--", *parts)
    except OSError:
        return __version__
    return f"{__version__}, commit {commit}{' and changes since' if changed else ''}" if commit else __version__


def _git(*arguments: str) -> str:
    done = subprocess.run(("git", *arguments), capture_output=True, text=True, check=False, timeout=10)  # noqa: S603, S607
    return done.stdout.strip()
