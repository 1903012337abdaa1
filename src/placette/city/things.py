"""Reads things.csv: one row per device, comma separated, UTF-8, with a header.

Columns: ``id model place longitude latitude network`` and, when wanted, ``network_id address installed photo``.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from datetime import date
from difflib import get_close_matches
from pathlib import Path

import msgspec
import numpy as np

from placette.city.documents import Fault
from placette.city.ground import Ground, place_fault
from placette.city.model import Device
from placette.city.words import known_or_close

FILE = "things.csv"
REQUIRED = ("id", "model", "place", "longitude", "latitude", "network")
OPTIONAL = ("network_id", "address", "installed", "photo")

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_NETWORK_ID = re.compile(r"[^\s\x00-\x1f]{0,200}")


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What rows may refer to; ``None`` where the file that lists it could not be read, and is not asked then.

    ``kinds`` are those of the models that could be read.
    """

    models: frozenset[str] | None
    kinds: Mapping[str, str]
    places: frozenset[str] | None
    networks: frozenset[str] | None
    ground: Ground | None


Row = tuple[int, dict[str, str]]


def read_things(folder: Path, text: str, known: Known, faults: list[Fault]) -> tuple[Device, ...]:
    """Return the devices of the rows that have no fault; every fault of the others is noted."""
    rows = list(_rows(text, faults))
    seen: dict[str, int] = {}
    found: list[tuple[int, Device]] = []
    for line, row in rows:
        code = row["id"]
        if code in seen:
            what = f"the id '{code}' stands twice, first on line {seen[code]}"
            faults.append(Fault(FILE, line, what, "give each device its own id"))
        seen.setdefault(code, line)
        device = _device(folder, line, row, known, faults)
        if device is not None:
            found.append((line, device))
    _check_positions(found, known.ground, faults)
    _check_network_ids(found, faults)
    return tuple(device for _, device in found)


def _rows(text: str, faults: list[Fault]) -> Iterator[Row]:
    first = text.split("\n", 1)[0]
    separator = max(",;\t|", key=first.count)
    if separator != "," and first.count(separator):
        shown = "tab" if separator == "\t" else f"'{separator}'"
        faults.append(Fault(FILE, 1, f"the columns are separated by {shown}", "separate them by commas"))
    else:
        separator = ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    line = 0
    try:
        header = [name.strip() for name in next(reader, [])]
        if not _header_is_good(header, faults):
            return
        line = reader.line_num
        for cells in reader:
            line, start = reader.line_num, line + 1
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                what = f"{len(cells)} cells where the header has {len(header)}"
                faults.append(Fault(FILE, start, what, 'put texts that hold a comma between "quotes"'))
                continue
            yield start, {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
    except csv.Error as error:
        faults.append(Fault(FILE, max(reader.line_num, 1), f"not CSV: {error}", "check the quotes around this line"))


def _header_is_good(header: list[str], faults: list[Fault]) -> bool:
    if not header:
        faults.append(Fault(FILE, 1, "the file has no header", f"begin it with {','.join((*REQUIRED, *OPTIONAL))}"))
        return False
    missing = [name for name in REQUIRED if name not in header]
    unknown = [name for name in header if name not in (*REQUIRED, *OPTIONAL)]
    twice = sorted({name for name in header if header.count(name) > 1})
    remedy = f"add it: {', '.join(REQUIRED)} are required"
    faults += [Fault(FILE, 1, f"the column '{name}' is missing", remedy) for name in missing]
    faults += [Fault(FILE, 1, f"unknown column '{name}'", _column_remedy(name)) for name in unknown]
    faults += [Fault(FILE, 1, f"the column '{name}' stands twice", "remove one of the two") for name in twice]
    return not missing


def _column_remedy(name: str) -> str:
    close = get_close_matches(name, (*REQUIRED, *OPTIONAL), 1)
    return f"did you mean '{close[0]}'?" if close else f"the columns are {', '.join((*REQUIRED, *OPTIONAL))}"


def _device(folder: Path, line: int, row: dict[str, str], known: Known, faults: list[Fault]) -> Device | None:
    before = len(faults)

    def fault(what: str, remedy: str) -> None:
        faults.append(Fault(FILE, line, what, remedy))

    if not _CODE.fullmatch(row["id"]):
        fault(f"'{row['id']}' is no device id", "use up to 64 letters, digits, - _ and ., as in AIX-ROT-AIR-01")
    for name, choices, file in (
        ("model", known.models, "models.toml"),
        ("place", known.places, "places.geojson"),
        ("network", known.networks, "networks.toml"),
    ):
        if choices is not None and row[name] not in choices:
            fault(f"unknown {name} '{row[name]}'", known_or_close(row[name], choices, file))
    longitude, latitude = _degrees(row["longitude"]), _degrees(row["latitude"])
    for name, value in (("longitude", longitude), ("latitude", latitude)):
        if value is None:
            fault(f"{name} '{row[name]}' is not a number", "write degrees with a decimal point, such as 5.4477")
    if not _NETWORK_ID.fullmatch(row.get("network_id", "")):
        fault(f"'{row['network_id'][:40]}' is no network_id", "write it as the network does, without spaces")
    installed = _day(row.get("installed", ""))
    if installed is None and row.get("installed"):
        fault(f"installed '{row['installed']}' is not a date", "write the date as YYYY-MM-DD")
    photo = row.get("photo", "")
    if photo and not _is_inside(folder, photo):
        fault(f"the photo '{photo}' is not in the city folder", "write its path from the folder, or leave it empty")
    if len(faults) > before or longitude is None or latitude is None:
        return None
    return Device(
        code=row["id"],
        model=row["model"],
        kind=known.kinds.get(row["model"], ""),
        place=row["place"],
        longitude=longitude,
        latitude=latitude,
        network=row["network"],
        network_id=row.get("network_id", ""),
        address=row.get("address", ""),
        installed=installed,
        photo=photo,
    )


def _check_network_ids(found: list[tuple[int, Device]], faults: list[Fault]) -> None:
    """A frame must belong to one device: what its network calls it, or its own id, is unique in any spelling."""
    seen: dict[str, tuple[int, str]] = {}
    for line, device in found:
        key = (device.network_id or device.code).casefold()
        first, code = seen.setdefault(key, (line, device.code))
        if code != device.code:
            what = f"'{device.code}' and '{code}' (line {first}) have the same network_id"
            faults.append(Fault(FILE, line, what, "give each device the identifier of its own network"))


def _check_positions(found: list[tuple[int, Device]], ground: Ground | None, faults: list[Fault]) -> None:
    """Test all positions at once, and only then explain those that failed: a city may have 30,000 devices."""
    if not found:
        return
    longitudes = np.array([device.longitude for _, device in found])
    latitudes = np.array([device.latitude for _, device in found])
    good = (np.abs(longitudes) <= 180) & (np.abs(latitudes) <= 90)
    if ground is not None:
        good &= ground.holds(longitudes, latitudes)
    for index in np.flatnonzero(~good):
        line, device = found[index]
        wrong = place_fault(ground, device.longitude, device.latitude)
        if wrong:
            faults.append(Fault(FILE, line, *wrong))


def _degrees(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def _day(text: str) -> date | None:
    if not _DAY.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _is_inside(folder: Path, photo: str) -> bool:
    file = (folder / photo).resolve()
    return file.is_relative_to(folder.resolve()) and file.is_file()
