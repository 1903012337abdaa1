"""The daily, weekly and yearly rhythm of any datastream: strength, typical week and days, calendar, change over time.

Enters: datastreams as regular series (``services.panels``) and the city's days (``services.days``). Leaves: values for
``/api/rhythms`` and the pages. Nothing is stored: a rhythm is computed when it is asked for, and kept for a while.
"""

from placette.services.rhythm.answer import (
    Lack,
    Month,
    Moved,
    Period,
    Profile,
    Rhythms,
    SeriesRhythm,
    Shifted,
    Told,
    TypicalWeek,
)
from placette.services.rhythm.work import LONGEST_DAYS, MOST_DATASTREAMS, Rhythmical

__all__ = [
    "LONGEST_DAYS",
    "MOST_DATASTREAMS",
    "Lack",
    "Month",
    "Moved",
    "Period",
    "Profile",
    "Rhythmical",
    "Rhythms",
    "SeriesRhythm",
    "Shifted",
    "Told",
    "TypicalWeek",
]
