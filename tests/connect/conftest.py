"""A real Mosquitto, and a store with a few datastreams."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request

from placette.api import Access, Route, mount
from placette.connect.mqtt import MqttConfig
from placette.model.entities import Datastream, ObservedProperty, Sensor, Thing
from placette.model.errors import NotAllowed
from placette.store import Store, catalogue

CONFIG = """listener {port} 127.0.0.1
user {user}
allow_anonymous true
max_queued_messages 0
persistence true
persistence_location {folder}/
sys_interval 1
"""
"""``user``: started by root, Mosquitto would become a user who may not write into the test's folder."""


class Mosquitto:
    """A broker process of the test's own, on a free port, that keeps its sessions on disk."""

    def __init__(self, folder: Path, port: int, extra: str = "") -> None:
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None
        self._config = folder / "mosquitto.conf"
        self._config.write_text(CONFIG.format(port=port, folder=folder, user=getpass.getuser()) + extra)

    def start(self) -> None:
        binary = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
        if binary is None:
            pytest.skip("mosquitto is not installed (apt install mosquitto)")
        self._process = subprocess.Popen(
            [binary, "-c", str(self._config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._wait_until_it_listens()

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def restart_with(self, extra: str) -> None:
        """Start again with other lines of configuration, each in the place of the one that begins like it."""
        self.stop()
        named = tuple(line.split()[0] for line in extra.splitlines())
        kept = [line for line in self._config.read_text().splitlines() if not line.startswith(named)]
        self._config.write_text("\n".join(kept) + "\n" + extra)
        self.start()

    def wait_for_subscription(self) -> None:
        """Return once somebody but this very watcher has subscribed."""
        command = ["mosquitto_sub", "-p", str(self.port), "-t", "$SYS/broker/subscriptions/count"]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as watch:
            assert watch.stdout is not None
            for line in watch.stdout:
                if int(line) > 1:
                    break
            watch.terminate()

    def config(self, **changed: Any) -> MqttConfig:
        """How a network reaches this broker."""
        return MqttConfig(
            **{"name": "street", "host": "127.0.0.1", "port": self.port, "client_id": "placette"} | changed
        )

    def publish(self, topic: str, *lines: str, retain: bool = False, qos: int = 1) -> None:
        """Publish each line as a message with ``mosquitto_pub``, and return once the broker has them."""
        command = [
            "mosquitto_pub",
            "-p",
            str(self.port),
            "-q",
            str(qos),
            "-t",
            topic,
            "-l",
            *(["-r"] if retain else []),
        ]
        subprocess.run(command, input="".join(line + "\n" for line in lines).encode(), check=True, timeout=30)

    def _wait_until_it_listens(self) -> None:
        import socket

        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.05)
        raise AssertionError("mosquitto did not start")


@pytest.fixture
def mosquitto(tmp_path: Path, free_port: int) -> Iterator[Mosquitto]:
    """A running broker."""
    folder = tmp_path / "broker"
    folder.mkdir()
    broker = Mosquitto(folder, free_port)
    broker.start()
    yield broker
    broker.stop()


def fill(store: Store) -> None:
    """Datastreams ``ROT-01/pm10`` (id 1), ``ROT-01/door`` (2) and ``TOR-01/pm10`` (3), one per phenomenonTime."""

    def make(con: Any) -> None:
        sensor = catalogue.insert_sensor(con, Sensor(name="s", description="s"))
        observed = {
            key: catalogue.insert_observed_property(
                con, ObservedProperty(name=key, definition=f"urn:{key}", description="", properties={"key": key})
            )
            for key in ("pm10", "door")
        }
        things = {
            code: catalogue.insert_thing(con, Thing(name=code, description="", properties={"code": code}))
            for code in ("ROT-01", "TOR-01")
        }
        for code in ("ROT-01/pm10", "ROT-01/door", "TOR-01/pm10"):
            thing, _, key = code.partition("/")
            made = Datastream(
                name=code,
                description="",
                thing_id=things[thing],
                sensor_id=sensor,
                observed_property_id=observed[key],
                properties={"code": code, "identity": "phenomenonTime"},
            )
            catalogue.insert_datastream(con, made)

    store.change_now(make)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An open store with three datastreams."""
    opened = Store.open(tmp_path / "placette.duckdb")
    fill(opened)
    yield opened
    opened.close()


@contextlib.asynccontextmanager
async def _running(*networks: object) -> AsyncIterator[None]:
    """Run networks (anything with ``run()``) in the background, and end them."""
    tasks = [asyncio.create_task(network.run()) for network in networks]  # type: ignore[attr-defined]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            assert isinstance(ended, asyncio.CancelledError), ended


async def _until(true: Callable[[], bool], what: str = "") -> None:
    """Wait until something becomes true; a minute is a hang, not a speed."""
    for _ in range(1200):
        if true():
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"never came true: {what}")


@pytest.fixture
def running() -> Any:
    """``async with running(network, …)``: each one's ``run()`` goes on in the background."""
    return _running


class _Gate:
    """Lets in who carries a token."""

    def check(self, request: Request, access: Access) -> None:
        if "authorization" not in request.headers:
            raise NotAllowed("this address needs a token")


@contextlib.asynccontextmanager
async def _asking(port: int, routes: Sequence[Route]) -> AsyncIterator[httpx.AsyncClient]:
    """Serve routes on a port, and give a client that carries a token."""
    app = Starlette(routes=mount(routes, _Gate()))
    config = uvicorn.Config(app, port=port, log_level="warning", lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    await _until(lambda: server.started)
    headers = {"Authorization": "Bearer x"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, trust_env=False) as client:
        yield client
    server.should_exit = True
    await serving


@pytest.fixture
def asking(free_port: int) -> Any:
    """``async with asking(routes) as client``: a real server with these routes, asked with a token."""
    return partial(_asking, free_port)


@pytest.fixture
def until() -> Any:
    """``await until(lambda: …)``: returns once that is true."""
    return _until
