"""Our row among the published ones, as Markdown; written between two marks of a page, never by hand."""

from __future__ import annotations

from pathlib import Path

import msgspec

from placette.analyse.forecast.terms import HOUR_S
from placette.benchmarking.places import Held
from placette.benchmarking.protocol import Row
from placette.benchmarking.tables import Published, rank
from placette.benchmarking.tasks import Task
from placette.model.errors import BadInput

OURS = "**Placette**"
NAIVE = "Seasonal Naive, recomputed"
FIRST, LAST = ("<!-- benchmark: written by placette benchmark -->\n", "<!-- end of benchmark -->\n")
BEST = 5
"""How many of the best published rows are always shown."""
COMPARED = frozenset(
    name.lower()
    for name in (
        "Chronos-2", "TimesFM-2.5", "TiRex", "Chronos-Bolt", "TFT", "PatchTST", "DeepAR", "CatBoost", "LightGBM",
        "AutoARIMA", "Stat. Ensemble", "Seasonal Naive", "seasonal_naive", "auto_arima", "auto_ets", "auto_theta",
        "FLAIR", "N-BEATS", "DLinear",
    )
)  # fmt: skip
"""The models our row is compared with by name: the statistical ones, the trees, and the best known networks."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What one task gave: our scores, the naive recomputed, and the cost of ours on one core."""

    task: Task
    ours: Row
    naive: Row
    parts: dict[str, Row]
    """The scores of each part by itself, and of the forecast before correction."""
    trainings: int
    cpu_s: float


def section(result: Result, theirs: list[Published]) -> str:
    """Return the table of one task: ours, the naive recomputed, the best published rows and those compared by name."""
    task, ours = result.task, _published(OURS, result)
    ahead = sum(rank(row) < rank(ours) for row in theirs)
    by = "SQL" if task.bench == "fev" else "WQL"
    shown = [row for number, row in enumerate(theirs) if number < BEST or row.model.lower() in COMPARED]
    naive = _published(NAIVE, result, naive=True)
    lines = [
        f"### {task.published} ({'fev-bench' if task.bench == 'fev' else 'GIFT-Eval'})\n",
        f"{task.windows} windows of {task.horizon} steps, season {task.season}. "
        f"By {by} **{ahead + 1} of {len(theirs) + 1}**; "
        f"the 80 % interval held {100 * result.ours.coverage80:.1f} % of the values. "
        f"{result.trainings} trainings, {result.cpu_s:.0f} s of one core in all.\n",
        "| model | SQL | MASE | WAPE | WQL |",
        "|---|---|---|---|---|",
        *(_line(row) for row in sorted([*shown, ours, naive], key=rank)),
    ]
    return "\n".join(lines) + "\n"


def parts(results: list[Result]) -> str:
    """Return what each part brought: the SQL of each by itself, of the combination, and after correction."""
    fullest = sorted(results, key=lambda result: -len(result.parts))  # in the order of the task that has all of them
    names = list(dict.fromkeys(name for result in fullest for name in result.parts))
    lines = [f"| task | {' | '.join(names)} | corrected: ours |", "|---" * (len(names) + 2) + "|"]
    for result in results:
        each = [f"{result.parts[name].sql:.4f}" if name in result.parts else "–" for name in names]
        lines.append(f"| {result.task.published} | {' | '.join(each)} | **{result.ours.sql:.4f}** |")
    return "\n".join(lines) + "\n"


class Scored(msgspec.Struct, frozen=True, kw_only=True):
    """What rolling origins on one place gave: our scores, those of the reference lines, what the intervals held."""

    task: Task
    ours: Row
    references: dict[str, Row]
    held: Held
    cpu_s: float


def places(scored: list[Scored]) -> str:
    """Return the tables of the rolling origins on cities, each beside its reference lines."""
    lines = [
        "### Rolling origins on shared series of cities\n",
        "| series | windows | forecaster | MASE | WAPE | SQL | 80 % held | 90 % held |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in scored:
        where = f"| {one.task.published} | {one.task.windows} |"
        lines += [
            f"{where} {name} | {row.mase:.4f} | {row.wape:.4f} | – | – | – |" for name, row in one.references.items()
        ]
        share = [f"{100 * held.sum() / one.held.came.sum():.1f} %" for held in (one.held.held80, one.held.held90)]
        ours = one.ours
        lines.append(f"{where} {OURS} | {ours.mase:.4f} | {ours.wape:.4f} | {ours.sql:.4f} | {' | '.join(share)} |")
    return "\n".join(lines) + "\n"


def hours(scored: list[Scored]) -> str:
    """Return what the intervals held by hour of day, of the hourly tasks."""
    hourly = [one for one in scored if one.task.step_s == HOUR_S]
    if not hourly:
        return ""
    lines = [
        "### What the intervals held, by hour of day\n",
        "Per cent of the values inside the 80 % and inside the 90 % interval.\n",
        f"| hour | {' | '.join(one.task.published for one in hourly)} |",
        "|---" * (len(hourly) + 1) + "|",
    ]
    for hour in range(24):
        cells = [
            " / ".join(
                f"{100 * held[hour] / max(one.held.came[hour], 1):.0f}" for held in (one.held.held80, one.held.held90)
            )
            for one in hourly
        ]
        lines.append(f"| {hour} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def write(page: Path, text: str) -> None:
    """Replace what stands between the marks of a page; raises ``BadInput`` where they are absent."""
    whole = page.read_text(encoding="utf-8")
    if FIRST not in whole or LAST not in whole:
        raise BadInput("The page has no place for the tables.", str(page), f"Give it the lines {FIRST} and {LAST}")
    before, rest = whole.split(FIRST, 1)
    page.write_text(before + FIRST + text + LAST + rest.split(LAST, 1)[1], encoding="utf-8")


def _published(model: str, result: Result, *, naive: bool = False) -> Published:
    row, fev = result.naive if naive else result.ours, result.task.bench == "fev"
    return Published(
        model=model, sql=row.sql if fev else None, mase=row.mase, wape=row.wape if fev else None, wql=row.wql
    )


def _line(row: Published) -> str:
    cells = [f"{value:.4f}" if value is not None else "–" for value in (row.sql, row.mase, row.wape, row.wql)]
    return f"| {row.model}{' (trained on it)' if row.seen else ''} | {' | '.join(cells)} |"
