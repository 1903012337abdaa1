"""What was measured on known anomalies, as tables of docs/anomalies.md; written between two marks, never by hand."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import get_args

import numpy as np

from benchmarks.anomaly_injections import KINDS
from benchmarks.anomaly_injections import Kind as Put
from benchmarks.anomaly_rivals import RIVALS
from benchmarks.anomaly_score import OURS, Scored, Try, shape_of
from benchmarks.anomaly_series import REPORTED
from placette.analyse.anomaly import causes
from placette.services.anomaly.terms import Kind
from placette.services.anomaly.work import UNDECIDED, kind_of

FIRST, LAST = "<!-- measured: written by python -m benchmarks --only anomaly -->\n", "<!-- end of measured -->\n"
_CALLED = (*causes.SHAPES, causes.UNKNOWN)
_BINS = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)


def write(page: Path, text: str) -> None:
    """Replace what stands between the marks of a page; raises ``ValueError`` where they are absent."""
    whole = page.read_text(encoding="utf-8")
    if FIRST not in whole or LAST not in whole:
        raise ValueError(f"{page} has no place for the tables: give it the lines {FIRST} and {LAST}")
    before, rest = whole.split(FIRST, 1)
    page.write_text(before + FIRST + text + LAST + rest.split(LAST, 1)[1], encoding="utf-8")


def text(scored: Scored, stamp: str) -> str:
    """Return all tables."""
    parts = [f"{stamp}\n", _false_alarms(scored), _recall(scored), _faults(scored), _expectation(scored)]
    return "\n".join(parts)


def summary(scored: Scored) -> dict[str, float]:
    """Return the figures for docs/benchmarks.md."""
    told = [each for each in scored.tries if each.faults]
    late = [(kind_of(each.faults[0]), each.known.kind.fault) for each in told]
    return {
        "worst": max(each.ours for each in scored.clean if each.world.role == REPORTED),
        "recall": _mean([each.noticed[OURS] for each in scored.tries]),
        "rival": max(_mean([each.noticed[name] for each in scored.tries]) for name in _names(scored)),
        "fault": _mean([truth for said, truth in late if said == "fault"]),
        "event": _mean([not truth for said, truth in late if said == "event"]),
        "undecided": _mean([said == "undecided" for said, _ in late]),
    }


def _names(scored: Scored) -> list[str]:
    return [name for name in RIVALS if name in scored.tries[0].noticed]


def _false_alarms(scored: Scored) -> str:
    lines = [
        "### False alarms\n",
        "Alarms per sensor and month on the judged part of real series into which nothing was put; some of them are",
        "real. The rivals' stand at their customary thresholds.\n",
        f"| city | series | used to | {OURS} | {' | '.join(_names(scored))} |",
        "|---" * (4 + len(_names(scored))) + "|",
    ]
    for each in scored.clean:
        rivals = [f"{each.customary[name]:.1f}" if name in each.customary else "" for name in _names(scored)]
        shape = each.world.watched.values.shape[1]
        what = f"{shape} of {each.world.what}"
        lines.append(
            f"| {each.world.name} | {what} | {_use(each.world.role)} | **{each.ours:.2f}** | {' | '.join(rivals)} |"
        )
    return "\n".join(lines) + "\n"


def _use(role: str) -> str:
    return "report" if role == REPORTED else "choose"


def _recall(scored: Scored) -> str:
    names = _names(scored)
    lines = [
        "### Known anomalies that were noticed\n",
        "Share of those put into the reported cities; the rivals at the threshold that gives them, on the same series",
        "without anything put in, as many alarms as ours. Delay: median hours from the beginning to the first alarm.\n",
        f"| kind | size | tries | {OURS} | delay | {' | '.join(names)} |",
        "|---" * (5 + len(names)) + "|",
    ]
    for kind in KINDS:
        for size in kind.sizes:
            tries = [each for each in scored.tries if each.known.kind.name == kind.name and each.known.size == size]
            if tries:
                lines.append(_recall_line(kind, size, tries, names))
    whole = [f"{_mean([each.noticed[name] for each in scored.tries]):.2f}" for name in (OURS, *names)]
    lines.append(f"| **all** | | {len(scored.tries)} | **{whole[0]}** | | {' | '.join(whole[1:])} |")
    return "\n".join(lines) + "\n"


def _recall_line(kind: Put, size: float, tries: list[Try], names: list[str]) -> str:
    delays = [each.delay for each in tries if each.delay is not None]
    delay = f"{np.median(delays):.0f} h" if delays else "–"
    shares = [f"{_mean([each.noticed[name] for each in tries]):.2f}" for name in names]
    ours = f"{_mean([each.noticed[OURS] for each in tries]):.2f}"
    return f"| {kind.name} | {size:g} {kind.unit} | {len(tries)} | **{ours}** | {delay} | {' | '.join(shares)} |"


def _faults(scored: Scored) -> str:
    told = [each for each in scored.tries if each.faults]
    lines = [
        "### Fault or event\n",
        f"Of {len(told)} known anomalies that were found in the reported cities, from which nothing was learnt.\n",
        f"*Undecided* is said where a fault is between {UNDECIDED[0]:.0%} and {UNDECIDED[1]:.0%} probable.\n",
        "| known at | undecided | right of the others | precision of *fault* | precision of *event* | Brier score |"
        " likeliest cause right |",
        "|---|---|---|---|---|---|---|",
    ]
    for place, when in ((1, "the hour of the alarm"), (0, "its end")):
        said = np.array([each.faults[place] for each in told])
        truth = np.array([each.known.kind.fault for each in told])
        fault, event = said >= UNDECIDED[1], said < UNDECIDED[0]
        sure = fault | event
        top = _mean([each.tops[place] == shape_of(each.known) for each in told])
        lines.append(
            f"| {when} | {(~sure).mean():.2f} | {(fault == truth)[sure].mean():.2f} | {truth[fault].mean():.2f} |"
            f" {(~truth[event]).mean():.2f} | {((said - truth) ** 2).mean():.3f} | {top:.2f} |"
        )
    lines += ["", "Reliability at its end: of those said to be faults with this probability, how many were.\n"]
    lines += ["| said | number | said on average | were faults |", "|---|---|---|---|"]
    said = np.array([each.faults[0] for each in told])
    truth = np.array([each.known.kind.fault for each in told])
    for low, high in pairwise(_BINS):
        mine = (said >= low) & (said <= high if high == 1 else said < high)
        if mine.any():
            row = f"{mine.sum()} | {said[mine].mean():.2f} | {truth[mine].mean():.2f}"
            lines.append(f"| {low:.0%} to {high:.0%} | {row} |")
    return "\n".join(lines) + "\n" + _by_kind(told)


def _by_kind(told: list[Try]) -> str:
    lines = ["", "What each kind was called at its end, in numbers of anomalies.\n"]
    lines += [
        f"| kind | found | event | undecided | fault | {' | '.join(_CALLED)} |",
        "|---" * (5 + len(_CALLED)) + "|",
    ]
    for kind in KINDS:
        mine = [each for each in told if each.known.kind.name == kind.name]
        if mine:
            kinds = [kind_of(each.faults[0]) for each in mine]
            said = [str(kinds.count(each)) for each in get_args(Kind)]
            tops = [each.tops[0] for each in mine]
            called = [_bold(str(tops.count(shape)), shape == shape_of(mine[0].known)) for shape in _CALLED]
            whole = f"{len(mine)} | {' | '.join(said)} | {' | '.join(called)}"
            lines.append(f"| {kind.name} ({'fault' if kind.fault else 'event'}) | {whole} |")
    return "\n".join(lines) + "\n"


def _bold(text: str, right: bool) -> str:
    return f"**{text}**" if right else text


def _expectation(scored: Scored) -> str:
    steps = list(scored.clean[0].scatter)
    lines = [
        "### What the expectation gains\n",
        "Median absolute residual as a share of that against the median of similar days alone.\n",
        f"| city | {' | '.join(steps)} |",
        "|---" * (1 + len(steps)) + "|",
    ]
    lines += [
        f"| {each.world.name} | {' | '.join(f'{each.scatter[step]:.2f}' for step in steps)} |" for each in scored.clean
    ]
    return "\n".join(lines) + "\n"


def _mean(values: list[bool]) -> float:
    return float(np.mean(values)) if values else 0.0
