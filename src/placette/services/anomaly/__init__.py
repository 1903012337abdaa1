"""Anomalies of a city's datastreams: looked for every hour, told as faults or events, kept as derived datastreams.

``watching`` gathers a year of values and what is known beside them, ``work`` looks at it in a worker process,
``keeping`` writes what was found, ``reading`` gives it out, ``gathering`` joins what is one event.
"""

from placette.services.anomaly.gathering import together
from placette.services.anomaly.keeping import set_state, state_of, stored, write
from placette.services.anomaly.reading import Anomaly, Choice, by_kind, chosen
from placette.services.anomaly.terms import HOUR_US, Asked, Found, State, Told
from placette.services.anomaly.watching import Watching
from placette.services.anomaly.work import work

__all__ = [
    "HOUR_US",
    "Anomaly",
    "Asked",
    "Choice",
    "Found",
    "State",
    "Told",
    "Watching",
    "by_kind",
    "chosen",
    "set_state",
    "state_of",
    "stored",
    "together",
    "work",
    "write",
]
