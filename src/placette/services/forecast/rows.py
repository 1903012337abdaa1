"""From quantiles to rows of the store: local steps become instants, and the quantiles parameters of the median.

A step of the local clock that spring leaves out is not written; the hour that autumn has twice is written twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
import pyarrow as pa

from placette.model.observations import TIME
from placette.services.forecast.terms import LEVELS, MEDIAN, NONE, Ask, Floats, Ints, Method

_HOUR_US = 3_600_000_000
_QUANTILES = ",".join(f'"{level:.2f}":%.5g' for level in LEVELS)


class Peak(msgspec.Struct, frozen=True, kw_only=True):
    """What a value is made of: the level of the last weeks, and the effect of each part, in the unit of the value."""

    base: float
    effects: dict[str, float]


def rows_of(
    ask: Ask,
    quantiles: Floats,
    methods: Sequence[Method],
    peaks: Mapping[tuple[int, int], Peak],
    days: Mapping[tuple[int, int], Mapping[str, float]] | None = None,
) -> pa.Table:
    """Return one row per instant and series that is forecast (``quantiles`` are steps × series × levels).

    ``peaks`` and ``days`` (the chances of the whole day that begins there) are by step and series.
    """
    places, begins, ends = spans(ask.instants, len(quantiles), hours=ask.step == "hour")
    streams, times, until, results, extras = [], [], [], [], []
    for series, output in enumerate(ask.outputs):
        mine = quantiles[places, series]
        there = ~np.isnan(mine[:, 0])
        if methods[series] == NONE or not there.any():
            continue
        streams.append(np.full(int(there.sum()), output, np.int64))
        times.append(begins[there])
        until.append(ends[there])
        results.append(mine[there, MEDIAN])
        for place, row in zip(places[there].tolist(), mine[there].tolist(), strict=True):
            key = (place, series)
            extras.append(_extra(row, methods[series], peaks.get(key), (days or {}).get(key)))
    count = len(extras)
    joined = [np.concatenate(each) if each else np.empty(0, np.int64) for each in (streams, times, until)]
    return pa.table(
        {
            "datastream_id": pa.array(joined[0], pa.int64()),
            "phenomenon_time": pa.array(joined[1], pa.int64()).cast(TIME),
            "phenomenon_end": pa.array(joined[2], pa.int64()).cast(TIME),
            "result": pa.array(np.concatenate(results) if results else np.empty(0), pa.float64()),
            "result_time": pa.array(np.full(count, ask.issued, np.int64)).cast(TIME),
            "extra": pa.array(extras, pa.string()),
        }
    )


def spans(instants: Ints, steps: int, *, hours: bool) -> tuple[Ints, Ints, Ints]:
    """Return per row its step, begin and end (µs UTC); ``instants`` hold one more than ``steps``, -1 what is left out.

    >>> hour = 3_600_000_000
    >>> spans(np.array([0, -1, hour, 3 * hour]), 3, hours=True)[0].tolist()  # spring, then autumn
    [0, 2, 2]
    """
    there = np.flatnonzero(instants[: steps + 1] >= 0)
    begins, ends = instants[there[:-1]], instants[there[1:]]
    if not hours:
        return there[:-1], begins, ends
    number = np.maximum((ends - begins) // _HOUR_US, 1)
    places = np.repeat(there[:-1], number)
    after = np.arange(len(places)) - np.repeat(np.cumsum(number) - number, number)
    first = np.repeat(begins, number) + after * _HOUR_US
    return places, first, first + _HOUR_US


def _extra(row: list[float], method: Method, peak: Peak | None, day: Mapping[str, float] | None) -> str:
    text = f'{{"parameters":{{"method":"{method}","quantiles":{{{_QUANTILES % tuple(row)}}}'
    if peak is not None:
        effects = ",".join(f'"{key}":{value:.5g}' for key, value in peak.effects.items())
        text += f',"base":{peak.base:.5g},"contributions":{{{effects}}}'
    if day:
        chances = ",".join(f'"{key}":{value:.4g}' for key, value in day.items())
        text += f',"day":{{{chances}}}'
    return text + "}}"
