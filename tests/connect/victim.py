"""A server that dies by its own hand: ``victim.py PORT DATABASE before|after`` the commit of its first batch."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from placette.connect.mqtt import MqttConfig, MqttNetwork
from placette.intake import MessageIntake
from placette.model.arrivals import Arrival
from placette.model.networks import Taken
from placette.store import Store


async def main(port: int, database: Path, moment: str) -> None:
    store = Store.open(database)
    intake = MessageIntake(store)

    async def sink(arrivals: Sequence[Arrival]) -> Taken:
        if moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        taken = await intake(arrivals)
        if moment == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return taken

    config = MqttConfig(name="street", host="127.0.0.1", port=port, client_id="victim")
    await MqttNetwork(config, sink).run()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]))
