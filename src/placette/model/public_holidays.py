"""French public holidays, computed: the eleven days of article L3133-1 of the code du travail, in force everywhere.

Alsace and Moselle have two more, the overseas territories one each; they are not held here.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

_FIXED = {
    "new_year": (1, 1),
    "labour_day": (5, 1),
    "victory_1945": (5, 8),
    "bastille_day": (7, 14),
    "assumption": (8, 15),
    "all_saints": (11, 1),
    "armistice_1918": (11, 11),
    "christmas": (12, 25),
}
_AFTER_EASTER = {"easter_monday": 1, "ascension": 39, "whit_monday": 50}


def easter(year: int) -> date:
    """Return Easter Sunday of the Gregorian calendar; examples of Meeus, Astronomical Algorithms, chapter 8.

    >>> [easter(year).isoformat() for year in (1991, 1992, 1993, 1954, 2000, 1818)]
    ['1991-03-31', '1992-04-19', '1993-04-11', '1954-04-18', '2000-04-23', '1818-03-22']
    """
    cycle = year % 19
    century, rest = divmod(year, 100)
    correction = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * cycle + century - century // 4 - correction + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - epact - rest % 4) % 7
    late = (cycle + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)


@cache
def public_holidays(year: int) -> dict[date, str]:
    """Return the public holidays of a year and their keys, by date. Where two fall on one day, it has the movable's.

    >>> [f"{day:%d/%m} {key}" for day, key in public_holidays(2026).items()][1:5]
    ['06/04 easter_monday', '01/05 labour_day', '08/05 victory_1945', '14/05 ascension']
    """
    sunday = easter(year)
    days = {date(year, month, day): key for key, (month, day) in _FIXED.items()}
    days |= {sunday + timedelta(days=after): key for key, after in _AFTER_EASTER.items()}
    return dict(sorted(days.items()))
