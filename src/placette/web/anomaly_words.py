"""Anomalies in words: when, how far from what was expected, which causes may be meant, and what speaks for them."""

from __future__ import annotations

from placette.city.model import City
from placette.model.times import micros
from placette.services.anomaly import Anomaly
from placette.services.anomaly.terms import Candidate, Proof
from placette.services.anomaly.work import MOST_DAYS
from placette.web.figures import Figures
from placette.web.words import Words

_NAMED = ("event", "market", "holiday")
_MOMENT = "d MMM HH:mm"


class Teller:
    """Tells anomalies in one language."""

    def __init__(self, words: Words, figures: Figures, city: City) -> None:
        self._words = words
        self._figures = figures
        self._city = city

    def when(self, one: Anomaly) -> str:
        """Return since when, or from when to when."""
        t, fig = self._words, self._figures
        start, end = micros(one.start), micros(one.end)
        if one.ongoing:
            return t("anomalies.since", time=fig.at(start, _MOMENT))
        if fig.date(start) == fig.date(end):
            return t("anomalies.on_day", day=fig.date(start), start=fig.clock(start), end=fig.clock(end))
        return t("anomalies.between", start=fig.at(start, _MOMENT), end=fig.at(end, _MOMENT))

    def sentence(self, one: Anomaly) -> str:
        """Return what was seen at its strangest hour and what was expected, "" where one of them is not known."""
        if one.observed is None or one.expected is None or one.low is None or one.high is None:
            return ""
        key = "above" if one.observed > one.high else "below" if one.observed < one.low else "within"
        observed, expected, low, high = (
            self._value(one, each) for each in (one.observed, one.expected, one.low, one.high)
        )
        at = self._figures.clock(_strangest(one))
        return self._words.first(f"anomalies.{key}").format(
            observed=observed, time=at, expected=expected, low=low, high=high
        )

    def score(self, days: float) -> str:
        """Return how rare such an hour is."""
        if days >= MOST_DAYS:
            return self._words("anomalies.score_most")
        return self._words("anomalies.score", count=round(days))

    def cause(self, one: Candidate) -> str:
        """Return the words of a cause."""
        key = f"anomalies.cause.{one.key}"
        return self._words(key, name=self._day(one.key, one.name)) if one.key in _NAMED else self._words(key)

    def proof(self, one: Proof) -> str:
        """Return the words of a piece of evidence."""
        value = self._figures.number(one.value, 1)
        if one.key == "shift":
            key = "anomalies.proof.shift_late" if one.value > 0 else "anomalies.proof.shift_early"
            return self._words(key, count=one.count)
        name = self._day(one.key, one.name) if one.key in _NAMED else ""
        percent = self._figures.number(100 * one.value)
        return self._words(
            f"anomalies.proof.{one.key}", count=one.count, of=one.of, value=value, percent=percent, name=name
        )

    def _value(self, one: Anomaly, value: float) -> str:
        known = self._city.properties.get(one.property or "")
        decimals = known.decimals if known else 1
        shown = self._figures.quantity(value, one.unit, decimals)
        return f"{shown}\u00a0/\u00a0h" if known is not None and known.combine == "sum" else shown

    def _day(self, kind: str, key: str) -> str:
        """Return the name of a day: of the city's calendar, or of the public holidays."""
        calendar = self._city.calendar
        if kind == "market":
            named = {each.key: each.names for each in calendar.markets}
        else:
            occasions = calendar.events if kind == "event" else calendar.public_holidays
            named = {each.key: each.names for each in occasions}
        if key in named:
            return named[key].get(self._words.language) or next(iter(named[key].values()))
        word = f"anomalies.holiday.{key}"
        return self._words(word) if self._words.has(word) else key


def _strangest(one: Anomaly) -> int:
    """Return the hour (µs UTC) whose value the anomaly tells."""
    picture = one.picture
    if picture is not None:
        start, end = micros(one.start) // 1_000_000, micros(one.end) // 1_000_000
        for second, value in zip(picture.time, picture.observed, strict=True):
            if start <= second < end and value == one.observed:
                return second * 1_000_000
    return micros(one.start)
