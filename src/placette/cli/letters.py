"""``placette letters``: what arrived and could not be used: list it, show it, replay it, put it away, export it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Literal

import msgspec
from cyclopts import App

from placette.cli import DATA
from placette.cli.asking import Client, ask, said
from placette.model.errors import BadInput

PATH = "/api/dead-letters"
State = Literal["waiting", "dismissed", "replayed"]

app = App(name="letters", help="List, show, replay, put away and export what arrived and could not be used.")


@app.command(name="list")
def list_(*, network: str | None = None, state: State = "waiting", data: Path = DATA, city: Path | None = None) -> None:
    """List the causes, the most frequent first: key, letters, network, first and last, reason; below it what to do.

    Example: placette letters list

    Args:
        network: Only those of this network.
        state: Those that wait, or those that were dismissed or replayed.
        data: The data folder.
        city: The city folder, where no server runs on the data.
    """

    async def work(client: Client) -> Any:
        return await said(await client.get(f"{PATH}/causes", params=_given(network=network, state=state)))

    causes = ask(data, city, work)
    for each in causes:
        span = f"{each['first'][:16]} to {each['last'][:16]}"
        print(f"{each['cause']}\t{each['count']}\t{each['network']}\t{span}\t{each['what']}")
        print(f"\t{each['remedy']}")
    if not causes:
        print("Nothing waits: all that arrived was understood." if state == "waiting" else "There are none.")


@app.command
def show(letter: int, *, data: Path = DATA, city: Path | None = None) -> None:
    """Show one letter whole, as JSON.

    Example: placette letters show 17

    Args:
        letter: Its id.
        data: The data folder.
        city: The city folder, where no server runs on the data.
    """

    async def work(client: Client) -> Any:
        return await said(await client.get(f"{PATH}/{letter}"))

    found = ask(data, city, work)
    print(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())


@app.command
def replay(
    *letters: int,
    cause: str | None = None,
    network: str | None = None,
    codec: str | None = None,
    data: Path = DATA,
    city: Path | None = None,
) -> None:
    """Try letters again: those named, or all that wait, narrowed by cause, network or codec.

    Example: placette letters replay --codec milesight-em300-th

    Args:
        letters: Their ids.
        cause: Only those of this cause, a key of `placette letters list`.
        network: Only those of this network.
        codec: Only those that this codec decodes.
        data: The data folder.
        city: The city folder, where no server runs on the data.
    """
    order = _given(ids=letters, cause=cause, network=network, codec=codec)

    async def work(client: Client) -> dict[str, int]:
        total = dict.fromkeys(("replayed", "stored", "failed"), 0)
        before: dict[str, Any] = {}
        while True:
            report = await said(await client.post(f"{PATH}/replay", json=order | before))
            total = {name: count + report[name] for name, count in total.items()}
            if report["next"] is None:
                return total
            before = {"before": report["next"]}

    done = ask(data, city, work)
    print(f"{done['replayed']:,} replayed, {done['stored']:,} observations, {done['failed']:,} still unusable")


@app.command
def dismiss(
    *letters: int,
    cause: str | None = None,
    network: str | None = None,
    restore: bool = False,
    data: Path = DATA,
    city: Path | None = None,
) -> None:
    """Put letters away until their days are over, or bring them back.

    Example: placette letters dismiss --network old-gateway

    Args:
        letters: Their ids.
        cause: All of this cause, a key of `placette letters list`.
        network: All of this network.
        restore: Bring them back instead.
        data: The data folder.
        city: The city folder, where no server runs on the data.
    """
    chosen = _given(ids=letters, cause=cause, network=network)
    if not chosen:
        raise BadInput("nothing says which letters", remedy="name their ids, --cause or --network")

    async def work(client: Client) -> Any:
        return await said(await client.post(f"{PATH}/dismiss", json=chosen | {"restore": restore}))

    count = ask(data, city, work)["letters"]
    print(f"{count:,} brought back" if restore else f"{count:,} dismissed")


@app.command
def export(
    file: Path | None = None,
    *,
    cause: str | None = None,
    network: str | None = None,
    state: State | None = None,
    data: Path = DATA,
    city: Path | None = None,
) -> None:
    """Write letters whole, one JSON line each, to a file or to standard output.

    Example: placette letters export letters.ndjson

    Args:
        file: The file to write; without it, standard output.
        cause: Only those of this cause.
        network: Only those of this network.
        state: Only those that wait, were dismissed or replayed.
        data: The data folder.
        city: The city folder, where no server runs on the data.
    """

    async def work(client: Client) -> int:
        written = 0
        asked = _given(cause=cause, network=network, state=state)
        async with client.stream("GET", f"{PATH}/export", params=asked) as answer:
            if answer.status_code >= 400:
                await said(answer)
            out = sys.stdout.buffer if file is None else file.open("wb")
            try:
                async for piece in answer.aiter_bytes():
                    out.write(piece)
                    written += piece.count(b"\n")
            finally:
                out.flush() if file is None else out.close()
        return written

    count = ask(data, city, work)
    if file is not None:
        print(f"{count:,} letters: {file}")


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value not in (None, ())}
