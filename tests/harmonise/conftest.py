"""A small catalogue in the shape of the store's directory."""

from __future__ import annotations

from typing import NamedTuple

import pytest


class Entry(NamedTuple):
    id: int


class Directory(NamedTuple):
    by_code: dict[str, Entry]
    by_id: dict[int, Entry]


@pytest.fixture(scope="session")
def directory() -> Directory:
    """Datastreams 1 to 3, of the devices ROT-01 and TOR-01."""
    by_code = {"ROT-01/pm10": Entry(1), "ROT-01/door": Entry(2), "TOR-01/pm10": Entry(3)}
    return Directory(by_code, {entry.id: entry for entry in by_code.values()})
