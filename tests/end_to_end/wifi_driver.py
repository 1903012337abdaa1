"""Runs the command line with the counters of Wi-Fi on another clock: as many seconds ahead of ours as a file says."""

from __future__ import annotations

import runpy
import sys
import time
from pathlib import Path

from placette import wifi

AHEAD = Path(sys.argv.pop(1))


def now() -> int:
    """Return the counters' time, µs UTC."""
    return time.time_ns() // 1000 + int(AHEAD.read_text()) * 1_000_000


if __name__ == "__main__":
    wifi._now = now
    runpy.run_module("placette", run_name="__main__", alter_sys=True)
