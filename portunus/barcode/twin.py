"""A spec's readable slow twin with a state that can be stopped between any two events.

Kernels only stop at decision points. The practice client must show what happens in between, and a state restored from the screen usually
lies in between; both run the same program as plain Python, which costs some 50 us an event and happens a few times a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from portunus.codegen.python import Block, Listener, Twin
from portunus.ir.program import Program, lower

if TYPE_CHECKING:
    from portunus.dsl.model import Model
    from portunus.runtime.compiled import CompiledSpec


_lowered: list[tuple[Model, Program]] = []


def _program(model: Model) -> Program:
    """The lowered model; the one asked for last is kept, for lowering takes half a second."""
    if not _lowered or _lowered[0][0] is not model:
        _lowered[:] = [(model, lower(model))]
    return _lowered[0][1]


class SpecTwin:
    """One state of a compiled spec as Python objects, and the functions of its program.

    Args:
        compiled: The spec, with the tables of one character and encounter.
        form: "sampled" or "expected".
        seed: Seed of the random stream.
        listener, watch: See `portunus.codegen.python.Twin`.

    Attributes:
        s, t, m: State, tables and counters; `r` the random stream.
        call: Functions of the program by name.
        rotations: Priority lists by name, `rotations[name](s, t) -> action`.
    """

    def __init__(
        self, compiled: CompiledSpec, form: str, *, seed: int = 1, listener: Listener | None = None, watch: frozenset[str] = frozenset()
    ) -> None:
        self.compiled = compiled
        self.layout = compiled.layout.layout
        twin = Twin(_program(compiled.model), form, listener=listener, watch=watch)
        self.s: Any
        self.t: Any
        self.m: Any
        self.s, self.t, self.m = twin.blocks(dict(compiled.table_values))
        self.r = [seed % (1 << 64), 0, 0, 0]
        self.call = twin.functions
        self.rotations = twin.rotations

    def load(self, state: np.ndarray) -> None:
        """Continue from a state, int64 [state_words]."""
        named = self.compiled.view(state)
        for field in self.layout.state:
            value = named[field.name].tolist()
            setattr(self.s, field.name, value)

    def store(self) -> np.ndarray:
        """The current state as a kernel's block, int64 [state_words]."""
        state = self.compiled.new_state()
        named = self.compiled.view(state)
        for field in self.layout.state:
            named[field.name] = getattr(self.s, field.name)
        return state

    def run(self, name: str, *arguments: Any) -> Any:
        """Call a function of the program that takes state, tables, counters and random stream first."""
        return self.call[name](self.s, self.t, self.m, self.r, *arguments)

    def begin(self) -> None:
        """Start a fresh fight before its prepull, with nothing played yet (the program's own `begin` goes on to the first decision)."""
        advance = self.call["advance"]
        self.call["advance"] = lambda s, t, m, r: None
        try:
            self.run("begin")
        finally:
            self.call["advance"] = advance

    @property
    def next_at(self) -> int:
        """Instant of the next event, ns since the pull."""
        return min(*self.s.at, self.s.expire_at)

    @property
    def must_decide(self) -> bool:
        """Is the state at a decision point? (Where waiting is the only choice the twin waits on its own.)"""
        if self.s.finished or not self.s.deciding:
            return False
        if self.t.auto_wait == 0 or self.call["any_legal"](self.s, self.t):
            return True
        self.call["wait"](self.s, self.t)
        return False
