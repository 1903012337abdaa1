"""The pages in Lighthouse: the demo city in Chromium, as a phone and as a desktop."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.figures import Figure, Result, Skipped
from benchmarks.server import Server

PART = "pages"
ABOUT = (
    "Lighthouse scores (0 to 100) of the three pages of `placette demo` with thirty days of history and its sensors "
    "alive, in headless Chromium; the phone is Lighthouse's own, slowed down four times."
)
TARGET = 95
DAYS = 30


def run(bench: Bench) -> Iterator[Result]:
    """Run the page tests' Lighthouse script, which prints one JSON line per page, device and category."""
    tools = bench.root / "tests" / "web"
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        yield Skipped(part=PART, name="Lighthouse", reason="Node is not installed")
        return
    chromium = os.environ.get("CHROME_PATH", "/usr/bin/chromium")
    if not Path(chromium).exists():
        yield Skipped(part=PART, name="Lighthouse", reason=f"Chromium is not here: {chromium} (set CHROME_PATH)")
        return
    if not (tools / "node_modules" / "lighthouse").exists():
        install = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run(install, cwd=tools, env={**os.environ, "PUPPETEER_SKIP_DOWNLOAD": "1"}, check=True)
    for line in _scores(bench, [node, str(tools / "lighthouse.mjs")], chromium).splitlines():
        said = json.loads(line)
        name = f"{said['category']}, {said['page']}, {said['device']}"
        yield Figure(part=PART, name=name, unit="points", values=tuple(said["scores"]), target=TARGET, at_least=True)


def _scores(bench: Bench, script: list[str], chromium: str) -> str:
    folder = bench.folder("pages")
    folder.mkdir()
    server = Server(folder, "demo", "--no-browser", "--days", str(DAYS))
    try:
        server.wait()
        server.wait_for_log("Live values follow")
        done = subprocess.run(
            [*script, f"http://127.0.0.1:{server.port}", "--runs", str(bench.runs)],
            env={**os.environ, "CHROME_PATH": chromium}, capture_output=True, text=True, check=False,
        )  # fmt: skip
    finally:
        server.stop()
    if done.returncode:
        raise RuntimeError(f"Lighthouse failed: {done.stderr[-1000:]}")
    return done.stdout
