"""``placette demo`` and ``placette serve``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from placette import running
from placette.cli import DATA


def demo(
    *,
    port: int = 8000,
    data: Path = Path("data/demo"),
    city: Path | None = None,
    no_browser: Annotated[bool, Parameter(negative=())] = False,
    days: int = 90,
) -> int:
    """Start the demo city: four squares alive in the browser, with simulated sensors over real MQTT.

    The first start makes 90 days of history, which takes less than a minute.

    Example: placette demo --port 8080

    Args:
        port: TCP port of pages and APIs; 0 takes any free one.
        data: Where the demo keeps its data; delete the folder to begin anew.
        city: Another city folder than Aix-en-Provence.
        no_browser: Do not open the browser.
        days: Days of history to make at the first start.
    """
    from placette import playing  # noqa: PLC0415  # the demo's broker would slow the start of every real city

    return playing.demo(data, folder=city, port=port, browser=not no_browser, days=days)


def serve(
    *,
    city: Path,
    data: Path = DATA,
    host: str | None = None,
    port: int | None = None,
) -> int:
    """Run a city: its networks in, its pages and APIs out, until interrupted.

    Example: placette serve --city cities/aix --data /var/lib/placette

    Args:
        city: The city folder.
        data: The data folder; its placette.toml holds the settings.
        host: Address to listen on, instead of the settings' one.
        port: TCP port, instead of the settings' one.
    """
    return running.serve(data, city, host=host, port=port)
