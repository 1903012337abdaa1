"""What is said of a rhythm in whole sentences: how strong, which periods, what has changed, what cannot be told."""

from __future__ import annotations

from datetime import date

import msgspec
from babel.dates import get_day_names

from placette.model.times import micros
from placette.services.rhythm import Moved, SeriesRhythm, Shifted
from placette.web.figures import Figures
from placette.web.rhythms import Pen
from placette.web.words import Words

CERTAIN = 0.05
"""Of the shuffles: a change that chance makes more often is not called one."""
_NEAR_CHANCE = 0.05
_RHYTHMS = ("day", "week", "year")
_NO_ZERO = ("Cel", "K", "[degF]", "dB", "dB[SPL]", "dB[SPL](A)", "[pH]")
"""Units without a natural zero: of them no per cent are told."""
_WEEK_H = 168


class Said(msgspec.Struct, frozen=True):
    """A rhythm in words; ``strength`` in per cent draws its bar, ``None`` where it cannot be told."""

    rhythm: str
    strength: int | None
    sentence: str


class Voice:
    """Speaks of the rhythm of one datastream in one language; ``name`` is what it observes, ``pen`` writes it."""

    def __init__(self, words: Words, figures: Figures, pen: Pen, name: str) -> None:
        self._words = words
        self._figures = figures
        self._pen = pen
        self._name = name

    def strengths(self, found: SeriesRhythm) -> tuple[Said, ...]:
        """Return a sentence for each of day, week and year, or why there is none."""
        return tuple(self._strength(found, rhythm) for rhythm in _RHYTHMS)

    def _strength(self, found: SeriesRhythm, rhythm: str) -> Said:
        words = self._words
        strength, chance = found.strength[rhythm], found.chance[rhythm]
        if strength is None or chance is None:
            lack = found.lacking[rhythm]
            key = f"rhythm.lack.{lack.key}"
            return Said(
                rhythm, None, words(key, rhythm=words(f"rhythm.of.{rhythm}"), days=lack.days, needed=lack.needed)
            )
        share = round(strength * 100)
        if found.constant:
            return Said(rhythm, 0, words("rhythm.constant"))
        if strength <= chance + _NEAR_CHANCE:
            return Said(rhythm, share, words("rhythm.chance", rhythm=words(f"rhythm.of.{rhythm}"), share=share))
        told = words("rhythm.strength", rhythm=words(f"rhythm.of.{rhythm}"), share=share, name=self._name)
        return Said(rhythm, share, f"{told} {self._peak(rhythm, found.peak[rhythm], found.step_s)}")

    def _peak(self, rhythm: str, peak: int, step_s: int) -> str:
        if rhythm == "day":
            return self._words("rhythm.peak_day", hour=self._figures.hour(peak))
        if rhythm == "week":
            day, hour = divmod(peak, 24) if step_s < 86_400 else (peak, None)
            name = self._weekday(day)
            return (
                self._words("rhythm.peak_weekday", day=name)
                if hour is None
                else self._words("rhythm.peak_week", day=name, hour=self._figures.hour(hour))
            )
        moment = date.fromordinal(date(2024, 1, 1).toordinal() + peak)
        return self._words("rhythm.peak_year", month=self._words(f"rhythm.month.{moment.month}"))

    def periods(self, found: SeriesRhythm) -> str:
        """Return the strongest periods as a list in a sentence, "" without any."""
        listed = [
            self._words("rhythm.period", period=self._period(each.key, each.hours), share=round(each.share * 100))
            for each in found.strongest_periods
        ]
        return self._words("rhythm.periods", list=", ".join(listed)) if listed else ""

    def _period(self, key: str, hours: float) -> str:
        if key:
            return self._words(f"rhythm.the.{key}")
        days = hours / 24
        if days < 2:
            return self._words("rhythm.hours", count=round(hours, 1))
        return self._words("rhythm.days", count=round(days, 1))

    def changes(self, found: SeriesRhythm) -> tuple[str, ...]:
        """Return what has changed, or that nothing has, or why it cannot be told."""
        installed = [
            self._words(f"rhythm.installed.{each.what}", day=self._figures.date(micros(each.since)))
            for each in found.installed
        ]
        lack = found.lacking.get("change")
        if lack is not None:
            what = self._words("rhythm.change")
            return (
                *installed,
                self._words(f"rhythm.lack.{lack.key}", rhythm=what, days=lack.days, needed=lack.needed),
            )
        told: list[str] = installed
        for each in found.change:
            told += self._shifted(found, each) if isinstance(each, Shifted) else [self._moved(each)]
        return tuple(told)

    def _shifted(self, found: SeriesRhythm, each: Shifted) -> list[str]:
        words = self._words
        against = words(f"rhythm.against.{each.against}", count=each.weeks[0])
        since = self._pen.day_name(each.since)
        means = [self._pen.hourly(value) for value in (each.before, each.after)]
        if each.level_p > CERTAIN:
            told = [words("rhythm.same_level", since=since, against=against, before=means[0], after=means[1])]
        else:
            told = [
                words(
                    "rhythm.more" if each.after > each.before else "rhythm.less",
                    since=since,
                    against=against,
                    change=self._difference(found, each.after - each.before, abs(each.level)),
                    before=means[0],
                    after=means[1],
                )
            ]
        if each.shape_p <= CERTAIN:
            day, hour = divmod(each.hour, 24)
            key = "rhythm.shape_more" if each.by > 0 else "rhythm.shape_less"
            told.append(words(key, day=self._weekday(day), hour=self._figures.hour(hour)))
        if each.against == "weeks_before" and min(each.level_p, each.shape_p) <= CERTAIN:
            told.append(words("rhythm.season"))
        return told

    def _difference(self, found: SeriesRhythm, by: float, share: float) -> str:
        if found.unit in _NO_ZERO:
            return self._figures.quantity(abs(by), found.unit, 1)
        return self._words("rhythm.percent", share=round(share * 100))

    def _moved(self, each: Moved) -> str:
        minutes = round(abs(each.by) * 4) * 15
        hours, rest = divmod(minutes, 60)
        how = self._words("rhythm.by_minutes", minutes=minutes)
        if hours:
            how = self._words("rhythm.by_hours", hours=hours, minutes=f"{rest:02}" if rest else "").rstrip()
        return self._words(
            "rhythm.later" if each.by > 0 else "rhythm.earlier",
            days=self._words(f"rhythm.of_days.{each.days}"),
            hour=self._figures.hour(round(each.hour) % 24),
            how=how,
            since=self._pen.day_name(each.since),
        )

    def _weekday(self, day: int) -> str:
        return str(get_day_names("wide", "stand-alone", self._words.locale)[day % 7])
