"""Networks that call us, one message a request: ChirpStack's HTTP integration, and devices over CoAP."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import fleet, wire
from benchmarks.bench import Bench
from benchmarks.figures import Figure, Result
from benchmarks.server import Server
from placette.access import Tokens

PART = "webhook"
ABOUT = (
    "The same uplinks as above, posted one a request to `/api/networks/lorawan` of a real `placette serve` over 32 "
    "connections that each wait for their answer, as ChirpStack's HTTP integration does. Every answer means that the "
    "frame, its lineage and its observations are on disk. The load generator is another process on the same two cores."
)
NAME = "ChirpStack uplinks by webhook, 32 connections"
PATH = "/api/networks/lorawan"
CONNECTIONS = 32
UPLINKS = 6_000
PER_KIND = 25
TARGET = 500


def run(bench: Bench) -> Iterator[Result]:
    """Post a log once per run, each run the days after the one before, and count what is stored."""
    city = fleet.write_city(bench.folder("webhook-city"), PER_KIND)
    data = bench.folder("webhook")
    data.mkdir(parents=True)
    token = Tokens(data).create("benchmark")
    server = Server(data, "serve", "--city", str(city))
    try:
        server.wait()
        yield _measure(bench, server, token)
    finally:
        server.stop()


def _measure(bench: Bench, server: Server, token: str) -> Figure:
    made = fleet.log(UPLINKS * bench.runs, per_kind=PER_KIND)
    size = -(-len(made.events) // bench.runs)
    rates = []
    for begin in range(0, len(made.events), size):
        part = made.events[begin : begin + size]
        requests = [
            wire.request("POST", f"{PATH}?event={each.kind}", each.payload, "application/json", token) for each in part
        ]
        answers = wire.drive(server.port, requests, CONNECTIONS)
        answers.check()
        rates.append(sum(each.kind == "up" for each in part) / answers.seconds)
    wanted, stored = fleet.observations(made.events, set()), server.stored()
    if stored != wanted:
        raise RuntimeError(f"{wanted:,} observations were acknowledged, {stored:,} are stored")
    return Figure(part=PART, name=NAME, unit="uplinks/s", values=tuple(rates), target=TARGET, at_least=True)
