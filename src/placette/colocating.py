"""Fits a calibration from what a running city has measured: a sensor's signals beside a reference, hour by hour."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
import numpy.typing as npt

from placette import control
from placette.analyse.calibration import colocation
from placette.analyse.calibration.colocation import Calibration, FitSettings
from placette.model.errors import BadInput, NotFound, Unprocessable

Floats = npt.NDArray[np.float64]


def fit(
    data: Path, thing: str, signals: tuple[str, ...], reference: str, span: tuple[str, str], settings: FitSettings
) -> Calibration:
    """Return a calibration of ``signals`` (property keys of ``thing``) on ``reference`` (a datastream's code).

    ``span`` are the first and last instant, ISO 8601; hourly means are compared, of hours that both have. Raises
    ``NotFound`` when no city runs or it has no such series, ``Unprocessable`` when there is too little to fit.
    """
    running = control.find(data)
    if running is None:
        raise NotFound("no city runs on this data folder", str(data), "start it with `placette serve`")
    codes = [f"{thing}/{name}" for name in signals]
    with httpx.Client(base_url=running.url, trust_env=False, timeout=120) as client:
        series = {code: _hours(client, code, span) for code in (*codes, reference)}
    hours = np.array(sorted(series[reference]), np.int64)
    columns = [[series[code].get(int(hour), np.nan) for hour in hours] for code in codes]
    target = np.array([series[reference][int(hour)] for hour in hours])
    try:
        return colocation.fit(np.array(columns).T, target, hours * 1_000_000, signals, settings)
    except ValueError as error:
        raise Unprocessable(str(error), f"{thing} beside {reference}", "let it hang there longer") from None


def told(fitted: Calibration, limit: float | None = None) -> list[str]:
    """Return what there is to say of a calibration, in lines for a person."""
    days = (fitted.last - fitted.first) / 86_400e6
    lines = [
        f"{fitted.settings.method}, {fitted.forward.n} hours foretold of {days:.0f} days beside the reference",
        f"stretches left out in turn:     R² {fitted.blocked.r2:.3f}, RMSE {fitted.blocked.rmse:.3g}",
        f"stretches foretold from before: R² {fitted.forward.r2:.3f}, RMSE {fitted.forward.rmse:.3g}",
        f"slope {fitted.line.slope:.3f}, intercept {fitted.line.intercept:.3g} (orthogonal)",
        f"drift: {fitted.coefficients[-1]:+.3g} per day" if fitted.drift else "drift: none that foretells better",
    ]
    if limit is not None:
        lines.append(f"expanded uncertainty at {limit:g}: {100 * fitted.line.relative(limit):.0f} %")
    return lines


def written(fitted: Calibration) -> bytes:
    """Return a calibration as the file that corrections.toml names."""
    return msgspec.json.format(msgspec.json.encode(fitted), indent=1) + b"\n"


def _hours(client: httpx.Client, code: str, span: tuple[str, str]) -> dict[int, float]:
    """Return the hourly means of a datastream by hour, s since 1970."""
    start, end = (each if "T" in each else f"{each}T00:00:00Z" for each in span)
    asked = {"datastream": code, "interval": "hour", "start": start, "end": end}
    answer = client.get("/api/series", params=asked)
    if answer.status_code != 200:
        problem: dict[str, Any] = answer.json()
        raise BadInput(problem.get("what", "the series cannot be read"), code, problem.get("remedy", ""))
    series = answer.json()["series"][0]
    pairs = zip(series["time"], series["mean"], strict=True)
    return {int(start): float(mean) for start, mean in pairs if mean is not None}
