"""A spec's readable slow twin with a state that can be stopped between any two events.

Kernels only stop at decision points. The practice client must show what happens in between, and a state restored from the screen usually
lies in between; both run the same program as plain Python, which costs some 50 us an event and happens a few times a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from portunus.codegen.python import Listener, Twin
from portunus.ir.program import Program, lower

if TYPE_CHECKING:
    from portunus.dsl.model import Model
    from portunus.ir.layout import Layout
    from portunus.runtime.compiled import CompiledSpec
    from portunus.runtime.signature import Action


@dataclass(frozen=True)
class TwinSpec:
    """A lowered spec with the tables of one character and encounter: all a slow twin needs, without any compiled code.

    It answers to the names of `CompiledSpec` that the bridge uses, so that a window opens in a second on a machine that has compiled nothing.
    """

    program: Program
    table_values: Mapping[str, object]
    duration_ns: int
    enemies: int

    @property
    def name(self) -> str:
        """Name of the spec."""
        return self.program.model.name

    @property
    def model(self) -> Model:
        """What the spec says."""
        return self.program.model

    @property
    def actions(self) -> tuple[Action, ...]:
        """What the player can do; the last one is waiting."""
        return self.program.actions

    @property
    def gcd_seconds(self) -> float:
        """The ruleset's global cooldown."""
        return self.program.model.ruleset.gcd / 1e9

    @property
    def state_layout(self) -> Layout:
        """Fields and event slots of a state."""
        return self.program.layout

    def new_state(self) -> np.ndarray:
        """A zeroed state, int64 [state_words]."""
        return np.zeros(self.program.layout.state_words, np.int64)

    def view(self, state: np.ndarray) -> np.ndarray:
        """The named fields of a state."""
        return state.view(self.program.layout.state_dtype)[0]

    @classmethod
    def of(cls, compiled: CompiledSpec) -> TwinSpec:
        """The same of a compiled spec; the one asked for last is kept, for lowering takes half a second."""
        if not _latest or _latest[0][0] is not compiled:
            _latest[:] = [(compiled, cls(lower(compiled.model), compiled.table_values, compiled.duration_ns, compiled.enemies))]
        return _latest[0][1]


_latest: list[tuple[CompiledSpec, TwinSpec]] = []


class SpecTwin:
    """One state of a compiled spec as Python objects, and the functions of its program.

    Args:
        spec: The spec, with the tables of one character and encounter.
        form: "sampled" or "expected".
        seed: Seed of the random stream.
        listener, watch: See `portunus.codegen.python.Twin`.

    Attributes:
        s, t, m: State, tables and counters; `r` the random stream.
        call: Functions of the program by name.
        rotations: Priority lists by name, `rotations[name](s, t) -> action`.
    """

    def __init__(
        self, spec: TwinSpec, form: str, *, seed: int = 1, listener: Listener | None = None, watch: frozenset[str] = frozenset()
    ) -> None:
        self.spec = spec
        self.layout = spec.state_layout
        twin = Twin(spec.program, form, listener=listener, watch=watch)
        self.s: Any
        self.t: Any
        self.m: Any
        self.s, self.t, self.m = twin.blocks(dict(spec.table_values))
        self.r = [seed % (1 << 64), 0, 0, 0]
        self.call = twin.functions
        self.call["silent_ticks"] = lambda s, t, m, limit: None  # a client goes from event to event
        self.rotations = twin.rotations

    def load(self, state: np.ndarray) -> None:
        """Continue from a state, int64 [state_words]."""
        named = self.spec.view(state)
        for field in self.layout.state:
            value = named[field.name].tolist()
            setattr(self.s, field.name, value)

    def store(self) -> np.ndarray:
        """The current state as a kernel's block, int64 [state_words]."""
        state = self.spec.new_state()
        named = self.spec.view(state)
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
