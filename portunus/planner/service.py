"""The planner as a service: a supervised child process that always works on the newest state.

The child is reached through inherited pipes only: no port, no file, no pickle (`portunus.planner.wire`). It is watched by the end of
its pipe, by a beat every 100 ms and by the length of its search; a crashed or hung child is ended by its own id and replaced
after 0, 1, 5, then 30 s, by a spare one that has loaded everything and waits (`portunus.planner.spare`), or where there is none by a new one. After three failures within five minutes it goes on with the rotation prior and without the network.
A child that answers for another spec, another layout or another protocol is not tried again: `status` says why.
"""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from portunus import __version__
from portunus.errors import PortunusError
from portunus.planner.child import Child, log_path
from portunus.planner.messages import Suggestion
from portunus.planner.spare import Spare
from portunus.planner.wire import BEAT, PROTOCOL, Frame, Kind, WireError, from_body, state_body, to_body

WORKER = (sys.executable, "-P", "-m", "portunus.planner.worker")

STARTING = "starting"
READY = "ready"
RESTARTING = "restarting"
REFUSED = "refused"
STOPPED = "stopped"


@dataclass(frozen=True)
class Limits:
    """When a child counts as dead, and what happens then; seconds.

    Attributes:
        dead: Longest silence of a ready child.
        search: Longest search beyond the budget.
        greeting: Longest wait for the first word.
        silence_at_start: Longest silence before it is ready; loading libraries may hold the interpreter for a while.
        start: Longest start-up, compilation included.
        back_off: Wait before the first, second, third and every further restart within the window.
        crashes: So many failures within the window switch the network off.
        window: How long a failure counts.
        spare: How long after a child is ready the spare one is started.
        spare_again: Wait before another spare one after one that failed.
    """

    dead: float = 0.5
    search: float = 0.5
    greeting: float = 10.0
    silence_at_start: float = 20.0
    start: float = 900.0
    back_off: tuple[float, ...] = (0.0, 1.0, 5.0, 30.0)
    crashes: int = 3
    window: float = 300.0
    spare: float = 3.0
    spare_again: float = 60.0


@dataclass(frozen=True)
class Status:
    """Where the service stands.

    Attributes:
        state: `starting`, `ready`, `restarting`, `refused` (it will not be tried again) or `stopped`.
        message: What to tell the user, one sentence; "" while all is well.
        hint: What to do about it, "" if nothing.
        failure: What went wrong with the child before this one, "" if nothing ever did.
        evaluator: What values the search's leaves, "" until ready.
        pid: The child's process id, None while there is none.
        restarts: How often it was started again.
        without_network: The network was switched off after repeated failures.
    """

    state: str
    message: str = ""
    hint: str = ""
    failure: str = ""
    evaluator: str = ""
    pid: int | None = None
    restarts: int = 0
    without_network: bool = False


class PlannerService:
    """Plans in a process of its own. Never blocks the caller: `request` replaces, `poll` looks.

    Args:
        spec_path: The spec file.
        profile: Name or path of the profile, None for the spec's default.
        encounter: Name or path of the encounter, None for the default.
        model: Network file, None for the rotation prior.
        budget_ms: Time from the capture of a state to its answer.
        spec_name: Refuse a worker whose spec has another name; None accepts any.
        layout_hash: Refuse a worker whose states are laid out differently; None accepts any.
        limits: When the child counts as dead.
        worker: Command line of the child process.
    """

    def __init__(
        self,
        spec_path: Path | str,
        *,
        profile: str | None,
        encounter: str | None,
        model: Path | str | None = None,
        budget_ms: float = 250.0,
        spec_name: str | None = None,
        layout_hash: str | None = None,
        limits: Limits | None = None,
        worker: Sequence[str] = WORKER,
    ) -> None:
        self._hello: dict[str, Any] = {
            "spec": str(Path(spec_path).resolve()),
            "profile": profile,
            "encounter": encounter,
            "model": None if model is None else str(Path(model).resolve()),
            "budget_ms": float(budget_ms),
            "network": True,
        }
        self._expected = {"spec": spec_name, "layout": layout_hash}
        self._limits = limits or Limits()
        self._worker = tuple(worker)
        self._lock = threading.Lock()
        self._status = Status(STARTING, "The planner is starting.")
        self._suggestion: Suggestion | None = None
        self._newest = -1
        self._problem = ""
        self._failures: list[float] = []
        self._events: queue.Queue[tuple[Child, Frame | Exception | None]] = queue.Queue()
        self._stopping = threading.Event()
        self._child: Child | None = None
        self._spare: Spare | None = None
        self._spare_at: float | None = None
        self._start_child()
        self._supervisor = threading.Thread(target=self._supervise, name="planner-supervisor", daemon=True)
        self._supervisor.start()

    @property
    def status(self) -> Status:
        """Where the service stands now."""
        with self._lock:
            return self._status

    @property
    def problem(self) -> str:
        """What the planner said about the last state it could not answer; "" if it answered."""
        with self._lock:
            return self._problem

    def request(self, state_words: Any, sequence: int, captured_at: float, likely: Sequence[tuple[Any, float]] = ()) -> None:
        """Ask for advice; a state that still waits is replaced. While no planner is ready the state is dropped: it would be old by then.

        Args:
            state_words: int64[W], the state; copied.
            sequence: Its number, growing.
            captured_at: When its pixels were captured, seconds of `time.monotonic`.
            likely: States that may have to be answered next, with their probabilities; without any, the planner expects what its suggestion
                leads to.

        Raises:
            PortunusError: The state is larger than a message may be.
        """
        body = state_body(state_words, int(captured_at * 1e9), likely)
        with self._lock:
            child = self._child if self._status.state == READY else None
        if child is not None:
            child.send_newest(Kind.STATE, sequence, body)

    def poll(self) -> Suggestion | None:
        """The newest suggestion that was not polled yet, or None."""
        with self._lock:
            suggestion, self._suggestion = self._suggestion, None
            return suggestion

    def stop(self) -> None:
        """End the child and the supervisor; returns within about a second."""
        self._stopping.set()
        self._supervisor.join()
        with self._lock:
            child, self._child = self._child, None
            self._status = replace(self._status, state=STOPPED, message="The planner is stopped.", pid=None)
        for one in (child, self._spare.child if self._spare else None):
            if one is not None:
                one.end(patience=0.3)
        self._spare = None

    # the supervisor's thread -------------------------------------------------------------------------------------------------

    def _start_child(self) -> None:
        child = Child(self._worker, self._events)
        child.send(Kind.HELLO, 0, to_body(self._hello))
        with self._lock:
            self._child = child
            self._status = replace(self._status, state=STARTING, message=self._starting_message(), hint="", pid=child.pid)
        self._started = time.monotonic()
        self._silence = 0.0
        self._greeted = False
        self._retry_at: float | None = None

    def _starting_message(self) -> str:
        if not self._hello["network"]:
            return "The planner is starting without the network, after repeated failures."
        return "The planner is starting."

    def _supervise(self) -> None:
        last = time.monotonic()
        while not self._stopping.is_set() and self.status.state != REFUSED:
            try:
                child, event = self._events.get(timeout=0.05)
            except queue.Empty:
                pass
            else:
                if child is self._child:
                    self._handle(event)
                elif self._spare is not None and child is self._spare.child and not self._spare.handle(event):
                    self._drop_spare()
            now = time.monotonic()
            # Silence counts only while this thread itself gets to run: a busy or suspended machine kills no healthy child.
            passed, last = min(now - last, 0.1), now
            self._silence += passed
            self._watch(now)
            self._watch_spare(now, passed)
        if self._status.state == REFUSED:
            self._drop_spare()

    def _handle(self, event: Frame | Exception | None) -> None:
        """One frame, or the end of the pipe (None), or what was wrong with it."""
        self._silence = 0.0
        try:
            if event is None:
                self._failed(f"it ended with {self._child.describe_end()}")
            elif isinstance(event, WireError) and event.version is not None:
                self._refuse(f"The planner process does not fit: {event.message}.", "Install Portunus again and restart the overlay.")
            elif isinstance(event, Exception):
                self._failed(str(event))
            elif event.kind == Kind.GREETING:
                self._greet(from_body(event.body))
            elif event.kind == Kind.READY:
                self._ready(from_body(event.body))
            elif event.kind == Kind.SUGGESTION:
                self._answered(event.sequence, Suggestion.from_json(from_body(event.body)))
            elif event.kind == Kind.PROBLEM:
                self._problem_told(from_body(event.body))
            elif event.kind == Kind.BEAT:
                self._beat(event.body)
        except PortunusError as error:
            self._failed(error.message)

    def _greet(self, greeting: dict[str, Any]) -> None:
        if greeting.get("protocol") != PROTOCOL or greeting.get("package") != __version__:
            told = f"version {greeting.get('package')!r}, protocol {greeting.get('protocol')!r}"
            self._refuse(
                f"The planner process is of another Portunus ({told:.80}; this is {__version__!r}, {PROTOCOL}).",
                "Install Portunus again and restart the overlay.",
            )
        self._greeted = True

    def _ready(self, ready: dict[str, Any]) -> None:
        for field, expected in self._expected.items():
            if expected is not None and ready.get(field) != expected:
                told = f"{ready.get(field)!r:.80}"
                self._refuse(f"The planner answers for {field} {told}, but the screen shows {expected!r}.", "Restart the overlay.")
                return
        evaluator = ready.get("evaluator")
        message = "" if self._hello["network"] else "The network is switched off after repeated failures; advice comes from search alone."
        with self._lock:
            self._status = replace(self._status, state=READY, message=message, evaluator=str(evaluator)[:40])
        if self._spare is None and self._spare_at is None:
            self._spare_at = time.monotonic() + self._limits.spare

    def _answered(self, sequence: int, suggestion: Suggestion) -> None:
        with self._lock:
            if sequence == suggestion.sequence and sequence > self._newest:
                self._newest = sequence
                self._suggestion = suggestion
                self._problem = ""

    def _problem_told(self, problem: dict[str, Any]) -> None:
        message, hint = str(problem.get("message", ""))[:2000], str(problem.get("hint", ""))[:2000]
        if problem.get("final"):
            self._refuse(message, hint)
        else:
            with self._lock:
                self._problem = message

    def _beat(self, body: bytes) -> None:
        if len(body) != BEAT.size:
            raise WireError("a beat of the wrong size")
        busy = BEAT.unpack(body)[0] / 1000.0
        if busy > self._hello["budget_ms"] / 1000.0 + self._limits.search:
            self._failed(f"it has been searching for {busy:.1f} s")

    def _watch(self, now: float) -> None:
        """Declare the child dead when it is silent or slow to start, and start the next one when its time has come."""
        limits = self._limits
        if self._retry_at is not None:
            if now >= self._retry_at:
                try:
                    if not self._promote():
                        self._start_child()
                except PortunusError as error:
                    self._refuse(error.message, error.hint)
            return
        ready = self.status.state == READY
        if ready and self._silence > limits.dead:
            self._failed(f"it was silent for {1000 * limits.dead:.0f} ms")
        elif not ready and self._silence > (limits.silence_at_start if self._greeted else limits.greeting):
            self._failed("it did not start")
        elif not ready and now - self._started > limits.start:
            self._failed(f"it was not ready after {limits.start:.0f} s")

    def _watch_spare(self, now: float, passed: float) -> None:
        """Start the spare child when its time has come; give up one that is silent."""
        limits = self._limits
        if self._spare is not None:
            if not self._spare.watch(passed, dead=limits.dead, silence_at_start=limits.silence_at_start, start=limits.start):
                self._drop_spare()
        elif self._spare_at is not None and now >= self._spare_at and self.status.state == READY:
            self._spare_at = None
            try:
                self._spare = Spare(self._worker, self._events, self._hello)
            except PortunusError:
                self._spare_at = now + limits.spare_again

    def _drop_spare(self) -> None:
        if self._spare is not None:
            self._spare.child.end(patience=0.0)
            self._spare = None
            self._spare_at = time.monotonic() + self._limits.spare_again

    def _promote(self) -> bool:
        """Put the spare child in the place of the one that failed, if it is ready and loaded what is wanted now."""
        spare = self._spare
        if spare is None or spare.ready is None or spare.network != self._hello["network"]:
            self._drop_spare()
            self._spare_at = None  # the next child that is ready sets it
            return False
        self._spare, self._retry_at = None, None
        self._started, self._silence, self._greeted = time.monotonic(), 0.0, True
        with self._lock:
            self._child = spare.child
            self._status = replace(self._status, hint="", pid=spare.child.pid)
        self._ready(spare.ready)
        return True

    def _failed(self, reason: str) -> None:
        """End the child, count the failure, and plan the restart."""
        if self.status.state == REFUSED:
            return
        child, now = self._child, time.monotonic()
        child.end(patience=0.0)
        self._failures = [at for at in self._failures if now - at < self._limits.window] + [now]
        if len(self._failures) >= self._limits.crashes:
            self._hello["network"] = False
        wait = self._limits.back_off[min(len(self._failures), len(self._limits.back_off)) - 1]
        self._retry_at = now + wait
        when = "now" if wait == 0 else f"in {wait:.0f} s"
        with self._lock:
            self._child = None
            self._suggestion = None
            self._status = replace(
                self._status,
                state=RESTARTING,
                message=f"The planner failed ({reason}); restarting {when}.",
                hint=f"Details: {log_path()}",
                failure=reason,
                restarts=self._status.restarts + 1,
                without_network=not self._hello["network"],
                pid=None,
            )

    def _refuse(self, message: str, hint: str) -> None:
        if self._child is not None:
            self._child.end(patience=0.0)
        with self._lock:
            self._suggestion = None
            self._status = replace(self._status, state=REFUSED, message=message, hint=hint, pid=None)
