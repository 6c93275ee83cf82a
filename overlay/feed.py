"""From the screen to advice: a thread that reads the barcode, restores the state, and hands it to the planner's process."""

from __future__ import annotations

import gc
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portunus_overlay.actions import Faces
from portunus_overlay.situation import Signal, Situation, State

from portunus.barcode.capture import Capture, ScreenCapture
from portunus.barcode.reader import Link, Observation, Reader
from portunus.errors import PortunusError
from portunus.planner.messages import Suggestion
from portunus.planner.service import PlannerService, Status
from portunus.runtime.signature import HEADER_DURATION, HEADER_FINISHED

if TYPE_CHECKING:
    from portunus.barcode.estimate import Restorer

READ_SECONDS = 1 / 60
REMEMBERED = 600  # captures, 30 s at 20 a second

_STATES = {
    Link.SEARCHING: State.SEARCHING,
    Link.NO_SCREEN: State.SEARCHING,
    Link.OK: State.OK,
    Link.STALE: State.STALE,
    Link.SCHEMA_MISMATCH: State.MISMATCH,
    Link.UNSUPPORTED: State.UNSUPPORTED,
    Link.NOT_IN_WORLD: State.IDLE,
}


@dataclass(frozen=True)
class Plan:
    """What the overlay plans for, as given on the command line.

    Attributes:
        spec: The spec file.
        profile: Name or path of the profile, None for the spec's own.
        encounter: Name or path of the encounter, None for the default.
        model: Network file, None for the rotation prior.
        budget_ms: Time from captured pixels to the answer.
        region: Left, top, width and height of the part of the screen to search, None for all of it.
    """

    spec: Path
    profile: str | None = None
    encounter: str | None = None
    model: Path | None = None
    budget_ms: float = 250.0
    region: tuple[int, int, int, int] | None = None


class ScreenFeed:
    """The real feed of the overlay; see `portunus_overlay.app.Feed`.

    Args:
        plan: What to plan for.
        open_capture: Where pictures come from.
    """

    def __init__(self, plan: Plan, *, open_capture: Callable[[], Capture] = ScreenCapture) -> None:
        self.title = plan.spec.stem.replace("_", " ").title()
        self.faces = Faces(())
        self._plan = plan
        self._open_capture = open_capture
        self._signal = Signal(State.PREPARING)
        self._service: PlannerService | None = None
        self._stopping = threading.Event()
        self._captures: deque[tuple[int, float]] = deque(maxlen=REMEMBERED)
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)

    def start(self) -> None:
        """Begin to compile the spec, then to look at the screen."""
        self._signal = Signal(State.PREPARING, captured_at=time.monotonic())
        self._thread.start()

    def stop(self) -> None:
        """Stop looking and end the planner; waits at most two seconds for a compilation in progress."""
        self._stopping.set()
        self._thread.join(timeout=2.0)
        if self._service is not None:
            self._service.stop()

    def signal(self) -> Signal:
        """What was seen last."""
        return self._signal

    def planner_status(self) -> Status | None:
        """The planner's status, None before it was started."""
        return self._service.status if self._service is not None else None

    def suggestion(self) -> Suggestion | None:
        """The newest suggestion, once."""
        return self._service.poll() if self._service is not None else None

    def captured_at(self, sequence: int) -> float:
        """When the pixels of a state were captured; of the oldest one remembered where it is older still."""
        captures = tuple(self._captures)  # a copy: the feed's thread goes on adding
        return next((at for number, at in captures if number >= sequence), 0.0)

    def changed_at(self, sequence: int) -> float:
        """When the first pixels newer than a state were captured."""
        return self.captured_at(sequence + 1)

    # the feed's thread --------------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._work()
        except PortunusError as error:
            self._signal = Signal(State.FAILED, f"{error.message} {error.hint}".strip())
        except Exception as error:
            traceback.print_exc()
            self._signal = Signal(State.FAILED, f"Internal error in the feed: {type(error).__name__}: {error}")

    def _work(self) -> None:
        from portunus.barcode.estimate import Restorer
        from portunus.barcode.fields import build_schema
        from portunus.compiler import compile_spec

        plan = self._plan
        compiled = compile_spec(plan.spec, profile=plan.profile, encounter=plan.encounter)
        self.faces, self.title = Faces(compiled.actions), compiled.title
        if self._stopping.is_set():
            return
        self._service = PlannerService(
            plan.spec,
            profile=plan.profile,
            encounter=plan.encounter,
            model=plan.model,
            budget_ms=plan.budget_ms,
            spec_name=compiled.name,
            layout_hash=compiled.layout_hash,
        )
        reader = Reader(build_schema(compiled.model, compiled.actions), self._open_capture, region=plan.region)
        gc.collect()
        gc.freeze()  # the compiler's objects stay for good; looking through them would stop the window for a fifth of a second
        watch = Watch(reader, Restorer(compiled), self._service.request, enemies=compiled.enemies)
        due = time.monotonic()
        try:
            while not self._stopping.is_set():
                self._signal = watch.look()
                self._captures = watch.captures
                due = max(due + READ_SECONDS, time.monotonic())
                self._stopping.wait(due - time.monotonic())
        finally:
            reader.close()


class Watch:
    """One look after another at the screen; asks for advice about every new frame.

    Args:
        reader: Finds and decodes the barcode.
        restorer: Turns a frame into a state, and a state into the decision points it leads to.
        ask: `PlannerService.request`.
        enemies: How many enemies the kernels fight.
    """

    def __init__(self, reader: Reader, restorer: Restorer, ask: Callable[[Any, int, float, list[tuple[Any, float]]], None], *, enemies: int) -> None:
        self._reader = reader
        self._restorer = restorer
        self._ask = ask
        self._enemies = enemies
        self._sequence = -1
        self._captured_at = 0.0
        self._situation: Situation | None = None
        self._idle = ""
        self.captures: deque[tuple[int, float]] = deque(maxlen=REMEMBERED)

    def look(self) -> Signal:
        """Look once."""
        observation = self._reader.poll()
        if observation is not None:
            self._sequence, self._captured_at = self._sequence + 1, observation.received_at
            self.captures.append((self._sequence, self._captured_at))
            self._take(observation)
        link = self._reader.link
        state, detail = _STATES[link], self._reader.detail
        if link == Link.NOT_IN_WORLD:
            detail = "Waiting for the character to enter the world."
        elif link == Link.OK and self._idle:
            state, detail = State.IDLE, self._idle
        return Signal(state, detail, self._sequence, self._captured_at, self._situation)

    def _take(self, observation: Observation) -> None:
        """Ask for advice about a new frame.

        While a cast or the global cooldown runs, the question is what to do when it ends. Where chance decides until then (will the
        missile in flight crit?) the most likely outcome is asked about, and the window says how likely it is; the planner searches the others
        ahead, so that it knows what to do when one of them happens.
        """
        decisions = self._restorer.decisions(self._restorer.restore(observation))
        (state, likelihood), *others = sorted(decisions, key=lambda decision: -decision[1])
        finished = bool(state[HEADER_FINISHED])
        self._idle = "The fight is over." if finished else ""
        if not finished:
            self._ask(state, self._sequence, observation.received_at, others)
        values = observation.values
        ends = [end for end in (values["gcd.end"], values["cast.end"]) if end is not None]
        self._situation = Situation(
            target_health=values["target.health"],
            enemies=self._enemies,
            enemies_seen=None if values["enemies"] is None else int(values["enemies"]),
            fight_time=None if values["combat.start"] is None else -values["combat.start"],
            fight_length=float(state[HEADER_DURATION]) / 1e9,
            ready_at=observation.received_at + max([0.0, *ends]),
            likelihood=likelihood,
        )
