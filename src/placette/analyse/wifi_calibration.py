"""People per counted device: the ratio estimator with a bootstrap interval, and its error on sessions held out.

``y = a·N̂ + ε`` with ``a = Σy/ΣN̂`` (Cochran, Sampling Techniques, 1977, ch. 6), per site and class of time; the 95 %
interval is the percentile interval of a bootstrap whose blocks are whole count sessions (Künsch 1989), since the
minutes of one session are not independent. MAPE is measured on each session with the ratio of all others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from placette.model.errors import Unprocessable

Values = NDArray[np.float64]

LEAST_SESSIONS = 3
"""Sessions that each class of time needs [to confirm: practice]."""
LEAST_MINUTES = 30.0
"""Minutes that a session must last to count as one [to confirm: practice]."""
DRAWS = 2_000
_PERCENTILES = (2.5, 97.5)


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One count by hand: people seen, and what the sensor counted in the same minutes."""

    site: str
    time_class: str
    people: float
    counted: float
    minutes: float


class Ratio(msgspec.Struct, frozen=True, kw_only=True):
    """People per counted unit in one class of time at one site, with its 95 % interval."""

    site: str
    time_class: str
    ratio: float
    lower: float
    upper: float
    sessions: int
    minutes: float
    mape_percent: float | None
    """Mean absolute percentage error on held-out sessions; ``None`` when nobody was seen in any."""


def calibrate(sessions: Sequence[Session], classes: Sequence[str], *, seed: int = 0) -> list[Ratio]:
    """Return the ratio of each class of one site.

    Raises ``Unprocessable`` that says what is missing when any class has fewer than ``LEAST_SESSIONS`` sessions of
    ``LEAST_MINUTES`` or when nothing was counted in it.

    >>> three = [Session(site="A", time_class="x", people=p, counted=c, minutes=30) for p, c in ((20, 10), (44, 22), (36, 18))]
    >>> found = calibrate(three, ["x"])[0]
    >>> found.ratio, found.lower, found.upper, found.mape_percent
    (2.0, 2.0, 2.0, 0.0)
    """  # noqa: E501
    if lacking := missing(sessions, classes):
        site = sessions[0].site if sessions else "the site"
        raise Unprocessable(
            f"too few counts by hand at {site}: {'; '.join(lacking)}", "sessions", "count more sessions"
        )
    return [_ratio([each for each in sessions if each.time_class == name], seed) for name in classes]


def missing(sessions: Iterable[Session], classes: Sequence[str]) -> list[str]:
    """Return what is missing for a calibration, in words; nothing when there is enough.

    >>> missing([], ["saturday"])
    ['saturday has 0 of 3 sessions of 30 min']
    """
    found = []
    listed = list(sessions)
    for name in classes:
        usable = [each for each in listed if each.time_class == name and each.minutes >= LEAST_MINUTES]
        if len(usable) < LEAST_SESSIONS:
            found.append(f"{name} has {len(usable)} of {LEAST_SESSIONS} sessions of {LEAST_MINUTES:.0f} min")
        elif not sum(each.counted for each in usable):
            found.append(f"the sensor counted nothing in the sessions of {name}")
    return found


def _ratio(sessions: list[Session], seed: int) -> Ratio:
    usable = [each for each in sessions if each.minutes >= LEAST_MINUTES]
    people = np.array([each.people for each in usable])
    counted = np.array([each.counted for each in usable])
    drawn = np.random.default_rng(seed).integers(0, len(usable), (DRAWS, len(usable)))
    below = counted[drawn].sum(axis=1)
    ratios = people[drawn].sum(axis=1)[below > 0] / below[below > 0]
    lower, upper = np.percentile(ratios, _PERCENTILES)
    ratio = float(people.sum() / counted.sum())
    return Ratio(
        site=usable[0].site,
        time_class=usable[0].time_class,
        ratio=ratio,
        lower=min(float(lower), ratio),
        upper=max(float(upper), ratio),
        sessions=len(usable),
        minutes=sum(each.minutes for each in usable),
        mape_percent=_held_out(people, counted),
    )


def _held_out(people: Values, counted: Values) -> float | None:
    """Return the mean error of each session predicted from the others, in percent of the people seen."""
    rest = counted.sum() - counted
    usable = (people > 0) & (rest > 0)
    if not usable.any():
        return None
    predicted = (people.sum() - people)[usable] / rest[usable] * counted[usable]
    return float(100 * np.mean(np.abs(predicted / people[usable] - 1)))
