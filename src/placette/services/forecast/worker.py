"""The heavy work of the forecaster, done in a process of its own: learning, foretelling, judging, on arrays alone.

It knows no database. It reads and writes its own files in the data folder and gives back rows ready to be stored. The
first time, it replays the last two weeks: what would have been said at each midnight by a model that had learnt until
two weeks ago. So intervals are corrected, and everybody is measured against the naive, from the first day on.
"""

from __future__ import annotations

import resource
import time
import warnings
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa

from placette import pretrained
from placette.analyse.contributions.parts import explained
from placette.analyse.forecast import combine, naive, scores, system
from placette.analyse.forecast.terms import Panel
from placette.model.errors import NotFound
from placette.services.forecast import day_chances, judging, widening
from placette.services.forecast.covariates import kinds
from placette.services.forecast.keeping import Kept, Learnt, load_model, load_record, packed, save_model, save_record
from placette.services.forecast.rows import Peak, rows_of
from placette.services.forecast.terms import (
    GLOBAL,
    HORIZON,
    LEVELS,
    MEDIAN,
    NAIVE,
    NONE,
    PER_DAY,
    PROFILE,
    SOON,
    Ask,
    Board,
    Floats,
    Method,
)

REPLAYED_DAYS = 14
"""Midnights replayed the first time."""
KEPT_DAYS = {"hour": 1, "day": 7}
"""Days of each issue that are kept and judged."""
RECORD_DAYS = 28
"""Issues that weigh and correct the next one; older ones are kept for the score alone."""
FEW = slice(1, None, 4)
"""The quantiles 0.1, 0.3 … 0.9: enough to weigh the parts by, and a quarter of the record's size."""
_LEVELS = np.array(LEVELS)
Pair = tuple[system.Trained, system.Trained]
"""What was learnt of the next days, and of the next weeks."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker gives back: rows for the store, the scoreboard after an issue of midnight, what was learnt from."""

    rows: pa.Table
    board: Board | None
    trained: int
    values: int
    problem: str = ""
    """What could not be kept, for the health page."""


def work(ask: Ask, settings: system.Settings | None = None) -> Told:
    """Do what is asked; ``settings`` make the learning of tests short."""
    panel = Panel(values=ask.values, start_s=ask.start_s, step_s=_step_s(ask), known=ask.known, kinds=kinds(ask.names))
    if ask.at_once:
        return _at_once(ask, panel, settings or system.Settings())
    folder, problem = Path(ask.folder), ""
    record = load_record(folder, ask.step)
    learnt = None if ask.learn else load_model(folder, ask.step)
    if learnt is None or (learnt.names, learnt.keys) != (ask.names, ask.keys):
        if not _issues(panel, record):
            record = [*record, *_replayed(ask, panel, settings)]
        learnt = _learn(ask, panel, settings)
        try:
            save_model(folder, ask.step, learnt)
        except OSError as error:  # the forecast is made all the same; the next run learns again
            problem = f"what was learnt could not be kept: {error.strerror}"
    horizon = HORIZON[ask.step] if ask.long else SOON[ask.step]
    record = [each for each in record if each.start_s < panel.start_s + len(panel.values) * panel.step_s]
    issued, final, methods, wider = _foretold(ask, (learnt.trained, learnt.far), panel, horizon, record)
    board = None
    if ask.long:
        record = [*record, _kept(ask, panel, issued, final, wider, replayed=False)]
        try:
            save_record(folder, ask.step, record)
        except OSError as error:
            problem = f"the record of forecasts could not be kept: {error.strerror}"
        board = _board(ask, panel, record[:-1], learnt)
        methods = [each.method for each in board.standings]
    if learnt.without_lightgbm:
        methods = [PROFILE if each == GLOBAL else each for each in methods]
    published = _published(ask, panel, final, methods)
    peaks = _peaks(ask, learnt.trained, panel, published, methods)
    known = day_chances.former(ask, panel, record[-RECORD_DAYS:], methods)
    if board is not None:
        board = day_chances.judge(board, ask, panel, known)
    rows = rows_of(ask, published, methods, peaks, day_chances.ahead(ask, panel, published, known))
    return Told(rows=rows, board=board, trained=learnt.at, values=learnt.values, problem=problem)


def _at_once(ask: Ask, panel: Panel, settings: system.Settings) -> Told:
    """Return the next two days as the same hours of past weeks would have them, in a second or two."""
    young = judging.method_of(panel, ask.step)[0]
    methods: list[Method] = [NONE if method == NONE else PROFILE for method in young]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # series that have said nothing yet
        final = naive.profile(panel, SOON[ask.step], _LEVELS, settings.profile)
    published = _published(ask, panel, final, methods)
    peaks = _peaks(ask, system.Trained(answers=[], settings=settings), panel, published, methods)
    return Told(rows=rows_of(ask, published, methods, peaks), board=None, trained=0, values=0)


def _learn(ask: Ask, panel: Panel, settings: system.Settings | None) -> Learnt:
    begun = time.process_time()
    trained, without = _trained(panel, SOON[ask.step], settings)
    far = trained if SOON[ask.step] == HORIZON[ask.step] else _trained(panel, HORIZON[ask.step], settings)[0]
    return Learnt(
        trained=trained,
        far=far,
        at=ask.issued,
        names=ask.names,
        keys=ask.keys,
        cpu_s=round(time.process_time() - begun, 2),
        history_steps=len(panel.values),
        values=int((~np.isnan(panel.values)).sum()),
        without_lightgbm=without,
    )


def _trained(panel: Panel, horizon: int, settings: system.Settings | None) -> tuple[system.Trained, bool]:
    """Return what was learnt, and whether LightGBM was missing: then the profile speaks alone."""
    past = panel.until(len(panel.values))
    try:
        return system.train(past, horizon, settings, pretrained.prior(panel.step_s)), False
    except NotFound:
        return system.Trained(answers=[], settings=settings or system.Settings()), True


def _replayed(ask: Ask, panel: Panel, settings: system.Settings | None) -> list[Kept]:
    """Return what would have been said at the last midnights, as far as there was a past of two weeks before."""
    day, length = panel.day, len(panel.values)
    steps = KEPT_DAYS[ask.step] * day
    midnight = length - int(panel.clock(np.array([length]))[0] % 86_400 // panel.step_s)
    origins = [midnight - back * day for back in range(REPLAYED_DAYS + KEPT_DAYS[ask.step] - 1, 0, -1)]
    origins = [origin for origin in origins if origin >= 2 * panel.week]
    if not origins:
        return []
    trained, _ = _trained(panel.until(origins[0]), SOON[ask.step], settings)
    found: list[Kept] = []
    for origin in origins:
        past = panel.until(origin, steps)
        issued, final, _, wider = _foretold(ask, (trained, trained), past, steps, found)
        found.append(_kept(ask, past, issued, final, wider, replayed=True))
    return found


def _foretold(
    ask: Ask, learnt: Pair, panel: Panel, horizon: int, record: list[Kept]
) -> tuple[system.Issued, Floats, list[Method], Floats]:
    """Return the issue as the forecaster made it, and as each series' rung of the ladder would have it.

    The last value is the logarithm of how many times wider each series' bands were made.

    The naive is one of the parts, and each series has weights of its own: what no tree can better is left as it is.
    """
    trained = learnt[0]
    known = _issues(panel, record, ask.keys)[-RECORD_DAYS:]
    panel = panel.until(len(panel.values), horizon)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # means over series that have said nothing yet
        parts = _members(learnt, panel, min(horizon, SOON[ask.step]), horizon)
        quantiles = _weighed(panel, parts, known, trained.settings)
    issued = system.Issued(origin=len(panel.values), parts=parts, quantiles=quantiles)
    final = quantiles.copy()
    for group in dict.fromkeys(ask.groups) if panel.day > 1 else ():  # leads of a few days tell one story seven times
        mine = [series for series, each in enumerate(ask.groups) if each == group]
        some = msgspec.structs.replace(panel, values=panel.values[:, mine])
        past = [msgspec.structs.replace(each, parts=[], quantiles=each.quantiles[:, mine]) for each in known]
        shift = system.correction(some, past, _LEVELS, trained.settings)
        final[:, mine] = system.corrected(some, quantiles[:, mine], shift)
    wider = widening.factors(panel, record, ask.keys, ask.groups, ask.step)
    final = widening.widened(panel, final, wider)
    methods = judging.method_of(panel, ask.step)[0]
    young = [series for series, method in enumerate(methods) if method == PROFILE]
    if young:
        some = msgspec.structs.replace(panel, values=panel.values[:, young])
        final[:, young] = naive.profile(some, horizon, _LEVELS, trained.settings.profile)
    return issued, final, methods, wider


def _members(learnt: Pair, panel: Panel, soon: int, horizon: int) -> list[Floats]:
    """Return the forecasts of all parts, the naive the last: the near model's, and beyond its days the far one's."""
    parts = system.members_of(learnt[0], panel, soon, _LEVELS)
    if horizon > soon:
        far = system.members_of(learnt[1], panel, horizon, _LEVELS)
        parts = [np.concatenate([near, each[soon:]]) for near, each in zip(parts, far, strict=True)]
    return [*parts, judging.best_seasonal(panel, horizon)]


def _weighed(panel: Panel, parts: list[Floats], known: list[system.Issued], settings: system.Settings) -> Floats:
    """Return the parts as one, each series by what its parts lost on what has come of former issues."""
    losses, few = [], _LEVELS[FEW]
    for issue in known:
        if len(issue.parts) == len(parts):
            actual = panel.values[issue.origin : issue.origin + len(issue.quantiles)]
            losses.append(
                [np.nanmean(scores.pinball(actual, part[: len(actual)], few), axis=(0, 2)) for part in issue.parts]
            )
    record = np.array(losses).reshape(len(losses), len(parts), panel.values.shape[1])
    columns = []
    for series in range(panel.values.shape[1]):
        weight = combine.weights(record[:, :, series], settings.weighing)
        columns.append(combine.combined([part[:, series] for part in parts], weight))
    return np.stack(columns, axis=1)


def _issues(panel: Panel, record: list[Kept], keys: tuple[int, ...] = ()) -> list[system.Issued]:
    """Return the former issues that lie inside the panel, in its columns."""
    found = []
    for kept in record:
        origin = (kept.start_s - panel.start_s) // panel.step_s
        if 2 * panel.week <= origin < len(panel.values):
            parts = [judging.aligned(kept, part, keys) for part in kept.parts]
            raw = judging.aligned(kept, kept.raw, keys)
            found.append(system.Issued(origin=origin, parts=parts, quantiles=raw))
    return found


def _kept(ask: Ask, panel: Panel, issued: system.Issued, final: Floats, wider: Floats, *, replayed: bool) -> Kept:
    steps = KEPT_DAYS[ask.step] * panel.day
    return Kept(
        start_s=int(panel.clock(np.array([issued.origin]))[0]),
        keys=ask.keys,
        steps=steps,
        parts=tuple(packed(part[:steps, :, FEW]) for part in issued.parts),
        raw=packed(issued.quantiles[:steps]),
        final=packed(final[:steps]),
        replayed=replayed,
        widened=dict(zip(ask.groups, wider.tolist(), strict=True)),
    )


def _board(ask: Ask, panel: Panel, record: list[Kept], learnt: Learnt) -> Board:
    past = judging.past_of(panel, record[-RECORD_DAYS:], ask.keys, KEPT_DAYS[ask.step] * panel.day)
    board = judging.board_of(panel, past, ask.keys, ask.limits, ask.step)
    if learnt.without_lightgbm:
        board = judging.without_model(board)
    return msgspec.structs.replace(
        board,
        trained=learnt.at,
        cpu_s=learnt.cpu_s,
        memory_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        history_steps=learnt.history_steps,
        covariates=learnt.names,
        without_lightgbm=learnt.without_lightgbm,
    )


def _published(ask: Ask, panel: Panel, final: Floats, methods: list[Method]) -> Floats:
    """Return what is published: the naive where the scoreboard prefers it, NaN where nothing is; mends ``methods``."""
    out = final.copy()
    for series, method in enumerate(methods):
        if method == NONE:
            out[:, series] = np.nan
        elif method == NAIVE or (ask.naive[series] and not ask.long):  # a new scoreboard knows better
            methods[series] = NAIVE
    chosen = [series for series, method in enumerate(methods) if method == NAIVE]
    if chosen:
        some = msgspec.structs.replace(panel, values=panel.values[:, chosen])
        out[:, chosen] = judging.best_seasonal(some, len(final))
    return out


def _peaks(
    ask: Ask, trained: system.Trained, panel: Panel, published: Floats, methods: list[Method]
) -> dict[tuple[int, int], Peak]:
    """Return the highest value foretold of each of the next local days, per series, with what it is made of."""
    if PER_DAY[ask.step] == 1:
        return {}
    length = len(panel.values)
    horizon = min(len(published), SOON[ask.step])
    days = panel.clock(np.arange(length, length + horizon)) // 86_400
    median = published[:horizon, :, MEDIAN]
    asked: list[tuple[int, int]] = []
    for day in np.unique(days):
        rows = np.flatnonzero(days == day)
        for series, method in enumerate(methods):
            if method in (GLOBAL, PROFILE) and not np.isnan(median[rows, series]).all():
                asked.append((int(rows[np.nanargmax(median[rows, series])]), series))
    if not asked:
        return {}
    leads, owners = np.array(asked, np.int64).T
    known = panel.until(length, horizon)
    found: dict[tuple[int, int], Peak] = {}
    for method, model in ((GLOBAL, trained), (PROFILE, system.Trained(answers=[], settings=trained.settings))):
        mine = np.flatnonzero([methods[each] == method for each in owners])
        if len(mine):
            lead, owner = leads[mine], owners[mine]
            told = explained(model, known, lead, owner, median[lead, owner], list(ask.names))
            for row in range(len(mine)):
                effects = dict(zip(told.keys, told.effects[row].tolist(), strict=True))
                found[int(lead[row]), int(owner[row])] = Peak(base=float(told.base[row]), effects=effects)
    return found


def _step_s(ask: Ask) -> int:
    return 86_400 // PER_DAY[ask.step]
