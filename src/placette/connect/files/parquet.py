"""Parquet: read column by column, in batches of rows, with the types the file has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from placette.connect.files.packed import damaged
from placette.connect.files.source import Block, counted

_ROWS = 131_072


class Parquet:
    """An open Parquet file; its lines are row numbers."""

    kind = "parquet"
    crs = ""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.size = path.stat().st_size
        try:
            self._file = pq.ParquetFile(path)
        except pa.ArrowInvalid as error:
            raise damaged(path, error) from None
        self.columns = tuple(self._file.schema_arrow.names)
        self.understood = {"rows": str(self._file.metadata.num_rows)}

    def blocks(self, used: Sequence[str]) -> Iterator[Block]:
        """Yield the rows; see ``Source``."""
        total = max(self._file.metadata.num_rows, 1)
        first = 0
        try:
            for batch in self._file.iter_batches(_ROWS, columns=list(used)):
                table = pa.table(batch)
                rows = table.num_rows
                done = self.size * (first + rows) // total
                yield Block(table, done, [], counted(first))
                first += rows
        except (pa.ArrowInvalid, OSError) as error:
            raise damaged(self._path, error) from None
        finally:
            self._file.close()
