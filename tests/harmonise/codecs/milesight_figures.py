"""How much of the published Milesight examples the layout gives exactly, device by device.

``python tests/harmonise/codecs/milesight_figures.py PATH/milesight_codec_vectors.jsonl`` prints it.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from placette.codecs import built_in
from placette.harmonise.codecs import CodecError, Codecs


class Example(msgspec.Struct):
    """One published payload and its values."""

    device: str
    f_port: int
    payload_hex: str
    expected: dict[str, Any]


class Score(msgspec.Struct):
    """Values by device: how many there are, and those that are not exact by their path."""

    values: Counter[str]
    inexact: dict[str, list[str]]

    @property
    def covered(self) -> set[str]:
        """The devices of which every kind of message is declared."""
        return {device for device in self.values if device not in PARTLY}

    def exact(self, devices: set[str]) -> tuple[int, int]:
        """Return how many values of these devices are exact, and how many there are."""
        total = sum(self.values[device] for device in devices)
        return total - sum(len(self.inexact.get(device, ())) for device in devices), total


NB_IOT = "its NB-IoT frames are another transport, and carry subscriber numbers (IMEI, IMSI, ICCID)"
THERMOSTAT = "messages ff ca and ff cb: one example does not say which bit is which"
PARTLY = {
    "em400-tld": NB_IOT,
    "em400-udl": NB_IOT,
    "wt201": THERMOSTAT,
    "wt201-v2": THERMOSTAT + "; the time of a plan is text (11:31)",
    "wt211": THERMOSTAT + "; the time of a plan is text (11:31)",
}
"""Devices of which some messages are not declared."""

REASONS = {
    **PARTLY,
    "at101": "MAC addresses of access points are not read; nothing in the payload is wifi_scan_result",
    "ct105": "the example contradicts itself: the same bytes are v1.0 elsewhere",
    "ct105-v2": "the example contradicts itself: the same bytes are v1.0 elsewhere",
    "em300-di-hall": "litres are text in the example (1500.60), a number here",
    "uc511": "the history's bits: one example (0x17) does not say which is which",
    "uc512": "the history's bits: one example (0x17) does not say which is which",
}
"""Why values of a device are not exact."""


def score(file: Path) -> Score:
    """Decode every example and compare value by value."""
    codecs = Codecs.build(built_in())
    found = Score(Counter(), {})
    for line in file.read_bytes().splitlines():
        example = msgspec.json.decode(line, type=Example)
        try:
            codec = codecs.get(f"milesight-{example.device}")
            fields = codec.decode(bytes.fromhex(example.payload_hex), example.f_port, 0).fields
        except CodecError:
            fields = {}
        for path, expected, given in values(example.expected, fields):
            found.values[example.device] += 1
            if expected != given:
                found.inexact.setdefault(example.device, []).append(path)
    return found


def values(expected: Any, given: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield every single value with what was given in its place."""
    if isinstance(expected, dict):
        for key, value in expected.items():
            yield from values(value, given.get(key) if isinstance(given, dict) else None, f"{path}.{key}")
    elif isinstance(expected, list) and expected:
        for index, value in enumerate(expected):
            there = isinstance(given, list) and index < len(given)
            yield from values(value, given[index] if there else None, f"{path}[{index}]")
    else:
        yield path, expected, given


def main(file: Path) -> None:
    found = score(file)
    everything = set(found.values)
    for title, devices in (("all devices", everything), ("devices covered", found.covered)):
        exact, total = found.exact(devices)
        print(f"{title}: {len(devices)}, values exact: {exact} of {total} ({exact / total:.1%})")  # noqa: T201
    for device, paths in sorted(found.inexact.items()):
        print(f"  {device}: {found.values[device] - len(paths)} of {found.values[device]}: {REASONS[device]}")  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]))
