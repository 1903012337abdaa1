"""The other side of the pipe: one process that holds V8 and does nothing but run codecs.

It is started with an empty environment and gives up, before any codec is loaded, to write files and to grow beyond its
memory; V8 alone gives a script no way to files, sockets or processes. Requests and replies are MessagePack, each after
its length in four bytes.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import BinaryIO

import msgspec
from py_mini_racer import JSEvalException, JSOOMException, JSTimeoutException, MiniRacer

HEAP_BYTES = 64 * 2**20
PROCESS_BYTES = 2048 * 2**20
"""Measured: V8 asks for 570 MiB of address space at its start and 18 MiB for each isolate, and uses 70 MiB in all."""
ISOLATES = 32
"""Codecs kept loaded at once; loading one again takes 7 ms."""
LOAD_S = 2.0
FRAME_S = 0.1
MANY_FRAME_S = 0.005

_PLACE = re.compile(r"^<anonymous>:(\d+): ")
_PRELUDE = (Path(__file__).parent / "prelude.js").read_text(encoding="utf-8")
_FIND = """
globalThis.__decode = (function () {
  var exported = (typeof module === "object" && module && module.exports) || {};
  if (typeof decodeUplink === "function") exported = { decodeUplink: decodeUplink };
  else if (typeof exports === "object" && exports && exports.decodeUplink) exported = exports;
  if (typeof exported.decodeUplink === "function") {
    var uplink = exported.decodeUplink;
    return function (bytes, port, time) {
      return uplink({ bytes: bytes, fPort: port, recvTime: time, variables: {} }) || {};
    };
  }
  if (typeof Decode === "function") return function (bytes, port) { return { data: Decode(port, bytes, {}) }; };
  if (typeof Decoder === "function") return function (bytes, port) { return { data: Decoder(bytes, port) }; };
  return null;
})();
__decode !== null;
"""


class Request(msgspec.Struct, array_like=True):
    """``text`` loads a codec, ``frames`` (JSON of ``[hex, port, ms]``) runs it, neither forgets it."""

    key: str
    text: str = ""
    frames: str = ""
    count: int = 0


class Reply(msgspec.Struct, array_like=True):
    """``answers`` is JSON; ``problem`` says in words why there are none."""

    answers: str = ""
    problem: str = ""


class Codecs:
    """The loaded codecs, each in an isolate of its own that is made anew after it broke a limit."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._isolates: dict[str, MiniRacer] = {}

    def answer(self, request: Request) -> Reply:
        """Do what is asked; never raises for what a codec does."""
        try:
            return Reply(answers=self._do(request))
        except JSTimeoutException:
            self._drop(request.key)
            return Reply(problem="the codec ran out of time")
        except JSOOMException:
            self._drop(request.key)
            return Reply(problem="the codec ran out of memory")
        except JSEvalException as error:
            where = _PLACE.sub(r"line \1: ", str(error).strip().splitlines()[0])
            return Reply(problem=f"the codec cannot be read: {where}")
        except LookupError:
            self._drop(request.key)
            return Reply(problem="the codec has no function decodeUplink, Decode or Decoder")

    def _do(self, request: Request) -> str:
        if request.frames:
            return self._run(request.key, request.frames, FRAME_S + MANY_FRAME_S * (request.count - 1))
        if request.text:
            self._load(request.key, request.text)
        else:
            self._drop(request.key)
            self._texts.pop(request.key, None)
        return ""

    def _load(self, key: str, text: str) -> None:
        self._drop(key)
        if len(self._isolates) == ISOLATES:
            self._drop(next(iter(self._isolates)))  # the one used least recently
        isolate = MiniRacer()
        isolate.set_hard_memory_limit(HEAP_BYTES)
        isolate.eval(_PRELUDE)
        isolate.eval(text, timeout_sec=LOAD_S)
        found = isolate.eval(_FIND, timeout_sec=LOAD_S)
        self._isolates[key] = isolate
        if not found:
            raise LookupError
        self._texts[key] = text

    def _run(self, key: str, frames: str, limit_s: float) -> str:
        if key not in self._isolates:
            self._load(key, self._texts[key])
        self._isolates[key] = self._isolates.pop(key)
        code = f"__placette(__decode,{msgspec.json.encode(frames).decode()})"
        return str(self._isolates[key].eval(code, timeout_sec=limit_s))

    def _drop(self, key: str) -> None:
        isolate = self._isolates.pop(key, None)
        if isolate is not None:
            isolate.close()


def give_up_rights() -> None:
    """Forbid this process to write files or to grow; where the system has no such limits, nothing."""
    try:
        import resource  # noqa: PLC0415  # not on Windows
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (PROCESS_BYTES, PROCESS_BYTES))


def serve(requests: BinaryIO, replies: BinaryIO) -> None:
    """Answer until the other side closes the pipe."""
    codecs = Codecs()
    decoder = msgspec.msgpack.Decoder(Request)
    while len(head := requests.read(4)) == 4:
        reply = msgspec.msgpack.encode(codecs.answer(decoder.decode(requests.read(int.from_bytes(head)))))
        replies.write(len(reply).to_bytes(4) + reply)
        replies.flush()


if __name__ == "__main__":
    give_up_rights()
    serve(sys.stdin.buffer, sys.stdout.buffer)
