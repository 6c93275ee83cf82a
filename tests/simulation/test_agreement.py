"""The simulator against the reference: single fights to the last digits, means within tolerance."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from portunus.sim.compare import EXACT_TOLERANCE, compare_all, compare_one
from portunus.sim.golden import find_references, read_golden
from portunus.sim.prepared import prepare

FOLDER = Path(__file__).parent.parent / "golden" / "mage_fire"
FILES = find_references((str(FOLDER),))


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_twenty_fights_are_replayed_exactly(path: Path) -> None:
    """Every roll in the reference's order: the DPS of each fight agrees to the last digits."""
    (result,) = compare_all(prepare([path], find_exact=True), iterations=0)
    assert result.exact is not None
    assert len(result.exact.differences) == 20
    assert result.exact.first_different is None
    assert result.exact.largest <= EXACT_TOLERANCE
    assert result.passed


@pytest.mark.parametrize("name", ["09_living_bomb_only_3targets_120s", "23_full_cd_prepull_image_1t_300s", "29_full_cd_highhaste_mp5_1t_300s"])
def test_means_and_casts_agree(name: str) -> None:
    (scenario,) = prepare([FOLDER / f"{name}.json"])
    result = compare_one(scenario, scenario.compile(), iterations=2000)
    assert result.passed, result.failures
    assert result.fights == 2000
    assert result.unmatched == ()
    assert {a.key for a in result.actions} == {a.key for a in scenario.golden.actions if a.key.kind != "other"}


def test_artefacts_matter() -> None:
    """Without the reference's artefacts the game is played, and single fights come out differently."""
    from portunus.compiler import compile_spec
    from portunus.sim.compare import compare_exact
    from portunus.sim.fights import run_fights

    (scenario,) = prepare([FOLDER / "22_full_cd_1t_300s.json"], find_exact=True)
    assert scenario.exact is not None
    game = compile_spec(scenario.model, profile=scenario.profile, encounter=scenario.encounter, rotations=(scenario.rotation,))
    totals = run_fights(game, 20, seed=scenario.golden.scenario.seed, rotation=scenario.rotation.name)
    assert not compare_exact([float(d) for d in totals.dps], scenario.exact).passed


def test_the_comparison_stops_at_the_wanted_precision() -> None:
    path = FOLDER / "15_mirror_image_only_200s.json"
    (scenario,) = prepare([path])
    one = compare_one(scenario, scenario.compile())
    two = compare_one(scenario, scenario.compile(), workers=2)
    assert one.passed
    assert one.fights < read_golden(path).iterations
    assert one.dps_error <= 0.001 * one.dps.ours
    assert (one.fights, one.dps, one.actions, one.auras) == (two.fights, two.dps, two.actions, two.auras)


@pytest.mark.parametrize("factor", [1.01, 0.99])
def test_a_planted_error_of_one_percent_is_caught(factor: float) -> None:
    """Fireballs one percent too strong or too weak: with the number of fights that is played unless one is asked for, the DPS is outside its tolerance."""
    (scenario,) = prepare([FOLDER / "01_fireball_only_100s.json"])
    compiled = scenario.compile()
    tables = compiled.tables.copy()
    block = tables.view(compiled.layout.table_dtype)[0]
    planted = [name for name in block.dtype.names or () if name.startswith("fireball_amount")]
    for name in planted:
        block[name] *= factor
    result = compare_one(scenario, replace(compiled, tables=tables))
    assert len(planted) >= 2
    assert not result.dps.passed
    assert not result.passed
    assert compare_one(scenario, compiled).passed
