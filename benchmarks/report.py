"""Writes what was measured: ``results.json`` for programs and ``docs/benchmarks.md`` for people.

A run of some parts replaces only their figures, as long as the machine is the same.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from benchmarks.figures import Figure, Result, Skipped, shown
from benchmarks.machine import Machine
from benchmarks.parts import PARTS, compare

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
REASONS = HERE / "reasons.toml"
"""Why a target is not met, by figure: the only words of the document that a person writes."""

HEAD = """# Benchmarks

Written by `make bench`; no figure is typed by hand. Each value is the median of its runs, with the lowest and the
highest in brackets. To measure your own machine: `make bench` (about a quarter of an hour), `make bench
ARGS="--large"` for the tables of 100 million observations, `make bench ARGS="--only http --only mqtt"` for some parts.
"""


class Results(msgspec.Struct, frozen=True):
    """The content of ``results.json``."""

    machine: Machine
    figures: list[Figure]
    skipped: list[Skipped]


def merge(machine: Machine, measured: Sequence[Result], parts: Iterable[str]) -> Results:
    """Return what was just measured, with the older figures of other parts and of larger tables than this time."""
    figures = [result for result in measured if isinstance(result, Figure)]
    skipped = [result for result in measured if isinstance(result, Skipped)]
    if RESULTS.exists():
        old = msgspec.json.decode(RESULTS.read_bytes(), type=Results)
        if machine.same_as(old.machine):
            done = set(parts)
            largest = {part: max((f.rows for f in figures if f.part == part), default=0) for part in done}
            figures += [f for f in old.figures if f.part not in done or f.rows > largest[f.part] > 0]
            skipped += [item for item in old.skipped if item.part not in done]
    return Results(machine, figures, skipped)


def write(results: Results, document: Path) -> None:
    """Write both files."""
    RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")
    document.write_text("\n".join(_lines(results)) + "\n")


def _lines(results: Results) -> list[str]:
    lines = [HEAD, *_machine(results.machine)]
    reasons = tomllib.loads(REASONS.read_text()) if REASONS.exists() else {}
    for part in PARTS:
        figures = [figure for figure in results.figures if figure.part == part.PART]
        skipped = [item for item in results.skipped if item.part == part.PART]
        if not figures and not skipped:
            continue
        title = next(line for line in (part.__doc__ or part.PART).splitlines())
        lines += [f"## {title.rstrip('.')}", "", part.ABOUT, ""]
        stamps = sorted({(figure.measured, figure.commit) for figure in figures})
        lines += [f"Measured {', '.join(f'{day} at commit {commit}' for day, commit in stamps)}.", ""] if stamps else []
        lines += _comparison(figures) if part.PART == compare.PART else _tables(figures, reasons)
        lines += [f"Not measured: {item.name}: {item.reason}." for item in skipped] + [""] * bool(skipped)
    return lines


def _machine(machine: Machine) -> list[str]:
    packages = ", ".join(f"{name} {version}" for name, version in machine.packages.items())
    rows = {
        "processor": f"{machine.processor}, {machine.cores} cores for everything that runs",
        "memory": f"{machine.memory_gib:g} GiB",
        "disk": f"{machine.disk}; writing and fsyncing 4 KiB takes {machine.fsync_ms:g} ms",
        "system": f"{machine.system}, Linux {machine.kernel}",
        "Python": f"{machine.python}; {packages}",
    }
    return ["| machine | |", "|---|---|", *(f"| {key} | {value} |" for key, value in rows.items()), ""]


def _tables(figures: list[Figure], reasons: dict[str, str]) -> list[str]:
    lines: list[str] = []
    for rows in sorted({figure.rows for figure in figures}):
        if rows:
            lines += [f"### {rows:,} observations stored", ""]
        lines += ["| figure | target | measured | |", "|---|---|---|---|"]
        lines += [_row(figure, reasons) for figure in figures if figure.rows == rows]
        lines.append("")
    return lines


def _row(figure: Figure, reasons: dict[str, str]) -> str:
    target = ""
    if figure.target is not None:
        target = f"{'≥' if figure.at_least else '≤'} {shown(figure.target)}"
    verdict = {None: "", True: "met", False: "**not met**"}[figure.met]
    if figure.met is False:
        verdict += f": {reasons.get(figure.name, 'reason not yet known')}"
    words = "; ".join(word for word in (verdict, figure.note) if word)
    name = figure.name if figure.system == "Placette" else f"{figure.name} – {figure.system}"
    return f"| {name} | {target} | {f'{_value(figure)} {figure.unit}'.strip()} | {words} |"


def _value(figure: Figure) -> str:
    if len(figure.values) == 1:
        return shown(figure.median)
    return f"{shown(figure.median)} ({shown(min(figure.values))}–{shown(max(figure.values))})"


def _comparison(figures: list[Figure]) -> list[str]:
    """One line per task, one column per system; the ratio is how many times better Placette's median is."""
    systems = list(dict.fromkeys(figure.system for figure in figures))
    lines = [f"| task | {' | '.join(systems)} |", "|---|" + "---|" * len(systems)]
    for name, rows in dict.fromkeys((figure.name, figure.rows) for figure in figures):
        of = {figure.system: figure for figure in figures if (figure.name, figure.rows) == (name, rows)}
        ours = of.get("Placette")
        unit = next(iter(of.values())).unit
        size = f", {rows:,} observations" if rows else ""
        cells = [_compared(of[system], ours) if system in of else "" for system in systems]
        lines.append(f"| {name}, {unit}{size} | {' | '.join(cells)} |")
    lines += ["", "In brackets: how many times better (×) Placette's median is; below 1 the other is better.", ""]
    lines += [f"- {figure.system}: {figure.note}" for figure in figures if figure.note]
    return [*lines, ""]


def _compared(figure: Figure, ours: Figure | None) -> str:
    if ours is None or ours is figure or not figure.median or not ours.median:
        return _value(figure)
    ratio = ours.median / figure.median if figure.at_least else figure.median / ours.median
    return f"{shown(figure.median)} (×{shown(ratio)})"
