"""The exact solver, the examples it solves, and how close the search comes to what it says."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from toys import Exact as ToyExact
from toys import Place, Toy, place_of

from portunus.compiler import compile_spec, resolve_encounter
from portunus.errors import PortunusError
from portunus.runtime.outcomes import enumerate_outcomes
from portunus.runtime.signature import HEADER_DAMAGE, HEADER_FINISHED
from portunus.search import exact as exact_module
from portunus.search import rise
from portunus.search.engine import Search
from portunus.search.exact import ListJudge, solve
from portunus.search.key import plan_of
from portunus.search.settings import SearchSettings
from portunus.search.truth import gap_closed

EXAMPLES = ("burst_window", "dot_execute", "proc_chain")


@cache
def solved(name: str):
    return solve(compile_spec(f"specs/examples/{name}.spec", encounter="trial"))


class Decider:
    """The search as `gap_closed` asks it."""

    def __init__(self, compiled, evaluator, **settings) -> None:
        self.search = Search(compiled, evaluator, SearchSettings(node_capacity=2048, **settings))

    def decide(self, state, *, simulations, seed) -> int:
        return self.search.run(state, simulations=simulations, seed=seed).action


def test_kernels_and_handwritten_solution_of_the_toy_agree():
    toy = Toy(seconds=20)
    exact, by_hand = solve(toy), ToyExact(20)
    assert exact.best[0] == pytest.approx(by_hand.best_value(Place(0, 0, 0, 0)))
    assert exact.listed[0] == pytest.approx(by_hand.list_value(Place(0, 0, 0, 0)))
    for state in exact.graph.states[:: max(1, exact.states // 200)]:
        if state[HEADER_FINISHED] == 0:
            for action in np.flatnonzero(toy.legal(state)):
                assert exact.regret(state, int(action)) == pytest.approx(by_hand.regret(place_of(state), int(action)))


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_list_leaves_a_gap_that_best_play_closes(name):
    exact = solved(name)
    assert 0.03 < exact.gap / exact.best[0] < 0.25
    sampled = np.zeros(4000)
    exact.compiled.run(sampled, first_seed=1)
    assert abs(sampled.mean() - exact.listed[0]) < 4 * sampled.std() / len(sampled) ** 0.5


def test_states_taken_as_one_are_worth_the_same(monkeypatch):
    """With every word of a state but the damage in the key there are many more states, and the same values."""
    encounter = replace(resolve_encounter("trial"), duration_ns=10_500_000_000)
    compiled = compile_spec("specs/examples/dot_execute.spec", encounter=encounter)
    merged = solve(compiled)

    def every_word(spec, metrics):
        game = exact_module_game_of(spec, metrics)
        words = np.array([w for w in range(spec.layout.state_words) if w != HEADER_DAMAGE], np.uint64)
        factors = np.random.default_rng(1).integers(0, 1 << 63, len(words), np.uint64) * np.uint64(2) + np.uint64(1)
        nothing = np.zeros(len(words), np.uint64)
        parts = {"words": words, "factors": factors, "guards": nothing, "least": nothing.astype(np.int64), "plain": len(words), "guarded": len(words)}
        key = game.key._replace(**parts, plan=plan_of(**parts))
        return game._replace(key=key)

    exact_module_game_of = exact_module.game_of
    monkeypatch.setattr(exact_module, "game_of", every_word)
    apart = solve(compiled)
    assert apart.states > 1.5 * merged.states
    assert apart.best[0] == pytest.approx(merged.best[0], rel=1e-12)
    assert apart.listed[0] == pytest.approx(merged.listed[0], rel=1e-12)


def test_too_many_states_are_refused():
    with pytest.raises(PortunusError, match="more than 50 states"):
        solve(Toy(), max_states=50)


@pytest.mark.parametrize("name", EXAMPLES)
def test_search_closes_the_gap_and_does_better_than_plain_puct(name):
    exact = solved(name)
    few, many, plain = (
        gap_closed(exact, lambda e, s=s: Decider(exact.compiled, e, **s), simulations=n, fights=25)
        for n, s in ((64, {}), (256, {}), (64, {"root": "puct"}))
    )
    assert few.share > 0.75
    assert many.share > 0.84
    assert few.share > plain.share - 2 * (few.error**2 + plain.error**2) ** 0.5


def test_judgements_are_the_lists_value_and_an_error_that_stays():
    exact = solved("proc_chain")
    quiet, first, second, other = (Search(exact.compiled, ListJudge(exact, noise=n, seed=s)) for n, s in ((0.0, 1), (0.2, 1), (0.2, 1), (0.2, 2)))
    leaves = []
    for search in (quiet, first, second, other):
        search.run(exact.opening, simulations=1)
        leaves.append(float(search.arena.nodes[0]["leaf"]))
    pace = exact.game.reference_dps * 30
    assert leaves[0] == pytest.approx((exact.listed[0] - pace) / exact.game.unit, abs=1e-5)
    assert leaves[1] == leaves[2] != leaves[3]


@pytest.mark.parametrize("name", EXAMPLES)
def test_outcome_table_of_an_example(name):
    """Probabilities sum to 1; frequencies and mean rewards of sampled steps are those of the table."""
    exact, rng = solved(name), np.random.default_rng(5)
    compiled = exact.compiled
    alive = np.flatnonzero(exact.graph.listed >= 0)
    for index in rng.choice(alive, 12, replace=False):
        state = exact.graph.states[index]
        for action in np.flatnonzero(compiled.legal(state)):
            outcomes = enumerate_outcomes(compiled, state, int(action))
            chances = {exact.index(o.state): 0.0 for o in outcomes}
            for outcome in outcomes:
                chances[exact.index(outcome.state)] += outcome.probability
            assert sum(chances.values()) == pytest.approx(1.0, abs=1e-12)
            mean = sum(o.probability * o.reward for o in outcomes)
            stream, count, seen, rewards = compiled.new_rng(int(index)), 300, dict.fromkeys(chances, 0), []
            for _ in range(count):
                after = state.copy()
                rewards.append(compiled.step(after, int(action), stream)[0])
                seen[exact.index(after)] += 1
            assert abs(np.mean(rewards) - mean) <= 4.5 * np.std(rewards) / count**0.5 + 1e-9
            for place, chance in chances.items():
                assert abs(seen[place] / count - chance) <= 4.5 * (chance * (1 - chance) / count) ** 0.5 + 1e-9


def test_values_rise_under_a_judge_of_the_list_and_not_under_one_of_best_play():
    exact = solved("dot_execute")
    rises = []
    for known in (exact, replace(exact, listed=exact.best)):
        judge = ListJudge(known, noise=0.18)
        search = Search(exact.compiled, judge, SearchSettings(node_capacity=64))
        assert search.rules.rate == rise.measure(Search(exact.compiled, judge, SearchSettings(rise_share=0.0)))
        rises.append(search.rules.rate)
    lost_per_second = exact.gap / exact.game.unit / 30
    assert 0.4 * lost_per_second < rises[0] < 1.2 * lost_per_second
    assert rises[1] < 0.1 * lost_per_second
    assert Search(exact.compiled, judge, SearchSettings(rise_share=0.0)).rules.rate == 0.0
