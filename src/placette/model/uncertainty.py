"""The uncertainty that an observation carries with it, in the ``parameters`` of its ``extra``."""

from __future__ import annotations

import msgspec

NAME = "expandedUncertainty"


class _Parameters(msgspec.Struct):
    value: float | None = msgspec.field(name=NAME, default=None)


class _Extra(msgspec.Struct):
    parameters: _Parameters = msgspec.field(default_factory=_Parameters)


_read = msgspec.json.Decoder(_Extra).decode


def expanded(extra: str | None) -> float | None:
    """Return the expanded uncertainty (k = 2, in the unit of the result) that ``extra`` states, ``None`` without one.

    Clients may have written anything there: what is no number above zero is none.

    >>> expanded('{"parameters":{"expandedUncertainty":4.2,"coverageFactor":2}}'), expanded('{"parameters":[]}')
    (4.2, None)
    """
    if extra is None or NAME not in extra:
        return None
    try:
        value = _read(extra).parameters.value
    except msgspec.DecodeError:
        return None
    return value if value is not None and value > 0 else None
