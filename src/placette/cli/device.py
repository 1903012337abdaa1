"""``placette device`` and ``placette label``: what hangs in the street, and its labels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

from cyclopts import App, Parameter

from placette.cli import DATA
from placette.cli.asking import Client, ask, said
from placette.model.errors import StorageFailure

PATH = "/api/sites"
State = Literal["planned", "installed", "silent", "replaced", "retired"]

app = App(name="device", help="List, install, replace and retire the devices of a city.")


@app.command(name="list")
def list_(*, place: str | None = None, state: State | None = None, data: Path = DATA, city: Path | None = None) -> None:
    """List the sites: code, state, since when, model, place, what hangs there, its last frame.

    Example: placette device list --state silent

    Args:
        place: Only those of this place.
        state: Only those in this state.
        data: The data folder.
        city: The city folder, where no server runs on the data.
    """
    asked = {name: value for name, value in (("place", place), ("state", state)) if value}

    async def work(client: Client) -> Any:
        return await said(await client.get(PATH, params=asked))

    found = ask(data, city, work)
    for each in found:
        since, last = each["since"] or "", each["last_frame"] or "never"
        print(
            f"{each['code']}\t{each['state']}\t{since[:16]}\t{each['model']}\t{each['place']}\t{each['device']}\t{last}"
        )
    if not found:
        print("There are none.")


@app.command
def install(
    device: str,
    *,
    model: str,
    network: str,
    place: str,
    longitude: float,
    latitude: float,
    code: str = "",
    address: str = "",
    note: str = "",
    data: Path = DATA,
    city: Path | None = None,
) -> None:
    """Hang a device at a site and print the site's code.

    Example: placette device install 70B3D57ED0000001 --model hive --network lorawan --place rotonde
    --longitude 5.4454 --latitude 43.5263

    Args:
        device: How its network names it, such as its DevEUI, or what its QR code says.
        model: Its model, of models.toml.
        network: Its network, of networks.toml.
        place: Its place, of places.geojson.
        longitude: In degrees, WGS 84.
        latitude: In degrees, WGS 84.
        code: The site's code; without it, the next of its place and kind.
        address: What helps to find it; everyone can see it.
        note: A note for the team.
        data: The data folder.
        city: The city folder, where no server runs on the data.
    """
    order = {
        "device": device, "model": model, "network": network, "place": place, "longitude": longitude,
        "latitude": latitude, "code": code, "address": address, "note": note,
    }  # fmt: skip
    site = _order(PATH, order, data, city)
    print(f"{site['code']}: {site['device']} is installed at {site['place']}")


@app.command
def replace(
    code: str, device: str, *, model: str = "", note: str = "", data: Path = DATA, city: Path | None = None
) -> None:
    """Hang another device at a site; its series go on.

    Example: placette device replace AIX-ROT-AIR-01 70B3D57ED0000002 --note "battery dead"

    Args:
        code: The site's code.
        device: How its network names the new device, or what its QR code says.
        model: The new device's model; without it, the same.
        note: A note for the team.
        data: The data folder.
        city: The city folder, where no server runs on the data.
    """
    site = _order(f"{PATH}/{quote(code)}/replace", {"device": device, "model": model, "note": note}, data, city)
    print(f"{site['code']}: {site['device']} hangs there now")


@app.command
def retire(code: str, *, note: str = "", data: Path = DATA, city: Path | None = None) -> None:
    """Take the device of a site away for good; its history stays.

    Example: placette device retire AIX-ROT-AIR-01 --note "road works"

    Args:
        code: The site's code.
        note: A note for the team.
        data: The data folder.
        city: The city folder, where no server runs on the data.
    """
    site = _order(f"{PATH}/{quote(code)}/retire", {"note": note}, data, city)
    print(f"{site['code']}: retired")


def label(
    code: str,
    *,
    output: Annotated[Path | None, Parameter(alias="-o")] = None,
    language: str = "",
    data: Path = DATA,
    city: Path | None = None,
) -> None:
    """Write the label of a device, with its QR code, as SVG; a sheet of many is on the page /field/labels.

    Example: placette label AIX-ROT-AIR-01 -o label.svg

    Args:
        code: The site's code.
        output: The file to write; without it, standard output.
        language: The language of its words, such as fr.
        data: The data folder.
        city: The city folder, where no server runs on the data.
    """

    async def work(client: Client) -> str:
        answer = await client.get(f"{PATH}/{quote(code)}/label.svg", params={"lang": language})
        if answer.status_code >= 400:
            await said(answer)
        return answer.text

    drawing = ask(data, city, work)
    if output is None:
        print(drawing)
        return
    try:
        output.write_text(drawing, encoding="utf-8")
    except OSError as error:
        raise StorageFailure(f"the label cannot be written: {error.strerror}", str(output)) from None
    print(output)


def things(data: Path, city: Path | None) -> str:
    """Return things.csv with what the field declared; raises ``NotFound`` when there is no data."""

    async def work(client: Client) -> str:
        answer = await client.get("/api/things.csv")
        if answer.status_code >= 400:
            await said(answer)
        return answer.text

    return ask(data, city, work)


def _order(path: str, order: dict[str, Any], data: Path, city: Path | None) -> Any:
    async def work(client: Client) -> Any:
        return await said(await client.post(path, json=order))

    return ask(data, city, work)
