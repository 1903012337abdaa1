"""What a global model is told of one value to come: lags on the target's own hour, levels, calendar, covariates.

Direct multi-horizon: an example is (origin, lead, series); every feature is known at the origin, or ahead for everybody
(calendar, known covariates), so that one model serves all leads and all series. Lags are aligned with the target's own
hour and weekday: the newest that the origin knows. Values are on a logarithmic scale minus the *base*, the mean of the
newest four same hours of the week, so that a big and a small station teach each other.
"""

from __future__ import annotations

import msgspec
import numpy as np

from placette.analyse.forecast.terms import DAY_S, Floats, Ints, Panel

BASE_WEEKS = 4
WEEKS = 6
DAYS = 7
YEAR_WEEKS = 52


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
    sums: Floats
    counts: Floats
    spread: Floats
    """Mean absolute change over a season of each series, on the panel's own scale."""
    offset: Floats
    """What is added before the logarithm, per series."""

    def mean(self, first: Ints, after: Ints, series: Ints) -> Floats:
        """Return the mean of ``z`` over rows ``first`` ≤ row < ``after``; NaN where nothing is there."""
        low, high = np.clip(first, 0, len(self.z)), np.clip(after, 0, len(self.z))
        count = self.counts[high, series] - self.counts[low, series]
        total = self.sums[high, series] - self.sums[low, series]
        return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))

    def at(self, row: Ints, series: Ints) -> Floats:
        """Return ``z`` at these rows; NaN before the first and after the last."""
        inside = (row >= 0) & (row < len(self.z))
        return np.asarray(np.where(inside, self.z[np.clip(row, 0, len(self.z) - 1), series], np.nan))

    def back(self, z: Floats, series: Ints) -> Floats:
        """Return values on the panel's own scale, never below zero where the series never was."""
        return np.asarray(np.exp(z) - self.offset[series])


def scaled(panel: Panel) -> Scaled:
    """Take logarithms: of the value plus a share of its median, shifted where a series falls below zero.

    A series without any value gets spread 1 and stays NaN.
    """
    values = panel.values
    there = ~np.isnan(values)
    low = np.where(there, values, np.inf).min(axis=0, initial=np.inf)
    middle = np.array(
        [np.median(column[ok]) if ok.any() else 1.0 for column, ok in zip(values.T, there.T, strict=True)]
    )
    offset = np.maximum(0.1 * np.abs(middle), 1e-3) - np.minimum(low, 0.0) * np.isfinite(low)
    z = np.log(values + offset)
    change = np.abs(values[panel.season :] - values[: -panel.season])
    seen = (~np.isnan(change)).sum(axis=0)
    spread = np.where(seen > 0, np.nansum(change, axis=0) / np.maximum(seen, 1), 1.0)
    zero = np.zeros((1, values.shape[1]))
    return Scaled(
        panel=panel,
        z=z,
        sums=np.vstack([zero, np.nancumsum(z, axis=0)]),
        counts=np.vstack([zero, np.cumsum(there, axis=0)]),
        spread=np.where(spread > 0, spread, 1.0),
        offset=offset,
    )


def base(data: Scaled, asked: Examples) -> Floats:
    """Return the mean of the newest four same hours of the week; of the same hours, of the last week, where absent."""
    weekly = nearest(data, asked, data.panel.week, BASE_WEEKS)
    daily = nearest(data, asked, data.panel.day, DAYS)
    recent = data.mean(asked.origin - data.panel.week, asked.origin, asked.series)
    found = _mean(weekly)
    for other in (_mean(daily), recent, data.mean(asked.origin * 0, asked.origin, asked.series)):
        found = np.where(np.isnan(found), other, found)
    return found


def nearest(data: Scaled, asked: Examples, cycle: int, count: int) -> Floats:
    """Return the ``count`` newest known values a whole number of cycles before the target, newest first."""
    back = (asked.lead // cycle + 1) * cycle
    return np.stack([data.at(asked.step - back - cycle * k, asked.series) for k in range(count)], axis=1)


def table(data: Scaled, asked: Examples, centre: Floats) -> Floats:
    """Return the features of examples (examples × features), ``centre`` the base of each."""
    columns = [*_lags(data, asked, centre), *_levels(data, asked, centre), *_last_year(data, asked)]
    columns += [*_calendar(data.panel, asked), *_known(data.panel, asked)]
    return np.stack(columns, axis=1).astype(np.float64)


def subjects(known: int, with_year: bool) -> list[str]:
    """Return what each column of :func:`table` speaks of, for explanations; ``known0``, ``known1`` … are covariates.

    ``with_year`` is true where the panel is long enough for the day of the year to be told.

    >>> subjects(1, True)[-7:]
    ['season', 'known0', 'known0', 'known0', 'known0', 'known0', 'known0']
    """
    lags = ["weeks"] * WEEKS + ["days"] * 5 + ["weeks"] + ["hours"] * 2
    levels = ["weeks"] * 2 + ["hours"] * 3 + ["days"] * 6 + ["weeks"] * 4
    calendar = ["lead", "hour", "weekday", "series", "season" if with_year else "lead"]
    return [*lags, *levels, *["year"] * 4, *calendar, *(f"known{k}" for k in range(known) for _ in range(6))]


def _lags(data: Scaled, asked: Examples, centre: Floats) -> list[Floats]:
    weekly = nearest(data, asked, data.panel.week, WEEKS) - centre[:, None]
    daily = nearest(data, asked, data.panel.day, DAYS) - centre[:, None]
    newest = [data.at(asked.origin - 1 - k, asked.series) - centre for k in range(2)]
    return [*weekly.T, *daily[:, :4].T, _mean(daily), np.nanmax(_or_zero(weekly), axis=1), *newest]


def _levels(data: Scaled, asked: Examples, centre: Floats) -> list[Floats]:
    """How the last hours, day, weeks stood against the same stretch one week and four weeks before."""
    day, week, o, n = data.panel.day, data.panel.week, asked.origin, asked.series
    month = data.mean(o - 4 * week, o, n)
    columns = [month - centre, month]
    for length in (max(1, day // 8), day, 3 * day, week):
        now = data.mean(o - length, o, n)
        before = data.mean(o - length - week, o - week, n)
        earlier = data.mean(o - length - 2 * week, o - 2 * week, n)
        columns += [now - before, now - earlier, now - month]
    columns.append(month - data.mean(o - 12 * week, o - 4 * week, n))
    return columns


def _last_year(data: Scaled, asked: Examples) -> list[Floats]:
    """What the same weeks of last year did: the target's hour, day and week against the origin's weeks then."""
    day, week, t, o, n = data.panel.day, data.panel.week, asked.step, asked.origin, asked.series
    year = YEAR_WEEKS * week
    month = data.mean(o - year - 4 * week, o - year, n)
    hour = data.at(t - year, n)
    start = (t - year) - (t - year) % day
    same_weeks = [data.at(t - year - k * week, n) for k in (-1, 1, 2)]
    return [
        hour - month,
        hour - _mean(np.stack(same_weeks, axis=1)),
        data.mean(start, start + day, n) - month,
        data.mean(t - year - week // 2, t - year + week // 2 + 1, n) - month,
    ]


def _calendar(panel: Panel, asked: Examples) -> list[Floats]:
    clock = panel.clock(asked.step)
    days = clock // DAY_S
    if len(panel.values) < 60 * panel.week:  # within a first year its day only counts the time that has passed
        return [*_clock(panel, asked, clock), np.full(len(clock), np.nan)]
    year_day = np.asarray(
        days.astype("datetime64[D]") - days.astype("datetime64[D]").astype("datetime64[Y]"), np.float64
    )
    return [*_clock(panel, asked, clock), year_day]


def _clock(panel: Panel, asked: Examples, clock: Ints) -> list[Floats]:
    return [
        asked.lead.astype(np.float64),
        (clock % DAY_S / panel.step_s).astype(np.float64),
        ((clock // DAY_S + 3) % 7).astype(np.float64),
        asked.series.astype(np.float64),
    ]


def _known(panel: Panel, asked: Examples) -> list[Floats]:
    """Each covariate at the target, over the target's day, and against the weeks the base was taken from."""
    columns: list[Floats] = []
    for values in panel.known.T:
        there = ~np.isnan(values)
        sums, counts = np.append(0.0, np.nancumsum(values)), np.append(0.0, np.cumsum(there))

        def mean(first: Ints, after: Ints, sums: Floats = sums, counts: Floats = counts) -> Floats:
            low, high = np.clip(first, 0, len(sums) - 1), np.clip(after, 0, len(sums) - 1)
            count = counts[high] - counts[low]
            return np.asarray(np.where(count > 0, (sums[high] - sums[low]) / np.maximum(count, 1), np.nan))

        t, o, day, week = asked.step, asked.origin, panel.day, panel.week
        around = mean(t - day // 2, t + day // 2 + 1)
        same = _mean(
            np.stack([values[np.maximum(t - (asked.lead // week + 1 + k) * week, 0)] for k in range(4)], axis=1)
        )
        columns += [values[t], around, values[t] - same, around - mean(o - 4 * week, o)]
        columns += [mean(t - 3, t) - values[t], mean(t - day, t)]
    return columns


def _mean(rows: Floats) -> Floats:
    there = ~np.isnan(rows)
    count = there.sum(axis=1)
    return np.asarray(np.where(count > 0, np.where(there, rows, 0).sum(axis=1) / np.maximum(count, 1), np.nan))


def _or_zero(rows: Floats) -> Floats:
    return np.where(np.isnan(rows), 0.0, rows)
