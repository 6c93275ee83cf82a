"""One planner process and its two pipes: started, written to, read from, ended by its own id."""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from portunus.errors import PortunusError
from portunus.files import user_cache_folder
from portunus.planner.wire import Frame, Kind, encode, read_frame, write_bytes

LOG_LIMIT = 1 << 20  # bytes, after which the log of the worker's standard error starts anew


class Child:
    """A running worker.

    Two threads serve its pipes, so that a stopped or stuck process can never block the caller: one puts everything the process
    says into `events`, one writes what was queued. Of queued states only the newest is kept.

    Args:
        command: Program and arguments.
        events: Receives `(child, frame)`, `(child, exception)` for bytes that are no frame, and `(child, None)` at the end of the pipe.

    Raises:
        PortunusError: The program cannot be started.
    """

    def __init__(self, command: Sequence[str], events: queue.Queue[tuple[Child, Frame | Exception | None]]) -> None:
        with _open_log() as log:
            try:
                self._process = subprocess.Popen(
                    list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, bufsize=0, env=_environment()
                )
            except OSError as error:
                raise PortunusError(f"the planner process cannot be started: {error}") from error
        self.pid = self._process.pid
        self._events = events
        self._changed = threading.Condition()
        self._letters: deque[bytes] = deque()
        self._state: bytes | None = None
        self._closed = False
        threading.Thread(target=self._read, name="planner-read", daemon=True).start()
        threading.Thread(target=self._write, name="planner-write", daemon=True).start()

    def send(self, kind: Kind, sequence: int, body: bytes) -> None:
        """Queue a message that must arrive.

        Raises:
            PortunusError: It is larger than a message may be.
        """
        frame = encode(kind, sequence, body)
        with self._changed:
            self._letters.append(frame)
            self._changed.notify()

    def send_newest(self, kind: Kind, sequence: int, body: bytes) -> None:
        """Queue a state in place of one that still waits.

        Raises:
            PortunusError: It is larger than a message may be.
        """
        frame = encode(kind, sequence, body)
        with self._changed:
            self._state = frame
            self._changed.notify()

    def end(self, *, patience: float) -> None:
        """Close its input, give it `patience` seconds to go by itself, then kill it; returns when it is gone."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if patience > 0:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=patience)
        self._process.kill()
        self._process.wait()

    def describe_end(self) -> str:
        """How the process ended, in words; waits for it for up to a second."""
        try:
            code = self._process.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            return "a closed pipe"
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    def _read(self) -> None:
        with self._process.stdout as stream:
            try:
                while (frame := read_frame(stream)) is not None:
                    self._events.put((self, frame))
                self._events.put((self, None))
            except (PortunusError, OSError) as error:
                self._events.put((self, error))

    def _write(self) -> None:
        with self._process.stdin as stream:
            while (frame := self._next()) is not None:
                try:
                    write_bytes(stream, frame)
                except OSError:
                    return  # the process is gone; the reading thread tells

    def _next(self) -> bytes | None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._letters or self._state is not None)
            if self._closed:
                return None
            if self._letters:
                return self._letters.popleft()
            state, self._state = self._state, None
            return state


def _environment() -> dict[str, str]:
    """This environment, with this package importable and one thread per numeric library."""
    environment = dict(os.environ)
    here = str(Path(__file__).resolve().parents[2])
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, (here, environment.get("PYTHONPATH", ""))))
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        environment[name] = "1"
    return environment


def log_path() -> Path:
    """Where the worker's standard error goes."""
    return user_cache_folder("logs") / "planner.log"


def _open_log() -> BinaryIO:
    path = log_path()
    too_long = path.exists() and path.stat().st_size > LOG_LIMIT
    return open(path, "wb" if too_long else "ab")
