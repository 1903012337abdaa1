"""``placette demo``: a running city with its own broker, and simulated devices that play on it."""

from __future__ import annotations

import asyncio
import socket
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib import resources
from pathlib import Path

import msgspec

from placette import city, greeting, running, settings
from placette.api import Access
from placette.app import House
from placette.connect.broker import Broker
from placette.demo import run as devices
from placette.model.entities import Origin
from placette.model.errors import NotFound

MQTT_PORT = 1883
DEMO_TOKEN = "demo"  # noqa: S105 — the name of a token


def demo(data: Path, *, folder: Path | None = None, port: int, browser: bool, days: int) -> int:
    """Run the demo city until interrupted: broker, simulated sensors and history included."""
    with _folder(folder) as used:
        found = city.read(used)
        chosen = settings.read(data)
        chosen = msgspec.structs.replace(chosen, server=msgspec.structs.replace(chosen.server, port=port))
        play = partial(_play, browser=browser, days=days)
        # No device of our own city sends through a codec, and the engine its folder's example needs is an extra.
        return running.run(data, found, chosen, Origin.SIMULATED, play, folder)


async def _play(house: House, *, browser: bool, days: int) -> None:
    """Start the broker, connect to it as to any other, say where everything is, then play the devices."""
    port = _free_port(MQTT_PORT)
    async with Broker(port=port):
        networks = [house.connect(network, demo_port=port) for network in house.brokers]
        tokens = house.tokens
        if any(token.name == DEMO_TOKEN for token in tokens.kept()):
            tokens.revoke(DEMO_TOKEN)
        secret = tokens.create(DEMO_TOKEN, Access.ADMIN)
        greeting.show_demo(house, secret, port)
        async with asyncio.TaskGroup() as group:
            for network in networks:
                group.create_task(network.run())
            for door in house.doors:
                group.create_task(door.run())
            if browser:
                group.create_task(asyncio.to_thread(webbrowser.open, house.url))
            group.create_task(
                devices.run(
                    house.city, f"mqtt://127.0.0.1:{port}", house.url, secret, days=days, progress=greeting.History()
                )
            )


@contextmanager
def _folder(chosen: Path | None) -> Iterator[Path]:
    """Give the city folder: the one chosen, or that of the demo city, from the package or from the sources."""
    if chosen is not None:
        yield chosen
        return
    with resources.as_file(resources.files("placette") / "cities" / "aix") as shipped:
        path = shipped if shipped.is_dir() else Path(__file__).resolve().parents[2] / "cities" / "aix"
        if not path.is_dir():
            raise NotFound("the demo city is not here", str(path), "name a city folder with --city")
        yield path


def _free_port(wanted: int) -> int:
    """Return ``wanted``, or any free port when somebody listens on it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
