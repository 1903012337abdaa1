"""Frames that wait to be sent, oldest first, in one small file that survives a loss of power.

A frame is kept with the second of the local clock at which it was measured, so that a clock set later dates it.
"""

import os
import struct

from hive import payload

_RECORD = payload.SIZE + 4


class Queue:
    """At most ``most`` frames in ``file``; of more, the oldest are lost, for the newest matter more to a city."""

    def __init__(self, file, most):
        """Read what an earlier start has left."""
        self._file = file
        self._most = most
        self._records = self._read()

    def __len__(self):
        """How many frames wait."""
        return len(self._records)

    def put(self, frame, now):
        """Keep a frame measured at ``now`` (s of the local clock)."""
        self._records.append(frame + struct.pack(">I", now))
        self._records = self._records[-self._most :]
        self._write()

    def first_of(self, number, now):
        """Return a waiting frame as it is to be sent at ``now``; number 0 is the oldest."""
        record = self._records[number]
        measured = struct.unpack(">I", record[payload.SIZE :])[0]
        return payload.aged(record[: payload.SIZE], now - measured)

    def done(self, number):
        """Forget the ``number`` oldest frames: they have arrived."""
        if number:
            self._records = self._records[number:]
            self._write()

    def clock_was_set(self, shift, to_unix):
        """Date the frames measured before the clock was set; it went forward by ``shift`` s, Unix is ``to_unix`` on."""
        moved = []
        for record in self._records:
            frame, measured = record[: payload.SIZE], struct.unpack(">I", record[payload.SIZE :])[0] + shift
            if frame[4:8] == b"\0\0\0\0":
                frame = payload.dated(frame, measured + to_unix)
            moved.append(frame + struct.pack(">I", measured))
        self._records = moved
        self._write()

    def _read(self):
        try:
            with open(self._file, "rb") as kept:  # noqa: PTH123  # MicroPython has no pathlib
                content = kept.read()
        except OSError:
            return []
        whole = len(content) // _RECORD * _RECORD  # a record torn by a loss of power is passed over
        return [content[start : start + _RECORD] for start in range(0, whole, _RECORD)][-self._most :]

    def _write(self):
        """Write beside the file and put it in its place: never half."""
        beside = self._file + ".new"
        with open(beside, "wb") as kept:  # noqa: PTH123
            kept.write(b"".join(self._records))
        os.rename(beside, self._file)  # noqa: PTH104
