"""The compiled kernel beside the twin: the same fight, every field of the state and every result compared after every action."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from portunus.codegen.python import Twin
from portunus.compiler import compile_spec, pack_tables, tables_of
from portunus.errors import PortunusError
from portunus.runtime.compiled import CompiledSpec
from portunus.testing.fight import Played, Subject
from portunus.testing.laws import Broken
from portunus.testing.plan import Case, Exactly


class KernelCheck:
    """Plays fights in both targets.

    Args:
        subject: The spec; it is compiled here (or taken from the cache).

    Raises:
        PortunusError: The spec cannot be compiled.
    """

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self._compiled = compile_spec(subject.model, profile=subject.profile)
        self._twins = {form: Twin(subject.program, form) for form in ("sampled", "expected")}

    def play(self, case: Case) -> Played:
        """Play a case in the twin, then its actions in both targets side by side."""
        played = self.subject.play(case)
        if played.broken is not None:
            return played
        return self._compare(replace(case, plan=(Exactly(played.actions),)), played)

    def _compare(self, case: Case, played: Played) -> Played:
        tables = tables_of(self.subject.program, case.profile, case.encounter)
        kernel = replace(self._compiled, tables=pack_tables(self.subject.program, tables), table_values=tables)
        call, expected = self._twins[case.form].functions, case.form == "expected"
        s: Any
        m: Any
        s, t, m = self._twins[case.form].blocks(tables)
        r = [case.seed % (1 << 64), 0, 0, 0]
        state, rng = kernel.new_state(), kernel.new_rng(case.seed)
        self._twins["sampled"].functions["begin"](s, t, m, r)
        kernel.reset(state, rng)
        for number, action in enumerate(played.actions):
            try:
                self._same(kernel, s, t, state)
                before = s.damage
                call["step"](s, t, m, r, action)
                result = kernel.step(state, action, rng, expected=expected)
                if result != (s.damage - before, m.probability, m.signature):
                    raise Broken("kernel", f"{kernel.actions[action].label}: the kernel gives {result}, the twin {(s.damage - before, m.probability, m.signature)}")
                self._same(kernel, s, t, state)
            except PortunusError as error:
                return Played(played.actions[: number + 1], Broken("kernel", f"only the kernel stopped: {error.message}"), s.now)
            except Broken as broken:
                return Played(played.actions[: number + 1], broken, s.now)
        return played

    def _same(self, kernel: CompiledSpec, s: Any, t: Any, state: np.ndarray) -> None:
        view = kernel.view(state)
        for field in kernel.layout.layout.state:
            if not np.array_equal(np.asarray(getattr(s, field.name)), view[field.name]):
                raise Broken("kernel", f"`{field.name}` is {view[field.name]} in the kernel, {getattr(s, field.name)} in the twin")
        mask = [0] * len(kernel.actions)
        self._twins["sampled"].functions["legal"](s, t, mask)
        if kernel.legal(state).tolist() != mask:
            raise Broken("kernel", "the kernel and the twin do not find the same actions legal")
