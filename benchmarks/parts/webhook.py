"""Networks that call us, one message a request: ChirpStack's HTTP integration, and devices over CoAP."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks import coap_wire, fleet, wire
from benchmarks.bench import Bench
from benchmarks.compare.system import free_port
from benchmarks.figures import Figure, Result
from benchmarks.server import Server
from placette.access import Tokens

PART = "webhook"
ABOUT = (
    "One message a request, 32 senders that each wait for their answer. ChirpStack's HTTP integration: uplinks of 500 "
    "devices posted to `/api/networks/lorawan`. CoAP: the same devices post SenML in JSON, confirmable, to `/s/…`. "
    "Every answer means that the message, its lineage and its observations are on disk. A real `placette serve`; the "
    "load generator is another process on the same two cores."
)
PATH = "/api/networks/lorawan"
SENDERS = 32
MESSAGES = 6_000
PER_KIND = 25
TARGET = 500
SENML_JSON = 110


def run(bench: Bench) -> Iterator[Result]:
    """Measure both ways, each with a server and a city of its own."""
    with _serving(bench, "webhook", fleet.BY_HTTP) as server:
        yield _uplinks(bench, server, Tokens(server.data).create("benchmark"))
    port = free_port()
    with _serving(bench, "coap", fleet.by_coap(port)) as server:
        server.wait_for_networks()
        yield _coap(bench, server, port)


@contextmanager
def _serving(bench: Bench, name: str, network: str) -> Iterator[Server]:
    city = fleet.write_city(bench.folder(f"{name}-city"), PER_KIND, network)
    data = bench.folder(name)
    data.mkdir(parents=True)
    server = Server(data, "serve", "--city", str(city))
    try:
        server.wait()
        yield server
    finally:
        server.stop()


def _uplinks(bench: Bench, server: Server, token: str) -> Figure:
    made = fleet.log(MESSAGES * bench.runs, per_kind=PER_KIND)
    size = -(-len(made.events) // bench.runs)
    rates = []
    for begin in range(0, len(made.events), size):
        part = made.events[begin : begin + size]
        requests = [
            wire.request("POST", f"{PATH}?event={each.kind}", each.payload, "application/json", token) for each in part
        ]
        answers = wire.drive(server.port, requests, SENDERS)
        answers.check()
        rates.append(sum(each.kind == "up" for each in part) / answers.seconds)
    _check(server, fleet.observations(made.events, set()))
    return _figure("ChirpStack uplinks by webhook", "uplinks/s", rates)


def _coap(bench: Bench, server: Server, port: int) -> Figure:
    rates = []
    begin = int(time.time()) - MESSAGES * bench.runs
    wanted = 0
    for run in range(bench.runs):
        packs = [_pack(number, begin) for number in range(run * MESSAGES, (run + 1) * MESSAGES)]
        wanted += sum(values for values, _ in packs)
        seconds, codes = coap_wire.drive(port, [body for _, body in packs], SENDERS)
        if set(codes) != {"2.04"}:
            raise RuntimeError(f"responses by code: {dict(codes)}")
        rates.append(MESSAGES / seconds)
    _check(server, wanted)
    return _figure("SenML by CoAP", "messages/s", rates)


def _pack(number: int, begin: int) -> tuple[int, bytes]:
    """Return how many values the message of this number holds, and its bytes; every device has its turn."""
    kinds = list(fleet.KINDS)
    kind, device = kinds[number % len(kinds)], number // len(kinds) % PER_KIND
    fields = fleet.KINDS[kind]
    records = [{"n": field.property, "v": round(field.low, 3), "t": begin + number} for field in fields]
    path = ("s", fleet.device_eui(kind, device).lower())
    return len(fields), coap_wire.post(path, SENML_JSON, json.dumps(records).encode())


def _check(server: Server, wanted: int) -> None:
    stored = server.stored()
    if stored != wanted:
        raise RuntimeError(f"{wanted:,} observations were acknowledged, {stored:,} are stored")


def _figure(what: str, unit: str, rates: list[float]) -> Figure:
    name = f"{what}, {SENDERS} senders"
    return Figure(part=PART, name=name, unit=unit, values=tuple(rates), target=TARGET, at_least=True)
