"""The planner in this process, whole fights, the speed measurement, and functions kept between runs."""

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from rich.console import Console
from test_evaluators import weights
from toys import NAMES, STATE, ListValue

from portunus.cli import main
from portunus.cli.plan_view import explain_decision
from portunus.errors import PortunusError
from portunus.evaluator.mlp import Mlp
from portunus.planner.local import Planner, open_evaluator
from portunus.planner.messages import Suggestion
from portunus.search.bench import measure
from portunus.search.fights import by_rotation, play_fight, state_at
from portunus.search.settings import SearchSettings
from portunus.search.view import StateWords

SMALL = SearchSettings(node_capacity=8192)


@pytest.fixture(scope="module")
def planner(toy) -> Planner:
    return Planner(toy, ListValue(toy), SMALL)


def test_a_suggestion_is_complete_and_survives_its_json(toy, planner):
    state = toy.opening()
    suggestion = planner.plan(state, simulations=2000, seed=4, sequence=17)
    assert Suggestion.from_json(suggestion.to_json()) == suggestion
    assert suggestion.sequence == 17 and suggestion.simulations == 2000
    assert {report.name for report in suggestion.actions} == {NAMES[a] for a in np.flatnonzero(toy.legal(state))}
    assert suggestion.actions[0].name == suggestion.action == suggestion.tree.children[0].name
    assert suggestion.actions[0].loss_percent == 0.0
    assert all(report.loss_percent >= 0 for report in suggestion.actions)
    assert sum(report.visits for report in suggestion.actions) == 2000
    assert sum(report.prior for report in suggestion.actions) == pytest.approx(1.0)
    assert 1 <= len(suggestion.queue) <= 5 and set(suggestion.queue) <= set(NAMES)
    assert suggestion.network_ms == 0.0 < suggestion.search_ms


def test_the_tree_shows_outcomes_by_what_differs(toy, planner):
    tree = planner.plan(toy.opening(), simulations=2000).tree
    chances = {}

    def walk(node, above):
        if node.kind == "chance":
            chances.setdefault(above, set()).add(node.label)
        for child in node.children:
            assert child.visits <= node.visits
            walk(child, node.name if node.kind == "decision" else above)

    walk(tree, "")
    assert chances["heavy"] == {"Proc", "no Proc"}
    for child in tree.children:
        if child.children and child.children[0].kind == "chance":
            assert sum(outcome.probability for outcome in child.children) == pytest.approx(1.0)
    assert 10 < tree.size() <= 100


def test_each_action_says_what_it_costs_and_what_may_follow(toy, planner):
    suggestion = planner.plan(toy.opening(), simulations=2000, seed=4)
    unit = toy.reference_dps * toy.gcd_seconds
    for report in suggestion.actions:
        assert report.loss_damage == pytest.approx(max(0.0, suggestion.actions[0].value - report.value) * unit)
        assert report.loss_percent == pytest.approx(100 * report.loss_damage / (toy.reference_dps * toy.seconds))
        assert 1 <= len(report.line) <= 3
    heavy = next(report for report in suggestion.actions if report.name == "heavy")
    assert {outcome.label for outcome in heavy.outcomes} == {"Proc", "no Proc"}
    assert sum(outcome.probability for outcome in heavy.outcomes) == pytest.approx(1.0)
    weighted = sum(outcome.probability * outcome.value for outcome in heavy.outcomes)
    assert weighted == pytest.approx(heavy.value, abs=0.05)
    with_proc = next(outcome for outcome in heavy.outcomes if outcome.label == "Proc")
    assert with_proc.value > heavy.value
    assert next(report for report in suggestion.actions if report.name == "power").outcomes == ()


def test_the_explanation_says_in_damage_what_each_action_costs_and_what_chance_decides(toy, planner):
    suggestion = planner.plan(toy.opening(), simulations=2000, seed=4)
    console = Console(file=io.StringIO(), width=120)
    explain_decision(console, suggestion, labels={name: name.title() for name in NAMES}, unit=toy.reference_dps * toy.gcd_seconds)
    text = console.file.getvalue()
    assert f"{suggestion.label}: best" in text
    other = next(report for report in suggestion.actions if report.loss_percent > 0.01 and report.visits > 20)
    assert f"{other.label}: {other.loss_damage:,.0f} damage less, {other.loss_percent:.2f} % of the DPS" in text
    assert "no Proc: " in text and "damage less than on average" in text
    assert "if Proc (50 %)" in text


@pytest.mark.parametrize("options", [["--ponder"], ["--decisions", "5", "--ponder", "--simulations", "9"], ["--hogs", "1"], ["--fights", "2", "--decisions", "2"]])
def test_options_that_do_not_go_together_are_refused(options):
    result = CliRunner().invoke(main, ["plan", "specs/wotlk/mage_fire.spec", *options])
    assert result.exit_code == 2 and "hint" in result.output


def test_outcomes_are_told_apart_by_whatever_changed():
    kind = np.dtype([("now", "i8"), ("rage", "f8"), ("flurry_on", "i8"), ("flurry_stacks", "i8"), ("flurry_end", "i8"), ("cd_slam", "i8")])
    words = StateWords(kind, auras={"flurry": "Flurry"}, spells={"slam": "Slam"}, resources=["rage"])

    def state(now=0, rage=0.0, on=1, stacks=3, end=9_000_000_000, slam=0):
        return words.read(np.array([(now, rage, on, stacks, end, slam)], kind).view(np.int64))

    assert words.auras_up([state(), state(on=0, stacks=0)]) == ["Flurry", "no Flurry"]
    assert words.auras_up([state(), state(stacks=2)]) == ["Flurry x3", "Flurry x2"]
    assert words.auras_renewed([state(), state(end=4_000_000_000)]) == ["Flurry renewed", "Flurry not renewed"]
    assert words.values([state(rage=30), state(rage=10), state(rage=20)]) == ["more rage", "less rage", "rage 20"]
    assert words.cooldowns([state(slam=6_000_000_000), state()]) == ["Slam later", "Slam sooner"]
    assert words.time([state(now=1_500_000_000), state()]) == ["next decision 1.50 s later", "next decision at once"]
    assert words.auras_up([state(), state()]) == ["", ""] == words.values([state(), state()])


def test_equal_seeds_give_equal_suggestions(toy):
    answers = [Planner(toy, Mlp(weights()), SMALL).plan(toy.opening(), simulations=300, seed=s).to_json() for s in (1, 1)]
    for answer in answers:
        assert answer["network_ms"] > 0
        for timed in ("search_ms", "network_ms"):
            del answer[timed]
    assert answers[0] == answers[1]


def test_a_finished_fight_is_refused(toy, planner):
    state = toy.opening()
    state.view(STATE)[0]["finished"] = 1
    with pytest.raises(PortunusError, match="over"):
        planner.plan(state, simulations=10)


def test_without_a_model_the_rotation_judges(toy):
    evaluator = open_evaluator(toy)
    assert Planner(toy, evaluator, SMALL).plan(toy.opening(), simulations=50).action in NAMES
    with pytest.raises(PortunusError, match="backend"):
        open_evaluator(toy, backend="onnx")
    with pytest.raises(PortunusError):
        open_evaluator(toy, "no-such-model.pt")


def test_search_beats_the_list_in_whole_fights(toy):
    planner = Planner(toy, ListValue(toy), SMALL)

    def decide(state, number):
        suggestion = planner.plan(state, simulations=64, seed=number)
        return NAMES.index(suggestion.action), suggestion.simulations

    ours = [play_fight(toy, decide, seed=s) for s in range(25)]
    theirs = [play_fight(toy, by_rotation(toy), seed=s) for s in range(25)]
    difference = np.array([a.damage - b.damage for a, b in zip(ours, theirs, strict=True)])
    assert difference.mean() > 2 * difference.std() / 5
    assert all(f.simulations == 64 * len(f.actions) == 64 * len(f.latencies_ms) for f in ours)
    assert ours[0].dps == pytest.approx(ours[0].damage / 30)


def test_state_at_a_time_of_a_fight(toy):
    assert (state_at(toy, -(10**18), seed=1) == toy.opening()).all()
    assert state_at(toy, 7 * 10**9, seed=1).view(STATE)[0]["now"] >= 7 * 10**9
    with pytest.raises(PortunusError, match="over before 31 s"):
        state_at(toy, 31 * 10**9, seed=1)


def test_measure_returns_what_the_search_did(toy):
    figures = measure(toy, weights(), simulations=256, rounds=3, seconds=3.0)
    assert figures["slowest"] <= figures["simulations_per_second"] <= figures["fastest"]
    assert figures["simulations"] == 256 and figures["depth"] >= figures["mean_depth"] > 1
    assert figures["network_ns"] > 0 and 0 < figures["network_share"] < 1.5
    assert 0 < figures["tree_share"] + figures["simulator_share"] + figures["network_share"] < 3


_KEPT = """
import sys, numpy as np
from portunus.evaluator.mlp import forward
from portunus.evaluator.protocol import NetworkWeights
from portunus.evaluator import mlp
rng = np.random.default_rng(3)
w = NetworkWeights(*(rng.normal(0, 1, s).astype(np.float32) for s in ((8, 4), (8,), (8, 8), (8,), (3, 8), (3,))))
logits, values = forward(w, rng.normal(0, 1, (5, 4)).astype(np.float32))
print(sum(mlp._forward_all.stats.cache_hits.values()), logits.tobytes().hex(), values.tobytes().hex())
"""


def test_compiled_functions_are_kept_and_a_damaged_file_is_not_read(tmp_path):
    def run() -> list[str]:
        root = Path(__file__).resolve().parents[2]
        environment = {**os.environ, "PORTUNUS_CACHE": str(tmp_path / "cache"), "PYTHONPATH": str(root)}
        done = subprocess.run([sys.executable, "-c", _KEPT], env=environment, capture_output=True, text=True, check=True, cwd=tmp_path)
        return done.stdout.split()

    first, second = run(), run()
    assert (first[0], second[0]) == ("0", "1")
    kept = next((tmp_path / "cache" / "functions").glob("*/forward_all-*.bin"))
    raw = bytearray(kept.read_bytes())
    raw[len(raw) // 2] ^= 1
    kept.write_bytes(raw)
    third = run()
    assert third[0] == "0"
    assert first[1:] == second[1:] == third[1:]
