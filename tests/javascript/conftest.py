"""One engine for all tests of this folder: starting V8 takes a fifth of a second."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from placette.javascript import JavaScriptEngine


@pytest.fixture(scope="module")
def engine() -> Iterator[JavaScriptEngine]:
    with JavaScriptEngine() as made:
        yield made
