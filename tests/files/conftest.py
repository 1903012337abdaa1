import gzip
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from placette.connect import files
from placette.model.file_format import FileFormat

PACK: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".xz": lambda data: lzma.compress(data, preset=0),
    "": lambda data: data,
}


class Read:
    """What a file was read as: rows as dictionaries, the line of each row, the rows that did not fit."""

    def __init__(self, path: Path, written: FileFormat) -> None:
        with files.opened(path, written) as source:
            self.source = source
            self.columns = source.columns
            self.rows: list[dict[str, object]] = []
            self.lines: list[int] = []
            self.odd: list[files.OddRow] = []
            for block in source.blocks(source.columns):
                rows = block.table.to_pylist()
                self.rows += rows
                self.lines += block.lines(range(len(rows)))
                self.odd += block.odd


@pytest.fixture
def write(tmp_path):
    """Write bytes or text under a name; .gz, .xz and .zip pack them."""

    def write(name: str, content: str | bytes) -> Path:
        data = content.encode() if isinstance(content, str) else content
        path = tmp_path / name
        if path.suffix == ".zip":
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr(path.stem, data)
        else:
            path.write_bytes(PACK[path.suffix if path.suffix in PACK else ""](data))
        return path

    return write


@pytest.fixture
def take():
    """Read a file that is there."""
    return lambda path, **written: Read(path, FileFormat(**written))


@pytest.fixture
def read(write):
    """Write a file and read it back."""

    def read(name: str, content: str | bytes, **written: object) -> Read:
        return Read(write(name, content), FileFormat(**written))

    return read
