"""``placette calibrate``: fit a low-cost sensor to the reference station that it hung beside."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from placette.cli import DATA


def calibrate(
    thing: str,
    *,
    signals: Annotated[list[str], Parameter(consume_multiple=True, negative=())],
    reference: str,
    start: str,
    end: str,
    output: Path,
    method: Literal["ridge", "lightgbm"] = "ridge",
    reference_uncertainty: float = 0.0,
    limit: float | None = None,
    data: Path = DATA,
) -> int:
    """Fit a device's signals to a reference beside it, say how good that is, and write the calibration.

    Example: placette calibrate AIX-ROT-AIR-01 --signals no2 temperature humidity --reference ATMO-AIX/no2
    --start 2026-03-01 --end 2026-04-15 --output cities/aix/calibrations/rot-01-no2.json --limit 200

    Then name the file in corrections.toml. It is scored on stretches of time, never on a random split.

    Args:
        thing: The device's id.
        signals: Its properties that explain the reference, in the order that corrections.toml will name them.
        reference: Code of the reference's datastream.
        start: First instant of the time side by side, as 2026-03-01 or 2026-03-01T12:00:00Z.
        end: Its last instant.
        output: The file to write, inside the city folder.
        method: "ridge" (default), or "lightgbm", which needs the extra: pip install 'placette[analyse]'.
        reference_uncertainty: Standard uncertainty of the reference, in its unit.
        limit: The limit value at which to state the expanded uncertainty.
        data: The data folder of the running city.
    """
    from placette import colocating  # noqa: PLC0415  # NumPy and httpx, for this command alone
    from placette.analyse.calibration.colocation import FitSettings  # noqa: PLC0415
    from placette.model.errors import NotFound  # noqa: PLC0415

    settings = FitSettings(method=method, reference_uncertainty=reference_uncertainty)
    try:
        fitted = colocating.fit(data, thing, tuple(signals), reference, (start, end), settings)
    except ModuleNotFoundError:
        raise NotFound("lightgbm is not installed", remedy="pip install 'placette[analyse]'") from None
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_bytes(colocating.written(fitted))
    for line in [*colocating.told(fitted, limit), f"written: {output}"]:
        print(line)
    return 0
