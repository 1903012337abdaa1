"""Columns of a sample → which hold the time, how it is written, what each value covers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from placette.harmonise import time_text
from placette.importing.detect.guess import Guess
from placette.importing.detect.words import mentions, plain

_DATES = ("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%Y/%m/%d", "%d/%m/%y", "%m/%d/%y", "%Y%m%d")
_TIMES = (
    "%H:%M",
    "%H:%M:%S",
    "%H:%M:%S.%f",
    "%H.%M.%S",
    "%H.%M",
    "%Hh%M",
    "%Hh",
    "%I:%M:%S %p",
    "%I:%M %p",
    "%H:%M-*",
    "%H",
)
_NAMES = (
    "date~",
    "time~",
    "heure~",
    "hour~",
    "horodat~",
    "timestamp",
    "datum~",
    "jour",
    "day",
    "quand",
    "when",
    "collected at",
    "created at",
    "submitdate",
    "annee",
    "year",
    "mois",
    "month",
    "debut~",
    "start~",
    "begin~",
    "ddebut",
    "an",
)
_LATER = (
    "end~",
    "fin~",
    "date end",
    "dfin",
    "upload~",
    "update~",
    "maj~",
    "modif~",
    "installation~",
    "pose~",
    "lst",
    "date lst",
    "time lst",
)
_PARTS = {
    "year": "%Y",
    "annee": "%Y",
    "an": "%Y",
    "month": "%m",
    "mois": "%m",
    "day": "%d",
    "jour": "%d",
    "hour": "%H",
    "heure": "%H",
    "day endofweek": "%d",
    "day endofmonth": "%d",
}
_STEPS = {
    1: "1 second",
    60: "1 minute",
    300: "5 minutes",
    600: "10 minutes",
    900: "15 minutes",
    1800: "30 minutes",
    3600: "1 hour",
    86_400: "1 day",
    604_800: "7 days",
}


class Times(NamedTuple):
    """The time of the rows: its columns, how it is written and how sure all of that is."""

    columns: tuple[str, ...]
    guess: Guess
    format: Guess
    offsets: bool
    """The texts name their offset from UTC themselves."""


def find(columns: Mapping[str, Sequence[str]], typed: Iterable[str]) -> Times | None:
    """Return the time columns of a sample (``typed`` are timestamps already), ``None`` when there are none."""
    for name in typed:
        return Times((name,), Guess(name, 0.99, "the column has the type of a time"), _iso(), False)
    found = [(_rank(name), whole) for name, texts in columns.items() if (whole := _whole(name, texts))]
    parts = _parts(columns)
    if parts:
        found.append((2.5, parts))
    if not found:
        return None
    rank, best = max(found, key=lambda each: each[0])
    date_only = not set("HIc") & set(best.format.value.replace("%", "")) and best.format.value not in time_text.EPOCHS
    if len(best.columns) == 1 and date_only and best.format.value:
        of_day = _of_day(columns, best)
        if of_day is not None:
            best = of_day
    others = tuple(" + ".join(each.columns) for _, each in found if each.columns[0] not in best.columns)
    sure = best.guess.confidence if rank >= 1 or not others else 0.6
    return best._replace(guess=Guess(" + ".join(best.columns), sure, best.guess.evidence, others))


def _iso() -> Guess:
    return Guess("", 0.99, "ISO 8601")


def _rank(name: str) -> float:
    """Return how much a name speaks for the time of a measurement: 2 for, 0 against."""
    bare = plain(name)
    if mentions(bare, _LATER):
        return 0.3
    return (2.0 if "utc" in bare else 1.8) if mentions(bare, _NAMES) else 0.8


def _whole(name: str, texts: Sequence[str]) -> Times | None:
    """Return the reading of one column that names at least the day, ``None`` when it does not."""
    given = [text for text in texts if text]
    if len(given) < 0.5 * len(texts) or not given:
        return None
    sample = pa.array(given, pa.string())
    if _good(sample, "") == 1.0:
        offsets = bool(time_text.parse(sample).has_offset.all())
        written = _iso() if len(given[0]) > 4 else Guess("%Y", 0.9, "years")
        if len(given[0]) <= 10 and len(given[0]) > 4:
            written = Guess("%Y-%m-%d", 0.99, "ISO 8601 days")
        return Times((name,), Guess(name, 0.95, "every text is a time"), written, offsets)
    named = mentions(plain(name), _NAMES)
    if all(re.fullmatch(r"\d+(\.0)?", text) for text in given[:200]):
        return _of_number(name, sample, named)
    fitting = [each for each in _formats(given[0]) if _good(sample, each) >= 0.98]
    if not fitting:
        return None
    best, sure, why = _choose(sample, fitting)
    offsets = "%z" in best
    others = tuple(each for each in fitting if each != best)
    return Times((name,), Guess(name, 0.95, "every text is a time"), Guess(best, sure, why, others), offsets)


def _formats(first: str) -> list[str]:
    """Return the formats that fit one text."""
    found: list[str] = []
    for date in _DATES:
        for rest in ("", *(f" {time}" for time in _TIMES), *(f"T{time}" for time in _TIMES[:3])):
            zones = ("", " %z", "%z") if rest else ("",)
            tried = [date + rest + zone for zone in zones]
            found.extend(each for each in tried if re.match(time_text.expression(each), first))
    return found


def _choose(sample: pa.Array, fitting: list[str]) -> tuple[str, float, str]:
    """Return the best of the formats that fit: where day and month could change places, the steps decide."""
    if len(fitting) == 1:
        return fitting[0], 0.98, "no other format fits"
    costs = {}
    for each in fitting:
        read = time_text.parse(sample, each)
        steps = np.diff(read.wall[read.good])
        costs[each] = (int((steps < 0).sum()), int(np.abs(steps).max(initial=0)))
    best = min(fitting, key=lambda each: (costs[each], not each.startswith("%d")))
    second = min(costs[each] for each in fitting if each != best)
    if costs[best] < second:
        return best, 0.85, "day and month could change places, but only so do the times follow each other"
    return best, 0.5, "day and month could change places in every text; French files write the day first"


def _good(texts: pa.Array, written: str) -> float:
    return float(time_text.parse(texts, written).good.mean()) if len(texts) else 0.0


def _of_number(name: str, sample: pa.Array, named: bool) -> Times | None:
    first = sample[0].as_py().removesuffix(".0")
    plain_sample = pa.array([text.removesuffix(".0") for text in sample.to_pylist()], pa.string())
    trials = {4: "%Y", 8: "%Y%m%d", 10: "epoch s", 12: "%Y%m%d%H%M", 13: "epoch ms", 14: "%Y%m%d%H%M%S"}
    options = [trials[len(first)]] if len(first) in trials and named else []
    if len(first) == 10 and named:
        options.insert(0, "%Y%m%d%H")
    for each in options:
        years = _years(plain_sample, each)
        if years is not None and years[0] >= 1950 and years[1] <= 2100:
            written = f"{each}.*" if each.startswith("%") and sample[0].as_py().endswith(".0") else each
            return Times(
                (name,), Guess(name, 0.9, "numbers that name times"), Guess(written, 0.9, "no other way"), False
            )
    return None


def _years(sample: pa.Array, written: str) -> tuple[int, int] | None:
    walls = time_text.parse(sample, written)
    if not walls.good.all():
        return None
    years = walls.wall.view("datetime64[us]").astype("datetime64[Y]").view(np.int64) + 1970
    return int(years.min()), int(years.max())


def _parts(columns: Mapping[str, Sequence[str]]) -> Times | None:
    """Return year, month, day and hour that stand in columns of their own."""
    found: dict[str, str] = {}
    for name in columns:
        code = _PARTS.get(plain(name))
        if code and code not in found:
            found[code] = name
    wanted = [code for code in ("%Y", "%m", "%d", "%H") if code in found]
    if wanted[:3] != ["%Y", "%m", "%d"]:
        return None
    names = tuple(found[code] for code in wanted)
    joined = pa.array([" ".join(cells) for cells in zip(*(columns[name] for name in names), strict=True)], pa.string())
    written = " ".join(wanted)
    if _good(joined, written) < 0.95:
        return None
    return Times(
        names,
        Guess(" + ".join(names), 0.95, "columns of these names make times"),
        Guess(written, 0.95, "one column for each part"),
        False,
    )


def _of_day(columns: Mapping[str, Sequence[str]], date: Times) -> Times | None:
    """Return the date with the column that holds the time of day, ``None`` when there is none."""
    day = date.columns[0]
    for name, texts in columns.items():
        bare = plain(name)
        same = "utc" not in plain(day) or "utc" in bare
        if name == day or not mentions(bare, ("time~", "heure~", "hour~", "uhrzeit")) or not same:
            continue
        joined = pa.array([f"{one} {other}" for one, other in zip(columns[day], texts, strict=True) if one and other])
        fitting = [each for time in _TIMES if _good(joined, each := f"{date.format.value} {time}") >= 0.98]
        if fitting:
            alternatives = tuple(f"{each} {fitting[0].split(' ', 1)[1]}" for each in date.format.alternatives)
            written = Guess(
                fitting[0], date.format.confidence, f"date and time of day; {date.format.evidence}", alternatives
            )
            return Times((day, name), Guess(f"{day} + {name}", 0.95, "a date and a time of day"), written, False)
    return None


def is_part(name: str) -> bool:
    """Return whether a column repeats a part of the time: a year, a week, a day of the week."""
    return plain(name) in _PARTS or mentions(plain(name), ("weekday", "week", "brcweek", "semaine", "jour semaine"))


def counting_day(dates: Sequence[str], hours: NDArray[np.int64]) -> Guess | None:
    """Return where a day of the file begins, when the first hours of a date stand after 23 o'clock, else ``None``."""
    same = np.array(dates[1:]) == np.array(dates[:-1])
    wraps = same & (hours[:-1] == 23) & (hours[1:] == 0)
    starts = hours[1:][~same]
    if wraps.sum() < 2 or not len(starts):
        return None
    first = int(np.bincount(starts).argmax())
    share = float((starts == first).mean())
    return Guess(
        f"{first:02d}:00",
        0.5 + 0.4 * share,
        f"in {share:.0%} of the dates the rows go from {first:02d}:00 to "
        "23:00 and then on from 00:00: hours after midnight stand under the date before",
    )


def period(wall: NDArray[np.int64], groups: NDArray[np.int64], written: str) -> Guess:
    """Return what each value covers, by the step that comes most often between two times of one Thing."""
    order = np.lexsort((wall, groups))
    steps = np.diff(wall[order]) // 1_000_000
    steps = steps[(np.diff(groups[order]) == 0) & (steps > 0)]
    if not len(steps):
        return Guess("", 0.5, "there are too few times to see a step")
    values, counts = np.unique(steps, return_counts=True)
    step, share = int(values[counts.argmax()]), float(counts.max() / len(steps))
    if written in ("%Y", "%Y.*"):
        return Guess("1 year", 0.9, "only years are named")
    if 28 * 86_400 <= step <= 31 * 86_400 and share > 0.2:
        return Guess("1 month", 0.8, "a step is a month")
    if step in _STEPS and share > 0.5:
        sure = 0.9 if step >= 86_400 else 0.75
        return Guess(
            _STEPS[step],
            sure,
            f"{share:.0%} of the steps are {_STEPS[step]}; whether the time names the start "
            "or the end of it, the file does not say",
            ("", f"{_STEPS[step]}, named by its end"),
        )
    return Guess("", 0.8, "the steps are uneven: each value belongs to one instant")
