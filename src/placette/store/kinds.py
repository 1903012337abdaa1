"""Per datastream, as arrays indexed by its id: is it known, what is its identity, is it a forecast."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from placette.model.entities import Identity, Origin
from placette.store.batch import NULL_TIME, Bools, Int64s
from placette.store.directory import DatastreamInfo

UNKNOWN, ALL, BY_TIME, BY_TIME_AND_ISSUE = range(4)
_CODES = {
    Identity.ALL.value: ALL,
    Identity.PHENOMENON_TIME.value: BY_TIME,
    Identity.PHENOMENON_AND_RESULT_TIME.value: BY_TIME_AND_ISSUE,
}


class Kinds:
    """What the writer must know of a datastream for every row; changed by the writer thread alone."""

    def __init__(self) -> None:
        self._identity: npt.NDArray[np.uint8] = np.zeros(1024, np.uint8)
        self._forecast: Bools = np.zeros(1024, np.bool_)
        self._features: set[int] = set()

    def learn(self, infos: Iterable[DatastreamInfo]) -> None:
        """Take in new or changed datastreams."""
        for info in infos:
            if info.id >= len(self._identity):
                grown = max(info.id + 1, 2 * len(self._identity)) - len(self._identity)
                self._identity = np.concatenate([self._identity, np.zeros(grown, np.uint8)])
                self._forecast = np.concatenate([self._forecast, np.zeros(grown, np.bool_)])
            self._identity[info.id] = _CODES.get(info.identity, ALL)
            self._forecast[info.id] = info.origin == Origin.FORECAST.value

    def forget(self, datastreams: Iterable[int]) -> None:
        """Datastreams that are gone are unknown again."""
        for datastream in datastreams:
            self._identity[datastream] = UNKNOWN

    def learn_features(self, added: Iterable[int], gone: Iterable[int] = ()) -> None:
        """Follow the features of interest that exist."""
        self._features.update(added)
        self._features.difference_update(gone)

    def knows(self, datastreams: Int64s) -> Bools:
        """Say for each row whether its datastream exists."""
        if len(datastreams) and (int(datastreams.min()) < 0 or int(datastreams.max()) >= len(self._identity)):
            inside = (datastreams >= 0) & (datastreams < len(self._identity))
            found: Bools = inside & (self._identity[np.where(inside, datastreams, 0)] != UNKNOWN)
            return found
        everything: Bools = self._identity[datastreams] != UNKNOWN
        return everything

    def knows_features(self, features: Int64s) -> Bools:
        """Say for each row whether its feature of interest exists or is null."""
        distinct, inverse = np.unique(features, return_inverse=True)
        known = np.array([value == NULL_TIME or value in self._features for value in distinct.tolist()])
        found: Bools = known[inverse]
        return found

    def identity(self, datastreams: Int64s) -> npt.NDArray[np.uint8]:
        """Return the identity code of each row, whose datastream must be known."""
        return self._identity[datastreams]

    def is_forecast(self, datastreams: Int64s) -> Bools:
        """Say for each row whether its datastream is a forecast."""
        clipped = np.clip(datastreams, 0, len(self._forecast) - 1)
        found: Bools = self._forecast[clipped]
        return found
