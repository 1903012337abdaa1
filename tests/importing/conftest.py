from pathlib import Path

import pytest

from placette.importing import ImportReport, import_file, preview
from placette.store import Store

NOISE = """
title = "Noise"
source = "Town"
licence = "LO"
[time]
column = "t"
zone = "Europe/Paris"
period = "1 hour"
[things]
each = "column"
code = "N-{column}"
kind = "noise"
[[values]]
columns = "*"
property = "laeq"
unit = "dB[SPL]"
"""


class Desk:
    """A store and a folder of files to import into it; ``mapping`` is the one used unless another is given."""

    mapping = NOISE

    def __init__(self, store: Store, folder: Path) -> None:
        self.store = store
        self.folder = folder

    def write(self, content: str | bytes, name: str = "noise.csv") -> Path:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def load(self, content: str | bytes, mapping: str = NOISE, name: str = "noise.csv", **more: object) -> ImportReport:
        return import_file(self.store, self.write(content, name), self.write(mapping, "m.toml"), **more)

    def look(self, content: str | bytes, mapping: str = NOISE, **more: object) -> ImportReport:
        return preview(self.write(content), self.write(mapping, "m.toml"), **more)

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        return [tuple(row.values()) for row in self.store.query_now(sql).to_pylist()]


@pytest.fixture
def desk(tmp_path):
    store = Store.open(tmp_path / "store.duckdb")
    yield Desk(store, tmp_path)
    store.close()
