"""``python -m benchmarks.wifi_score``: count the people of a real room by Wi-Fi, and write how well into docs/wifi.md.

Probe requests of a laboratory in Brno (Bravenec, Fryza), with the number of people in it; its fourteen fixed
computers are left out, as its authors ask. Each capture is one day. The ratio of people to the count, and the signal
strength below which frames are left out, are chosen on the other captures with people; the captures of an empty room
show what is counted although nobody is there.
"""

from __future__ import annotations

import csv
import lzma
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from placette.harmonise.wifi.days import Days
from placette.harmonise.wifi.slots import SlotCount, Slots
from placette.model import addresses
from placette.model.wifi import SLOT_US

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("PLACETTE_SHARED", ROOT.parent / "shared"))
FILE = "data/wifi/brno_probe_requests_occupancy_a.csv.xz"
PAGE = ROOT / "docs" / "wifi.md"
BEGIN, END = "<!-- the score begins -->", "<!-- the score ends -->"
LABORATORY = frozenset(
    ["dc:fb:48:" + end for end in (
        "68:be:e4", "8c:71:fc", "2a:52:e0", "f5:c6:c2", "e3:ab:78", "00:51:90", "75:d8:42", "de:86:8d", "dd:c6:0b",
        "55:d5:78", "c2:1d:64",
    )]
    + ["40:ec:99:f9:34:a6", "40:ec:99:8e:3f:63", "40:ec:99:1f:3e:75"]
)  # fmt: skip
"""The room's own computers, from the data's README."""
GATES = (-120.0, -80.0, -75.0, -70.0, -65.0, -60.0, -55.0, -50.0)
"""Weakest signals tried, dBm."""
MAPE_FROM = 5.0
"""People from which on an error in percent means something."""
METHODS: dict[str, Callable[[SlotCount], float]] = {
    "case 1, devices": lambda count: count.devices.value,
    "case 2, CDRC visitors": lambda count: count.visitors.value if count.visitors else 0.0,
    "frames alone (rate)": lambda count: float(sum(count.frames)),
}


class Frame(NamedTuple):
    """One probe request; ``time`` in µs."""

    time: int
    address: str
    rssi_dbm: float
    people: float


class Series(NamedTuple):
    """One capture: people in the room and the count, one value per interval."""

    people: NDArray[np.float64]
    counts: NDArray[np.float64]


class Score(NamedTuple):
    """How well a method did on captures it was not calibrated on."""

    method: str
    gated: bool
    mae: float
    mape_percent: float
    correlation: float
    empty_mae: float


def read(shared: Path) -> dict[str, list[Frame]]:
    """Return the frames of each capture by its day; a capture that runs into the next day stays whole."""
    captures: dict[str, list[Frame]] = defaultdict(list)
    day, last = "", 0
    with lzma.open(shared / FILE, "rt") as file:
        for row in csv.DictReader(file):
            if row["src"] in LABORATORY:
                continue
            when = datetime.fromisoformat(row["datetime"]).replace(tzinfo=UTC)
            time = round(when.timestamp() * 1e6)
            if not day or time - last > 3_600_000_000:
                day = when.date().isoformat()
            last = time
            captures[day].append(Frame(time, row["src"], float(row["rssi"]), float(row["occupancy"])))
    return dict(captures)


def people_in(frames: list[Frame]) -> dict[int, float]:
    """Return the mean number of people of each whole interval, weighted by time."""
    times = np.array([frame.time for frame in frames])
    present = np.array([frame.people for frame in frames])
    found = {}
    for number in range(int(times[0] // SLOT_US) + 1, int(times[-1] // SLOT_US)):
        at = number * SLOT_US + (np.arange(300) + 0.5) * 1e6
        found[number] = float(present[np.searchsorted(times, at, side="right") - 1].mean())
    return found


def counts_of(frames: list[Frame], method: str, gate: float) -> dict[int, float]:
    """Return the count of each interval, made by the very code that counts in a city."""
    by_case_2 = "case 2" in method
    counter: Slots | Days
    if by_case_2:
        counter = Days(_fill, late_us=0, started=0, day=lambda _: (0, 1 << 62))
    else:
        counter = Slots(_fill, late_us=0, started=0)
    address = bytearray(addresses.SIZE)
    closed: list[SlotCount] = []
    for frame in frames:
        closed += _closed(counter, frame.time)
        if frame.rssi_dbm >= gate and addresses.read(frame.address.encode(), address):
            counter.take("room", frame.time, address, now=frame.time)
    closed += _closed(counter, frames[-1].time + SLOT_US)
    return {count.start // SLOT_US: METHODS[method](count) for count in closed}


def series(frames: list[Frame], method: str, gate: float) -> Series:
    """Return people and counts of each whole interval of a capture; an interval without a frame counts nobody."""
    people, counts = people_in(frames), counts_of(frames, method, gate)
    return Series(
        np.array([people[number] for number in people]), np.array([counts.get(number, 0.0) for number in people])
    )


def score(captures: dict[str, list[Frame]]) -> Iterator[Score]:
    """Yield the score of each method without and with a gate; each capture is judged by what the others taught."""
    inhabited = [day for day, frames in captures.items() if np.mean([frame.people for frame in frames]) > 1]
    empty = [day for day in captures if day not in inhabited]
    for method in METHODS:
        table = {
            (day, gate): series(captures[day], method, gate) for day in captures for gate in GATES
        }  # fmt: skip
        for gated in (False, True):
            people, predicted = [], []
            for day in inhabited:
                others = [each for each in inhabited if each != day]
                gate = _best_gate(table, others) if gated else GATES[0]
                people.append(table[day, gate].people)
                predicted.append(_ratio(table, others, gate) * table[day, gate].counts)
            gate = _best_gate(table, inhabited) if gated else GATES[0]
            ratio = _ratio(table, inhabited, gate)
            false = np.concatenate([np.abs(ratio * table[day, gate].counts - table[day, gate].people) for day in empty])
            yield _score(method, gated, np.concatenate(people), np.concatenate(predicted), float(false.mean()))


def naive(captures: dict[str, list[Frame]]) -> Score:
    """Return the score of telling the mean of the other captures with people, whatever is heard."""
    all_people = {day: np.array(list(people_in(frames).values())) for day, frames in captures.items()}
    inhabited = [day for day, values in all_people.items() if values.mean() > 1]
    predicted, people = [], []
    for day in inhabited:
        mean = np.concatenate([all_people[each] for each in inhabited if each != day]).mean()
        people.append(all_people[day])
        predicted.append(np.full(len(all_people[day]), mean))
    return _score("always the mean of the other days", False, np.concatenate(people), np.concatenate(predicted), np.nan)


def table_of(scores: list[Score], captures: dict[str, list[Frame]]) -> str:
    """Return the table for the page."""
    inhabited = [day for day, frames in captures.items() if np.mean([frame.people for frame in frames]) > 1]
    lines = [
        f"Captures with people: {', '.join(inhabited)} ({sum(len(people_in(captures[day])) for day in inhabited)} "
        f"intervals of five minutes, 0 to 17 people); of an empty room: {len(captures) - len(inhabited)}. "
        f"MAPE over the intervals with {MAPE_FROM:.0f} people or more.",
        "",
        "| count | signal gate | mean absolute error, people | MAPE, % | correlation | error in the empty room |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {each.method} | {'chosen on the other days' if each.gated else 'none'} | {each.mae:.1f} "
        f"| {each.mape_percent:.0f} | {_told(each.correlation, 2)} | {_told(each.empty_mae, 1)} |"
        for each in scores
    ]
    return "\n".join(lines)


def write(table: str, page: Path = PAGE) -> None:
    """Put the table between its marks in the page."""
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    page.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")


def _best_gate(table: dict[tuple[str, float], Series], days: list[str]) -> float:
    def error(gate: float) -> float:
        ratio = _ratio(table, days, gate)
        return float(
            np.mean([np.abs(ratio * table[day, gate].counts - table[day, gate].people).mean() for day in days])
        )

    return min(GATES, key=error)


def _ratio(table: dict[tuple[str, float], Series], days: list[str], gate: float) -> float:
    counted = sum(float(table[day, gate].counts.sum()) for day in days)
    return sum(float(table[day, gate].people.sum()) for day in days) / counted if counted else 0.0


def _score(
    method: str, gated: bool, people: NDArray[np.float64], predicted: NDArray[np.float64], empty_mae: float
) -> Score:
    some = people >= MAPE_FROM
    varied = predicted.std() > 1e-9 and "mean" not in method
    return Score(
        method=method,
        gated=gated,
        mae=float(np.abs(predicted - people).mean()),
        mape_percent=float(100 * np.abs(predicted[some] / people[some] - 1).mean()),
        correlation=float(np.corrcoef(people, predicted)[0, 1]) if varied else np.nan,
        empty_mae=empty_mae,
    )


def _closed(counter: Slots | Days, now: int) -> list[SlotCount]:
    return counter.close(now) if isinstance(counter, Slots) else counter.close(now)[0]


def _told(value: float, decimals: int) -> str:
    return "–" if np.isnan(value) else f"{value:.{decimals}f}"


def _fill(buffer: bytearray) -> None:
    buffer[:] = os.urandom(len(buffer))


def main() -> int:
    """Score, print, write."""
    if not (SHARED / FILE).exists():
        print(f"the real data is not here: {SHARED / FILE} (set PLACETTE_SHARED)", file=sys.stderr)
        return 1
    captures = read(SHARED)
    table = table_of([*score(captures), naive(captures)], captures)
    print(table)
    if PAGE.exists():
        write(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
