"""Evaluators: inside the kernel and outside it, they mean the same."""

import numpy as np
import pytest
from toys import Toy

from portunus.errors import PortunusError
from portunus.evaluator.hashed import Hashed
from portunus.evaluator.mlp import Mlp, forward
from portunus.evaluator.prior import RotationPrior
from portunus.evaluator.protocol import NetworkWeights
from portunus.evaluator.uniform import Uniform
from portunus.search.engine import Search
from portunus.search.settings import SearchSettings
from portunus.search.tree import USED

SMALL = SearchSettings(node_capacity=8192)


def weights(*, features: int = 4, hidden: int = 32, actions: int = 6, seed: int = 0) -> NetworkWeights:
    rng = np.random.default_rng(seed)
    shapes = ((hidden, features), (hidden,), (hidden, hidden), (hidden,), (actions + 1, hidden), (actions + 1,))
    return NetworkWeights(*(rng.normal(0.0, 0.4, shape).astype(np.float32) for shape in shapes))


def plain_forward(w: NetworkWeights, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The network in numpy, double precision."""
    x = np.maximum(x.astype(np.float64) @ w.w1.T.astype(np.float64) + w.b1, 0)
    x = np.maximum(x @ w.w2.T.astype(np.float64) + w.b2, 0)
    x = x @ w.w3.T.astype(np.float64) + w.b3
    return x[:, :-1], x[:, -1]


@pytest.mark.parametrize("features, hidden, actions", [(4, 32, 6), (75, 128, 14), (3, 5, 1), (17, 100, 15), (1, 1, 31)])
def test_network_kernel_agrees_with_numpy(features, hidden, actions):
    w = weights(features=features, hidden=hidden, actions=actions)
    x = np.random.default_rng(1).normal(0, 1, (50, features)).astype(np.float32)
    x[:, ::2] *= np.random.default_rng(2).random((50, (features + 1) // 2)) < 0.5
    logits, values = forward(w, x)
    expected_logits, expected_values = plain_forward(w, x)
    scale = 1 + np.abs(expected_logits).max()
    assert np.abs(logits - expected_logits).max() < 1e-5 * scale
    assert np.abs(values - expected_values).max() < 1e-5 * scale


def test_network_rows_do_not_depend_on_each_other():
    w, x = weights(), np.random.default_rng(1).normal(0, 1, (9, 4)).astype(np.float32)
    together = forward(w, x)
    for i in range(9):
        alone = forward(w, x[i : i + 1])
        assert (alone[0][0] == together[0][i]).all() and alone[1][0] == together[1][i]


class Batched:
    """The network as an evaluator outside the kernel."""

    def __init__(self, w: NetworkWeights) -> None:
        self.weights, self.shapes = w, set()

    def evaluate(self, features, mask):
        self.shapes.add(features.shape)
        return forward(self.weights, features)


def test_one_leaf_at_a_time_outside_is_the_search_inside():
    toy, w = Toy(), weights()
    outside = Search(toy, Batched(w), SearchSettings(node_capacity=8192, batch=1)).run(toy.opening(), simulations=600)
    inside = Search(toy, Mlp(w), SMALL).run(toy.opening(), simulations=600)
    assert outside.visits.tolist() == inside.visits.tolist()
    assert outside.values.tolist() == inside.values.tolist()


@pytest.mark.parametrize("root", ["gumbel", "puct"])
def test_batches_have_one_shape_and_lose_no_visit(root):
    toy, evaluator = Toy(), Batched(weights())
    search = Search(toy, evaluator, SearchSettings(node_capacity=8192, batch=16, root=root))
    results = [search.run(toy.opening(), simulations=500, seed=3) for _ in range(2)]
    assert evaluator.shapes == {(16, 4)}
    assert results[0].visits.sum() == 500
    assert results[0].visits.tolist() == results[1].visits.tolist()
    arena = search.arena
    for node in arena.nodes[: results[1].nodes]:
        mine = arena.edges[node["first"] : node["first"] + node["edges"]]
        if node["edges"] and mine["visits"].sum():
            assert node["visits"] == mine["visits"].sum() + 1
            assert min(mine["value"][mine["visits"] > 0].min(), node["leaf"]) - 1e-9 <= node["value"]


def test_batches_are_at_most_an_eighth_of_the_budget():
    toy, evaluator = Toy(), Batched(weights())
    result = Search(toy, evaluator, SearchSettings(node_capacity=8192, batch=64)).run(toy.opening(), simulations=32)
    assert result.simulations == 32 and result.duplicates < 16


def test_batched_search_keeps_a_time_budget():
    toy = Toy()
    search = Search(toy, Batched(weights()), SearchSettings(node_capacity=65536))
    search.run(toy.opening(), budget_ms=5)
    result = search.run(toy.opening(), budget_ms=40)
    assert result.simulations >= 32 and result.search_ms < 60
    assert 0 < result.network_ms < result.search_ms


def test_rotation_prior_gives_its_action_the_mass_and_plays_on():
    toy = Toy()
    result = Search(toy, RotationPrior(toy, mass=0.7), SMALL).run(toy.opening(), simulations=50)
    priors = dict(zip(result.actions.tolist(), result.priors.tolist(), strict=True))
    assert priors[toy.rotation(toy.opening())] == pytest.approx(0.7)
    assert sum(priors.values()) == pytest.approx(1.0)
    to_the_end = RotationPrior(toy, horizon_seconds=100.0)
    search = Search(toy, to_the_end, SMALL)
    values = []
    for seed in range(400):
        search.run(toy.opening(), simulations=1, seed=seed)
        values.append(float(search.arena.nodes[0]["value"]))
    # The list from the opening is the reference pace itself, so on average it is neither ahead nor behind.
    assert abs(np.mean(values)) < 4 * np.std(values) / len(values) ** 0.5


def test_hashed_is_repeatable_and_uniform_is_flat():
    toy = Toy()
    first, second = (Search(toy, Hashed(4, 6, seed=s), SMALL).run(toy.opening(), simulations=300) for s in (1, 2))
    assert first.values.tolist() != second.values.tolist()
    flat = Search(toy, Uniform(6), SMALL).run(toy.opening(), simulations=10)
    assert np.allclose(flat.priors, 1 / len(flat.actions))


def test_what_does_not_fit_is_refused():
    toy = Toy()
    with pytest.raises(PortunusError, match="features"):
        Search(toy, Mlp(weights(features=5)), SMALL)
    with pytest.raises(PortunusError, match="actions"):
        Search(toy, Mlp(weights(actions=7)), SMALL)
    with pytest.raises(PortunusError, match="no evaluator"):
        Search(toy, object(), SMALL)
    with pytest.raises(PortunusError, match="mass"):
        RotationPrior(toy, mass=1.0)
    with pytest.raises(PortunusError, match="no rotation"):
        RotationPrior(toy, rotation="aoe")
    with pytest.raises(PortunusError, match="b2"):
        w = weights()
        NetworkWeights(w.w1, w.b1, w.w2, w.b2[:-1], w.w3, w.b3)
    with pytest.raises(PortunusError, match="finite"):
        NetworkWeights(w.w1, w.b1 * np.float32("nan"), w.w2, w.b2, w.w3, w.b3)
    with pytest.raises(PortunusError, match="4 features"):
        forward(weights(), np.zeros((2, 5), np.float32))


def test_a_network_that_doubts_its_values_is_followed_by_its_priors():
    toy, w = Toy(), weights(seed=3)
    state = toy.opening()
    trusting, doubting = (Search(toy, Mlp(w, doubt), SMALL).run(state, simulations=200) for doubt in (0.0, 1e9))
    legal = trusting.actions
    assert doubting.action == legal[np.argmax(doubting.priors)]
    assert doubting.policy[legal] == pytest.approx(doubting.priors, abs=1e-6)
    assert np.abs(trusting.policy[legal] - trusting.priors).max() > 0.1


def test_who_passes_an_action_over_looks_at_the_others_longer():
    toy = Toy()
    searches = [Search(toy, Mlp(weights(seed=3)), SearchSettings(node_capacity=64, passed_over=power, rise_share=0.0)) for power in (1.0, 0.5)]
    changed = kept = 0
    for search in searches:
        search.run(toy.opening(), simulations=int(toy.legal(toy.opening()).sum()))  # each action once
    nodes, flatter = (search.arena.nodes[: int(search.arena.counters[USED])] for search in searches)
    for plain, node in zip(nodes, flatter, strict=True):
        before, after = (s.arena.edges["prior"][plain["first"] : plain["first"] + plain["edges"]] for s in searches)
        if node["passed"] >= 0 and node["passed"] == node["likeliest"]:
            assert after == pytest.approx(before**0.5 / (before**0.5).sum(), rel=1e-5)
            changed += 1
        else:
            assert (after == before).all()
            kept += 1
    assert changed and kept
