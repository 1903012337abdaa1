"""Runs the simulated devices beside a city: first the history it lacks, then live frames over MQTT.

Only the public doors are used: the bulk API and the broker, with a token and a user name like any real device.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import httpx

from placette.city import City
from placette.demo.backfill import Progress, backfill
from placette.demo.live import Sleep, send_live
from placette.demo.pulse import Agenda
from placette.demo.simulation import SEED, Simulation

PACE_S = 60
"""Interval of live frames: with nearly a hundred devices, more than one a second somewhere on the map."""


def clock() -> int:
    """Return the time now, µs since 1970-01-01 UTC."""
    return time.time_ns() // 1000


def _no_progress(share: float, rows: int) -> None:
    """Show nothing."""


async def run(
    city: City,
    broker_url: str,
    api_url: str,
    token: str,
    *,
    days: int = 90,
    seed: int = SEED,
    pace_s: int = PACE_S,
    progress: Progress = _no_progress,
    now: Callable[[], int] = clock,
    sleep: Sleep = asyncio.sleep,
) -> None:
    """Play the devices of ``city`` until cancelled.

    ``broker_url`` is ``mqtt://[user:password@]host[:port]`` (``mqtts`` for TLS), ``api_url`` the city's address,
    ``token`` one that may write. ``days`` of history are sent first where they are missing. Raises ``BadInput`` for a
    broker address that cannot be used and ``Refused`` when the API does not take the history.
    """
    headers = {"Authorization": f"Bearer {token}"}
    # A town's proxy, named in the environment, leads away from this machine.
    async with httpx.AsyncClient(base_url=api_url, headers=headers, timeout=60, trust_env=False) as client:
        end = now()
        await backfill(client, city, now=end, days=days, seed=seed, progress=progress)
    agenda = Agenda(Simulation(city, seed), end, pace_s=pace_s)
    await send_live(agenda, city, broker_url, now=now, sleep=sleep)
