"""How one correction of a city is computed: signals of one moment in, corrected value, uncertainty and flag out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

import msgspec
import numpy as np
import numpy.typing as npt

from placette.analyse.calibration import colocation, particulates
from placette.analyse.calibration.colocation import Calibration, Corrected
from placette.city.model import Correction
from placette.model.errors import BadInput
from placette.model.observations import Quality

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_ABOUT = {
    "koehler": "κ-Köhler growth of wet particles, Crilley et al. (2018), doi 10.5194/amt-11-709-2018, κ = {kappa}",
    "epa": "US EPA correction of PurpleAir sensors, Barkjohn et al. (2021), doi 10.5194/amt-14-4617-2021",
    "colocation": "{method} fitted beside a reference, {days:.0f} days to {last}, RMSE {rmse:.3g} on what was foretold",
}


class Method(msgspec.Struct, frozen=True):
    """A correction ready to be computed; ``version`` changes with anything that changes its results.

    ``compute`` takes signals (rows × inputs) and their times (µs UTC).
    """

    correction: Correction
    version: str
    about: str
    compute: Callable[[Floats, Integers], Corrected]


def method_of(correction: Correction, files: Mapping[str, str]) -> Method:
    """Return the method of a correction; ``files`` holds the texts of fitted files. Raises ``BadInput``."""
    text = files.get(correction.file, "")
    digest = hashlib.sha256(msgspec.json.encode(correction, order="sorted") + text.encode()).hexdigest()[:12]
    if correction.method == "colocation":
        fitted = _fitted(correction, text)
        about = _ABOUT["colocation"].format(
            method=fitted.settings.method,
            days=(fitted.last - fitted.first) / 86_400e6,
            last=np.datetime64(fitted.last, "us").astype("datetime64[D]"),
            rmse=fitted.forward.rmse,
        )
        return Method(correction, digest, about, lambda signals, times: colocation.apply(fitted, signals, times))
    about = _ABOUT[correction.method].format(kappa=correction.kappa)
    compute = _epa if correction.method == "epa" else _koehler(correction.kappa)
    return Method(correction, digest, about, compute)


def _fitted(correction: Correction, text: str) -> Calibration:
    try:
        fitted = msgspec.json.decode(text, type=Calibration)
    except msgspec.DecodeError as error:
        raise BadInput(
            f"the calibration cannot be read: {error}", correction.file, "`placette calibrate` writes it anew"
        ) from None
    told, named = len(fitted.inputs), len(correction.inputs)
    if told != named:
        raise BadInput(
            f"the calibration was fitted on {told} signals, the correction names {named}",
            correction.file,
            f"name them in this order: {', '.join(fitted.inputs)}",
        )
    return fitted


def _epa(signals: Floats, times: Integers) -> Corrected:
    return _default(particulates.epa(signals[:, 0], signals[:, 1]), signals)


def _koehler(kappa: float) -> Callable[[Floats, Integers], Corrected]:
    settings = particulates.KoehlerSettings(kappa=kappa)

    def compute(signals: Floats, times: Integers) -> Corrected:
        corrected = _default(particulates.dry_mass(signals[:, 0], signals[:, 1], settings), signals)
        corrected.flags[signals[:, 1] > settings.most_humid] = Quality.SUSPECT
        return corrected

    return compute


def _default(values: Floats, signals: Floats) -> Corrected:
    """A correction made elsewhere: what its uncertainty is here, nobody has measured."""
    flags = np.where(np.isnan(values), Quality.MISSING, Quality.NOT_EVALUATED).astype(np.uint8)
    return Corrected(values, np.full(len(values), np.nan), flags)
