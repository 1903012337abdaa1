"""Forecasts as they are given out: the newest issue of each datastream, its chances, its peaks, and how it has done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from placette.analyse.exceedance import isotonic
from placette.analyse.exceedance.probability import exceeding
from placette.city.model import City, Threshold
from placette.model.times import MICROS_PER_S, iso
from placette.services.forecast import thresholds
from placette.services.forecast.derived import code_of
from placette.services.forecast.foreseeing import STEPS, state_of
from placette.services.forecast.terms import DAY_KEY, LEVELS, SHOWN, STEP_S, Board, Combined, Standing, State, Step
from placette.store import DatastreamInfo, Store
from placette.store.sql import among

_ROWS = """
SELECT datastream_id, epoch_us(phenomenon_time) AS time, epoch_us(result_time) AS issued, result, extra
FROM observation
WHERE datastream_id IN {ids} AND result_time IN (make_timestamp(?), make_timestamp(?))
  AND phenomenon_time >= make_timestamp(?) AND phenomenon_time < make_timestamp(?)
ORDER BY datastream_id, phenomenon_time, issued DESC
"""
_AHEAD_US = 16 * 86_400 * MICROS_PER_S


class Contribution(msgspec.Struct, frozen=True):
    """One part of a peak: its key and its effect in the unit of the value."""

    key: str
    effect: float


class PeakOf(msgspec.Struct, frozen=True, kw_only=True):
    """The highest value foretold of a local day: s since 1970 UTC; contributions sum to ``value`` minus ``base``."""

    time: int
    value: float
    base: float
    contributions: list[Contribution]


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """A threshold that may be passed; ``calibrated`` says whether the record has bent its probability.

    ``exact`` and ``confirmed`` are those of the threshold (docs/foresee.md).
    """

    key: str
    names: dict[str, str]
    threshold: float
    kind: str
    source: str
    exact: bool
    confirmed: bool
    calibrated: bool


class Chance(Limit, frozen=True, kw_only=True):
    """The probability of passing a threshold at each time."""

    probability: list[float]


class DayChance(Limit, frozen=True, kw_only=True):
    """The probability that each whole local day (``date``) passes a threshold; ``of`` says what of its hours does.

    ``mean``, ``sum`` or ``energetic`` is held against thresholds of a day, ``highest`` against those of an hour.
    """

    of: Combined
    date: list[str]
    probability: list[float]


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """The newest forecast of one datastream in steps of ``step_s``; ``time`` in s since 1970 UTC.

    ``method`` is ``global`` (the model of all series), ``profile`` (same hours of past weeks: a short past, or a server
    without LightGBM) or ``naive``, which stands in where it did better: then ``shown`` is false. ``reason`` says why it
    is not the model.
    ``quantiles`` holds for each time those of ``levels``. ``simulated``: it foretells simulated values.
    ``since`` is when the sensor came where it stands, if it was moved.
    """

    datastream: int
    code: str
    forecast_datastream: int
    unit: str
    symbol: str
    step_s: int
    issued: str
    method: str
    shown: bool
    reason: str
    simulated: bool
    since: str | None
    time: list[int]
    levels: tuple[float, ...]
    quantiles: list[list[float]]
    exceedance: list[Chance]
    days: list[DayChance]
    peaks: list[PeakOf]


class _Parameters(msgspec.Struct):
    method: str = ""
    quantiles: dict[str, float] = {}
    base: float | None = None
    contributions: dict[str, float] = {}
    day: dict[str, float] = {}


class _Extra(msgspec.Struct):
    parameters: _Parameters = msgspec.field(default_factory=_Parameters)


_decoder = msgspec.json.Decoder(_Extra)


def newest(
    store: Store, city: City, infos: Sequence[DatastreamInfo], now: int, wanted: Step | None = None, issue: int = 0
) -> list[Forecast]:
    """Return the newest forecasts of datastreams that have one, from the hour of ``now`` (µs UTC) on. Blocks.

    Without ``wanted``, that of hours where there is one, else that of days. ``issue`` asks for the one made then.
    """
    found: list[Forecast] = []
    for step in STEPS if wanted is None else (wanted,):
        state = state_of(store, step)
        outputs = {
            store.directory.by_code[code_of(info, step)].id: info
            for info in infos
            if all(info.id != each.datastream for each in found)
            if code_of(info, step) in store.directory.by_code
        }
        issued, long = (issue, issue) if issue else (state.issued, state.long)
        if not outputs or not issued or issued > now + 3_600 * MICROS_PER_S:
            continue
        begin = issued if issue else now // (3_600 * MICROS_PER_S) * (3_600 * MICROS_PER_S)
        if step == "day":
            begin = min(begin, issued)
        sql = _ROWS.format(ids=among(outputs))
        rows = store.query_now(sql, [issued, long, begin, issued + _AHEAD_US]).to_pylist()
        for output, info in outputs.items():
            mine = [row for row in rows if row["datastream_id"] == output]
            if mine:
                found.append(_forecast(city, info, output, step, mine, state))
    return found


def _forecast(
    city: City, info: DatastreamInfo, output: int, step: Step, rows: list[dict[str, int | float | str]], state: State
) -> Forecast:
    kept: dict[int, dict[str, int | float | str]] = {}
    for row in rows:  # of one time the newest issue comes first
        kept.setdefault(int(row["time"]), row)
    ordered = [kept[time] for time in sorted(kept)]
    extras = [_decoder.decode(str(row["extra"])).parameters for row in ordered]
    standing = standing_of(state.board, info.id)
    quantiles = [list(each.quantiles.values()) for each in extras]
    return Forecast(
        datastream=info.id,
        code=info.code or "",
        forecast_datastream=output,
        unit=info.unit,
        symbol=info.unit_symbol,
        step_s=STEP_S[step],
        issued=iso(max(int(row["issued"]) for row in ordered)),
        method=extras[0].method,
        shown=extras[0].method in SHOWN,
        reason=standing.reason if standing else ("learning" if state.board is None else ""),
        simulated=info.origin == "simulated",
        since=iso(standing.since) if standing and standing.since else None,
        time=[int(row["time"]) // MICROS_PER_S for row in ordered],
        levels=LEVELS,
        quantiles=quantiles,
        exceedance=_chances(city, info, step, quantiles, int(ordered[0]["time"]), state.board),
        days=_days(city, info, [(int(row["time"]), each.day) for row, each in zip(ordered, extras, strict=True)], state)
        if step == "hour"
        else [],
        peaks=[
            PeakOf(
                time=int(row["time"]) // MICROS_PER_S,
                value=float(row["result"]),
                base=each.base,
                contributions=[Contribution(key, effect) for key, effect in each.contributions.items()],
            )
            for row, each in zip(ordered, extras, strict=True)
            if each.base is not None
        ],
    )


def _chances(
    city: City, info: DatastreamInfo, step: Step, quantiles: list[list[float]], first: int, board: Board | None
) -> list[Chance]:
    on = datetime.fromtimestamp(first / MICROS_PER_S, ZoneInfo(city.zone)).date()
    found = []
    for each in thresholds.in_force(city, info, step, on):
        bent = _curve(board, each.key)
        chance = bent(exceeding(np.array(quantiles), LEVELS, each.value))
        probability = [round(value, 4) for value in chance.tolist()]
        found.append(Chance(**_limit(each, bent), probability=probability))
    return found


def _days(
    city: City, info: DatastreamInfo, told: Sequence[tuple[int, dict[str, float]]], state: State
) -> list[DayChance]:
    """Return the chances of whole days, which stand with the hour that each begins with."""
    days = [(datetime.fromtimestamp(time / MICROS_PER_S, ZoneInfo(city.zone)).date(), day) for time, day in told if day]
    if not days:
        return []
    rows = {each.key: each for step in STEPS for each in thresholds.in_force(city, info, step, days[0][0])}
    found = []
    for limit in thresholds.day_limits(city, [info], days[0][0])[0]:
        bent = _curve(state.board, DAY_KEY.format(limit.key))
        mine = [(day.isoformat(), round(float(bent(own[limit.key])), 4)) for day, own in days if limit.key in own]
        if mine:
            dates, chances = zip(*mine, strict=True)
            shared = _limit(rows[limit.key], bent)
            found.append(DayChance(**shared, of=limit.of, date=list(dates), probability=list(chances)))
    return found


def _curve(board: Board | None, key: str) -> isotonic.Curve:
    """Return how the record bends the chances of a threshold; not at all where there is no record."""
    kept = next((each for each in board.curves if each.key == key), None) if board else None
    return isotonic.Curve(forecast=kept.forecast, came=kept.came) if kept else isotonic.Curve()


def _limit(row: Threshold, bent: isotonic.Curve) -> dict[str, Any]:
    """Return the fields of a ``Limit``."""
    return {
        "key": row.key,
        "names": row.names,
        "threshold": row.value,
        "kind": row.kind,
        "source": row.source,
        "exact": row.exact,
        "confirmed": row.confirmed,
        "calibrated": bool(bent.forecast),
    }


def standing_of(board: Board | None, datastream: int) -> Standing | None:
    """Return how the forecasts of a datastream have done, ``None`` where there is nothing yet."""
    return next((each for each in board.standings if each.datastream == datastream), None) if board else None
