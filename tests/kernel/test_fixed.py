"""Whole fights written out for one character and list are the fights of the general program, to the last bit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from portunus.codegen.python import Twin
from portunus.compiler import compile_spec
from portunus.errors import PortunusError
from portunus.ir.fixed import fixed_fights
from portunus.ir.program import Program, source
from portunus.runtime.compiled import CompiledSpec
from portunus.sim.arrangement import arrange
from portunus.sim.fights import run_fights
from portunus.sim.prepared import prepare

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(path.stem for path in (ROOT / "specs/examples").glob("*.spec") if "rotation " in path.read_text())


def _agree(program: Program, tables: dict[str, Any], rotation: str, *, fights: int) -> tuple[int, int]:
    """Fights of the general and of the fixed twin are equal; lines of both texts."""
    fixed = fixed_fights(program, tables, rotation)
    general, own = Twin(program), Twin(replace(program, sampled=fixed, rotations={}))
    before, state = None, None
    for seed in range(1, fights + 1):
        before, counters = general.fight(dict(tables), seed, rotation, before=before)
        fresh, t, m = own.blocks(dict(tables))
        state = fresh if state is None else state
        r = [seed, 0, 0, 0]
        for name, arguments in (("begin", (state, t, m, r)), ("play", (state, t, m, r)), ("finalize", (state, t, m))):
            own.functions[name](*arguments)
        for name in ("damage", "events", "fault", "now"):
            assert getattr(state, name) == getattr(before, name), name
        found, expected = (block.values(program.layout.metrics) for block in (m, counters))
        assert found.pop("decisions") > 0
        for name in ("decisions", "probability", "signature", "draws"):
            found.pop(name, None)
            expected.pop(name, None)
        assert found == expected
    return sum(source(f).count("\n") for f in program.sampled), sum(source(f).count("\n") for f in fixed)


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples(name: str) -> None:
    for reference in (False, True):
        program, tables = arrange(str(ROOT / f"specs/examples/{name}.spec"), encounter="one_minute", reference=reference).lowered
        _agree(program, tables, "default", fights=1)


@pytest.mark.parametrize("encounter", ["three_targets", "busy"])
def test_encounters(encounter: str) -> None:
    program, tables = arrange(str(ROOT / "specs/examples/crowd.spec"), encounter=encounter).lowered
    _agree(program, tables, "default", fights=1)


@pytest.mark.parametrize("name", ["hunter_survival", "druid_balance", "rogue_combat"])
def test_scenarios_of_the_reference(name: str) -> None:
    (scenario,) = prepare([ROOT / f"benchmarks/reference/{name}.json"])
    program, tables = scenario.lowered()
    general, fixed = _agree(program, tables, scenario.rotation.name, fights=1)
    assert fixed < 0.9 * general


def test_the_numbers_of_scheduling_begin_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portunus.ir.keys._SEQUENCE_BITS", 10)  # used up every few seconds of a fight
    program, tables = arrange(str(ROOT / "specs/examples/energy_combo.spec"), reference=True).lowered
    _agree(program, tables, "default", fights=2)


def test_compiled_fights_are_equal(crowd_busy: CompiledSpec) -> None:
    fixed = compile_spec("specs/examples/crowd.spec", encounter="busy", fixed=True)
    expected, found = run_fights(crowd_busy, 40, seed=9), run_fights(fixed, 40, seed=9)
    for name in ("damage", "casts", "hits", "crits", "misses", "row_damage", "aura_uptime_s", "aura_procs", "gains"):
        assert np.array_equal(getattr(found, name), getattr(expected, name)), name
    with pytest.raises(PortunusError, match="whole fights only"):
        fixed.legal(fixed.new_state())
