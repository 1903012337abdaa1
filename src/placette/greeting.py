"""What a start says on the terminal: where the city is, and lines to copy that write into it."""

from __future__ import annotations

import sys

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from placette import __version__
from placette.app import House
from placette.city import datastream_code
from placette.web.words import LANGUAGES


def show(house: House) -> None:
    """Say which city runs where."""
    city = house.city
    print(f"Placette {__version__} — {city.name}: {len(city.places)} places, {len(city.devices)} devices")
    print(f"  pages          {house.url}/")
    print(f"  SensorThings   {house.url}/v1.1", flush=True)


def show_demo(house: House, token: str, mqtt_port: int) -> None:
    """Say the same of the demo, with one line for HTTP and one for MQTT that work as they stand."""
    show(house)
    device = next((each for each in house.city.devices if each.kind == "air"), house.city.devices[0])
    quantity = house.city.models[device.model].quantities[0]
    code = datastream_code(device, quantity)
    datastream = house.store.directory.by_code[code].id
    print(f"  sign in        {house.url}/{LANGUAGES[0]}/sign-in with the token {token}")
    print(f"  MQTT broker    mqtt://127.0.0.1:{mqtt_port}")
    print("  All sensors are simulated. Write a value of your own:\n")
    print(
        f"curl -H 'Authorization: Bearer {token}' -H 'Content-Type: application/json' \\\n"
        f'  -d \'{{"result": 21.5, "Datastream": {{"@iot.id": {datastream}}}}}\' {house.url}/v1.1/Observations\n'
    )
    print(
        f"mosquitto_pub -p {mqtt_port} -q 1 -t devices/{device.code}/up "
        f'-m \'{{"values": {{"{quantity.key}": 21.5}}}}\'\n',
        flush=True,
    )


class History:
    """Shows how far the making of history is: a bar on a terminal, a line at the start and the end elsewhere."""

    def __init__(self) -> None:
        self._bar: Progress | None = None
        self._said = False

    def __call__(self, share: float, rows: int) -> None:
        """Show that ``share`` (0 to 1) is done and ``rows`` observations are stored."""
        if sys.stdout.isatty():
            self._draw(share, rows)
        elif not self._said:
            print("Making the history of the simulated sensors…", flush=True)
            self._said = True
        if share >= 1:
            print(f"History: {rows:,} simulated observations added. Live values follow.", flush=True)

    def _draw(self, share: float, rows: int) -> None:
        if self._bar is None:
            self._bar = Progress(
                TextColumn("making history"),
                BarColumn(),
                TextColumn("{task.fields[rows]:,} observations"),
                TimeRemainingColumn(),
            )
            self._bar.add_task("history", total=1.0, rows=0)
            self._bar.start()
        self._bar.update(self._bar.task_ids[0], completed=share, rows=rows)
        if share >= 1:
            self._bar.stop()
