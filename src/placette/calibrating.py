"""Counts by hand beside what the city counted by Wi-Fi, and the calibration file that follows from them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import msgspec
import tomlkit

from placette import city as cities
from placette import control
from placette.analyse.wifi_calibration import Ratio, Session
from placette.analyse.wifi_calibration import calibrate as calibrate_site
from placette.city.entities import datastream_code
from placette.city.model import City
from placette.city.wifi import CALIBRATIONS
from placette.model.errors import BadInput, NotFound
from placette.model.wifi import SLOT_US, TIME_CLASSES, Calibration, options, time_class

COLUMNS = ("device", "start", "end", "people")
_PAGE = 1_000


class ByHand(msgspec.Struct, frozen=True):
    """One line of the counts: times in µs UTC."""

    device: str
    start: int
    end: int
    people: float


def calibrate(counts: Path, folder: Path, data: Path, basis: str) -> Iterator[str]:
    """Yield what was found, line by line, and write the calibration file of the city folder.

    Raises ``BadInput`` for a table that cannot be read, ``NotFound`` when no city runs or a device has no counts, and
    ``Unprocessable`` when the counts by hand are too few.
    """
    if basis not in ("devices", "frames"):
        raise BadInput(f"'{basis}' is no basis", "--basis", "the bases are devices and frames")
    found = cities.read(folder)
    zone = ZoneInfo(found.zone)
    sessions = read_counts(counts, zone)
    running = control.find(data)
    if running is None:
        raise NotFound("no city runs on this data folder", str(data), "start it with `placette serve`")
    made: list[Calibration] = []
    with httpx.Client(base_url=running.url, trust_env=False, timeout=60) as client:
        for device in sorted({each.device for each in sessions}):
            code, smallest, per_frame = _source(found, device, basis)
            mine = [each for each in sessions if each.device == device]
            compared = [_session(client, each, code, smallest, per_frame, zone) for each in mine]
            for ratio in calibrate_site(compared, TIME_CLASSES):
                made.append(_calibration(ratio, basis))
                yield _line(ratio)
    write(folder / CALIBRATIONS, made)
    yield f"{folder / CALIBRATIONS} is written; it is used from the next start of the city."


def read_counts(file: Path, zone: ZoneInfo) -> list[ByHand]:
    """Return the lines of a table of counts by hand; raises ``BadInput`` with the line that cannot be used."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"the counts cannot be read: {error}", str(file), "give a CSV file in UTF-8") from None
    rows = csv.DictReader(text.splitlines(), delimiter=";" if ";" in text.split("\n", 1)[0] else ",")
    if missing := [name for name in COLUMNS if name not in (rows.fieldnames or ())]:
        raise BadInput(f"the column '{missing[0]}' is missing", f"{file}:1", f"the columns are {', '.join(COLUMNS)}")
    return [_by_hand(row, f"{file}:{rows.line_num}", zone) for row in rows]


def write(file: Path, made: Iterable[Calibration]) -> None:
    """Write the calibrations of these devices; those of other devices in the file stay."""
    made = list(made)
    document = tomlkit.parse(file.read_text(encoding="utf-8")) if file.exists() else tomlkit.document()
    kept: list[dict[str, Any]] = [
        dict(each) for each in document.get("calibration", []) if each["device"] not in {one.device for one in made}
    ]
    tables = tomlkit.aot()
    for table in [*kept, *(msgspec.to_builtins(one) for one in made)]:
        tables.append(tomlkit.item({key: value for key, value in table.items() if value is not None}))
    document["calibration"] = tables
    if not file.exists():
        document.add(tomlkit.comment("Written by `placette wifi calibrate`: people per counted device."))
    file.write_text(tomlkit.dumps(document), encoding="utf-8")


def _by_hand(row: dict[str, Any], where: str, zone: ZoneInfo) -> ByHand:
    try:
        start, end = (datetime.fromisoformat(row[name].strip()) for name in ("start", "end"))
        people = float(row["people"].replace(",", "."))
    except (ValueError, AttributeError):
        raise BadInput(
            "the line cannot be read", where, "write times as 2026-03-10T09:00 and people as a number"
        ) from None
    times = [
        round((time if time.tzinfo else time.replace(tzinfo=zone)).timestamp() * 1e6) for time in (start, end)
    ]  # fmt: skip
    if any(time % SLOT_US for time in times) or times[0] >= times[1]:
        raise BadInput("the session does not lie on whole intervals", where, "begin and end it at full five minutes")
    if not people >= 0:
        raise BadInput("the number of people is negative", where, "count what passes")
    return ByHand(row["device"].strip(), times[0], times[1], people)


def _source(found: City, device: str, basis: str) -> tuple[str, int, float]:
    """Return the datastream that is compared, the bound below which it is not told, and frames per device."""
    known = next((each for each in found.devices if each.code == device), None)
    network = found.networks.get(known.network) if known else None
    if known is None or network is None or network.kind != "wifi":
        raise NotFound(f"'{device}' is no device of a Wi-Fi network", "things.csv", "write its id as in things.csv")
    chosen = options(network.options)
    keys = {each.key: each for each in found.models[known.model].quantities}
    wanted = "by_rate" if basis == "frames" else "visitors" if chosen.case == 2 else "devices"
    if wanted not in keys:
        raise NotFound(f"the model of {device} has no quantity '{wanted}'", "models.toml", "add it: see docs/wifi.md")
    per_device = (chosen.probes_per_minute or 1.0) * SLOT_US / 60e6
    return datastream_code(known, keys[wanted]), chosen.smallest, per_device if basis == "frames" else 1.0


def _session(client: httpx.Client, each: ByHand, code: str, smallest: int, per_unit: float, zone: ZoneInfo) -> Session:
    """Return a session with what the city counted; an interval not told for its small count is half the bound."""
    start, end = (datetime.fromtimestamp(time / 1e6, UTC).isoformat() for time in (each.start, each.end))
    answer = client.get(
        "/v1.1/Observations",
        params={
            "$filter": f"Datastream/properties/code eq '{code}' and phenomenonTime ge {start.replace('+00:00', 'Z')} "
            f"and phenomenonTime lt {end.replace('+00:00', 'Z')}",
            "$select": "result,phenomenonTime",
            "$top": _PAGE,
        },
    )
    answer.raise_for_status()
    values = [smallest / 2 if one["result"] is None else one["result"] for one in answer.json()["value"]]
    expected = (each.end - each.start) // SLOT_US
    if len(values) < expected:
        what = f"{code} has {len(values)} of {expected} intervals of the session of {start[:16]} UTC"
        raise NotFound(what, "the city's data", "leave the session out, or count again")
    return Session(
        site=each.device,
        time_class=time_class(each.start, zone),
        people=each.people,
        counted=sum(values) * per_unit,
        minutes=(each.end - each.start) / 60e6,
    )


def _calibration(ratio: Ratio, basis: str) -> Calibration:
    return msgspec.convert(
        {
            "device": ratio.site,
            "time_class": ratio.time_class,
            "basis": basis,
            "ratio": round(ratio.ratio, 4),
            "lower": round(ratio.lower, 4),
            "upper": round(ratio.upper, 4),
            "sessions": ratio.sessions,
            "minutes": round(ratio.minutes),
            "mape_percent": None if ratio.mape_percent is None else round(ratio.mape_percent, 1),
            "made": datetime.now(UTC).date().isoformat(),
        },
        Calibration,
    )


def _line(ratio: Ratio) -> str:
    error = "unknown" if ratio.mape_percent is None else f"{ratio.mape_percent:.0f} %"
    return (
        f"{ratio.site}, {ratio.time_class}: {ratio.ratio:.2f} people per device "
        f"({ratio.lower:.2f} to {ratio.upper:.2f}, {ratio.sessions} sessions), error on held-out sessions {error}"
    )
