"""Which clock wrote the times: what the file says, and what its odd hours prove.

Offsets in the text and words in the header or above it are facts; hours that are missing in March or come twice in
October are evidence for a clock that is put forward and back; the rest is doubt, and is told as such.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from placette.harmonise import local_time
from placette.importing.detect.clock import Times
from placette.importing.detect.guess import Guess

_SAID = re.compile(r"\bUTC\b\s*([+-]\s?\d{1,2}(?::?\d{2})?\s*h?)?|\bGMT\b|\bTU\b", re.IGNORECASE)
_CLOCKS = ("Europe/Paris", "Europe/London", "America/New_York", "Pacific/Auckland", "Australia/Melbourne")
_HOUR = 3_600_000_000


def zone(
    names: Sequence[str], banner: Sequence[str], times: Times, wall: NDArray[np.int64], city: str, step: Guess
) -> Guess:
    """Return the clock that wrote the times, with the evidence."""
    if times.offsets:
        return Guess("UTC", 0.99, "the times name their offset from UTC themselves")
    for where, texts in (("the column name", names), ("a line above the column names", banner)):
        for text in texts:
            said = _SAID.search(text)
            if said:
                return Guess(_offset(said[1]), 0.95, f"{where} says '{said[0].strip()}'")
    if not city:
        return Guess("", 0.2, "nothing says which clock wrote the times, and no city lends its own")
    if step.value.endswith(("day", "days", "month", "year")):
        return Guess(city, 0.75, f"days: local ones, of the city's zone {city}, are the usual")
    return _evidence(wall, city)


def _offset(text: str | None) -> str:
    if not text:
        return "UTC"
    digits = re.sub(r"[^\d+-]", "", text)
    sign, number = digits[0], digits[1:]
    hours, minutes = (number[:-2], number[-2:]) if len(number) > 2 else (number, "00")
    return f"{sign}{int(hours):02d}:{minutes}"


class _Traces(NamedTuple):
    gaps: int
    """Skipped hours that the file lacks, with the hours around them there."""
    there: int
    """Skipped hours that the file has all the same."""
    twice: int
    """Repeated hours that come twice."""
    springs: int
    """Skipped hours between the first and the last time."""


def _evidence(wall: NDArray[np.int64], city: str) -> Guess:
    traces = {zone: _traces(wall, zone) for zone in dict.fromkeys((city, *_CLOCKS))}
    ours = traces[city]
    if ours.gaps and not ours.there and ours.gaps >= 0.6 * ours.springs:
        autumn = "comes twice in autumn" if ours.twice else "stands once in autumn"
        like = tuple(zone for zone, each in traces.items() if zone != city and each.gaps and not each.there)
        return Guess(
            city,
            0.9,
            f"local wall clock: the hour that {city} skips in spring is missing "
            f"{ours.gaps} times out of {ours.springs}, the hour it repeats {autumn}",
            like,
        )
    if ours.twice and not ours.there and not ours.gaps:
        return Guess(city, 0.85, f"local wall clock: the hour that {city} repeats in autumn comes twice")
    others = [zone for zone, each in traces.items() if each.gaps and not each.there and each.gaps >= 0.6 * each.springs]
    if others:
        return Guess(
            city,
            0.2,
            f"the hour that {others[0]} skips in spring is missing each time, and {city} does not "
            "skip it: a local clock of elsewhere?",
            tuple(others),
        )
    if ours.there:
        return Guess(
            city,
            0.3,
            f"the hour that {city} skips in spring is there {ours.there} times out of "
            f"{ours.there + ours.gaps}: UTC, a fixed offset, or made regular by the producer",
            ("UTC",),
        )
    return Guess(
        city,
        0.4,
        f"nothing says which clock wrote the times, no change of clocks lies in them; {city} is the city's",
        ("UTC",),
    )


def _traces(wall: NDArray[np.int64], zone: str) -> _Traces:
    """Count what became of the hours that a zone skips and repeats."""
    hours, counts = np.unique(wall // _HOUR, return_counts=True)
    if not len(hours):
        return _Traces(0, 0, 0, 0)
    span = np.arange(hours[0], hours[-1] + 1)
    first, second = local_time.to_utc(span * _HOUR, zone)
    usual = float(np.median(counts))

    def have(wanted: NDArray[np.int64]) -> NDArray[np.bool_]:
        return np.isin(wanted, hours)

    skipped = span[first > second]
    around = have(skipped - 1) & have(skipped + 1)
    there = have(skipped)
    repeated = span[first < second]
    repeated = repeated[have(repeated)]
    twice = counts[np.searchsorted(hours, repeated)] > 1.4 * usual
    return _Traces(int((around & ~there).sum()), int((around & there).sum()), int(twice.sum()), len(skipped))
