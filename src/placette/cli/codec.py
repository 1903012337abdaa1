"""``placette codec``: list, try and test the codecs that read devices' payloads."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec
from cyclopts import App

from placette import codecs
from placette.model.errors import BadInput

app = App(name="codec", help="List, try and test the codecs that read devices' payloads.")


@app.command(name="list")
def list_(*, city: Path | None = None) -> int:
    """List the codecs: name and version; those of the city with what is wrong with them.

    Example: placette codec list --city cities/aix

    Args:
        city: The city folder whose codecs are added to the built-in ones.
    """
    with codecs.CodecShelf(city) as shelf:
        for name in shelf.codecs.names:
            print(f"{name}\t{shelf.codecs.get(name).version}")
        for problem in shelf.problems:
            print(f"cannot be used: {problem}")
        return 1 if shelf.problems else 0


@app.command
def decode(name: str, payload: str, *, port: int | None = None, city: Path | None = None) -> None:
    """Decode one payload and print its fields as JSON.

    Example: placette codec decode milesight-em300-th 01755a0367d7ff046850 --port 85

    Args:
        name: The codec.
        payload: The bytes in hexadecimal; spaces may stand between them.
        port: The LoRaWAN port.
        city: The city folder whose codecs are added to the built-in ones.
    """
    try:
        content = bytes.fromhex(payload)
    except ValueError:
        raise BadInput(f"'{payload}' is not hexadecimal", "the payload", "write two digits for each byte") from None
    with codecs.CodecShelf(city) as shelf:
        found = shelf.codecs.get(name).decode(content, port, time.time_ns() // 1000)
    print(msgspec.json.format(msgspec.json.encode(found.fields)).decode())
    for warning in found.warnings:
        print(f"warning: {warning}")


@app.command(name="test")
def run(*names: str, city: Path | None = None) -> int:
    """Run the vectors beside the codecs and show what differs; exit code 1 when something does.

    Example: placette codec test --city cities/aix

    Args:
        names: Only these codecs; without any, all of them.
        city: The city folder whose codecs are tested beside the built-in ones.
    """
    tried: dict[str, int] = {}
    failed = 0
    with codecs.CodecShelf(city) as shelf:
        for problem in shelf.problems:
            print(f"FAIL  {problem}")
            failed += 1
        for trial in codecs.trials(shelf, city, names):
            source = trial.place.partition("/")[0]
            tried[source] = tried.get(source, 0) + 1
            if trial.differences:
                failed += 1
                print(f"FAIL  {trial.codec} ({trial.place})")
                print("".join(f"      {difference}\n" for difference in trial.differences), end="")
    for source, count in tried.items():
        print(f"{source}: {count} vector{'s' if count > 1 else ''}")
    print(f"{failed} failed." if failed else "All as expected.")
    return 1 if failed else 0
