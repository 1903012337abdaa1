"""What a caller gets back for rows it handed over."""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int64]


class Receipt(msgspec.Struct, frozen=True):
    """All rows are durable. ``ids`` has one id per given row: the existing one where it was unchanged or replaced."""

    ids: Ids
    inserted: int
    replaced: int = 0
    unchanged: int = 0


NOTHING = Receipt(ids=np.empty(0, np.int64), inserted=0)
