"""``kill -9`` at random moments under load: runs the crash tests as often as the promise says, and counts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from xml.etree import ElementTree

from benchmarks.bench import Bench
from benchmarks.figures import Figure, Result

PART = "crash"
ABOUT = (
    "`tests/crash` with a real server process that is killed (SIGKILL) at a random moment while it takes single POSTs, "
    "bulk bodies and rows that were sent before. After each restart every acknowledged observation must be there, none "
    "twice. The tests of a full and of a read-only disk run with it."
)
PROPERTIES = {
    "kills": ("server killed under load", "times", None),
    "acknowledged": ("observations acknowledged before a kill", "observations", None),
    "missing": ("acknowledged observations missing after the restart", "observations", 0),
    "twice": ("observations stored twice", "observations", 0),
    "slowest_start_s": ("slowest restart", "s", None),
}


def run(bench: Bench) -> Iterator[Result]:
    """Run the tests and read their figures from the JUnit report."""
    report = bench.work / "crash.xml"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "tests/crash", f"--junitxml={report}", "-o", "junit_family=xunit1"],
        cwd=bench.root, env={**os.environ, "PLACETTE_CRASHES": str(bench.crashes)}, check=False,
    )  # fmt: skip
    tree = ElementTree.parse(report)  # noqa: S314  # written by pytest a moment ago
    found = {item.get("name"): float(item.get("value", "nan")) for item in tree.iter("property")}
    for key, (name, unit, target) in PROPERTIES.items():
        if key in found:
            yield Figure(part=PART, name=name, unit=unit, values=(found[key],), target=target)
    suite = next(tree.iter("testsuite"))
    failed = int(suite.get("failures", "0")) + int(suite.get("errors", "0"))
    yield Figure(part=PART, name="crash tests that failed", unit="tests", values=(float(failed),), target=0)
    yield Figure(part=PART, name="crash tests skipped here", unit="tests", values=(float(suite.get("skipped", "0")),))
    if done.returncode not in (0, 1):
        raise RuntimeError(f"pytest ended with code {done.returncode}")
