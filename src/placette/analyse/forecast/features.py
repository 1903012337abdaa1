"""What a global model is told of one value to come: lags on the target's own hour, levels, calendar, covariates.

Direct multi-horizon: an example is (origin, lead, series); every feature is known at the origin, or ahead for everybody
(calendar, known covariates), so that one model serves all leads and all series. Lags are aligned with the target's own
hour and weekday: the newest that the origin knows. Values are on a :mod:`scale` of their own minus the *base*, the mean
of the newest four same hours of the week, in the *unit* of the series: its mean change from week to week in the last
weeks. So a big and a small station, a calm and a restless one, and two cities teach each other.
"""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from placette.analyse.forecast import weather, year
from placette.analyse.forecast.running import Running, mean_of
from placette.analyse.forecast.scale import Scale
from placette.analyse.forecast.terms import DAY_S, Floats, Ints, Panel

BASE_WEEKS = 4
WEEKS = 6
DAYS = 7
YEAR_WEEKS = 52
UNIT_WEEKS = 8
LEAST_UNIT = 0.01
"""A series calmer than a hundredth (of its value) is taken for this restless."""


class Examples(msgspec.Struct, frozen=True, kw_only=True):
    """Which value is asked: the count of steps known, steps ahead of the first unknown one, and the series."""

    origin: Ints
    lead: Ints
    series: Ints

    @property
    def step(self) -> Ints:
        """The row of the target value."""
        return self.origin + self.lead


class Scaled(msgspec.Struct, frozen=True, kw_only=True):
    """A panel on the scale of the model, with running sums that give the mean of any stretch at once."""

    panel: Panel
    z: Floats
    level: Running
    city: Running
    """Mean of all series of the panel, each in its own spread about its own mean; one column."""
    changes: dict[str, Running]
    """Absolute changes over a step, a day, a week and four weeks."""
    spread: Floats
    """Mean absolute change over a season of each series, on the panel's own scale."""
    scale: Scale
    columns: Ints
    """Which series of the panel these are."""

    def mean(self, first: Ints, after: Ints, series: Ints) -> Floats:
        """Return the mean of ``z`` over rows ``first`` ≤ row < ``after``; NaN where nothing is there."""
        return self.level.mean(first, after, series)

    def at(self, row: Ints, series: Ints) -> Floats:
        """Return ``z`` at these rows; NaN before the first and after the last."""
        inside = (row >= 0) & (row < len(self.z))
        return np.asarray(np.where(inside, self.z[np.clip(row, 0, len(self.z) - 1), series], np.nan))

    def unit(self, origin: Ints, series: Ints) -> Floats:
        """Return the mean change from week to week in the weeks before the origin; of the whole past where absent."""
        week = self.panel.week
        tries = (("week", UNIT_WEEKS * week), ("week", len(self.z)), ("day", len(self.z)))
        found = np.full(len(origin), np.nan)
        for name, length in tries:
            found = np.where(np.isnan(found), self.changes[name].mean(origin - length, origin, series), found)
        return np.maximum(np.where(np.isnan(found), 0.3, found), LEAST_UNIT)

    def back(self, z: Floats, series: Ints) -> Floats:
        """Return values on the panel's own scale, never below zero where the series never was."""
        return self.scale.some(series).back(z)


def scaled(panel: Panel, only: Ints | None = None) -> Scaled:
    """Return a panel on the scale of each series.

    A series without any value gets spread 1 and stays NaN. ``only`` some series are prepared for a few questions; all
    are seen for what the city does together.
    """
    columns = np.arange(panel.values.shape[1]) if only is None else only
    values = panel.values
    scale = Scale.of(values)
    z = scale.there(values)
    city = Running.of(_city(z, ~np.isnan(values)))
    z = z[:, columns]
    change = np.abs(values[panel.season :, columns] - values[: -panel.season, columns])
    seen = (~np.isnan(change)).sum(axis=0)
    spread = np.where(seen > 0, np.nansum(change, axis=0) / np.maximum(seen, 1), 1.0)
    lags = {"step": 1, "day": panel.day, "week": panel.week, "month": 4 * panel.week}
    return Scaled(
        panel=panel,
        z=z,
        level=Running.of(z),
        city=city,
        changes={name: Running.of(_changes(z, lag)) for name, lag in lags.items()},
        spread=np.where(spread > 0, spread, 1.0),
        scale=scale.some(columns),
        columns=columns,
    )


def _changes(z: Floats, lag: int) -> Floats:
    gone = np.full((min(lag, len(z)), z.shape[1]), np.nan)
    return np.concatenate([gone, np.abs(z[lag:] - z[:-lag])])


def _city(z: Floats, there: npt.NDArray[np.bool]) -> Floats:
    """Return the mean of all series about 0 and in their own spread (steps × 1), without tables between."""
    count = np.maximum(there.sum(axis=0), 1)
    known = np.where(there, z, 0.0)
    mean = known.sum(axis=0) / count
    known -= mean * there
    spread = np.sqrt(np.einsum("tc,tc->c", known, known) / count)
    series = there.sum(axis=1)
    together = known @ (1 / np.maximum(spread, LEAST_UNIT))
    return np.asarray(np.where(series > 0, together / np.maximum(series, 1), np.nan))[:, None]


def base(data: Scaled, asked: Examples) -> Floats:
    """Return the mean of the newest four same hours of the week; of the same hours, of the last week, where absent."""
    weekly = nearest(data, asked, data.panel.week, BASE_WEEKS)
    daily = nearest(data, asked, data.panel.day, DAYS)
    recent = data.mean(asked.origin - data.panel.week, asked.origin, asked.series)
    found = mean_of(weekly)
    for other in (mean_of(daily), recent, data.mean(asked.origin * 0, asked.origin, asked.series)):
        found = np.where(np.isnan(found), other, found)
    return found


def nearest(data: Scaled, asked: Examples, cycle: int, count: int) -> Floats:
    """Return the ``count`` newest known values a whole number of cycles before the target, newest first."""
    back = (asked.lead // cycle + 1) * cycle
    return np.stack([data.at(asked.step - back - cycle * k, asked.series) for k in range(count)], axis=1)


def table(data: Scaled, asked: Examples, centre: Floats, unit: Floats) -> Floats:
    """Return the features every panel has, free of scale (examples × features); ``centre`` is the base of each."""
    plain = [*_lags(data, asked, centre), *_levels(data, asked, centre), *_last_year(data, asked)]
    plain += year.odd_days(data, asked)
    columns = [column / unit for column in plain] + _city_levels(data, asked) + _character(data, asked, unit)
    columns += [*year.feasts(data.panel, asked.step), *_clock(data.panel, asked), *weather.told(data.panel, asked)]
    return np.stack(columns, axis=1)


def own(data: Scaled, asked: Examples) -> Floats:
    """Return the features that mean something in this panel alone: which series, the season, covariates."""
    columns = [
        data.columns[asked.series].astype(np.float64),
        year.season(data.panel, asked.step),
        *_known(data.panel, asked),
    ]
    return np.stack(columns, axis=1)


def subjects(known: int) -> list[str]:
    """Return what each column of :func:`table` and :func:`own` speaks of; ``known0``, ``known1`` … are covariates.

    What :mod:`weather` tells is called by its kind.

    >>> subjects(1)[-7:]
    ['season', 'known0', 'known0', 'known0', 'known0', 'known0', 'known0']
    """
    lags = ["weeks"] * WEEKS + ["days"] * 5 + ["weeks"] + ["hours"] * 2
    levels = ["weeks"] + ["hours"] * 3 + ["days"] * 6 + ["weeks"] * 4
    years = ["year"] * (4 + 6)
    others = ["days"] * 2 + ["weeks"] + ["weeks"] * 4 + ["season"] * 2 + ["lead", "hour", "weekday"]
    covariates = [f"known{k}" for k in range(known) for _ in range(6)]
    skies = [kind for kind in weather.SUBJECTS for _ in range(weather.PER_SUBJECT)]
    return [*lags, *levels, *years, *others, *skies, "series", "season", *covariates]


def _lags(data: Scaled, asked: Examples, centre: Floats) -> list[Floats]:
    weekly = nearest(data, asked, data.panel.week, WEEKS) - centre[:, None]
    daily = nearest(data, asked, data.panel.day, DAYS) - centre[:, None]
    newest = [data.at(asked.origin - 1 - k, asked.series) - centre for k in range(2)]
    return [*weekly.T, *daily[:, :4].T, mean_of(daily), np.nanmax(_or_zero(weekly), axis=1), *newest]


def _levels(data: Scaled, asked: Examples, centre: Floats) -> list[Floats]:
    """How the last hours, day, weeks stood against the same stretch one week and four weeks before."""
    day, week, o, n = data.panel.day, data.panel.week, asked.origin, asked.series
    month = data.mean(o - 4 * week, o, n)
    columns = [month - centre]
    for length in (max(1, day // 8), day, 3 * day, week):
        now = data.mean(o - length, o, n)
        before = data.mean(o - length - week, o - week, n)
        earlier = data.mean(o - length - 2 * week, o - 2 * week, n)
        columns += [now - before, now - earlier, now - month]
    columns.append(month - data.mean(o - 12 * week, o - 4 * week, n))
    return columns


def _last_year(data: Scaled, asked: Examples) -> list[Floats]:
    """What the same weeks of last year did: the target's hour, day and week against the origin's weeks then."""
    day, week, t, o, n = (data.panel.day, data.panel.week, asked.step, asked.origin, asked.series)
    year = YEAR_WEEKS * week
    month = data.mean(o - year - 4 * week, o - year, n)
    hour = data.at(t - year, n)
    start = (t - year) - (t - year) % day
    same_weeks = [data.at(t - year - k * week, n) for k in (-1, 1, 2)]
    return [
        hour - month,
        hour - mean_of(np.stack(same_weeks, axis=1)),
        data.mean(start, start + day, n) - month,
        data.mean(t - year - week // 2, t - year + week // 2 + 1, n) - month,
    ]


def _city_levels(data: Scaled, asked: Examples) -> list[Floats]:
    """How all series together stand against four weeks, and how odd the days were that the newest lag is taken from."""
    day, week, o, none = data.panel.day, data.panel.week, asked.origin, asked.series * 0
    month = data.city.mean(o - 4 * week, o, none)
    start = asked.step - data.panel.clock(asked.step) % DAY_S // data.panel.step_s
    back = [start - (asked.lead // week + 1 + k) * week for k in range(4)]
    first, *earlier = [data.city.mean(row, row + day, none) for row in back]
    return [
        data.city.mean(o - day, o, none) - month,
        data.city.mean(o - 3 * day, o, none) - month,
        first - mean_of(np.stack(earlier, axis=1)),
    ]


def _character(data: Scaled, asked: Examples, unit: Floats) -> list[Floats]:
    """What kind of series it is: how restless, and how far it moves in a step, a day, a month for its week."""
    o, n, length = asked.origin, asked.series, UNIT_WEEKS * data.panel.week
    moved = [data.changes[name].mean(o - length, o, n) / unit for name in ("step", "day", "month")]
    return [np.log(unit), *moved]


def _clock(panel: Panel, asked: Examples) -> list[Floats]:
    clock = panel.clock(asked.step)
    return [
        asked.lead / panel.day,
        (clock % DAY_S / panel.step_s).astype(np.float64),
        ((clock // DAY_S + 3) % 7).astype(np.float64),
    ]


def _known(panel: Panel, asked: Examples) -> list[Floats]:
    """Each covariate at the target, over the target's day, and against the weeks the base was taken from."""
    columns: list[Floats] = []
    for values in panel.known.T:
        there = ~np.isnan(values)
        sums, counts = (np.append(0.0, np.nancumsum(values)), np.append(0.0, np.cumsum(there)))

        def mean(first: Ints, after: Ints, sums: Floats = sums, counts: Floats = counts) -> Floats:
            low, high = (np.clip(first, 0, len(sums) - 1), np.clip(after, 0, len(sums) - 1))
            count = counts[high] - counts[low]
            return np.asarray(np.where(count > 0, (sums[high] - sums[low]) / np.maximum(count, 1), np.nan))

        t, o, day, week = asked.step, asked.origin, panel.day, panel.week
        around = mean(t - day // 2, t + day // 2 + 1)
        same = mean_of(
            np.stack([values[np.maximum(t - (asked.lead // week + 1 + k) * week, 0)] for k in range(4)], axis=1)
        )
        columns += [values[t], around, values[t] - same, around - mean(o - 4 * week, o)]
        columns += [mean(t - 3, t) - values[t], mean(t - day, t)]
    return columns


def _or_zero(rows: Floats) -> Floats:
    return np.where(np.isnan(rows), 0.0, rows)
