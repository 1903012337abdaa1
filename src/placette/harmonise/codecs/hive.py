"""The codec of our own hives: the compact payload of docs/hive.md (:mod:`placette.harmonise.hive`) as fields."""

from __future__ import annotations

from typing import Any

import msgspec

from placette.harmonise import hive
from placette.harmonise.codecs.codec import CodecError, Decoded, Frame, one_by_one
from placette.model import times
from placette.model.errors import BadInput


class Hive:
    """Fields ``battery`` (V), ``pm10``, ``pm2_5``, ``no2``, ``o3``, ``temperature``, ``humidity``, ``sound_level``.

    ``flags`` holds one truth per name of ``hive.FLAGS``; ``time`` is there when the hive knows it. What it did not
    measure is ``None``.
    """

    name = "hive"
    version = str(hive.VERSION)

    def decode(self, payload: bytes, port: int | None, received_time: int) -> Decoded:
        """Return the fields of one payload; raises ``CodecError``."""
        try:
            reading = hive.read(payload)
        except BadInput as error:
            raise CodecError(error.what, error.where, error.remedy) from None
        fields: dict[str, Any] = msgspec.structs.asdict(reading)
        del fields["time"], fields["age_min"]
        fields["flags"] = {name: name in reading.flags for name in hive.FLAGS}
        when = hive.time_of(reading, received_time)
        if when is not None:
            fields["time"] = times.iso(when)
        longer = len(payload) - hive.SIZE
        return Decoded(fields, (f"{longer} bytes beyond version {hive.VERSION} are not read",) if longer else ())

    def decode_many(self, frames: list[Frame]) -> list[Decoded | CodecError]:
        """Return the fields of each payload, or why there are none."""
        return one_by_one(self, frames)

    def close(self) -> None:
        """Hold nothing."""
