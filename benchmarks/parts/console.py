"""From a click to the painted picture: twenty datastreams over a year of hours, in a real Chromium."""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import psutil
from playwright.sync_api import Page, Route, sync_playwright

from benchmarks import world
from benchmarks.bench import Bench
from benchmarks.figures import Figure, Result, Skipped
from benchmarks.plan import Plan
from benchmarks.server import Server, serving
from placette.model.times import iso

PART = "console"
ABOUT = (
    "Twenty datastreams that sent every 15 minutes for a year, of a table of 10,000, drawn as 175,000 hourly values in "
    "headless Chromium (1280 × 900) from a `placette serve` of its own process; each time other datastreams, so that "
    "nothing was computed before. *Console*: from the click on “1 year” to the frame after the lines. *ECharts*: the "
    "same picture by a plain page that asks `/api/series` (every statistic, as JSON), or that reads all of it through "
    "SensorThings, 10,000 at a time, four requests at once, and takes the means itself; from the first request to the "
    "frame after ECharts' `finished`."
)
TARGET_MS = 1_000
LINES = 20
YEAR_US = 365 * 86_400 * 1_000_000
ECHARTS = "echarts@6"
CHROMIUM = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
_CLICKED = "addEventListener('click', () => { window.clicked = performance.now(); performance.clearMarks() }, true)"
_PAINTED = "performance.getEntriesByName('console-painted').at(-1)?.startTime - window.clicked"
_DRAW = """
const draw = (series) => new Promise((done) => {
  const chart = echarts.init(document.getElementById('chart'));
  chart.on('finished', () => requestAnimationFrame(() => setTimeout(done)));
  chart.setOption({
    animation: false, xAxis: {type: 'time'}, yAxis: {}, tooltip: {trigger: 'axis'},
    series: series.map((data) => ({type: 'line', showSymbol: false, sampling: 'lttb', data})),
  });
});
window.fromSeries = async (address) => {
  const begun = performance.now();
  const answer = await (await fetch(address)).json();
  await draw(answer.series.map((one) => one.time.map((time, place) => [time * 1000, one.value[place]])));
  return performance.now() - begun;
};
window.fromThings = async (addresses) => {
  const begun = performance.now();
  const series = addresses.map(() => []);
  const waiting = addresses.map((address, place) => [address, place]);
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const sums = new Map();
      for (let url = next[0]; url; ) {
        const page = await (await fetch(url)).json();
        for (const row of page.value) {
          const hour = Math.floor(Date.parse(row.phenomenonTime) / 3600000);
          const sum = sums.get(hour) ?? [0, 0];
          sums.set(hour, [sum[0] + row.result, sum[1] + 1]);
        }
        url = page['@iot.nextLink'];
      }
      series[next[1]] = [...sums].sort((a, b) => a[0] - b[0]).map(([hour, sum]) => [hour * 3600000, sum[0] / sum[1]]);
    }
  };
  await Promise.all([work(), work(), work(), work()]);
  await draw(series);
  return performance.now() - begun;
};
"""


def run(bench: Bench) -> Iterator[Result]:
    """Click, and draw the same in the other ways; ``bench.runs`` times each, SensorThings once."""
    chromium = os.environ.get("CHROME_PATH", "/usr/bin/chromium")
    if not Path(chromium).exists():
        yield Skipped(part=PART, name="click to picture", reason=f"Chromium is not here: {chromium} (set CHROME_PATH)")
        return
    rows = bench.sizes[0]
    plan, made, _ = bench.history(rows)
    script = _echarts(bench)
    with serving(made.data) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM))
        try:
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            _click(page, server, plan, 0)
            before = _cpu_ms(server)
            taken = [(_click(page, server, plan, turn), _cpu_ms(server)) for turn in range(1, bench.runs + 1)]
            yield _figure("click to picture", [each for each, _ in taken], rows, "Placette console", TARGET_MS)
            used = _steps([before, *(cpu for _, cpu in taken)])
            yield _figure("CPU of the server for a page and a click", used, rows, "Placette console")
            yield from _others(bench, page, server, plan, rows, script, [int(each) for each in made.ids[: plan.deep]])
        finally:
            browser.close()


def _figure(name: str, values: list[float], rows: int, system: str, target: float | None = None) -> Figure:
    return Figure(
        part=PART, name=name, unit="ms", values=tuple(values), target=target, at_least=False, system=system, rows=rows
    )


def _cpu_ms(server: Server) -> float:
    """Return the ms of processor that the server has used so far: unlike the time, it bears a busy machine."""
    times = psutil.Process(server.process.pid).cpu_times()
    return float(times.user + times.system) * 1000


def _steps(values: list[float]) -> list[float]:
    return [after - before for before, after in itertools.pairwise(values)]


def _codes(plan: Plan, turn: int) -> list[str]:
    """Return twenty datastreams with a year behind them, others each time."""
    chosen = random.Random(turn).sample(range(plan.deep), min(LINES, plan.deep))  # noqa: S311  # no secret
    return ["/".join(world.code(position)) for position in chosen]


def _click(page: Page, server: Server, plan: Plan, turn: int) -> float:
    """Return the ms from the click to the painted frame; the page shows a day of the same datastreams before."""
    asked = [("datastream", code) for code in _codes(plan, turn)] + [("interval", "hour"), ("range", "24h")]
    page.goto(f"http://127.0.0.1:{server.port}/en/console?{urlencode(asked)}")
    page.wait_for_selector("placette-console[live]")
    page.wait_for_load_state("networkidle")
    page.evaluate(_CLICKED)
    page.click("label:has(#console-range-1y)")
    page.wait_for_function(f"() => {_PAINTED} > 0", timeout=60_000)
    lines = page.locator("[data-legend] li").count()
    if lines != min(LINES, plan.deep):
        raise RuntimeError(f"{lines} lines were drawn")
    return float(page.evaluate(_PAINTED))


def _echarts(bench: Bench) -> Path | None:
    """Return ECharts' script from npm, ``None`` where it cannot be had."""
    npm = shutil.which("npm")
    folder = bench.folder("echarts")
    if npm is None:
        return None
    command = [npm, "install", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund", ECHARTS]
    done = subprocess.run(command, capture_output=True, check=False)
    found = folder / "node_modules" / "echarts" / "dist" / "echarts.min.js"
    return found if done.returncode == 0 and found.exists() else None


def _others(
    bench: Bench, page: Page, server: Server, plan: Plan, rows: int, script: Path | None, ids: list[int]
) -> Iterator[Result]:
    if script is None:
        yield Skipped(part=PART, name="ECharts", reason="npm could not install it")
        return
    scripts = "".join(f"<script>{text}</script>" for text in (script.read_text(), _DRAW))
    body = f"<div id='chart' style='width:800px;height:400px'></div>{scripts}"
    address = f"http://127.0.0.1:{server.port}/plain.html"

    def plain(route: Route) -> None:
        route.fulfill(body=body, content_type="text/html")

    page.route("**/plain.html", plain)
    span = {"start": iso(plan.end - YEAR_US), "end": iso(plan.end)}
    series = []
    for turn in range(bench.runs):
        page.goto(address)
        asked = {"datastream": ",".join(_codes(plan, 1000 + turn)), "interval": "hour", **span}
        series.append(float(page.evaluate(f"fromSeries({json.dumps('/api/series?' + urlencode(asked))})")))
    yield _figure("click to picture", series, rows, "ECharts over /api/series")
    page.goto(address)
    options = urlencode({"$select": "phenomenonTime,result", "$top": "10000", "$orderby": "phenomenonTime"})
    chosen = random.Random(7).sample(ids, min(LINES, len(ids)))  # noqa: S311  # no secret
    addresses = [f"/v1.1/Datastreams({key})/Observations?{options}" for key in chosen]
    page.set_default_timeout(600_000)
    paged = float(page.evaluate(f"fromThings({json.dumps(addresses)})"))
    yield _figure("click to picture", [paged], rows, "ECharts over SensorThings pages")
