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

NUMBERING = ("order", "sequence", "tick_wanted", "decisions", "last_action", "list_pending_at", "list_stays", "list_wants")


def _played(program: Program, form: str, tables: dict[str, object], rotation: str, *, in_a_row: bool) -> tuple[object, int]:
    """What a fight comes to, and how often the event loop went round."""
    counts: Counter[str] = Counter()
    twin = Twin(program, form, listener=lambda name, _: counts.update([name]), watch=frozenset({"next_event"}))
    if not in_a_row:
        twin.functions["quiet_ticks"] = lambda s, t, m, r: None
        twin.functions["silent_ticks"] = lambda s, t, m, limit: None
        twin.functions["pass_polls"] = lambda s, t, m: None
        twin.functions["may_act"] = lambda s, t: t.auto_wait == 0 or twin.functions["any_legal"](s, t)
    s, m = twin.fight(tables, 11, rotation)
    state, counters = s.values(program.layout.state), m.values(program.layout.metrics)
    for name in list(state):  # how events and questions were numbered, not what came of them
        if name in NUMBERING or name.startswith("pile"):
            del state[name]
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
    program, tables, rotation = _scenario(name)
    assert silent(program.model)
    played, rounds = _played(program, "sampled", tables, rotation, in_a_row=True)
    one_by_one, all_rounds = _played(program, "sampled", tables, rotation, in_a_row=False)
    assert played == one_by_one
    assert rounds < all_rounds


@pytest.mark.parametrize("name", ["warrior_fury", "rogue_combat", "druid_feral", "paladin_retribution"])
def test_polls_that_are_passed_over_would_have_found_nothing(name: str) -> None:
    program, tables, rotation = _scenario(name)
    played, rounds = _played(program, "sampled", tables, rotation, in_a_row=True)
    one_by_one, all_rounds = _played(program, "sampled", tables, rotation, in_a_row=False)
    assert played == one_by_one
    assert rounds < 0.75 * all_rounds


def _scenario(name: str) -> tuple[Program, dict[str, object], str]:
    scenario = subjects((str(ROOT / "benchmarks" / "reference" / f"{name}.json"),))[0].scenario
    assert scenario is not None
    return *scenario.lowered(), scenario.rotation.name
