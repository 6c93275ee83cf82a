"""The planner's own process: reads states from its standard input, writes suggestions to its standard output, as frames.

Started by `portunus.planner.service` as `python -m portunus.planner.worker`; it has no port and no file of its own. Three threads:
one reads and keeps only the newest state, one beats every 100 ms, the main one searches, and searches ahead while no state waits. The process
ends when its input ends.
"""

from __future__ import annotations

import faulthandler
import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from portunus import __version__
from portunus.errors import PortunusError
from portunus.planner.messages import Suggestion
from portunus.planner.wire import BEAT, PROTOCOL, FrameWriter, Kind, WireError, from_body, read_frame, state_from, to_body

BEAT_SECONDS = 0.1
NICENESS = 5  # the game and the window come first
MAX_STATE_WORDS = 32_000  # what fits into one frame


class Engine(Protocol):
    """What the worker needs of a planner; `LocalEngine` is the real one."""

    spec_name: str
    layout_hash: str
    state_words: int
    evaluator: str  # what values the leaves of the search, in words

    def plan(self, words: bytes, *, sequence: int, budget_ms: float, likely: list[tuple[bytes, float]]) -> Suggestion:
        """The answer for a state of `state_words` raw words within the budget; `likely` are states that may come next."""

    def think(self, interrupted: Callable[[], bool]) -> bool:
        """Search ahead for a fraction of a second or until interrupted; False when there is nothing left to think about."""


class LocalEngine:
    """Compiled kernels and the search, for one spec, profile and encounter.

    Args:
        hello: `spec`, `profile`, `encounter`, `model`, `network` as the service sent them.

    Raises:
        PortunusError: The spec, profile, encounter or model is unusable.
    """

    def __init__(self, hello: dict[str, Any]) -> None:
        from portunus.compiler import compile_spec
        from portunus.planner.local import Planner, open_evaluator
        from portunus.planner.ponder import Ponderer

        self._compiled = compile_spec(Path(hello["spec"]), profile=hello["profile"], encounter=hello["encounter"])
        model = hello["model"] if hello["network"] else None
        self._planner = Ponderer(Planner(self._compiled, open_evaluator(self._compiled, model)))
        self.spec_name = self._compiled.name
        self.layout_hash = self._compiled.layout_hash
        self.state_words = self._compiled.layout.state_words
        self.evaluator = "network" if model else "rotation"
        first = self._compiled.new_state()
        self._compiled.reset(first, self._compiled.new_rng(0))
        self._planner.plan(first, budget_ms=20, seed=0)  # compiles and warms up before the first real question
        self._planner.think()

    def plan(self, words: bytes, *, sequence: int, budget_ms: float, likely: list[tuple[bytes, float]]) -> Suggestion:
        """Search from a state. The seed is always the same: what chance does differently would change the advice for no reason."""
        import numpy

        state, *others = (numpy.frombuffer(raw, dtype=numpy.int64).copy() for raw in (words, *(raw for raw, _ in likely)))
        expected = [(other, chance) for other, (_, chance) in zip(others, likely, strict=True)]
        return self._planner.plan(state, budget_ms=budget_ms, seed=1, sequence=sequence, likely=expected)

    def think(self, interrupted: Callable[[], bool]) -> bool:
        """See `Engine`."""
        return self._planner.think(interrupted)


def search_time_ms(budget_ms: float, age_ms: float) -> float:
    """How long to search for a state that is already `age_ms` old.

    `budget_ms` counts from the capture of the pixels to the answer. Seven tenths of it at most go into one search, so that a change
    right after its start is answered within less than two budgets; a tenth at least, so that a late state still gets an answer.
    """
    return max(0.1 * budget_ms, min(0.7 * budget_ms, budget_ms - age_ms - 10.0))


class _Mailbox:
    """One slot: the newest state waits, older ones are dropped."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._item: tuple[int, bytes] | None = None
        self._closed = False

    def put(self, sequence: int, body: bytes) -> None:
        with self._changed:
            self._item = (sequence, body)
            self._changed.notify()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()

    def waiting(self) -> bool:
        """Is there something to take?"""
        return self._closed or self._item is not None

    def take(self) -> tuple[int, bytes] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._item is not None)
            item, self._item = self._item, None
            return None if self._closed else item


class _Beat(threading.Thread):
    """Says every 100 ms that the process is alive, and for how long the main thread has been busy with one search."""

    def __init__(self, writer: FrameWriter) -> None:
        super().__init__(name="beat", daemon=True)
        self._writer = writer
        self.busy_since: float | None = None

    def run(self) -> None:
        while True:
            since = self.busy_since
            busy_ms = 0 if since is None else min(2**32 - 1, 1 + int(1000 * (time.monotonic() - since)))
            try:
                self._writer.write(Kind.BEAT, 0, BEAT.pack(busy_ms))
            except OSError:
                os._exit(0)  # the service is gone; the main thread may be compiling for minutes and would not notice
            time.sleep(BEAT_SECONDS)


def serve(source: BinaryIO, sink: BinaryIO, make_engine: Callable[[dict[str, Any]], Engine]) -> int:
    """Answer states until the source ends.

    Args:
        source: Unbuffered binary stream of frames from the service.
        sink: Unbuffered binary stream of frames to the service.
        make_engine: Builds the planner from the first message's fields.

    Returns:
        Exit code: 0 after a normal end, 2 when the first message or the spec was unusable (the service was told why).
    """
    writer = FrameWriter(sink)
    try:
        first = read_frame(source)
        if first is None:
            return 0
        if first.kind != Kind.HELLO:
            raise WireError("the first message to the planner is not a hello")
        hello = from_body(first.body)
        writer.write(Kind.GREETING, 0, to_body({"protocol": PROTOCOL, "package": __version__}))
        beat = _Beat(writer)
        beat.start()
        polite = sys.platform.startswith("linux")  # there niceness is the searching thread's only; the beat keeps its rank
        if polite and hello.get("spare"):
            os.nice(NICENESS)  # another one is at work meanwhile
        engine = make_engine(hello)
        if not 0 < engine.state_words <= MAX_STATE_WORDS:
            raise PortunusError(f"a state of {engine.state_words} words is larger than a planner message holds")
        ready = {"spec": engine.spec_name, "layout": engine.layout_hash, "words": engine.state_words, "evaluator": engine.evaluator}
        gc.collect()
        gc.freeze()  # the compiler's objects stay for good; looking through them again and again would interrupt searches
        writer.write(Kind.READY, 0, to_body(ready))
    except PortunusError as error:
        writer.write(Kind.PROBLEM, 0, to_body({"message": error.message, "hint": error.hint, "final": True}))
        return 2
    mailbox = _Mailbox()
    threading.Thread(target=_receive, args=(source, mailbox), name="receive", daemon=True).start()
    if polite and not hello.get("spare"):
        os.nice(NICENESS)
    while (item := _next(engine, beat, mailbox)) is not None:
        _answer(engine, beat, writer, item, float(hello["budget_ms"]))
    return 0


def _next(engine: Engine, beat: _Beat, mailbox: _Mailbox) -> tuple[int, bytes] | None:
    """Wait for the next state, and search ahead meanwhile."""
    thinking = True
    while thinking and not mailbox.waiting():
        beat.busy_since = time.monotonic()
        try:
            thinking = engine.think(mailbox.waiting)
        except PortunusError as error:  # nobody asked about that state; whoever does will be told
            print(f"planner: {error}", file=sys.stderr)
            thinking = False
        finally:
            beat.busy_since = None
    return mailbox.take()


def _answer(engine: Engine, beat: _Beat, writer: FrameWriter, item: tuple[int, bytes], budget_ms: float) -> None:
    sequence, body = item
    try:
        captured_ns, words, likely = state_from(body, engine.state_words)
        age_ms = max(0.0, (time.monotonic_ns() - captured_ns) / 1e6)
        beat.busy_since = time.monotonic()
        suggestion = engine.plan(words, sequence=sequence, budget_ms=search_time_ms(budget_ms, age_ms), likely=likely)
        answer = suggestion.to_json()
        answer["sequence"] = sequence
        answer["state_age_ms"] = max(0.0, (time.monotonic_ns() - captured_ns) / 1e6)
        writer.write(Kind.SUGGESTION, sequence, to_body(answer))
    except PortunusError as error:
        writer.write(Kind.PROBLEM, sequence, to_body({"message": error.message, "hint": error.hint, "final": False}))
    finally:
        beat.busy_since = None


def _receive(source: BinaryIO, mailbox: _Mailbox) -> None:
    """Fill the mailbox; when the service is gone, end the process even if a search is still running."""
    try:
        while (frame := read_frame(source)) is not None and frame.kind != Kind.STOP:
            if frame.kind == Kind.STATE:
                mailbox.put(frame.sequence, frame.body)
    except (WireError, OSError) as error:
        print(f"planner: {error}", file=sys.stderr)
    mailbox.close()
    time.sleep(1.0)
    os._exit(0)


def run(make_engine: Callable[[dict[str, Any]], Engine]) -> int:
    """Take over standard input and output for frames (prints then go to standard error) and serve."""
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the service decides when this process ends
    source = os.fdopen(os.dup(0), "rb", buffering=0)
    sink = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    try:
        return serve(source, sink, make_engine)
    except OSError as error:
        print(f"planner: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(run(LocalEngine))
