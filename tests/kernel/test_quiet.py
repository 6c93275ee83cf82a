"""Ticks played in a row come to the same as ticks one by one."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from portunus.cli.client import twin_spec
from portunus.cli.measure import subjects
from portunus.codegen.python import Twin
from portunus.ir.layout import silent
from portunus.ir.program import Program

ROOT = Path(__file__).parents[2]
SPECS = ROOT / "specs"


def _played(program: Program, form: str, tables: dict[str, object], rotation: str, *, in_a_row: bool) -> tuple[object, int]:
    """What a fight comes to, and how often the event loop went round."""
    counts: Counter[str] = Counter()
    twin = Twin(program, form, listener=lambda name, _: counts.update([name]), watch=frozenset({"next_event"}))
    if not in_a_row:
        twin.functions["quiet_ticks"] = lambda s, t, m, r: None
        twin.functions["silent_ticks"] = lambda s, t, m, limit: None
    s, m = twin.fight(tables, 11, rotation)
    state, counters = s.values(program.layout.state), m.values(program.layout.metrics)
    for name in ("order", "sequence", "tick_wanted"):  # how events were numbered, not what came of them
        state.pop(name, None)
    return (state, counters), counts["next_event"]


@pytest.mark.parametrize("form", ["sampled", "expected"])
@pytest.mark.parametrize("name", ["examples/energy_combo", "wotlk/rogue_combat", "wotlk/druid_feral", "wotlk/hunter_survival"])
def test_ticks_in_a_row_are_ticks_one_by_one(name: str, form: str) -> None:
    spec = twin_spec(SPECS / f"{name}.spec")
    played, rounds = _played(spec.program, form, dict(spec.table_values), "default", in_a_row=True)
    one_by_one, all_rounds = _played(spec.program, form, dict(spec.table_values), "default", in_a_row=False)
    assert played == one_by_one
    assert rounds < 0.9 * all_rounds


@pytest.mark.parametrize("name", ["hunter_beast_mastery", "hunter_survival", "mage_fire"])
def test_silent_ticks_change_nothing_with_the_artefacts_on(name: str) -> None:
    scenario = subjects((str(ROOT / "benchmarks" / "reference" / f"{name}.json"),))[0].scenario
    assert scenario is not None
    program, tables = scenario.lowered()
    assert silent(program.model)
    played, rounds = _played(program, "sampled", tables, scenario.rotation.name, in_a_row=True)
    one_by_one, all_rounds = _played(program, "sampled", tables, scenario.rotation.name, in_a_row=False)
    assert played == one_by_one
    assert rounds < all_rounds
