"""The rules of law on data capture, as dated rows: ``capture.toml`` beside this file."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

import msgspec

from placette.analyse.quality.capture import CaptureRule


@cache
def capture_rules() -> tuple[CaptureRule, ...]:
    """Return every rule, in force or not; ``analyse.quality.capture.least_share`` picks the one of a day."""
    text = files("placette.quality").joinpath("capture.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text)["rule"], tuple[CaptureRule, ...])
