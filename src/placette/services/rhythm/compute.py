"""From one datastream's regular series and the city's days to all that is said of its rhythm. Arrays in, values out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal

import numpy as np
import numpy.typing as npt

from placette.analyse.cycles.course import course
from placette.analyse.cycles.days import FEWEST_DAYS, day_types, measured_days, typical_of
from placette.analyse.cycles.periodogram import periodogram
from placette.analyse.cycles.rhythm import FEWEST, Name, Parts, rhythms, take_apart
from placette.analyse.cycles.series import Floats, LocalSeries, Times, days_of, weekday_of
from placette.analyse.cycles.tables import heat_map
from placette.services.rhythm.answer import Lack, Month, Period, Profile, Told, Values
from placette.services.rhythm.changes import changes

LEAST_SHARE = 0.75
"""Share of its hours that a day needs for a total or a mean."""
_NAMES: tuple[Name, ...] = ("day", "week", "year")
_DAYS: dict[Name, float] = {"day": 1, "week": 7, "year": 365.2425}
_HARMONICS: dict[Literal["day", "week", "year"], int] = {"day": 12, "week": 84, "year": 3}
"""A rhythm that is no pure wave has periods of a half, a third … of its length: they belong to it."""
_MOST_OTHERS = 2
_LEAST_PERIOD_SHARE = 0.01
_LEAST_OTHER_SHARE = 0.02
_LONGEST_OTHER_H = 60 * 24
"""Weather wanders over months, and no period of it comes back."""
_ABOVE_NOISE = 2
"""Times the share that as many lines of the periodogram would have if what is left were white noise."""
_FEWEST_PERIODS = 3
"""Times that a period must have come round, or it may be chance; a year twice."""
_APART = 1.5
"""Steps of the periodogram, or times a year, within which a period is the same: seasons spread a day's line."""
Special = Mapping[str, frozenset[date]]


def rhythm_of(
    series: LocalSeries,
    combine: str,
    special: Special,
    known_school: tuple[date, date] | None,
    decimals: int,
    alike_since: int | None = None,
) -> Told:
    """Return all that is said of a series; ``special`` are the city's days (``services.days``).

    ``known_school`` are the ends of what is known of school holidays: a Monday to Friday outside of them is of the type
    ``unknown``. Values are rounded to two places more than ``decimals``. ``alike_since`` is the local hour since which
    the same device measures: what changed then is the device, not the street.
    """
    series, left_out = _counted(_trimmed(series), combine)
    there = ~np.isnan(series.values)
    if not there.any():
        lacking = {name: Lack(key="no_values") for name in (*_NAMES, "change")}
        return Told(left_out=left_out, lacking=lacking)
    places = decimals + 2
    parts = take_apart(series)
    strength, chance, peak, lacking = _strengths(series, parts, there, combine)
    dates, days = measured_days(series)
    types = _types(dates, special, known_school)
    change, change_lack = changes(_since(series, alike_since))
    table = heat_map(series) if series.hours == 1 else None
    return Told(
        first=str(dates[0]),
        last=str(dates[-1]),
        captured=round(float(there.mean()), 4),
        constant=bool(np.ptp(series.values[there]) == 0),
        left_out=left_out,
        strength=strength,
        chance=chance,
        peak=peak,
        strongest_periods=_periods(series, parts),
        week=tuple(_listed(row, places) for row in table.medians) if table else (),
        week_days=tuple(int(row.max()) for row in table.counts) if table else (),
        week_count=len(np.unique((dates.astype(np.int64) + 3) // 7)),
        days=_by_day(series, combine, places),
        day_types=_marked(dates, special),
        profiles=_profiles(days, types, places),
        course=_course(series, parts, places),
        change=change,
        lacking=lacking | ({"change": change_lack} if change_lack else {}),
    )


def _since(series: LocalSeries, hour: int | None) -> LocalSeries:
    if hour is None or hour <= series.start:
        return series
    first = -(-(hour - series.start) // series.hours)
    return LocalSeries(series.start + series.hours * first, series.hours, series.values[first:])


def _trimmed(series: LocalSeries) -> LocalSeries:
    """Return the series from its first to its last value."""
    there = np.flatnonzero(~np.isnan(series.values))
    if not there.size:
        return series
    first, last = int(there[0]), int(there[-1])
    return LocalSeries(series.start + series.hours * first, series.hours, series.values[first : last + 1])


def _counted(series: LocalSeries, combine: str) -> tuple[LocalSeries, int]:
    """Return the series without what cannot be: nothing that is counted is less than none; and how many steps were."""
    if combine != "sum":
        return series, 0
    below = series.values < 0
    kept = LocalSeries(series.start, series.hours, np.where(below, np.nan, series.values))
    return _trimmed(kept), int(below.sum())


def _strengths(
    series: LocalSeries, parts: Parts, there: npt.NDArray[np.bool_], combine: str
) -> tuple[dict[str, float | None], dict[str, float | None], dict[str, int], dict[str, Lack]]:
    """Return strength, chance and peak of each rhythm, and what is lacking for the others.

    The year is looked for in daily values: in hourly ones the weather of each hour is rest.
    """
    found = {each.name: each for each in rhythms(series, parts)}
    if series.hours == 1 and "year" in found:
        found |= {each.name: each for each in rhythms(_daily(series, combine)) if each.name == "year"}
    days = int(len(series.values) * series.hours / 24)
    lacking: dict[str, Lack] = {}
    for name in _NAMES:
        if name not in found:
            short = Lack(key="too_short", days=days, needed=round(FEWEST[name] * _DAYS[name]))
            lacking[name] = Lack(key="daily") if name == "day" and series.hours == 24 else short
    constant = np.ptp(series.values[there]) == 0
    strength: dict[str, float | None] = {
        name: round(0.0 if constant else found[name].strength, 4) if name in found else None for name in _NAMES
    }
    chance: dict[str, float | None] = {name: round(found[name].chance, 4) if name in found else None for name in _NAMES}
    return strength, chance, {name: each.peak for name, each in found.items() if not constant}, lacking


def _daily(series: LocalSeries, combine: str) -> LocalSeries:
    dates, values = _day_values(series, combine)
    return LocalSeries(int(dates[0].astype(np.int64)) * 24, 24, values)


def _day_values(series: LocalSeries, combine: str) -> tuple[Times, Floats]:
    """Return each day's total or mean, NaN for a day with less than three quarters of its hours.

    What is counted or metered is summed, and a gap made good in proportion; sound levels are averaged as energy.
    """
    dates, days = days_of(series)
    if series.hours == 24:
        return dates, days[:, 0]
    there = ~np.isnan(days)
    count = there.sum(axis=1)
    enough = count >= LEAST_SHARE * days.shape[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        if combine == "energetic":
            values = 10 * np.log10(np.where(there, 10 ** (days / 10), 0).sum(axis=1) / count)
        else:
            values = np.where(there, days, 0).sum(axis=1) / count
    if combine in ("sum", "difference"):
        values = values * days.shape[1]
    return dates, np.where(enough, values, np.nan)


def _by_day(series: LocalSeries, combine: str, places: int) -> dict[str, float]:
    dates, values = _day_values(series, combine)
    known = ~np.isnan(values)
    return dict(zip(dates[known].astype(str).tolist(), np.round(values[known], places).tolist(), strict=True))


def _types(dates: Times, special: Special, known: tuple[date, date] | None) -> npt.NDArray[np.str_]:
    """Return the one type of each date: see docs/rhythms.md."""
    weekday = weekday_of(dates)
    public = special["public_holiday"]
    market = np.isin(dates, np.array(sorted(special["market"] - public), "datetime64[D]"))
    own = {
        "event": special["event"],
        "closing": special["closing"],
        "market_saturday": _dates(dates[market & (weekday == 5)]),
        "market_sunday": _dates(dates[market & (weekday == 6)]),
        "market": _dates(dates[market & (weekday < 5)]),
    }
    types = day_types(dates, public, special["school_holiday"], own).astype("<U20")
    if known is not None:
        outside = (dates < np.datetime64(known[0])) | (dates > np.datetime64(known[1]))
        types[(types == "weekday") & outside] = "unknown"
    return types


def _dates(dates: Times) -> frozenset[date]:
    return frozenset(dates.astype(object).tolist())


def _marked(dates: Times, special: Special) -> dict[str, tuple[str, ...]]:
    """Return what each day is that is not everyday; a day may be several things."""
    first, last = dates[0].astype(object), dates[-1].astype(object)
    found: dict[str, tuple[str, ...]] = {}
    for kind, days in special.items():
        for day in days:
            if first <= day <= last:
                found[day.isoformat()] = (*found.get(day.isoformat(), ()), kind)
    return dict(sorted(found.items()))


def _profiles(days: Floats, types: npt.NDArray[np.str_], places: int) -> tuple[Profile, ...]:
    typical = typical_of(days, types)
    names, counts = np.unique(types, return_counts=True)
    few = [Profile(day_type=str(name), days=int(n)) for name, n in zip(names, counts, strict=True) if n < FEWEST_DAYS]
    return (
        *(
            Profile(
                day_type=name,
                days=each.days,
                hours=_listed(each.median, places),
                low=_listed(each.quantile(0.1), places),
                high=_listed(each.quantile(0.9), places),
            )
            for name, each in typical.items()
        ),
        *few,
    )


def _course(series: LocalSeries, parts: Parts, places: int) -> tuple[Month, ...]:
    return tuple(
        Month(
            month=each.month,
            mean=round(each.mean, places),
            strength={name: round(each.strength[name], 4) for name in ("day", "week") if name in each.strength},
        )
        for each in course(series, parts)
    )


def _periods(series: LocalSeries, parts: Parts) -> tuple[Period, ...]:
    """Return the strongest periods of what remains without the trend, none twice."""
    values = series.values - parts.trend
    if (~np.isnan(values)).sum() < 8 or np.nanstd(values) <= 1e-9 * max(1.0, float(np.nanmax(np.abs(series.values)))):
        return ()
    found = periodogram(values)
    length = len(values) * series.hours
    frequency = 1 / (found.periods * series.hours)
    near = _APART * max(1 / length, 1 / (_DAYS["year"] * 24))
    share = found.power / max(float(found.power.sum()), 1e-300)
    free = np.ones(len(share), np.bool_)
    chosen: list[Period] = []
    for name, most in _HARMONICS.items():
        hours = _DAYS[name] * 24
        reach = near if name != "year" else _APART / length / 2
        orders = np.arange(1, most + 1) / hours
        mine = free & (np.abs(frequency[:, None] - orders).min(axis=1) <= reach)
        if hours > 2 * series.hours and length >= (2 if name == "year" else _FEWEST_PERIODS) * hours:
            whole = float(share[mine].sum())
            if whole > _ABOVE_NOISE * float(share[free].sum()) * float(mine.sum() / max(1, free.sum())):
                chosen.append(Period(hours=round(hours, 2), share=round(whole, 4), key=name))
            free &= ~mine
    for _ in range(_MOST_OTHERS):
        fair = free & (frequency >= max(_FEWEST_PERIODS / length, 1 / _LONGEST_OTHER_H))
        place = int(np.where(fair, share, 0).argmax())
        mine = free & (np.abs(frequency - frequency[place]) <= near)
        free &= ~mine
        whole = float(share[mine].sum())
        if fair.any() and whole >= _LEAST_OTHER_SHARE:
            chosen.append(Period(hours=round(1 / float(frequency[place]), 2), share=round(whole, 4)))
    return tuple(sorted((each for each in chosen if each.share >= _LEAST_PERIOD_SHARE), key=lambda each: -each.share))


def _listed(values: Floats, places: int) -> Values:
    return tuple(None if np.isnan(value) else round(float(value), places) for value in values)
