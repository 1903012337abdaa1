"""What several sensors tell of the same hours is one event, faults and strangers stay apart."""

from __future__ import annotations

from typing import Any

import msgspec

from placette.services.anomaly import Anomaly, together
from placette.services.anomaly.terms import Candidate

ANOMALY = Anomaly(
    datastream=1,
    code="",
    anomaly_datastream_code="",
    name="",
    property=None,
    thing=None,
    place=None,
    unit="Cel",
    symbol="°C",
    origin="measured",
    start="",
    end="",
    seen="2026-06-30T23:00:00Z",
    ongoing=False,
    kind="event",
    fault=0.1,
    score=40.0,
    chart="level",
    direction=1,
    observed=30.0,
    expected=22.0,
    low=20.0,
    high=24.0,
    causes=(),
    evidence=(),
    picture=None,
)


def seen(code: str, hours: tuple[int, int], cause: str = "heat", **also: Any) -> Anomaly:
    """An event at a place, told by the first part of the code, from an hour of a day to another."""
    place, _, known = code.partition("/")
    likeliest = Candidate(key=cause, confidence=0.8, fault=False)
    start, end = (f"2026-06-30T{hour:02}:00:00Z" for hour in hours)
    named = {"code": code, "property": known, "place": place, "start": start, "end": end}
    return msgspec.structs.replace(ANOMALY, **({**named, "causes": (likeliest,)} | also))


def codes(*found: Anomaly) -> list[str]:
    return [" ".join(one.code for one in group) for group in together(found)]


def test_a_warm_night_at_all_thermometers_is_one_event() -> None:
    night = [seen(f"{place}/temperature", (2, 5)) for place in ("rotonde", "torse", "mirabeau")]
    assert codes(*night) == ["rotonde/temperature torse/temperature mirabeau/temperature"]


def test_two_crowds_at_two_places_are_two_events_and_one_crowd_at_two_counters_is_one() -> None:
    first, second = seen("rotonde/pedestrians", (10, 14), "crowd"), seen("rotonde/sound", (12, 13), "crowd")
    far = seen("torse/pedestrians", (10, 14), "crowd")
    assert codes(first, far, second) == ["rotonde/pedestrians rotonde/sound", "torse/pedestrians"]


def test_what_a_third_sensor_links_is_one_event() -> None:
    early, late, long = (
        seen(f"{place}/temperature", hours)
        for place, hours in (("rotonde", (1, 3)), ("torse", (6, 8)), ("mirabeau", (2, 7)))
    )
    assert codes(early, late) == ["rotonde/temperature", "torse/temperature"]
    assert codes(late, early, long) == ["torse/temperature rotonde/temperature mirabeau/temperature"]


def test_other_hours_other_ways_other_causes_and_faults_stay_apart() -> None:
    first = seen("rotonde/temperature", (2, 5))
    others = [
        seen("torse/temperature", (5, 6)),
        seen("torse/temperature", (2, 5), direction=-1),
        seen("torse/temperature", (2, 5), "unknown"),
        seen("torse/humidity", (2, 5)),
        seen("rotonde/temperature", (2, 5), "offset", kind="fault"),
        seen("rotonde/temperature", (2, 5), kind="undecided"),
        seen("rotonde/temperature", (2, 5), kind="event", causes=()),
    ]
    for other in others:
        assert len(together([first, other])) == 2
    assert together([]) == []
