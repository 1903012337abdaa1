"""Runs the command line with the counters of Wi-Fi on another clock: as many seconds ahead of ours as a file says."""

from __future__ import annotations

import runpy
import sys
import time
from functools import partial
from pathlib import Path

from placette import wifi


def now(ahead: Path) -> int:
    """Return the counters' time, µs UTC; the file ``ahead`` holds by how many seconds it differs from ours."""
    return time.time_ns() // 1000 + int(ahead.read_text()) * 1_000_000


if __name__ == "__main__":
    wifi._now = partial(now, Path(sys.argv.pop(1)))
    runpy.run_module("placette", run_name="__main__", alter_sys=True)
