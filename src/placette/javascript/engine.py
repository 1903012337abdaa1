"""Our side of the pipe: starts the worker, sends it codecs and frames, starts it again when one of them ended it."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from threading import Lock
from typing import Self

import msgspec

from placette.harmonise.codecs.codec import Frame
from placette.harmonise.codecs.javascript import Answer

TOGETHER = 256
"""Frames of one crossing: a crossing costs as much as some fifty frames."""
GIVE_UP_AFTER = 3
"""Frames of one call that may break a limit: a codec that loops on each must not hold the others for minutes."""
SILENCE_S = 10.0
"""Beyond every limit inside the worker: it hangs."""
START_S = 30.0
"""The same for loading a codec, which may have to start the worker on a busy machine."""

_ANSWERS = msgspec.json.Decoder(list[Answer])
_REPLY = msgspec.msgpack.Decoder(tuple[str, str])


class JavaScriptEngine:
    """Runs codecs in a worker process; thread-safe. The worker is started by the first codec that is loaded.

    A worker that says nothing for ``silence_s`` seconds is ended and started again.
    """

    def __init__(self, silence_s: float = SILENCE_S) -> None:
        self._silence_s = silence_s
        self._lock = Lock()
        self._texts: dict[str, str] = {}
        self._worker: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def process_id(self) -> int | None:
        """The worker's process id, ``None`` while there is none."""
        return self._worker.pid if self._worker else None

    @property
    def missing(self) -> str:
        """What has to be installed before anything can be loaded, or nothing."""
        return "" if find_spec("py_mini_racer") else "pip install 'placette[lorawan]'"

    def load(self, key: str, text: str) -> str:
        """Load a codec under this key; return what is wrong with it, or nothing."""
        with self._lock:
            _, problem = self._ask(key, text or " ")
            if not problem:
                self._texts[key] = text
            return problem

    def run(self, key: str, frames: list[Frame]) -> list[Answer]:
        """Run the codec on each frame; a frame that breaks a limit costs its own answer alone."""
        found: list[Answer] = []
        for start in range(0, len(frames), TOGETHER):
            found += self._together(key, frames[start : start + TOGETHER])
        return found

    def forget(self, key: str) -> None:
        """Unload the codec of this key."""
        with self._lock:
            if self._texts.pop(key, None) is not None and self._worker:
                self._ask(key)

    def close(self) -> None:
        """End the worker; the next call starts another."""
        with self._lock:
            self._end()

    def _together(self, key: str, frames: list[Frame]) -> list[Answer]:
        answers, problem = self._try(key, frames)
        if not problem:
            return answers
        if len(frames) == 1:
            return [Answer(problem)]
        return list(self._apart(key, frames))

    def _apart(self, key: str, frames: list[Frame]) -> Iterator[Answer]:
        broken = 0
        for frame in frames:
            if broken == GIVE_UP_AFTER:
                yield Answer(f"not tried: {GIVE_UP_AFTER} frames before it broke the limits of the codec")
                continue
            answers, problem = self._try(key, [frame])
            broken += bool(problem)
            yield Answer(problem) if problem else answers[0]

    def _try(self, key: str, frames: list[Frame]) -> tuple[list[Answer], str]:
        rows = [(frame.payload.hex(), frame.port, frame.received_time / 1000) for frame in frames]
        with self._lock:
            if key not in self._texts:
                return [], "the codec is not loaded"
            text, problem = self._ask(key, "", msgspec.json.encode(rows).decode(), len(rows))
        if problem:
            return [], problem
        try:
            answers = _ANSWERS.decode(text)
        except msgspec.MsgspecError:
            answers = []
        # a codec may have replaced what JSON or arrays do; it harms itself alone
        return answers, "" if len(answers) == len(frames) else "the codec returned what is not JSON"

    def _ask(self, *request: str | int) -> tuple[str, str]:
        """Return the answers and the problem of one request; a worker that died or hangs is a problem."""
        try:
            return self._cross(self._started(), request)
        except (OSError, EOFError, TimeoutError):
            self._end()
            return "", "the codec ended the engine: too much memory or time at once"

    def _cross(self, worker: subprocess.Popen[bytes], request: tuple[str | int, ...]) -> tuple[str, str]:
        if not worker.stdin or not worker.stdout:
            raise EOFError
        body = msgspec.msgpack.encode(request)
        worker.stdin.write(len(body).to_bytes(4) + body)
        worker.stdin.flush()
        answer = select.poll()  # select() knows no descriptor beyond 1023, and a busy server has more
        answer.register(worker.stdout, select.POLLIN)
        is_load = bool(request[1:] and request[1])
        if not answer.poll(1000 * (START_S if is_load else self._silence_s)):
            raise TimeoutError
        head = worker.stdout.read(4)
        if len(head) < 4:
            raise EOFError
        return _REPLY.decode(worker.stdout.read(int.from_bytes(head)))

    def _started(self) -> subprocess.Popen[bytes]:
        if self._worker is None or self._worker.poll() is not None:
            self._end()
            command = [sys.executable, "-I", "-m", "placette.javascript.worker"]
            kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "SYSTEMROOT") if name in os.environ}
            pipe, silent = subprocess.PIPE, subprocess.DEVNULL
            # a session of its own: Ctrl-C is for the server, which then closes the pipe
            self._worker = subprocess.Popen(  # noqa: S603  # our own module
                command, stdin=pipe, stdout=pipe, stderr=silent, env=kept, cwd="/", start_new_session=True
            )
            for key, text in self._texts.items():
                self._cross(self._worker, (key, text))
        return self._worker

    def _end(self) -> None:
        worker, self._worker = self._worker, None
        if worker is None:
            return
        worker.kill()
        for pipe in (worker.stdin, worker.stdout):
            if pipe:
                try:
                    pipe.close()
                except OSError:
                    continue  # what was left to send has no reader any more
        worker.wait()
