"""The pages in Lighthouse, as the front end's own script judges them."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator

from benchmarks.bench import Bench
from benchmarks.figures import Figure, Result, Skipped
from benchmarks.server import serving
from benchmarks.world import make

PART = "pages"
ABOUT = "Lighthouse scores (0 to 100) of the pages of a `placette serve`, in the Chromium that the tests use."
TARGET = 95


def run(bench: Bench) -> Iterator[Result]:
    """Run the script on a served city; it prints one JSON line per page, device and category."""
    script = bench.root / "components" / "lighthouse.mjs"
    node = shutil.which("node")
    if not script.exists() or node is None:
        yield Skipped(part=PART, name="Lighthouse", reason="its script or Node is not here")
        return
    with serving(make(bench.folder("pages"), 10).data) as server:
        done = subprocess.run(
            [node, str(script), f"http://127.0.0.1:{server.port}"], capture_output=True, text=True, check=True
        )
    for line in done.stdout.splitlines():
        said = json.loads(line)
        name = f"{said['category']}, {said['page']}, {said['device']}"
        yield Figure(part=PART, name=name, unit="points", values=tuple(said["scores"]), target=TARGET, at_least=True)
