"""Laws of every fight, whatever is pressed."""

from __future__ import annotations

from functools import cache

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from portunus.compiler import compile_spec
from portunus.runtime.compiled import CompiledSpec
from portunus.sim.fights import run_fights


@cache
def compiled_mage() -> CompiledSpec:
    """Hypothesis repeats a test's body; fixtures of a test's scope would not do."""
    return compile_spec("specs/wotlk/mage_fire.spec")


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**63 - 1), choices=st.lists(st.integers(0, 1000), min_size=20, max_size=120), expected=st.booleans())
def test_any_legal_play_keeps_the_laws(seed: int, choices: list[int], expected: bool) -> None:
    mage = compiled_mage()
    state, rng = mage.new_state(), mage.new_rng(seed)
    mage.reset(state, rng)
    view = mage.view(state)
    maximum = mage.table_values["mana_max"]
    now = view["now"]
    for choice in choices:
        if view["finished"]:
            break
        legal = np.flatnonzero(mage.legal(state))
        assert legal[-1] == len(mage.actions) - 1
        reward, probability, _ = mage.step(state, int(legal[choice % len(legal)]), rng, expected=expected)
        assert reward >= 0
        assert 0 < probability <= 1
        assert now <= view["now"] <= view["duration"]
        now = int(view["now"])
        assert 0 <= view["mana"] <= maximum + 1e-6
        assert view["fault"] == 0
        assert 0 <= view["combustion_power_crits"] <= 2
        assert view["uses_mana_gem"] >= 0
        assert np.isfinite(mage.features(state)).all()


def test_same_seed_same_result_for_any_number_of_workers(mage: CompiledSpec) -> None:
    one = run_fights(mage, 1200, seed=9)
    two = run_fights(mage, 1200, seed=9, workers=2)
    assert np.array_equal(one.damage, two.damage)
    assert np.array_equal(one.casts, two.casts)
    assert np.array_equal(one.row_damage, two.row_damage)


def test_a_clone_is_independent(mage: CompiledSpec) -> None:
    state, rng = mage.new_state(), mage.new_rng(4)
    mage.reset(state, rng)
    kept = state.copy()
    mage.step(state, mage.rotation(state), rng)
    other, again = kept.copy(), kept.copy()
    mage.step(other, mage.rotation(other), mage.new_rng(99))
    mage.step(again, mage.rotation(again), mage.new_rng(99))
    assert np.array_equal(other, again)
    assert not np.array_equal(kept, other)
