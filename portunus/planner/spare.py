"""A second planner process that has loaded everything and waits, so that a crash costs a moment instead of a start."""

from __future__ import annotations

import queue
import time
from collections.abc import Sequence
from typing import Any

from portunus.errors import PortunusError
from portunus.planner.child import Child
from portunus.planner.wire import Frame, Kind, from_body, to_body


class Spare:
    """A child that is not asked anything yet.

    Args:
        command: Program and arguments.
        events: Where its frames arrive; whoever takes them hands them to `handle`.
        hello: What the service told its own child.

    Raises:
        PortunusError: The program cannot be started.
    """

    def __init__(self, command: Sequence[str], events: queue.Queue[tuple[Child, Frame | Exception | None]], hello: dict[str, Any]) -> None:
        self.child = Child(command, events)
        self.network = bool(hello["network"])
        self.ready: dict[str, Any] | None = None  # what it said when it was
        self._started = time.monotonic()
        self._silence = 0.0
        self.child.send(Kind.HELLO, 0, to_body({**hello, "spare": True}))

    def handle(self, event: Frame | Exception | None) -> bool:
        """Take in what it said; False when it is of no use any more."""
        self._silence = 0.0
        if not isinstance(event, Frame) or event.kind == Kind.PROBLEM:
            return False
        if event.kind == Kind.READY:
            try:
                self.ready = from_body(event.body)
            except PortunusError:
                return False
        return True

    def watch(self, passed: float, *, dead: float, silence_at_start: float, start: float) -> bool:
        """Count `passed` more seconds without a word; False when it was silent or starting for too long."""
        self._silence += passed
        if self.ready is not None:
            return self._silence <= dead
        return self._silence <= silence_at_start and time.monotonic() - self._started <= start
