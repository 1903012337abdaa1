"""Looks at a table of series: which hours were abnormal, and which anomalies they make."""

from __future__ import annotations

import msgspec
import numpy as np

from placette.analyse.anomaly import tail
from placette.analyse.anomaly.charts import CHARTS, Scores, scores
from placette.analyse.anomaly.grouping import Anomaly, anomalies
from placette.analyse.anomaly.terms import Bools, Floats, Ints, Settings, Watched

_SHARES = {
    "jump": 0.1,
    "surge": 0.056,
    "peak": 0.1,
    "level": 0.056,
    "apart": 0.31,
    "amount": 0.16,
    "hours": 0.028,
    "bulk": 0.1,
    "day": 0.056,
    "alone": 0.046,
    "week": 0.31,
    "noisy": 0.028,
    "quiet": 0.0093,
    "clock": 0.032,
    "still": 0.052,
}
SHARES = np.array([_SHARES[chart] for chart in CHARTS])
"""How much of the allowed false alarms each chart may spend. More than one in all, since charts alarm together: so
chosen that known anomalies of all kinds are noticed most often, while the rate stayed below one per sensor and month in
each of the cities they were chosen on (docs/anomalies.md)."""


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """``rare`` (hours × series) is the share of days with an hour as strange, ``which`` the chart that says so."""

    scores: Scores
    rarity: Floats
    rare: Floats
    which: Ints
    looked_at: Bools
    anomalies: list[Anomaly]


def look(watched: Watched, settings: Settings | None = None, first: int = 0) -> Looked:
    """Return what was abnormal from hour ``first`` on; the hours before serve to learn."""
    chosen = settings or Settings()
    found = scores(watched, chosen)
    ranks = tail.ranks(
        found.values, watched.kinds, remembered=chosen.remembered_days, least=chosen.least_days, first=first
    )
    rare, which = tail.any_of(ranks.rarity, SHARES)
    limit = 1 / chosen.days_per_false_alarm
    return Looked(
        scores=found,
        rarity=ranks.rarity,
        rare=rare,
        which=which,
        looked_at=ranks.looked_at,
        anomalies=anomalies(found, ranks.rarity, rare, which, limit, chosen),
    )
