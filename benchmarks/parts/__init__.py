"""The parts, in the order they run. Each is one file with ``PART``, ``ABOUT`` and ``run(bench)``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from benchmarks.bench import Bench
from benchmarks.figures import Result
from benchmarks.parts import (
    anomaly,
    codecs,
    compare,
    console,
    crash,
    files,
    forecast,
    forecast_live,
    http,
    lorawan,
    maps,
    mqtt,
    pages,
    quality,
    queries,
    rhythms,
    start,
    store,
    webhook,
    wifi,
)


class Part(Protocol):
    """One benchmark."""

    @property
    def PART(self) -> str:  # noqa: N802  # a module's constant
        """The word for ``--only``."""

    @property
    def ABOUT(self) -> str:  # noqa: N802  # a module's constant
        """What is measured and how, for the document."""

    @property
    def run(self) -> Callable[[Bench], Iterator[Result]]:
        """Measure, and yield every figure as soon as it is known."""


PARTS: tuple[Part, ...] = (
    store,
    http,
    mqtt,
    files,
    lorawan,
    webhook,
    codecs,
    wifi,
    quality,
    maps,
    rhythms,
    anomaly,
    forecast,
    forecast_live,
    queries,
    start,
    compare,
    console,
    crash,
    pages,
)
