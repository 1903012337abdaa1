from datetime import UTC, datetime
from pathlib import Path

import pytest

from placette import city
from placette.city import City


@pytest.fixture(scope="session")
def aix() -> City:
    return city.read(Path(__file__).parents[2] / "cities" / "aix")


@pytest.fixture
def at():
    """Return a function from ISO 8601 text with an offset to µs since 1970-01-01 UTC."""

    def micros(text: str) -> int:
        moment = datetime.fromisoformat(text)
        assert moment.tzinfo is not None
        return round((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) * 1_000_000

    return micros
