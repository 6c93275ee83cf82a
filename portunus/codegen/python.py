"""Programs as plain Python: the slow twin, the oracle the compiled kernels are tested against, and the one that writes traces.

The same functions run over ordinary objects: a block is an object with attributes, arrays are lists. `watch` names functions whose calls
are reported to a listener.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from portunus.ir.layout import Field
from portunus.ir.program import Program, source
from portunus.runtime import queue_python, random_python


class Block:
    """A state, tables or metrics block as an object with one attribute per field."""

    def __init__(self, fields: tuple[Field, ...], values: dict[str, Any] | None = None) -> None:
        for f in fields:
            zero: Any = 0 if f.type == "int" else 0.0
            value = values.get(f.name, zero) if values else zero
            setattr(self, f.name, list(value) if values and f.array and f.name in values else [zero] * f.size if f.array else value)

    def values(self, fields: tuple[Field, ...]) -> dict[str, Any]:
        """The block's content by field name."""
        return {f.name: list(getattr(self, f.name)) if f.array else getattr(self, f.name) for f in fields}


Listener = Callable[[str, tuple[Any, ...]], None]


class Twin:
    """A program run as plain Python.

    Args:
        program: The lowered spec.
        form: "sampled" or "expected".
        listener: Called before each function of `watch` with its name and arguments.
        watch: Names of the functions to report.
    """

    def __init__(self, program: Program, form: str = "sampled", *, listener: Listener | None = None, watch: frozenset[str] = frozenset()) -> None:
        self.program = program
        names: dict[str, Any] = {"uniform": random_python.uniform, "proc": random_python.proc, "chance": random_python.chance,
                                 "stream": random_python.stream, "restore": random_python.restore, "stream_next": random_python.stream_next, "stream_uniform": random_python.stream_uniform,
                                 "earliest": queue_python.earliest, "soonest": queue_python.soonest, "shared": queue_python.shared, "first_due": queue_python.first_due,
                                 "sqrt": math.sqrt, "min": min, "max": max, "int": int, "range": range, "__builtins__": {}}
        for function in program.sampled if form == "sampled" else program.expected:
            self._define(names, source(function), function.name)
        self.rotations = {}
        for name, function in program.rotations.items():
            self._define(names, source(function), "rotation")
            self.rotations[name] = names.pop("rotation")
        if listener is not None:
            for name in watch:
                names[name] = self._reported(name, names[name], listener)
        self.functions = names

    @staticmethod
    def _define(names: dict[str, Any], text: str, name: str) -> None:
        exec(compile(text, f"<{name}>", "exec"), names)  # the text passed the allow-list of portunus.ir.program

    @staticmethod
    def _reported(name: str, function: Callable[..., Any], listener: Listener) -> Callable[..., Any]:
        def reported(*args: Any) -> Any:
            listener(name, args)
            return function(*args)

        return reported

    def blocks(self, tables: dict[str, Any]) -> tuple[Block, Block, Block]:
        """Fresh state, tables and metrics blocks."""
        return (Block(self.program.layout.state), Block(self.program.tables.fields(), tables), Block(self.program.layout.metrics))

    def follow(self, s: Any, t: Any, m: Any, r: list[int], rotation: str) -> None:
        """Take the action of a priority list and go on to the next decision point."""
        call, read = self.functions, self.rotations[rotation]
        if "act" not in call:
            call["step"](s, t, m, r, read(s, t))
            return
        s.stream = r[0]
        action = read(s, t)
        r[0] = s.stream % (1 << 64)
        call["act"](s, t, m, r, action)
        if call["reads_again"](s, t, action):
            s.stream = r[0]
            read(s, t)
            r[0] = s.stream % (1 << 64)
        if s.finished == 0:
            call["advance"](s, t, m, r)

    def fight(self, tables: dict[str, Any], seed: int, rotation: str, *, before: Block | None = None) -> tuple[Block, Block]:
        """Play one whole fight; returns the final state and the metrics.

        `before` is the final state of the fight before, of which something may be left over (an artefact of the reference); it is written over.
        """
        s, t, m = self.blocks(tables)
        s = s if before is None else before
        r = [seed, 0, 0, 0]
        call = self.functions
        call["begin"](s, t, m, r)
        while s.finished == 0:  # type: ignore[attr-defined]
            self.follow(s, t, m, r, rotation)
        call["finalize"](s, t, m)
        return s, m
