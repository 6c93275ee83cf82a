"""The mathematics of the comparison, on results made for it: what must fail fails, what must pass passes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from portunus.sim import compare, fidelity, statistics
from portunus.sim.golden import Golden, read_golden
from portunus.sim.results import ActionResult, AuraResult, SimulationResult

FULL = Path(__file__).parent.parent / "golden" / "mage_fire" / "22_full_cd_1t_300s.json"


def nearly(value: float) -> statistics.Estimate:
    """A mean that is known very well."""
    return statistics.estimate(value, 1e-9, 40)


def as_result(golden: Golden, *, dps_factor: float = 1.0, casts_factor: float = 1.0, fights: int = 10_000) -> SimulationResult:
    """The reference's own figures as if we had measured them, times planted factors."""
    duration = golden.scenario.duration
    actions = tuple(
        ActionResult(
            name=f"a{a.key.number}_{a.key.tag}", label=f"Action {a.key.number}", spell_id=a.key.number, tag=a.key.tag, item=a.key.kind == "item",
            owner="pet" if a.key.pet else "", school="fire", casts=nearly(a.casts * casts_factor), hits=nearly(a.hits), crits=nearly(a.crits),
            glances=nearly(0), misses=nearly(a.misses), dodges=nearly(0), parries=nearly(0), avoided=nearly(a.misses), damage=nearly(a.damage * dps_factor), share=0.0,
        )
        for a in golden.actions if a.key.kind != "other"
    )  # fmt: skip
    auras = tuple(AuraResult(f"b{i}", f"Aura {a.spell_id}", a.spell_id, a.tag, a.on_target, nearly(a.uptime_s), nearly(a.procs))
                  for i, a in enumerate(golden.auras))
    return SimulationResult(
        title="Fire Mage", rotation="list", seed=101, workers=1, dps=statistics.estimate(golden.dps * dps_factor, golden.deviation / math.sqrt(fights), fights),
        deviation=golden.deviation, quantiles=(), actions=actions, auras=auras, resources=(), spent=(), duration_s=duration, enemies=1, seconds=1.0,
        samples=np.full(20, golden.dps * dps_factor), distribution=statistics.Distribution(),
    )  # fmt: skip


@pytest.fixture(scope="module")
def golden() -> Golden:
    return read_golden(FULL)


def test_equal_results_pass(golden: Golden) -> None:
    result = compare.compare_result(golden, as_result(golden), spec="mage_fire")
    assert result.passed
    assert result.failures == ()
    assert result.dps.percent == 0
    assert len(result.actions) == sum(a.key.kind != "other" for a in golden.actions)
    assert result.left_out == ("OtherActionManaGain",)


def test_a_planted_dps_error_fails(golden: Golden) -> None:
    result = compare.compare_result(golden, as_result(golden, dps_factor=1.019), spec="mage_fire")
    assert not result.passed
    assert result.dps.percent == pytest.approx(1.9)
    assert result.failures == ("DPS differs by +1.90 % (tolerance 0.50 %)",)
    assert compare.compare_result(golden, as_result(golden, dps_factor=1.004), spec="mage_fire").passed
    assert not compare.compare_result(golden, as_result(golden, dps_factor=0.994), spec="mage_fire").passed


def test_a_planted_cast_error_fails(golden: Golden) -> None:
    result = compare.compare_result(golden, as_result(golden, casts_factor=0.985), spec="mage_fire")
    assert not result.passed
    assert result.dps.passed
    assert all("casts of" in f for f in result.failures)
    assert compare.compare_result(golden, as_result(golden, casts_factor=0.995), spec="mage_fire").passed


def test_noise_widens_the_tolerance(golden: Golden) -> None:
    few = as_result(golden, dps_factor=1.02, fights=20)
    assert compare.compare_result(golden, few, spec="mage_fire").dps.passed
    difference = compare.compare_dps(1010.0, 3.0, 1000.0, 4.0)
    assert difference.tolerance == 15.0
    assert difference.passed
    assert not compare.compare_dps(1016.0, 3.0, 1000.0, 4.0).passed
    loose = compare.compare_casts(0.5, 0.2, 0.4, fights=100, reference_fights=100)
    assert loose.tolerance == pytest.approx(3 * 0.2 * math.sqrt(2))
    assert compare.compare_casts(0.5, 0.01, 0.25, fights=100, reference_fights=100).tolerance == 0.3
    assert not compare.compare_casts(0.5, math.inf, 0.1, fights=1, reference_fights=100).passed


def test_a_planted_error_of_one_action_or_aura_fails(golden: Golden) -> None:
    ours = as_result(golden)
    strong = replace(ours.actions[0], damage=nearly(ours.actions[0].damage.value * 1.03))
    result = compare.compare_result(golden, replace(ours, actions=(strong, *ours.actions[1:])), spec="mage_fire")
    assert [f.split(" differs")[0] for f in result.failures] == [f"damage of {strong.label}"]
    first = ours.auras[0]
    short = replace(first, uptime_s=nearly(first.uptime_s.value - 0.012 * golden.scenario.duration))
    result = compare.compare_result(golden, replace(ours, auras=(short, *ours.auras[1:])), spec="mage_fire")
    assert len(result.failures) == 1
    assert result.failures[0].startswith(f"{first.label} is up")


def test_casts_the_reference_does_not_count_are_not_judged(golden: Golden) -> None:
    part = replace(golden.actions[0], casts=0.0)
    assert part.damage > 0
    assert compare.compare_result(replace(golden, actions=(part, *golden.actions[1:])), as_result(golden), spec="mage_fire").passed


def test_actions_only_one_side_has_fail(golden: Golden) -> None:
    ours = as_result(golden)
    missing = compare.compare_result(golden, replace(ours, actions=ours.actions[1:]), spec="mage_fire")
    assert not missing.passed
    assert "not known here" in missing.unmatched[0]
    extra = replace(ours.actions[0], label="Frostbolt", spell_id=116)
    added = compare.compare_result(golden, replace(ours, actions=(*ours.actions, extra)), spec="mage_fire")
    assert not added.passed
    assert "Frostbolt" in added.unmatched[0]
    idle = replace(extra, casts=statistics.estimate(0.0, 0.0, 10), damage=statistics.estimate(0.0, 0.0, 10))
    assert compare.compare_result(golden, replace(ours, actions=(*ours.actions, idle)), spec="mage_fire").passed


def test_exact_comparison_finds_the_first_difference() -> None:
    same = compare.compare_exact([100.0, 200.0], (100.0, 200.0 * (1 + 1e-12)))
    assert same.passed
    assert same.first_different is None
    other = compare.compare_exact([100.0, 200.0, 300.0], (100.0, 200.1, 300.0))
    assert not other.passed
    assert other.first_different == 1
    assert other.largest == pytest.approx(0.1 / 200.1)
    assert not compare.compare_exact([], (1.0,)).passed


def test_an_exact_failure_fails_the_scenario(golden: Golden) -> None:
    result = compare.compare_result(golden, as_result(golden), spec="mage_fire", exact=compare.compare_exact([1.0, 2.0], (1.0, 3.0)))
    assert not result.passed
    assert result.failures == ("fight 1 is the first of 2 that differs; the largest relative difference is 3.33e-01",)
    only = compare.compare_result(golden, as_result(golden, dps_factor=1.5), spec="mage_fire", exact=compare.compare_exact([1.0], (1.0,)), judged=False)
    assert only.passed


def test_aura_uptimes_are_summed_over_enemies() -> None:
    three = read_golden(FULL.with_name("24_full_cd_3t_300s.json"))
    bombs = [a.uptime_s for a in three.auras if a.spell_id == 55360]
    result = replace(as_result(three), auras=(AuraResult("living_bomb_burn", "Living Bomb", 55360, 0, True, nearly(sum(bombs)), nearly(3.0)),
                                              AuraResult("pyroblast_burn", "Pyroblast (burn)", 42891, 1, True, nearly(184.0), nearly(3.0))))
    rows = compare.compare_result(three, result, spec="mage_fire").auras
    assert len(bombs) == 3
    assert rows[0].uptime_s.percent == pytest.approx(0, abs=1e-9)
    assert rows[1].uptime_s.reference == pytest.approx(184.270927)


def test_documents_and_page_say_what_was_found(golden: Golden) -> None:
    passed = compare.compare_result(golden, as_result(golden), spec="mage_fire", exact=compare.compare_exact([1.0], (1.0,)))
    failed = replace(compare.compare_result(golden, as_result(golden, dps_factor=1.02), spec="mage_fire"), name="broken|one")
    document = fidelity.comparison_document([passed, failed], version="1")
    assert document["passed"] is False
    assert [s["passed"] for s in document["scenarios"]] == [True, False]
    assert document["scenarios"][1]["dps"]["percent"] == pytest.approx(2.0)
    page = fidelity.fidelity_page([passed, failed], command="portunus compare x")
    assert "1 of 2 scenarios agree" in page
    assert "**broken|one**: DPS differs by +2.00 %" in page
    assert "broken\\|one | 10,000" in page
    assert fidelity.report_rows([failed])[0].passed is False
    assert fidelity.percent(-0.0001) == "+0.00 %"


def _played(monkeypatch: pytest.MonkeyPatch, golden: Golden, outcome: Callable[[int], SimulationResult]) -> tuple[compare.ScenarioComparison, list[int]]:
    """Compare a scenario whose fights come to `outcome(how many)`; the comparison and how many fights were played each time."""
    asked: list[int] = []

    def simulate(compiled: object, *, iterations: int, **rest: object) -> SimulationResult:
        asked.append(iterations)
        return outcome(iterations)

    monkeypatch.setattr(compare, "simulate", simulate)
    scenario = SimpleNamespace(golden=golden, exact=None, rotation=SimpleNamespace(name="list"))
    return compare.compare_one(scenario, SimpleNamespace(name="mage_fire"), iterations=500), asked  # type: ignore[arg-type]


def test_what_chance_explains_is_played_on_until_it_does_not(golden: Golden, monkeypatch: pytest.MonkeyPatch) -> None:
    """An uptime 4 standard errors off in 500 fights is within its tolerance in 2,000."""

    def outcome(fights: int) -> SimulationResult:
        ours = as_result(golden, fights=fights)
        first = ours.auras[0]
        error = 10.0 / math.sqrt(fights)
        off = statistics.estimate(first.uptime_s.value - (golden.scenario.duration * 0.01 + 4 * error if fights == 500 else 0.0), error, fights)
        return replace(ours, auras=(replace(first, uptime_s=off), *ours.auras[1:]))

    result, asked = _played(monkeypatch, golden, outcome)
    assert asked == [500, 2000]
    assert result.passed
    assert result.fights == 2000


@pytest.mark.parametrize("factor", [1.01, 0.99])
def test_a_planted_error_of_one_percent_is_not_played_away(golden: Golden, monkeypatch: pytest.MonkeyPatch, factor: float) -> None:
    def outcome(fights: int) -> SimulationResult:
        chance = np.random.default_rng(fights).normal() * golden.deviation / math.sqrt(fights) / golden.dps
        return as_result(golden, dps_factor=factor * (1 + chance), fights=fights)

    result, asked = _played(monkeypatch, golden, outcome)
    assert asked[-1] == golden.iterations
    assert not result.dps.passed
