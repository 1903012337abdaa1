"""MQTT QoS 1 end to end: publisher, a real Mosquitto and Placette on the same cores."""

from __future__ import annotations

import time
from collections.abc import Iterator

from benchmarks import encode, mqtt_wire, world
from benchmarks.bench import Bench
from benchmarks.figures import Figure, Result, Skipped
from benchmarks.plan import stream_plan
from benchmarks.server import Server, serving

PART = "mqtt"
ABOUT = (
    "Device frames with one value each, QoS 1, to a real Mosquitto with its queue limit lifted (`max_queued_messages "
    "0`, `max_inflight_messages 1000`). Placette acknowledges a message after its commit. The clock runs from the "
    "first publish until the last observation is stored and countable; none may be missing."
)
NAME = "MQTT QoS 1, end to end"
MESSAGES = 30_000
TARGET = 5_000
PATIENCE_S = 120


def run(bench: Bench) -> Iterator[Result]:
    """Publish three times and wait each time until everything is stored."""
    made = world.make(bench.folder("mqtt"), bench.datastreams)
    try:
        with mqtt_wire.mosquitto(bench.folder("mosquitto")) as port, serving(made.data, broker_port=port) as server:
            server.wait_for_networks()
            yield _measure(bench, port, server)
    except FileNotFoundError as missing:
        yield Skipped(part=PART, name=NAME, reason=str(missing))


def _measure(bench: Bench, port: int, server: Server) -> Figure:
    rates = []
    plan = stream_plan(MESSAGES * bench.runs, bench.datastreams)
    for tables in plan.runs(bench.runs, MESSAGES):
        packets = [
            mqtt_wire.packet(number, topic, payload)
            for number, (topic, payload) in enumerate(frame for table in tables for frame in encode.frames(table))
        ]
        before = server.stored()
        started = time.perf_counter()
        mqtt_wire.publish(port, packets)
        while (stored := server.stored() - before) < len(packets):
            if time.perf_counter() - started > PATIENCE_S:
                raise RuntimeError(f"{len(packets):,} were acknowledged by the broker, {stored:,} are stored")
            time.sleep(0.05)
        rates.append(len(packets) / (time.perf_counter() - started))
    return Figure(part=PART, name=NAME, unit="messages/s", values=tuple(rates), target=TARGET, at_least=True)
