"""From stations to maps: gather, combine over the period, learn a variogram, check it, foretell the cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from placette.analyse.kriging import pooled
from placette.analyse.kriging.area import nearest
from placette.analyse.kriging.pooled import Checked, Learned
from placette.analyse.kriging.predict import Predicted, Sites
from placette.city.model import City, Property
from placette.model.errors import NotFound
from placette.services.maps import scales
from placette.services.maps.grid import Hexagons, ground_of, hexagons
from placette.services.maps.ground_facts import facts, known_ground, stamp
from placette.services.maps.question import DOUBT, Cells, Drawn, Frame, Question, Refused
from placette.services.maps.scales import Floats, Scale
from placette.services.maps.stations import Gathered, Origin, Streams, gather, streams
from placette.services.maps.times import instant_of, local_hour, pool_of, spans
from placette.store import DatastreamInfo, Store
from placette.store.sql import among

LEAST_R2 = 0.05
"""A map that explains less of what differs between stations is not drawn: their mean says as much."""
CAPTURE = 0.75
"""Share of its hours that a period must have at a station (2008/50/EC, annex XI)."""
_HOUR_US = 3_600_000_000
_KEPT = 48
_NEWEST = """
SELECT max(id) AS newest, count(*) AS count, sum(quality) AS flags FROM observation
WHERE datastream_id IN {ids} AND phenomenon_time >= make_timestamp(?) AND phenomenon_time < make_timestamp(?)
"""


class Maps:
    """The maps of one city; all methods block. What was drawn is kept until an observation in its time is new.

    ``clock`` tells µs UTC, ``measured`` is the file of what ``placette basemap`` measured of the ground.
    """

    def __init__(
        self, store: Store, city: Callable[[], City], clock: Callable[[], int], measured: Path | None = None
    ) -> None:
        self._store = store
        self._measured = measured
        self._city = city
        self._clock = clock
        self._kept: dict[tuple[object, ...], Drawn] = {}
        self._found: Streams = {}
        self._version = -1
        self._of: City | None = None

    def mapped(self) -> dict[str, dict[Origin, int]]:
        """Return the properties that have stations which say how a place is, with their number per origin."""
        found = self._streams()
        return {key: {one: len(infos) for one, infos in each.items()} for key, each in found.items()}

    def draw(self, asked: Question) -> Drawn:
        """Return the answer to a question; raises ``NotFound`` for a property that is on no map."""
        city = self._city()
        found = self._streams().get(asked.property)
        if found is None:
            remedy = "/api/maps lists the properties that have stations"
            raise NotFound(f"there is no map of '{asked.property[:40]}'", "property", remedy)
        known = city.properties[asked.property]
        counts = {one: len(infos) for one, infos in found.items()}
        origin: Origin = asked.origin or _richest(counts)
        zone = ZoneInfo(city.zone)
        over = local_hour(self._clock(), zone) - 1
        hour = min(over, self._hour(asked, found[origin], zone))
        wanted = spans(asked.period, hour, asked.frames)
        if wanted[-1].stop - 1 > over:  # a day or a night that still goes on
            wanted = spans(asked.period, hour - 24, asked.frames)
        pools = [pool_of(asked.period, span) for span in wanted]
        hours = range(min(pool[0].start for pool in pools), max(pool[-1].stop for pool in pools))
        until = instant_of(min(hours.stop, over + 1), zone)
        key = (
            asked,
            origin,
            hour,
            stamp(self._measured),
            self._newest(found[origin], instant_of(hours.start, zone), until),
        )
        drawn = self._kept.pop(key, None)
        if drawn is None:
            gathered = gather(self._store, city, ground_of(city.outline), found[origin], hours, until)
            drawn = _Job(city, known, asked, gathered, pools, wanted, self._measured).drawn(origin, counts, zone)
        self._kept[key] = drawn
        while len(self._kept) > _KEPT:
            del self._kept[next(iter(self._kept))]
        return drawn

    def _streams(self) -> Streams:
        """Return every datastream that is on a map; gathered again when the catalogue or the city has changed."""
        directory, city = self._store.directory, self._city()
        if self._version != directory.version or self._of is not city:
            self._found, self._version, self._of = streams(directory, city), directory.version, city
            self._kept = {}
        return self._found

    def _hour(self, asked: Question, infos: Sequence[DatastreamInfo], zone: ZoneInfo) -> int:
        """Return the local hour of the map: the one asked for, or the newest with values."""
        if asked.time is not None:
            return local_hour(asked.time, zone)
        times = self._store.latest.of(info.id for info in infos).column("phenomenon_time").to_numpy()
        newest = int(times.max().astype("datetime64[us]").astype(np.int64)) if len(times) else self._clock()
        return local_hour(newest, zone)

    def _newest(self, infos: Sequence[DatastreamInfo], start: int, end: int) -> tuple[object, ...]:
        if not infos:
            return ()
        row = self._store.query_now(_NEWEST.format(ids=among(info.id for info in infos)), [start, end])
        return tuple(row.to_pylist()[0].values())


def _richest(counts: dict[Origin, int]) -> Origin:
    """Return the origin with most stations, the measured one when they are as many."""
    return "simulated" if counts["simulated"] > counts["measured"] else "measured"


class _Job:
    """One computation, with what its steps share."""

    def __init__(
        self,
        city: City,
        known: Property,
        asked: Question,
        gathered: Gathered,
        pools: list[tuple[range, ...]],
        wanted: list[range],
        measured: Path | None,
    ) -> None:
        self._city = city
        self._known = known
        self._asked = asked
        self._gathered = gathered
        self._pools = pools
        self._wanted = wanted
        self._ground = ground_of(city.outline)
        self._scale: Scale = scales.scale_of(known)
        self._known_ground = known_ground(city, known.key, measured)
        self._sites = Sites(gathered.positions, facts(city, self._known_ground, self._ground, gathered.positions))
        self._learned: dict[tuple[range, ...], Learned | None] = {}

    def drawn(self, origin: Origin, counts: dict[Origin, int], zone: ZoneInfo) -> Drawn:
        """Return the answer."""
        values = np.array([self._combined(span) for span in self._wanted])
        z = scales.forward(self._scale, values, self._known.decimals)
        frames = [self._frame(number, z[number], values[number], zone) for number in range(len(z))]
        wants_cells = self._asked.shape != "points" and any(frame.refused is None for frame in frames)
        return Drawn(
            question=self._asked,
            known=self._known,
            origin=origin,
            counts=counts,
            scale=self._scale,
            ground=self._ground,
            gathered=self._gathered,
            values=values,
            frames=tuple(frames),
            cells=self._cells(frames, z) if wants_cells else None,
            known_ground=self._known_ground,
        )

    def _combined(self, span: range) -> Floats:
        """Return the mean of each station over a span of hours, NaN where too many are missing."""
        first = self._gathered.first
        rows = self._gathered.values
        part = rows[max(0, span.start - first) : max(0, min(span.stop - first, len(rows)))]
        count = (~np.isnan(part)).sum(axis=0)
        energetic = self._known.combine == "energetic"
        total = np.nansum(10 ** (part / 10) if energetic else part, axis=0) / np.maximum(count, 1)
        enough = (count > 0) & (count >= CAPTURE * len(span))
        mean = 10 * np.log10(np.where(enough, total, 1.0)) if energetic else total
        return np.where(enough, mean, np.nan)

    def _frame(self, number: int, z: Floats, values: Floats, zone: ZoneInfo) -> Frame:
        span = self._wanted[number]
        have = ~np.isnan(z)
        learned = own = None
        refused: Refused | None = "no_values" if not have.any() else pooled.refusal(self._sites, z)
        if refused is None:
            learned = self._learn(self._pools[number])
        if refused is None and learned is not None:
            own = self._check(z[None], learned)
            refused = "no_better_than_mean" if learned.checked.r2 < LEAST_R2 else None
        return Frame(
            begin=instant_of(span.start, zone),
            end=instant_of(span.stop, zone),
            stations=int(have.sum()),
            refused=refused,
            mean=float(values[have].mean()) if have.any() else None,
            learned=learned,
            own=own,
        )

    def _learn(self, pool: tuple[range, ...]) -> Learned | None:
        if pool not in self._learned:
            rows = np.array([self._combined(span) for span in pool])
            z = scales.forward(self._scale, rows, self._known.decimals)
            learned = pooled.learn(self._sites, z)
            if learned is not None and self._scale == "log":
                learned = msgspec.structs.replace(learned, checked=self._check(z, learned))
            self._learned[pool] = learned
        return self._learned[pool]

    def _check(self, z: Floats, learned: Learned) -> Checked:
        """Return how well stations left out were foretold, in the property's unit."""
        usable = np.array([pooled.refusal(self._sites, row) is None for row in z], bool)
        sites = pooled.chosen(self._sites, learned.columns)
        foretold, errors = pooled.left_out(sites, z[usable], learned.method, learned.variogram)
        checked = pooled.check(z[usable], foretold, learned.widened * errors)
        if self._scale != "log":
            return checked
        shown, truth = np.exp(foretold), np.exp(z[usable])
        in_unit = pooled.check(truth, shown, np.full_like(shown, np.inf))
        return msgspec.structs.replace(in_unit, r2=checked.r2, within_80=checked.within_80)

    def _cells(self, frames: list[Frame], z: Floats) -> Cells:
        learned = {number: frame.learned for number, frame in enumerate(frames) if frame.refused is None}
        reach = max(each.variogram.reach_m for each in learned.values() if each is not None)
        grid = hexagons(self._ground, self._gathered.positions, reach)
        sites = Sites(grid.centres, facts(self._city, self._known_ground, self._ground, grid.centres))
        found = foretold(self._sites, z, learned, sites)
        return cells_of(self._scale, z, found, grid, self._gathered.positions)


def foretold(stations: Sites, z: Floats, learned: dict[int, Learned | None], cells: Sites) -> Predicted:
    """Return the frames in turn, those that share what was learned together."""
    values, errors = np.full((len(z), len(cells)), np.nan), np.full((len(z), len(cells)), np.nan)
    for one in {id(each): each for each in learned.values() if each is not None}.values():
        rows = [number for number, each in learned.items() if each is one]
        found = pooled.foretell(stations, z[rows], one, cells)
        values[rows], errors[rows] = found.values, found.errors
    return Predicted(values, errors)


def cells_of(scale: Scale, z: Floats, found: Predicted, grid: Hexagons, stations: Floats) -> Cells:
    """Return what was foretold in the property's unit, without cells that no frame knows."""
    some = ~np.isnan(found.values).all(axis=0)
    grid = Hexagons(grid.centres[some], grid.width_m)
    values, errors = found.values[:, some], found.errors[:, some]
    shown = scales.back(scale, values, errors)
    spread = np.array([np.nanstd(row, ddof=1) if (~np.isnan(row)).sum() > 1 else np.nan for row in z])
    station, away = nearest(stations, grid.centres)
    return Cells(
        hexagons=grid,
        values=shown.values,
        errors=shown.errors,
        low=shown.low,
        high=shown.high,
        doubt=np.digitize(np.nan_to_num(errors / spread[:, None], nan=9.0), DOUBT).astype(np.int64),
        scaled=values,
        scaled_errors=errors,
        nearest=station,
        distance_m=away,
    )
