"""LoRaWAN uplinks from ChirpStack through a real Mosquitto: envelope, codec, mapping, lineage, durable storage."""

from __future__ import annotations

import time
from collections.abc import Iterator

from benchmarks import fleet, mqtt_wire
from benchmarks.bench import Bench
from benchmarks.figures import Figure, Result, Skipped
from benchmarks.fleet import Event
from benchmarks.server import Server

PART = "lorawan"
ABOUT = (
    "Uplinks of 500 devices of twenty kinds as ChirpStack v4 publishes them (JSON, one to three gateways each, 4 % "
    "sent twice), QoS 1, to a real Mosquitto. Placette opens the envelope, leaves out repeated frames, decodes the "
    "payload by the device's layout, names and converts its values, keeps the frame and its lineage, and acknowledges "
    "after its commit. The clock runs from the first publish until every observation is stored; publisher, broker and "
    "server share the two cores."
)
NAME = "LoRaWAN uplinks from ChirpStack, end to end"
UPLINKS = 20_000
PER_KIND = 25
TARGET = 2_000
PATIENCE_S = 180


def run(bench: Bench) -> Iterator[Result]:
    """Publish a log as fast as the broker takes it, once per run, each run the days after the one before."""
    try:
        with mqtt_wire.mosquitto(bench.folder("lorawan-mosquitto")) as port:
            city = fleet.write_city(bench.folder("lorawan-city"), PER_KIND, fleet.by_mqtt(port))
            data = bench.folder("lorawan")
            data.mkdir(parents=True)
            server = Server(data, "serve", "--city", str(city))
            try:
                server.wait()
                server.wait_for_networks()
                yield _measure(bench, port, server)
            finally:
                server.stop()
    except FileNotFoundError as missing:
        yield Skipped(part=PART, name=NAME, reason=str(missing))


def _measure(bench: Bench, port: int, server: Server) -> Figure:
    made = fleet.log(UPLINKS * bench.runs, per_kind=PER_KIND)
    size = -(-len(made.events) // bench.runs)
    seen: set[tuple[str, int]] = set()
    wanted = 0
    rates = []
    for begin in range(0, len(made.events), size):
        part = made.events[begin : begin + size]
        wanted += fleet.observations(part, seen)
        packets = [mqtt_wire.packet(number, each.topic, each.payload) for number, each in enumerate(part)]
        started = time.perf_counter()
        mqtt_wire.publish(port, packets)
        while (stored := server.stored()) < wanted:
            if time.perf_counter() - started > PATIENCE_S:
                raise RuntimeError(f"{wanted:,} observations were sent, {stored:,} are stored")
            time.sleep(0.05)
        rates.append(_uplinks(part) / (time.perf_counter() - started))
    if stored != wanted:
        raise RuntimeError(f"{wanted:,} observations were sent, {stored:,} are stored")
    return Figure(part=PART, name=NAME, unit="uplinks/s", values=tuple(rates), target=TARGET, at_least=True)


def _uplinks(events: list[Event]) -> int:
    return sum(event.kind == "up" for event in events)
