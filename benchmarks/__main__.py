"""``python -m benchmarks``: choose parts and sizes, measure, write the document."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from cyclopts import App, Parameter

from benchmarks import machine, report
from benchmarks.bench import Bench
from benchmarks.figures import Result, Skipped, shown
from benchmarks.parts import PARTS

ROOT = Path(__file__).resolve().parent.parent
Name = Literal[
    "store", "http", "mqtt", "files", "lorawan", "webhook", "codecs", "wifi", "quality", "maps", "rhythms", "anomaly",
    "forecast", "forecast-live", "queries", "start", "compare", "console", "crash", "pages",
]  # fmt: skip

app = App(name="python -m benchmarks", help="Measure what Placette promises, and write docs/benchmarks.md.")


@app.default
def main(
    *,
    only: Annotated[list[Name] | None, Parameter(negative=())] = None,
    rows: int = 10_000_000,
    datastreams: int = 10_000,
    runs: int = 3,
    crashes: int = 50,
    large: Annotated[bool, Parameter(negative=())] = False,
    work: Path = ROOT / "build" / "benchmarks",
    write: bool = True,
) -> int:
    """Measure and write.

    Args:
        only: Parts to measure; several times for several. Without it, all.
        rows: Observations stored when the questions are asked.
        datastreams: Datastreams they belong to.
        runs: How often each measurement is repeated.
        crashes: How often the server is killed.
        large: Ask also at ten times the rows (about 3 GB of disk, a quarter of an hour more).
        work: Where data is made; must lie on the disk to be measured.
        write: Write docs/benchmarks.md and benchmarks/results.json.
    """
    work.mkdir(parents=True, exist_ok=True)
    bench = Bench(
        ROOT, work.resolve(), rows=rows, datastreams=datastreams, runs=runs, crashes=crashes, large=large
    )  # fmt: skip
    chosen = [part for part in PARTS if not only or part.PART in only]
    facts = machine.look(work)
    stamp = (datetime.now(UTC).date().isoformat(), machine.commit(ROOT))
    results: list[Result] = []
    measured, failed = [], []
    try:
        for part in chosen:
            started = time.perf_counter()
            print(f"— {part.PART}", flush=True)
            found: list[Result] = []
            try:
                for result in part.run(bench):
                    found.append(_stamped(result, *stamp))
                    print(f"  {_line(found[-1])}", flush=True)
            except Exception as error:  # noqa: BLE001  # the other parts are still worth measuring
                failed.append(part.PART)
                print(f"  FAILED: {error}", file=sys.stderr, flush=True)
            else:
                measured.append(part.PART)
                results += found
            print(f"  ({time.perf_counter() - started:.0f} s)", flush=True)
    finally:
        bench.clear()
    if write and measured:
        report.write(report.merge(facts, results, measured), ROOT / "docs" / "benchmarks.md")
    return 1 if failed else 0


def _stamped(result: Result, day: str, commit: str) -> Result:
    if isinstance(result, Skipped):
        return result
    return msgspec.structs.replace(result, measured=day, commit=commit)


def _line(result: Result) -> str:
    if isinstance(result, Skipped):
        return f"not measured: {result.name}: {result.reason}"
    verdict = {None: "", True: "  met", False: "  NOT MET"}[result.met]
    return f"{result.name} [{result.system}] {', '.join(map(shown, result.values))} {result.unit}{verdict}"


if __name__ == "__main__":
    sys.exit(app())
