"""Encounters in which something happens by itself: enemies that come and go, times of moving, windows of other damage, phases by health."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from portunus.cli.client import twin_spec
from portunus.codegen.numba import engine_module
from portunus.codegen.python import Twin
from portunus.compiler import program_of, resolve_encounter
from portunus.dsl import limits
from portunus.dsl.diagnostics import DiagnosticError
from portunus.dsl.script import NEVER_NS, Window, places, scenes
from portunus.resources import find_spec
from portunus.sim.arrangement import arrange
from portunus.sim.encounter import Encounter, load_encounter
from portunus.sim.results import health_gone_s
from portunus.sim.trace import trace_line, trace_program

SECOND = 10**9
MAGE, ROGUE = "wotlk/mage_fire.spec", "wotlk/rogue_combat.spec"


def written(folder: Path, *lines: str, duration: str = "300s") -> Encounter:
    """The encounter of a file with these lines in it."""
    path = folder / "made.spec"
    path.write_text(f'encounter made "Made" {{\n  duration {duration}\n  enemies 1   level 83   distance 20yd\n' + "".join(f"  {x}\n" for x in lines) + "}\n", encoding="utf-8")
    return load_encounter(path)


def play(spec: str, encounter: Encounter, seed: int = 1) -> tuple[Any, Any, Any]:
    """The end of a fight of the default rotation, its counters, and the program."""
    program, tables = replace(arrange(spec), encounter=encounter).lowered
    state, metrics = Twin(program).fight(tables, seed, "default")
    assert state.fault == 0
    return state, metrics, program


def told(spec: str, encounter: Encounter, seed: int = 1) -> list[Any]:
    program, tables = replace(arrange(spec), encounter=encounter).lowered
    return trace_program(program, tables, seed, "default")


# ---- the script ----------------------------------------------------------------------------------------------------------------------


def test_waves_that_overlap_have_different_enemies() -> None:
    numbers = [n for _, n in places([Window(10, 30, 2), Window(20, 40, 1), Window(30, 50, 2)], 1)]
    assert numbers == [(1, 2), (3,), (1, 2)]
    found = scenes(enemies=1, adds=(Window(10, 30, 2), Window(20, 40)), movement=(), vulnerable=(), duration_ns=100)
    assert [(x.at_ns, x.present) for x in found] == [(0, (0,)), (10, (0, 1, 2)), (20, (0, 1, 2, 3)), (30, (0, 3)), (40, (0,))]


def test_a_scene_knows_what_comes() -> None:
    found = scenes(enemies=1, adds=(), movement=(Window(10, 14), Window(14, 20), Window(50, 60)), vulnerable=(Window(5, 30, 2.0), Window(20, 40, 1.5)), duration_ns=100)
    assert [(x.at_ns, x.movement, x.until_ns[0]) for x in found if x.at_ns in (0, 10, 14, 20, 60)] == [
        (0, False, 10), (10, True, 20), (14, True, 20), (20, False, 50), (60, False, 60 + NEVER_NS)]
    assert [(x.at_ns, x.taken) for x in found if x.at_ns in (0, 5, 20, 30, 40)] == [(0, 1.0), (5, 2.0), (20, 3.0), (30, 1.5), (40, 1.0)]


def test_the_shipped_encounters_are_read() -> None:
    waves = load_encounter(find_spec("encounters/add_waves.spec"))
    assert waves.most_enemies == 3 and waves.mean_enemies == pytest.approx(1 + 2 * 20 / 60) and waves.scripted
    assert len(load_encounter(find_spec("encounters/movement.spec")).movement) == 10
    assert not load_encounter(find_spec("encounters/patchwerk.spec")).scripted


@pytest.mark.parametrize(("line", "code"), [
    ("movement from 20s to 20s", "PT309"), ("movement from 20s to 24s every 3s", "PT309"), ("adds 2 from 300s to 310s", "PT309"), ("adds 64 from 1s to 2s", "PT308"),
    ("vulnerable 200 from 1s to 2s", "PT308"), ("phase 30% at 20s", "PT308"), ("phase 20% at 100s", "PT309"), ("execute 20% 25%", "PT308"), ("movement from 1s", "PT302"),
    ("health 0", "PT308"),
])  # fmt: skip
def test_what_cannot_be_is_refused(line: str, code: str, tmp_path: Path) -> None:
    with pytest.raises(DiagnosticError) as caught:
        written(tmp_path, line)
    assert [item.code for item in caught.value.diagnostics] == [code]


def test_as_many_scenes_as_allowed_and_one_more(tmp_path: Path) -> None:
    most = written(tmp_path, "movement from 0s to 10ms every 20ms", duration=f"{limits.SCENES * 10}ms").scenes
    assert len(most) == limits.SCENES
    with pytest.raises(DiagnosticError) as caught:
        written(tmp_path, "movement from 0s to 10ms every 20ms", duration=f"{limits.SCENES * 10 + 10}ms")
    assert [item.code for item in caught.value.diagnostics] == ["PT018"]


# ---- fights --------------------------------------------------------------------------------------------------------------------------


def test_other_encounters_keep_their_kernels() -> None:
    plain, scripted = program_of(MAGE), program_of(MAGE, resolve_encounter("movement"))
    assert engine_module(program_of(MAGE, resolve_encounter("three_targets")), "sampled") == engine_module(plain, "sampled")
    assert "scene" not in engine_module(plain, "expected") and "t.scene_movement[s.scene]" in engine_module(scripted, "expected")
    assert engine_module(program_of(MAGE, resolve_encounter("add_waves")), "sampled") == engine_module(scripted, "sampled")


@pytest.mark.parametrize("spec", [MAGE, ROGUE, "wotlk/priest_shadow.spec", "wotlk/deathknight_frost.spec"])
def test_a_script_that_changes_nothing_changes_no_bit(spec: str, tmp_path: Path) -> None:
    plain, _, _ = play(spec, resolve_encounter(None), 7)
    still, _, program = play(spec, written(tmp_path, "vulnerable 100% from 60s to 80s every 90s"), 7)
    assert program.model.scripted and (still.damage, still.now) == (plain.damage, plain.now)


def test_damage_in_a_window(tmp_path: Path) -> None:
    _, plain, _ = play(ROGUE, resolve_encounter(None), 3)
    state, metrics, _ = play(ROGUE, written(tmp_path, "vulnerable 200% from 0s to 300s"), 3)
    assert sum(metrics.row_damage) == pytest.approx(2 * sum(plain.row_damage), rel=1e-12) and metrics.casts == plain.casts
    none, _, _ = play(ROGUE, written(tmp_path, "vulnerable 0% from 0s to 300s"), 3)
    assert none.damage == 0 and state.damage > 0


def test_who_moves_casts_nothing_that_takes_time(tmp_path: Path) -> None:
    encounter = written(tmp_path, "movement from 20s to 24s every 30s")
    log = told(MAGE, encounter)
    assert sum("the player must move" in trace_line(e) for e in log) == 10
    windows = [(w.begin_ns, w.end_ns) for w in encounter.movement]
    events = [e for e in log if not e.owner]
    for begin, end in windows:
        for e in events:
            if e.kind == "cast" and e.until_ns is not None and e.until_ns > e.time_ns:
                assert not begin <= e.time_ns < end, trace_line(e)
        assert not any(e.kind == "done" and begin < e.time_ns < end for e in events)
    assert any(e.kind == "interrupt" for e in events)
    assert any(e.kind == "cast" and e.until_ns is None and begin <= e.time_ns < end for begin, end in windows for e in events)  # instants go on
    still, moving = play(ROGUE, resolve_encounter(None))[0], play(ROGUE, encounter)[0]
    assert still.damage == moving.damage  # nothing of the rogue takes time


def test_a_channel_ends_when_the_player_must_move() -> None:
    events = told("wotlk/priest_shadow.spec", resolve_encounter("movement"), 1)
    assert any(e.kind == "fade" and e.name == "mind_flay_channel" and e.time_ns == 20 * SECOND for e in events) or not any(
        e.kind == "cast" and e.name == "mind_flay" and 17 * SECOND < e.time_ns < 20 * SECOND for e in events)
    assert not any(e.kind == "cast" and e.name in ("mind_flay", "mind_blast") and 20 * SECOND < e.time_ns < 24 * SECOND for e in events)


def test_enemies_that_are_gone_take_nothing() -> None:
    events = told(MAGE, resolve_encounter("add_waves"))
    waves = [(w.begin_ns, w.end_ns) for w in resolve_encounter("add_waves").adds]
    others = [e for e in events if e.target > 0 and e.kind in ("damage", "aura", "renew", "avoid", "cast")]
    assert others and all(any(begin <= e.time_ns < end for begin, end in waves) for e in others)
    state, metrics, program = play(MAGE, resolve_encounter("add_waves"))
    assert state.scene == 10 and not any(state.living_bomb_burn_on[1:])
    index = next(i for i, a in enumerate(program.model.auras) if a.name == "living_bomb_burn")
    assert 0 < metrics.aura_uptime[index] < (300 + 2 * 100) * SECOND


def test_phases_by_health_and_by_time(tmp_path: Path) -> None:
    program, tables = replace(arrange(MAGE), encounter=written(tmp_path, "health 1000000 others 2000")).lowered
    twin = Twin(program)
    s, t, _ = twin.blocks(tables)
    phases = []
    for damage, seconds in ((0, 0), (649_999, 0), (650_000, 0), (0, 325), (749_999, 0), (750_000, 0), (400_000, 200), (2e6, 0)):
        s.damage, s.now = float(damage), seconds * SECOND
        phases.append(twin.functions["phase"](s, t))
    assert phases == [1.0, 1.0, 0.35, 0.35, 0.35, 0.25, 0.2, 0.2]
    by_time = written(tmp_path, "phase 35% at 60s", "phase 25% at 70s", "phase 20% at 80s")
    assert by_time.execute == pytest.approx((1 - 80 / 300, 1 - 70 / 300, 1 - 60 / 300)) and not by_time.scripted
    assert written(tmp_path).execute == (0.2, 0.25, 0.35)


def test_the_report_of_a_fight_with_adds_divides_by_who_was_there() -> None:
    spec = twin_spec(find_spec(MAGE), encounter="add_waves")
    assert spec.enemies == 3


def test_a_fight_outlasts_the_health_and_the_result_says_so() -> None:
    tables = {"health": 600_000.0, "others": 1_000.0}
    assert health_gone_s(tables, 5_000.0, 300.0) == 100.0
    assert health_gone_s(tables, 5_000.0, 100.0) == 0.0  # to the last point
    assert health_gone_s({}, 5_000.0, 300.0) == health_gone_s({"health": 0.0, "others": 0.0}, 5_000.0, 300.0) == 0.0
