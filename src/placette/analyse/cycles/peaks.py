"""Whether a peak of the day has moved: by how much, since when, and whether chance would do as much.

A week's profile around a peak is laid over the usual one and shifted until both agree best (cross-correlation, in
quarters of an hour). Of the shifts, week by week, the one step that fits best is looked for (binary segmentation; Scott
and Knott 1974, Biometrics 30, 507), and weeks are shuffled in pairs to see how large a step chance makes. Seasons move
peaks, too: with less than two years, a step may be spring.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import msgspec
import numpy as np

from placette.analyse.cycles.series import Floats, LocalSeries, Times, days_of, weekday_of

GROUPS = {"weekdays": (0, 1, 2, 3, 4), "saturday": (5,), "sunday": (6,)}
FEWEST_WEEKS = 6
"""Weeks before and after a step at the least."""
MOST_P = 0.002
"""Up to nine peaks are tried of a series: with 0.2 % each, about one unchanged series in fifty is called changed."""
LEAST_H = 0.5
_SHUFFLES = 999
_REACH_H = 3
"""Hours around a peak that are laid over each other."""
_SHIFTS = np.arange(-2.0, 2.25, 0.25)
_PARTS = ((5, 11), (11, 16), (16, 23))
_LEAST_HEIGHT = 0.15
"""Of the range of the typical day: how high a peak must stand above the higher of the two valleys beside it."""


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """A peak of ``days`` (a key of ``GROUPS``) that stood at ``hour`` (local) and is ``by`` hours later ``since``."""

    days: str
    hour: float
    by: float
    since: date
    p: float
    weeks: tuple[int, int]


def moves(series: LocalSeries, seed: int = 1) -> list[Move]:
    """Return the peaks of an hourly series that have moved by half an hour or more, the surest first.

    >>> hours = np.arange(24 * 7 * 30)
    >>> place = np.where(hours < 24 * 7 * 16, 18.0, 19.0)
    >>> bell = 10 * np.exp(-(((hours % 24 - place) / 2) ** 2))
    >>> series = LocalSeries(96, 1, np.random.default_rng(1).poisson(20 + 20 * bell).astype(float))
    >>> [(each.days, round(each.by), each.since.isoformat()) for each in moves(series)][0]
    ('weekdays', 1, '1970-04-27')
    """
    if series.hours != 1:
        raise ValueError("peaks of the day need an hourly series")
    dates, days = days_of(series)
    random = np.random.default_rng(seed)
    found = []
    for name, weekdays in GROUPS.items():
        mondays, profiles = _profiles(dates, days, weekdays)
        if len(profiles) < 2 * FEWEST_WEEKS:
            continue
        usual = np.median(profiles, axis=0) if not np.isnan(profiles).any() else np.nanmedian(profiles, axis=0)
        for peak in _peaks(usual):
            part = slice(peak - _REACH_H, peak + _REACH_H + 1)
            whole = ~np.isnan(profiles[:, part]).any(axis=1)
            if whole.sum() >= 2 * FEWEST_WEEKS:
                shifts = _shifts(profiles[whole, part], usual, peak)
                step = _step(shifts, random)
                if step is not None:
                    place, before, after, p = step
                    since = mondays[whole][place].astype(object)
                    weeks = (place, len(shifts) - place)
                    found.append(Move(days=name, hour=peak + before, by=after - before, since=since, p=p, weeks=weeks))
    return sorted(found, key=lambda each: (each.p, -abs(each.by)))


def _profiles(dates: Times, days: Floats, weekdays: tuple[int, ...]) -> tuple[Times, Floats]:
    """Return the Monday of each week that has such days, and the median of their hours: weeks × 24."""
    weekday = weekday_of(dates)
    chosen = np.isin(weekday, weekdays) & ~np.isnan(days).all(axis=1)
    mondays = (dates - weekday.astype("timedelta64[D]"))[chosen]
    weeks, place = np.unique(mondays, return_inverse=True)
    padded = np.full((len(weeks), 7, 24), np.nan)
    padded[place.ravel(), weekday[chosen]] = days[chosen]
    if len(weekdays) == 1:
        return weeks, padded[:, weekdays[0]]
    some = ~np.isnan(padded).all(axis=1)
    found = np.full((len(weeks), 24), np.nan)
    by_hour = padded.transpose(0, 2, 1)
    found[some] = np.nanmedian(by_hour[some], axis=1)
    return weeks, found


def _peaks(usual: Floats) -> Iterator[int]:
    """Yield the hours of the typical day's peaks, one in each part of the day."""
    if np.isnan(usual).any():
        return
    height = _LEAST_HEIGHT * float(np.ptp(usual))
    for first, last in _PARTS:
        peak = first + int(usual[first:last].argmax())
        if _REACH_H <= peak <= 23 - _REACH_H and usual[peak] >= max(usual[peak - 1], usual[peak + 1]):
            valleys = usual[peak - _REACH_H : peak].min(), usual[peak + 1 : peak + _REACH_H + 1].min()
            if usual[peak] - max(valleys) >= height > 0:
                yield peak


def _shifts(profiles: Floats, usual: Floats, peak: int) -> Floats:
    """Return for each week how many hours later than usual its peak is."""
    hours = np.arange(peak - _REACH_H, peak + _REACH_H + 1)
    laid = np.array([np.interp(hours - shift, np.arange(24), usual) for shift in _SHIFTS])
    agreement = _standard(profiles) @ _standard(laid).T
    found: Floats = _SHIFTS[agreement.argmax(axis=1)]
    return found


def _standard(rows: Floats) -> Floats:
    centred = rows - rows.mean(axis=1, keepdims=True)
    size = np.sqrt((centred**2).sum(axis=1, keepdims=True))
    found: Floats = centred / np.where(size > 0, size, 1)
    return found


def _step(shifts: Floats, random: np.random.Generator) -> tuple[int, float, float, float] | None:
    """Return where the shifts take their largest step, the means before and after, and its p; ``None`` for chance."""
    blocks = np.array_split(np.arange(len(shifts)), -(-len(shifts) // 2))
    orders = [np.concatenate([blocks[place] for place in random.permutation(len(blocks))]) for _ in range(_SHUFFLES)]
    sizes = _sizes(np.vstack([shifts, shifts[np.array(orders)]]))
    largest = sizes.max(axis=1)
    p = float((largest >= largest[0] * (1 - 1e-9)).mean())
    place = FEWEST_WEEKS + int(sizes[0].argmax())
    before, after = float(shifts[:place].mean()), float(shifts[place:].mean())
    return (place, before, after, p) if p <= MOST_P and abs(after - before) >= LEAST_H else None


def _sizes(rows: Floats) -> Floats:
    """Return per row and possible step how large it is, measured by its likelihood."""
    count = rows.shape[1]
    ends = np.arange(FEWEST_WEEKS, count - FEWEST_WEEKS + 1)
    total = np.cumsum(rows, axis=1)
    before = total[:, ends - 1] / ends
    after = (total[:, -1:] - total[:, ends - 1]) / (count - ends)
    found: Floats = np.abs(after - before) * np.sqrt(ends * (count - ends) / count)
    return found
