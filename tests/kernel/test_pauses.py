"""A decision in the middle of an event: what is left of the event waits in the state, for each copy of it."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest

from portunus.cli.client import twin_spec
from portunus.codegen.python import Twin
from portunus.compiler import compile_spec
from portunus.ir.program import lower
from portunus.search.key import hash_state, key_of
from portunus.sim.fights import run_fights

SPEC = Path(__file__).parents[2] / "specs" / "examples" / "rage_swings.spec"


class Played:
    """A fight of the twin, up to where it is interrupted."""

    def __init__(self, form: str = "sampled", seed: int = 3) -> None:
        spec = twin_spec(SPEC)
        self.names = [a.name for a in spec.program.actions]
        self.twin = Twin(spec.program, form)
        self.s, self.t, self.m = self.twin.blocks(dict(spec.table_values))
        self.r = [seed, 0, 0, 0]
        Twin(spec.program).functions["begin"](self.s, self.t, self.m, self.r)

    def step(self, action: str) -> None:
        self.twin.functions["step"](self.s, self.t, self.m, self.r, self.names.index(action))

    def wait_for(self, condition) -> None:
        while not self.s.finished and not condition(self.s):
            self.step("wait")

    def copied(self) -> Played:
        other = copy.copy(self)
        other.s, other.m, other.r = copy.deepcopy(self.s), copy.deepcopy(self.m), list(self.r)
        return other


def test_the_player_acts_before_the_rest_of_the_event() -> None:
    """Rage comes with a hit: a Slam at that instant is dealt before what the hit brings besides, and the hit goes on where it was."""
    fight = Played()
    fight.wait_for(lambda s: s.paused and s.rage >= 50 and s.gcd_end <= s.now and s.fury_on == 0)
    assert fight.s.pile > 0
    before = (fight.s.now, fight.s.pile)
    fight.step("slam")
    assert (fight.s.now, fight.s.pile) == before  # still the same instant, still within the hit
    while fight.s.pile:
        fight.step("wait")
    assert (fight.s.now, fight.s.paused) == (before[0], 0)


@pytest.mark.parametrize("form", ["sampled", "expected"])
def test_copies_of_a_paused_state_go_on_by_themselves(form: str) -> None:
    fight = Played(form)
    fight.wait_for(lambda s: s.paused and s.pile > 0 and s.rage >= 40)
    one, two, three = fight.copied(), fight.copied(), fight.copied()
    for copied in (one, two):
        for _ in range(40):
            copied.step("wait")
    assert vars(one.s) == vars(two.s)
    three.step("queue_blow")
    for _ in range(39):
        three.step("wait")
    assert three.s.damage != one.s.damage
    assert vars(fight.s) == vars(fight.copied().s)
    assert fight.s.paused == 1


def test_compiled_and_readable_form_pause_alike() -> None:
    """Whole fights are the same to the last bit; so are random actions in the expected form, paused or not; and equal states have equal keys."""
    compiled = compile_spec(SPEC)
    program = lower(compiled.model)
    totals = run_fights(compiled, 3, seed=42)
    twin, expected = Twin(program), Twin(program, "expected")
    for fight in range(3):
        state, _ = twin.fight(dict(compiled.table_values), 42 + fight, "default")
        assert (state.damage, state.fault) == (totals.damage[fight], 0)
    s, t, m = twin.blocks(dict(compiled.table_values))
    r = [7, 0, 0, 0]
    twin.functions["begin"](s, t, m, r)
    state, rng, chooser, key = compiled.new_state(), compiled.new_rng(7), np.random.default_rng(3), key_of(compiled)
    compiled.reset(state, rng)
    paused, steps = 0, 0
    while not state[2] and steps < 400:
        view = compiled.view(state)
        assert [f.name for f in compiled.layout.layout.state if not np.array_equal(np.asarray(getattr(s, f.name)), view[f.name])] == []
        paused += int(s.paused and s.pile > 0)
        if not s.pile:  # what lies above the pile is forgotten
            other = state.copy()
            compiled.view(other)["pile_site"][:] = 3
            assert hash_state(key, other) == hash_state(key, state)
        action = int(chooser.choice(np.flatnonzero(compiled.legal(state))))
        reward, probability, signature = compiled.step(state, action, rng, expected=True)
        before = s.damage
        expected.functions["step"](s, t, m, r, action)
        assert (s.damage - before, m.probability, m.signature) == (reward, probability, signature)
        steps += 1
    assert paused > 20
