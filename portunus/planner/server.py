"""`portunus serve`: answers requests of another program, one JSON object per line on standard input and output; see `docs/serve.md`.

A thread reads; the caller's thread plans, one request after the other in the order they came. Requests can be cancelled while they wait and
while they run. Whatever comes in, the answer is an object with an `event`; nothing ends the server but `quit` or the end of its input.
"""

from __future__ import annotations

import json
import queue
import sys
import threading
import traceback
from collections.abc import Callable
from time import perf_counter
from typing import Any, BinaryIO, Protocol

import numpy as np

from portunus import __version__
from portunus.errors import PortunusError
from portunus.planner.messages import Suggestion
from portunus.planner.requests import MAX_LINE, MAX_WAITING, PROTOCOL, Id, Request, RequestError, read_request
from portunus.runtime.compiled import CompiledSpec
from portunus.runtime.signature import HEADER_FINISHED

PLAN_FIELDS = ("action", "label", "queue", "actions", "simulations", "search_ms", "network_ms", "depth")


class Situations(Protocol):
    """Reads states given by facts; `portunus.barcode.facts.Facts` is the real one."""

    def described(self) -> list[dict[str, str]]:
        """Every fact by name."""
        ...

    def read(self, facts: dict[str, Any], *, remains_s: float | None = None) -> tuple[np.ndarray, float]:
        """The most likely decision point, int64 [W], and its probability."""
        ...


class Plans(Protocol):
    """What answers: `Planner`, `SharedPlanner` or `Ponderer`."""

    def plan(
        self, state: np.ndarray, *, budget_ms: float | None = None, simulations: int | None = None, seed: int = 0, sequence: int = 0,
        allowed: np.ndarray | None = None, watch: Callable[[], bool] | None = None,
    ) -> Suggestion:  # fmt: skip
        """See `Planner.plan`."""
        ...

    def peek(self) -> tuple[str, int]:
        """The best action so far, inside a `watch`, and the simulations so far."""
        ...


class Server:
    """Answers one program.

    Args:
        compiled: The spec.
        planner: What answers.
        situations: Reads facts.
        source: Binary stream of lines.
        sink: Binary stream for the answers.
        evaluator: What judges states, in words.
        budget_ms: For plans without a budget.
        idle: Called over and over while nothing waits, until it returns False, with what says that something waits; used to search ahead.
    """

    def __init__(
        self, compiled: CompiledSpec, planner: Plans, situations: Situations, source: BinaryIO, sink: BinaryIO, *,
        evaluator: str, budget_ms: float, idle: Callable[[Callable[[], bool]], bool] | None = None,
    ) -> None:  # fmt: skip
        self._compiled = compiled
        self._planner = planner
        self._situations = situations
        self._source, self._sink = source, sink
        self._evaluator, self._budget_ms, self._idle = evaluator, budget_ms, idle
        self._names = [action.name for action in compiled.actions]
        self._lock = threading.Lock()  # of what follows, and of the sink
        self._open: set[Id] = set()  # ids of plans that wait or run
        self._cancelled: set[Id] = set()
        self._requests: queue.Queue[Request | None] = queue.Queue()

    def run(self) -> None:
        """Answer until the input ends; what has been asked until then is answered first."""
        self._send(self._ready())
        threading.Thread(target=self._read, name="serve-read", daemon=True).start()
        while (request := self._next()) is not None:
            self._answer(request)

    def _next(self) -> Request | None:
        if self._idle is not None:
            while self._requests.empty() and self._idle(lambda: not self._requests.empty()):
                pass
        return self._requests.get()

    # ---- the reader's thread ------------------------------------------------------------------------------------------------------

    def _read(self) -> None:
        try:
            while line := self._source.readline(MAX_LINE + 1):
                if len(line) > MAX_LINE:
                    while not line.endswith(b"\n") and (line := self._source.readline(MAX_LINE)):
                        pass
                    self._fail(RequestError("limit", f"a line is longer than {MAX_LINE} bytes"))
                elif line.strip() and not self._take(line):
                    break
        except (OSError, ValueError):
            pass  # the input was closed under us: the same as its end
        self._requests.put(None)

    def _take(self, line: bytes) -> bool:
        """Queue one request, or do at once what must not wait; False ends the reading."""
        try:
            request = read_request(line, actions=self._names, default_budget_ms=self._budget_ms)
            if request.operation == "plan":
                self._enqueue(request)
            elif request.operation == "cancel":
                self._cancel(request)
            elif request.operation == "describe":
                self._send(self._ready() | {"id": request.number})
            else:
                with self._lock:
                    self._cancelled |= self._open
                return False
        except RequestError as error:
            self._fail(error)
        except Exception as error:
            traceback.print_exc()
            self._fail(RequestError("internal", f"internal error: {type(error).__name__}: {error}", hint="Please report this; the details are on standard error."))
        return True

    def _enqueue(self, request: Request) -> None:
        assert request.number is not None
        with self._lock:
            if request.number in self._open:
                raise RequestError("request", "a request of this id is not answered yet", hint="Use a new id for each request.", number=request.number)
            if len(self._open) >= MAX_WAITING:
                raise RequestError("limit", f"{MAX_WAITING} requests are waiting already", hint="Cancel some, or wait for answers.", number=request.number)
            self._open.add(request.number)
        self._requests.put(request)

    def _cancel(self, request: Request) -> None:
        assert request.target is not None
        with self._lock:
            known = request.target in self._open
            if known:
                self._cancelled.add(request.target)
        if not known:
            raise RequestError("request", f"no request {request.target!r} waits or runs", number=request.number)

    # ---- the planner's thread -----------------------------------------------------------------------------------------------------

    def _answer(self, request: Request) -> None:
        number = request.number
        try:
            if self._is_cancelled(number):
                raise RequestError("cancelled", "cancelled")
            state, likelihood = self._state(request)
            suggestion = self._planner.plan(
                state, budget_ms=request.budget_ms, simulations=request.simulations, seed=request.search_seed,
                allowed=self._allowed(request), watch=self._watch(request),
            )  # fmt: skip
            if self._is_cancelled(number):
                raise RequestError("cancelled", "cancelled")
            told = suggestion.to_json()
            answer = {"event": "answer", "id": number, "time_s": int(state[0]) * 1e-9, "likelihood": likelihood}
            answer |= {field: told[field] for field in PLAN_FIELDS}
            if request.tree:
                answer["tree"] = told["tree"]
            self._finish(number, answer)
        except RequestError as error:
            error.number = number
            self._finish(number, _cancelled(number) if error.code == "cancelled" else _problem(error))
        except PortunusError as error:
            self._finish(number, _problem(RequestError("plan", error.message, hint=error.hint, number=number)))
        except Exception as error:
            traceback.print_exc()
            told_error = RequestError("internal", f"internal error: {type(error).__name__}: {error}", hint="Please report this; the details are on standard error.")
            told_error.number = number
            self._finish(number, _problem(told_error))

    def _is_cancelled(self, number: Id | None) -> bool:
        with self._lock:
            return number in self._cancelled

    def _watch(self, request: Request) -> Callable[[], bool]:
        """Asked between chunks of simulations: sends what is known now and then, and says whether to stop."""
        begun = last = perf_counter()

        def watch() -> bool:
            nonlocal last
            now = perf_counter()
            if request.partial_ms is not None and (now - last) * 1e3 >= request.partial_ms:
                last = now
                action, simulations = self._planner.peek()
                self._send({"event": "partial", "id": request.number, "action": action, "simulations": simulations, "search_ms": (now - begun) * 1e3})
            return self._is_cancelled(request.number)

        return watch

    def _state(self, request: Request) -> tuple[np.ndarray, float]:
        try:
            if request.facts is not None:
                return self._situations.read(request.facts, remains_s=request.remains_s)
            return self._played(request), 1.0
        except RequestError:
            raise
        except PortunusError as error:
            raise RequestError("state", error.message, hint=error.hint) from error

    def _played(self, request: Request) -> np.ndarray:
        """The state after the actions of a fight, or where the default rotation stands at a time."""
        from portunus.search.fights import state_at

        if request.at_s is not None:
            return state_at(self._compiled, round(request.at_s * 1e9), seed=request.seed)
        state, rng = self._compiled.new_state(), self._compiled.new_rng(request.seed)
        self._compiled.reset(state, rng)
        for place, name in enumerate(request.actions):
            if state[HEADER_FINISHED]:
                raise RequestError("state", f"the fight is over before action {place} ({name})")
            action = self._names.index(name)
            legal = self._compiled.legal(state)
            if not legal[action]:
                possible = ", ".join(n for n, can in zip(self._names, legal, strict=True) if can)
                raise RequestError("state", f"action {place} ({name}) is not possible at {int(state[0]) * 1e-9:.3f} s", hint=f"Possible then: {possible}.")
            self._compiled.step(state, action, rng)
        return state

    def _allowed(self, request: Request) -> np.ndarray | None:
        if not request.allow and not request.deny:
            return None
        return np.array([(not request.allow or name in request.allow) and name not in request.deny for name in self._names])

    # ---- both -----------------------------------------------------------------------------------------------------------------------

    def _ready(self) -> dict[str, Any]:
        actions = [{"name": action.name, "label": action.label, "spell_id": action.spell_id} for action in self._compiled.actions]
        return {
            "event": "ready", "protocol": PROTOCOL, "version": __version__, "spec": self._compiled.name, "title": self._compiled.title,
            "layout": self._compiled.layout_hash, "judged_by": self._evaluator, "budget_ms": self._budget_ms,
            "damage_per_unit": self._compiled.reference_dps * self._compiled.gcd_seconds, "actions": actions, "facts": self._situations.described(),
        }  # fmt: skip

    def _finish(self, number: Id | None, message: dict[str, Any]) -> None:
        with self._lock:
            if number is not None:
                self._open.discard(number)
                self._cancelled.discard(number)
        self._send(message)

    def _fail(self, error: RequestError) -> None:
        self._send(_problem(error))

    def _send(self, message: dict[str, Any]) -> None:
        line = json.dumps(message, separators=(",", ":"), allow_nan=False).encode() + b"\n"
        with self._lock:
            try:
                self._sink.write(line)
                self._sink.flush()
            except OSError:
                print("serve: nobody reads the answers any more", file=sys.stderr)
                self._requests.put(None)


def _problem(error: RequestError) -> dict[str, Any]:
    return {"event": "error", "id": error.number, "error": {"code": error.code, "message": error.message, "hint": error.hint}}


def _cancelled(number: Id | None) -> dict[str, Any]:
    return {"event": "cancelled", "id": number}
