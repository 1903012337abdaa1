"""A file → all that can be understood of it, with confidence and evidence for each guess."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa

from placette.harmonise import projection, time_text
from placette.importing.detect import cells, clock, layouts, roles, schemas, zones
from placette.importing.detect.cells import Marks
from placette.importing.detect.clock import Times
from placette.importing.detect.guess import Guess, Understood
from placette.importing.detect.layouts import Layout
from placette.importing.detect.sample import Sample, more, numbered, take
from placette.model.errors import Unprocessable
from placette.model.file_format import FileFormat

_PACKED = (".gz", ".xz", ".zip")


class Known(msgspec.Struct, frozen=True):
    """What a city lends to detection: its zone and the units of its properties."""

    zone: str = ""
    units: dict[str, str] = {}


def detect(path: Path, known: Known | None = None, written: FileFormat | None = None, name: str = "") -> Understood:
    """Understand a file from its head (5,000 rows; times and zone from up to 400,000).

    ``written`` is believed where a person has said how the file is written; ``name`` is what the file was called
    where it now has another name. Raises what opening the file raises.
    """
    lent = known or Known()
    sample = take(path, written)
    facts = dict(sample.facts)
    marks = cells.marks(sample.texts)
    if written is not None and sample.format.kind == "csv":
        marks = Marks(Guess(written.decimal, 1.0, "as stated"), Guess(written.thousands, 1.0, "as stated"))
    form, missing = _form(sample, marks, written)
    facts |= {"decimal": marks.decimal, "thousands": marks.thousands, "missing": missing}
    title = _title(name or path.name)
    schema = schemas.recognise(tuple(sample.texts))
    times = clock.find(_filled(sample.texts, form.missing), sample.typed)
    if schema:
        layout = layouts.of_schema(schema, sample, marks)
    else:
        again = times is not None and _again(more(path, form, times.columns))
        layout = layouts.of(sample, marks, times, lent.units, title, again=again)
    if layout.timeless:
        times = None
    if times is not None:
        facts |= _time_facts(path, form, sample, times, layout, lent)
    if layout.place is not None or sample.has_geometry or sample.crs:
        facts["position"] = _position(sample, layout)
    return Understood(
        file=name or path.name,
        title=schema.title if schema else title,
        fingerprint=fingerprint(sample),
        format=form,
        layout=layout.kind,
        facts=facts | layout.facts,
        columns=tuple(layout.columns),
        schema=schema.key if schema else "",
        rows=sample.rows,
        things=layout.things,
        time_columns=times.columns if times else (),
    )


def _again(texts: Mapping[str, list[str]]) -> bool:
    """Return whether times come more than once, in up to 400,000 rows."""
    moments = list(zip(*texts.values(), strict=True))
    return len(set(moments)) < 0.98 * len(moments)


def fingerprint(sample: Sample) -> str:
    """Return what tells files with the same columns."""
    if not sample.texts:
        return ""
    told = "\n".join((str(sample.format.kind), *sample.texts))
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _form(sample: Sample, marks: Marks, written: FileFormat | None) -> tuple[FileFormat, Guess]:
    numeric = {name: texts for name, texts in sample.texts.items() if cells.numeric(texts, marks) >= 0.7}
    missing = cells.missing(numeric, marks)
    if written is not None:
        return sample.format, Guess("  ".join(written.missing), 1.0, "as stated")
    form = msgspec.structs.replace(
        sample.format,
        decimal=marks.decimal.value,
        thousands=marks.thousands.value,
        missing=tuple(missing.value.split("  ")) if missing.value else (),
    )
    return form, missing


def _filled(texts: Mapping[str, list[str]], missing: tuple[str, ...]) -> dict[str, list[str]]:
    return {name: ["" if text in missing else text for text in cells] for name, cells in texts.items()}


def _title(name: str) -> str:
    bare = Path(name).name
    for suffix in _PACKED:
        bare = bare.removesuffix(suffix)
    return " ".join(bare.rsplit(".", 1)[0].replace("_", " ").split()) or "file"


def _time_facts(
    path: Path, form: FileFormat, sample: Sample, times: Times, layout: Layout, known: Known
) -> dict[str, Guess]:
    """Return what many rows say of the time: format, period, counting day, zone, odd hours."""
    keys = [*layout.keys, *layout.conditions]
    texts = more(path, form, [*times.columns, *keys])
    joined = [" ".join(parts) for parts in zip(*(texts[name] for name in times.columns), strict=True)]
    column = pa.array(joined, pa.string())
    written = _narrowed(column, times)
    walls = time_text.parse(column, written.value)
    good = walls.good
    facts = {"time": times.guess, "format": written}
    if not good.any():
        return facts
    wall = walls.wall[good]
    groups = numbered([texts[name] for name in keys], len(column))[good]
    if len(times.columns) == 2 and "%H" in written.value:
        dates = [day for day, right in zip(texts[times.columns[0]], good, strict=True) if right]
        counting = clock.counting_day(dates, (wall // 3_600_000_000) % 24)
        if counting:
            facts["counting day"] = counting
            start = int(counting.value[:2]) * 3_600_000_000
            wall = wall + np.where(wall % 86_400_000_000 < start, 86_400_000_000, 0)
    step = clock.period(wall, groups, written.value)
    facts["period"] = step
    offsets = times._replace(offsets=bool(walls.has_offset[good].all()))
    zone = zones.zone(times.columns, sample.banner, offsets, wall, known.zone, step)
    facts["zone"] = zone
    if zone.value and zone.value != "UTC" and not zone.value.startswith(("+", "-")):
        facts["ambiguous"] = _ambiguous(zone)
    return facts


def _narrowed(column: pa.Array, times: Times) -> Guess:
    """Return the time format that also reads the rows beyond the first ones, where several could be meant."""
    if not times.format.alternatives:
        return times.format
    shares = {
        each: float(time_text.parse(column, each).good.mean())
        for each in (times.format.value, *times.format.alternatives)
    }
    best = max(shares, key=lambda each: shares[each])
    if shares[best] > 0.98 and all(share < 0.98 * shares[best] for each, share in shares.items() if each != best):
        rest = ", ".join(f"{each} only {share:.0%}" for each, share in shares.items() if each != best)
        return Guess(best, 0.97, f"it reads {shares[best]:.0%} of {len(column):,} rows; {rest}")
    return times.format


def _ambiguous(zone: Guess) -> Guess:
    if "comes twice" in zone.evidence:
        return Guess("in order", 0.9, "the repeated hour is there twice, one after the other")
    if "stands once" in zone.evidence:
        return Guess(
            "first",
            0.75,
            "the repeated hour is there once: read as the first, the second stays empty",
            ("second", "refuse"),
        )
    return Guess("refuse", 0.9, "rows in an hour that came twice are set aside until somebody decides")


def _position(sample: Sample, layout: Layout) -> Guess:
    """Return the coordinate system of the positions, by the word of the file or by the numbers."""
    if sample.crs:
        short = sample.crs if len(sample.crs) < 40 else sample.crs.split('"')[1]
        try:
            found = projection.of_wkt(sample.crs) if "[" in sample.crs else projection.of_code(sample.crs)
        except Unprocessable:
            return Guess(short, 0.2, "the file names a coordinate system that cannot be read")
        return Guess(projection.name_of(found) or short, 0.98, f"the file says {short}")
    if layout.place is not None:
        return layout.place.crs
    x, y = roles.first_positions(sample.geometries)
    guess = roles.looks_like(x, y)
    if sample.format.kind == "geojson" and guess and guess.value == "EPSG:4326":
        return Guess("EPSG:4326", 0.97, "GeoJSON is in degrees unless it says otherwise (RFC 7946)")
    return guess or Guess("", 0.2, "nothing says the coordinate system, and the numbers look like none that is known")
