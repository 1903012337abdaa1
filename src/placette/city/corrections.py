"""Reads corrections.toml: which measured values are corrected, and by which method."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from placette.city.documents import Document, Fault, read_text
from placette.city.model import Correction, Device, DeviceModel, Property
from placette.city.tables import Reader
from placette.city.words import check_key, known_or_close

FILE = "corrections.toml"
_PAIR = ("the mass concentration", "the relative humidity")


def read_corrections(
    folder: Path,
    document: Document,
    properties: Mapping[str, Property],
    models: Mapping[str, DeviceModel],
    devices: tuple[Device, ...],
    faults: list[Fault],
) -> tuple[tuple[Correction, ...], dict[str, str]]:
    """Return the corrections, and the text of the fitted files that they name."""
    reader = Reader(document, faults)
    found: list[Correction] = []
    files: dict[str, str] = {}
    codes = frozenset(device.code for device in devices)
    for key, value in reader.table((), document.value).items():
        check_key(reader, (key,), key)
        one = reader.struct(Correction, (key,), value, key=key)
        if one is None:
            continue
        _check_names(reader, one, properties, models, codes)
        _check_method(reader, one, properties)
        if one.method == "colocation" and one.file:
            text = _fitted(folder, one.file, faults)
            if text is not None:
                files[one.file] = text
        found.append(one)
    return tuple(found), files


def corrected(correction: Correction, devices: tuple[Device, ...]) -> tuple[str, ...]:
    """Return the codes of the devices whose values are corrected."""
    return tuple(each.code for each in devices if each.code in correction.things or each.model in correction.models)


def _check_names(
    reader: Reader,
    one: Correction,
    properties: Mapping[str, Property],
    models: Mapping[str, DeviceModel],
    codes: frozenset[str],
) -> None:
    for field, names, known, file in (
        ("inputs", one.inputs, properties, "properties.toml"),
        ("output", (one.output,), properties, "properties.toml"),
        ("models", one.models, models, "models.toml"),
        ("things", one.things, codes, "things.csv"),
    ):
        for name in names:
            if known and name not in known:
                reader.fault((one.key, field), f"unknown '{name}'", known_or_close(name, frozenset(known), file))
    if not one.things and not one.models:
        reader.fault((one.key,), "nothing says whose values are corrected", "add models = […] or things = […]")


def _check_method(reader: Reader, one: Correction, properties: Mapping[str, Property]) -> None:
    if one.method == "colocation":
        if not one.file:
            reader.fault((one.key,), "'file' is missing", "name what `placette calibrate` wrote into the city folder")
        return
    if len(one.inputs) != len(_PAIR):
        reader.fault((one.key, "inputs"), f"{one.method} needs two inputs", " and ".join(_PAIR))
        return
    mass, humidity = (properties.get(name) for name in one.inputs)
    output = properties.get(one.output)
    if mass is not None and output is not None and mass.unit != output.unit:
        what = f"'{one.output}' is in {output.unit}, '{one.inputs[0]}' in {mass.unit}"
        reader.fault((one.key, "output"), what, "give both the same unit")
    if humidity is not None and humidity.unit != "%":
        reader.fault((one.key, "inputs"), f"'{one.inputs[1]}' is in {humidity.unit}", "the humidity is in %")
    if one.output in one.inputs:
        reader.fault((one.key, "output"), "raw values are never overwritten", "name a property of its own")


def _fitted(folder: Path, name: str, faults: list[Fault]) -> str | None:
    if not (folder / name).resolve().is_relative_to(folder.resolve()):
        faults.append(Fault(FILE, 1, f"'{name}' is outside of the city folder", "keep it inside"))
        return None
    return read_text(folder, name, faults)
