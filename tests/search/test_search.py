"""The search on the toy: what it promises to every caller."""

from time import perf_counter

import numpy as np
import pytest
from toys import HEAVY, POWER, SCATTER, STATE, STRIKE, Exact, ListValue, Place, Toy, place_of

from portunus.errors import PortunusError
from portunus.evaluator.hashed import Hashed
from portunus.evaluator.prior import RotationPrior
from portunus.evaluator.uniform import Uniform
from portunus.runtime.signature import HEADER_DAMAGE
from portunus.search.engine import Search
from portunus.search.root import visit_schedule
from portunus.search.settings import SearchSettings
from portunus.search.tree import FAULT, JOINED, OUTCOMES, USED
from portunus.search.view import TreeView


def settings(**changes) -> SearchSettings:
    return SearchSettings(**{"node_capacity": 8192, **changes})


def gap_closed(toy: Toy, search: Search, *, simulations: int, fights: int) -> float:
    """Share of the gap between the list and the optimum that search closes in its own fights, without the noise of rewards."""
    exact, lost = Exact(toy.seconds), 0.0
    for fight in range(fights):
        state, rng = toy.opening(), toy.new_rng(1000 + fight)
        while not state.view(STATE)[0]["finished"]:
            action = search.run(state, simulations=simulations, seed=fight).action
            lost += exact.regret(place_of(state), action)
            toy.step(state, action, rng)
    start = Place(0, 0, 0, 0)
    return 1.0 - lost / fights / (exact.best_value(start) - exact.list_value(start))


def test_more_simulations_come_closer_to_the_exact_optimum(toy):
    search = Search(toy, ListValue(toy), settings())
    closed = {n: gap_closed(toy, search, simulations=n, fights=40) for n in (16, 64, 256)}
    assert closed[16] > 0.70
    assert closed[64] > 0.90
    assert closed[256] > 0.92


def test_gumbel_root_beats_plain_puct_at_small_budgets(toy):
    gumbel = gap_closed(toy, Search(toy, ListValue(toy), settings()), simulations=16, fights=30)
    plain = gap_closed(toy, Search(toy, ListValue(toy), settings(root="puct")), simulations=16, fights=30)
    assert gumbel > plain + 0.1


@pytest.mark.parametrize("root", ["gumbel", "puct"])
def test_equal_seeds_give_equal_visits(toy, root):
    runs = []
    for seed in (5, 5, 6):
        search = Search(toy, RotationPrior(toy, horizon_seconds=5.0), settings(root=root))
        result = search.run(toy.opening(), simulations=500, seed=seed)
        runs.append((result.visits.tolist(), result.values.tolist()))
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_a_search_leaves_no_trace_in_the_next_one(toy):
    fresh, used = (Search(toy, Hashed(4, 6), settings()) for _ in range(2))
    used.run(toy.opening(), simulations=3000, seed=9)
    left, right = (s.run(toy.opening(), simulations=300, seed=1) for s in (fresh, used))
    assert left.visits.tolist() == right.visits.tolist() and left.values.tolist() == right.values.tolist()


def test_state_and_its_future_are_not_touched(toy):
    state, before = toy.opening(), toy.opening()
    Search(toy, Hashed(4, 6), settings()).run(state, simulations=200)
    assert (state == before).all()


def test_budget_in_simulations_is_exact_and_counts_agree(toy):
    search = Search(toy, Uniform(6), settings())
    for simulations in (1, 7, 64, 1000):
        result = search.run(toy.opening(), simulations=simulations)
        assert result.simulations == result.visits.sum() == simulations
        assert result.evaluations <= result.nodes <= simulations + 1
        assert result.policy.sum() == pytest.approx(1.0)


def test_arena_grows_for_a_budget_in_simulations_and_ends_a_budget_in_time(toy):
    small = settings(node_capacity=100)
    assert Search(toy, Uniform(6), small).run(toy.opening(), simulations=500).simulations == 500
    assert Search(toy, Uniform(6), small).run(toy.opening(), budget_ms=2000).nodes <= 100


def test_illegal_actions_are_never_visited_or_chosen(toy):
    search = Search(toy, Hashed(4, 6), settings())
    state, rng = toy.opening(), toy.new_rng(3)
    for number in range(200):
        legal = np.flatnonzero(toy.legal(state))
        result = search.run(state, simulations=60, seed=number)
        assert result.actions.tolist() == legal.tolist()
        assert result.action in legal
        assert (result.policy[toy.legal(state) == 0] == 0).all()
        assert search.arena.counters[FAULT] == 0
        toy.step(state, result.action, rng)
        if state.view(STATE)[0]["finished"]:
            break


def test_end_of_the_fight_is_worth_exactly_nothing(toy):
    search = Search(toy, Hashed(4, 6, spread=50.0), settings(rise_share=0.0))
    state = toy.opening()
    state.view(STATE)[0]["now"] = (toy.seconds - 1) * 10**9
    result = search.run(state, simulations=200)
    damage = {STRIKE: 12.5, HEAVY: 0.0}
    for action, value in zip(result.actions, result.values, strict=True):
        if action in damage:
            assert value == pytest.approx((damage[int(action)] - toy.reference_dps) / (toy.reference_dps * toy.gcd_seconds))
    state.view(STATE)[0]["finished"] = 1
    assert search.run(state, simulations=10).action == -1


def test_a_proc_leads_to_another_child_than_none(toy):
    search = Search(toy, Uniform(6), settings())
    search.run(toy.opening(), simulations=400)
    view = TreeView(search)
    edge = next(e for e in view.edges(0) if search.arena.edges[e]["action"] == STRIKE)
    children = view.outcomes(edge)
    proc = {o: int(search.arena.states[view.node_after(o)].view(STATE)[0]["proc_on"]) for o in children}
    assert {proc[o]: view.probability(o) for o in children} == pytest.approx({0: 0.7, 1: 0.3})
    assert search.arena.edges[edge]["unseen"] == 0.0
    visits = {proc[o]: int(search.arena.outcomes[o]["visits"]) for o in children}
    assert visits[0] / sum(visits.values()) == pytest.approx(0.7, abs=0.05)


def test_outcomes_beyond_the_slots_share_one_child():
    toy = Toy(dice=5)
    search = Search(toy, Uniform(6), settings(outcome_slots=4))
    search.run(toy.opening(), simulations=3000)
    view = TreeView(search)
    edge = next(e for e in view.edges(0) if search.arena.edges[e]["action"] == SCATTER)
    shares = [view.probability(o) for o in view.outcomes(edge)]
    assert len(shares) == 5
    assert sum(shares) == pytest.approx(1.0)
    assert sorted(shares)[:4] == pytest.approx([1 / 32] * 4)


def test_values_are_those_of_the_outcomes_by_probability(toy):
    search = Search(toy, Hashed(4, 6), settings(sharpness=0.0, rise_share=0.0))
    search.run(toy.opening(), simulations=1)
    edge = search.arena.edges[TreeView(search).edges(0)[0]]
    outcome = search.arena.outcomes[edge["outcomes"]]
    assert edge["value"] == pytest.approx(outcome["reward"] + search.arena.nodes[outcome["node"]]["leaf"])
    search.run(toy.opening(), simulations=800)
    arena, view, own = search.arena, TreeView(search), search.rules.judgement_visits
    for node in arena.nodes[: int(arena.counters[USED])]:
        mine = arena.edges[node["first"] : node["first"] + node["edges"]]
        if node["edges"]:
            assert node["visits"] == mine["visits"].sum() + 1
            whole = own * node["leaf"] + (mine["visits"] * mine["value"]).sum()
            assert node["value"] == pytest.approx(whole / (own + mine["visits"].sum()), abs=1e-9)
    for e in view.edges(0):
        outcomes = [arena.outcomes[o] for o in view.outcomes(e)]
        values = [o["probability"] * (o["reward"] + arena.nodes[o["node"]]["value"]) for o in outcomes]
        weights = [o["probability"] for o in outcomes]
        assert len(outcomes) == 1 or sum(values) / sum(weights) == pytest.approx(float(arena.edges[e]["value"]), abs=0.05)


def test_a_states_value_moves_from_the_mean_to_the_best(toy):
    """With sharpness without bound every judged state is worth what its best action is, its own judgement counting as so many visits."""
    search = Search(toy, ListValue(toy), settings(sharpness=1e8, root="puct"))
    search.run(toy.opening(), simulations=400)
    root, edges = search.arena.nodes[0], search.arena.edges
    mine = edges[root["first"] : root["first"] + root["edges"]]
    below = int(mine["visits"].sum())
    best = float(mine["value"][mine["visits"] > 0].max())
    own = search.rules.judgement_visits
    assert own > 1 and float(root["value"]) == pytest.approx((own * float(root["leaf"]) + below * best) / (own + below), abs=1e-3)


def test_ways_to_one_state_share_its_node(toy):
    search = Search(toy, Uniform(6), settings())
    search.run(toy.opening(), simulations=3000)
    arena = search.arena
    used = int(arena.counters[USED])
    states = arena.states[:used].copy()
    states[:, HEADER_DAMAGE] = 0
    assert len(np.unique(states, axis=0)) == used < 3000
    assert arena.counters[JOINED] > 100
    leads = np.bincount(arena.outcomes[: int(arena.counters[OUTCOMES])]["node"])
    assert leads.max() > 1


def test_visit_schedule_is_the_published_one():
    # mctx, seq_halving.get_sequence_of_considered_visits(4, 16), and its docstring's case of one action.
    assert visit_schedule(4, 16) == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert visit_schedule(1, 3) == [0, 1, 2]


@pytest.mark.parametrize("simulations", [5, 16, 50, 200, 777])
def test_root_visits_follow_the_schedule(toy, simulations):
    result = Search(toy, Hashed(4, 6), settings()).run(toy.opening(), simulations=simulations)
    expected = np.bincount(visit_schedule(len(result.actions), simulations))
    reached = [int((result.visits > v).sum()) for v in range(result.visits.max())]
    assert reached == expected.tolist()


def test_considered_actions_are_the_best_by_prior(toy):
    result = Search(toy, ListValue(toy), settings(considered_actions=1)).run(toy.opening(), simulations=50)
    assert result.action == POWER
    assert result.visits.tolist() == [50 if a == POWER else 0 for a in result.actions]


def test_gumbel_noise_changes_what_is_considered(toy):
    chosen = set()
    for seed in range(40):
        search = Search(toy, Uniform(6), SearchSettings.for_training(considered_actions=1))
        chosen.add(search.run(toy.opening(), simulations=4, seed=seed).action)
    assert chosen == set(np.flatnonzero(toy.legal(toy.opening())))


def test_time_budget_is_kept(toy):
    search = Search(toy, ListValue(toy), SearchSettings())
    search.run(toy.opening(), budget_ms=5)
    late, simulations = [], []
    for seed in range(20):
        begun = perf_counter()
        result = search.run(toy.opening(), budget_ms=30, seed=seed)
        late.append((perf_counter() - begun) * 1e3 - 30)
        simulations.append(result.simulations)
        assert (result.visits > 0).all()
    assert np.median(late) < 5
    assert np.median(simulations) > 100


def test_a_search_ends_early_when_the_answer_is_settled(toy):
    """Where an action is far ahead there is nothing to think about; the answer is the one a full search gives."""
    state = toy.opening()
    state.view(STATE)[0]["duration"] = 2 * 10**9  # two seconds are left, and a proc: power, then blast
    state.view(STATE)[0]["proc_on"] = 1
    quick = Search(toy, ListValue(toy), settings())
    quick.run(state, budget_ms=20)
    begun = perf_counter()
    early = quick.run(state, budget_ms=400, seed=3)
    assert perf_counter() - begun < 0.3
    full = Search(toy, ListValue(toy), settings(certain_errors=0.0)).run(state, budget_ms=100, seed=3)
    assert early.action == full.action == POWER
    assert early.simulations >= settings().chunk


def test_a_search_goes_on_with_its_tree(toy):
    search = Search(toy, ListValue(toy), settings(certain_errors=0.0, node_capacity=1 << 18))
    first = search.run(toy.opening(), budget_ms=20, seed=1)
    second = search.run(toy.opening(), budget_ms=20, seed=1, keep=True)
    assert second.simulations > first.simulations and second.nodes > first.nodes
    assert (second.visits >= first.visits).all()
    with pytest.raises(PortunusError, match="time budget"):
        search.run(toy.opening(), simulations=10, keep=True)
    with pytest.raises(PortunusError, match="after another"):
        Search(toy, ListValue(toy), settings()).run(toy.opening(), budget_ms=5, keep=True)


def test_drawn_values_do_not_displace_the_favourite_without_evidence(toy):
    changed = {}
    for caution in (0.0, 3.0):
        search = Search(toy, RotationPrior(toy, horizon_seconds=10.0), settings(caution=caution))
        changed[caution] = sum(search.run(toy.opening(), simulations=160, seed=s).action != toy.rotation(toy.opening()) for s in range(60))
    assert changed[3.0] < changed[0.0] / 2


@pytest.mark.parametrize("budget", [{}, {"simulations": 5, "budget_ms": 5.0}, {"simulations": 0}, {"budget_ms": -1.0}])
def test_wrong_budgets_are_refused(toy, budget):
    with pytest.raises(PortunusError):
        Search(toy, Uniform(6), settings()).run(toy.opening(), **budget)


def test_a_fault_of_the_simulator_becomes_a_message(toy):
    state = toy.opening()
    state.view(STATE)[0]["fault"] = 4
    with pytest.raises(PortunusError, match="illegal action"):
        Search(toy, Uniform(6), settings()).run(state, simulations=10)


def test_settings_are_checked():
    for wrong in ({"root": "minimax"}, {"batch": 0}, {"exploration": -1.0}, {"gumbel_scale": float("nan")}):
        with pytest.raises(PortunusError, match=next(iter(wrong))):
            SearchSettings(**wrong)
