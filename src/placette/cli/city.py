"""``placette city``: make a city folder, and explain every fault of one."""

from __future__ import annotations

import sys
from pathlib import Path

from cyclopts import App

from placette import city as cities
from placette import codecs
from placette.cli import DATA
from placette.javascript import JavaScriptEngine
from placette.secrets_named import unset

app = App(name="city", help="Make and check city folders.")


@app.command
def new(name: str, *, target: Path | None = None) -> int:
    """Make a small, valid city folder to start from.

    Example: placette city new Arles

    Args:
        name: The city's name.
        target: The folder to make; without it, cities/<name>.
    """
    folder = target or Path("cities") / cities.slug(name)
    for file in cities.scaffold(name, folder):
        print(file)
    print(f"\nNext: edit these files, run `placette city check {folder}`, then `placette serve --city {folder}`.")
    return 0


@app.command
def check(folder: Path) -> int:
    """Explain every fault of a city folder: file, line, what is wrong, what to do.

    Example: placette city check cities/aix

    Args:
        folder: The city folder.
    """
    from placette.understanding import faults_of  # noqa: PLC0415  # it loads the store, which `city new` does not need

    faults = [*cities.check(folder), *codecs.faults_of(folder)]
    found = None if faults else cities.read(folder)
    faults += faults_of(folder, found) if found else []
    for fault in faults:
        print(f"{fault.file}:{fault.line}: {fault.what} — {fault.remedy}")
    if found is None or faults:
        print(f"{len(faults)} fault{'s' if len(faults) > 1 else ''}.")
        return 1
    for lacking in unset(found):
        print(f"note: {lacking}", file=sys.stderr)
    for source in codecs.unread_of(folder):
        print(f"{source.file}: not looked at, and no model asks for it — {JavaScriptEngine().missing}")
    print(f"{found.name}: {len(found.places)} places, {len(found.devices)} devices, no fault.")
    return 0


@app.command
def export(*, data: Path = DATA, city: Path | None = None) -> None:
    """Print things.csv with what the field declared, to be put into the city folder.

    Example: placette city export > cities/aix/things.csv

    Args:
        data: The data folder.
        city: The city folder, where no server runs on the data.
    """
    from placette.cli.device import things  # noqa: PLC0415  # it loads the server, which `city new` does not need

    print(things(data, city), end="")
