"""What the search does eight at a time, or for two states at once, against plain loops and one after the other."""

import numpy as np
import pytest
from numba import njit
from test_evaluators import weights
from toys import Toy

from portunus.evaluator import mlp
from portunus.evaluator.kernels import call_evaluator, compiled
from portunus.evaluator.mlp import Mlp
from portunus.search.engine import Search
from portunus.search.key import Key, hash_state, plan_of
from portunus.search.lanes import EIGHT, best_of, copy_words, softmax, weigh
from portunus.search.packed import pack, unpack
from portunus.search.settings import SearchSettings
from portunus.search.tree import EDGE


@njit
def best(edges, count, unvisited, weight, place, newest):
    return best_of(edges.ctypes.data, count, unvisited, weight, place, newest)


@njit
def weighed(edges, count, sharpness, place, newest):
    return weigh(edges.ctypes.data, count, sharpness, place, newest)


@njit
def soft(logits, mask, out):
    return softmax(logits.ctypes.data, mask.ctypes.data, logits.shape[0], out.ctypes.data)


@njit
def copied(target, source):
    return copy_words(target.ctypes.data, source.ctypes.data, source.shape[0])


def some_edges(rng: np.random.Generator, count: int) -> np.ndarray:
    edges = np.zeros(count + EIGHT, EDGE)
    edges["visits"] = rng.integers(0, 4, len(edges)) * rng.integers(0, 300, len(edges))
    edges["value"] = np.where(edges["visits"] > 0, rng.normal(0, 2, len(edges)).round(1), np.nan)  # with ties; untried ones hold anything
    edges["prior"] = rng.random(len(edges)).round(2)
    return edges


def test_the_best_edge_is_the_one_a_plain_loop_finds():
    rng = np.random.default_rng(1)
    for count in [*range(1, 34)] * 6:
        edges, unvisited, weight, newest = some_edges(rng, count), float(rng.normal()), float(rng.random() * 9), float(rng.normal())
        place = int(rng.integers(-1, count))
        scores = []
        for e, edge in enumerate(edges[:count]):
            q = (newest if e == place else float(edge["value"])) if edge["visits"] > 0 else unvisited
            scores.append(q + weight * float(edge["prior"]) / (1.0 + int(edge["visits"])))
        assert best(edges, count, unvisited, weight, place, newest) == scores.index(max(scores))


def test_weights_and_values_are_summed_as_in_a_plain_loop():
    rng = np.random.default_rng(2)
    for count in [*range(1, 34)] * 6:
        edges, sharpness, newest = some_edges(rng, count), float(rng.random()), float(rng.normal())
        place = int(rng.integers(0, count))
        edges["visits"][place] += 1
        values = [newest if e == place else float(edge["value"]) for e, edge in enumerate(edges[:count])]
        visits = [int(v) for v in edges["visits"][:count]]
        top = max(value for value, n in zip(values, visits, strict=True) if n)
        total = weight_sum = 0.0
        for value, n in zip(values, visits, strict=True):
            if n:
                away = 1.0 / (1.0 + sharpness * (top - value))
                weight = n * (away * away) * (away * away)
                total, weight_sum = total + weight * value, weight_sum + weight
        assert weighed(edges, count, sharpness, place, newest) == (total, weight_sum, sum(visits))


def test_softmax_over_what_is_legal():
    rng = np.random.default_rng(3)
    for count in range(1, 34):
        logits, mask = rng.normal(0, 30, count).astype(np.float32), rng.random(count) < 0.6
        mask[int(rng.integers(count))] = True
        out = np.full(-(-count // EIGHT) * EIGHT, np.nan, np.float32)
        soft(logits, mask.astype(np.uint8), out)
        power = np.where(mask, np.exp(logits.astype(np.float64) - logits[mask].max()), 0.0)
        assert out[:count] == pytest.approx(power / power.sum(), rel=2e-7, abs=1e-38)
        assert (out[:count][~mask] == 0).all()


def test_words_are_copied_and_no_more():
    for count in (1, 7, 8, 9, 269):
        source, target = np.arange(1, count + 1), np.full(count + 9, -1)
        copied(target, source)
        assert (target[:count] == source).all() and (target[count:] == -1).all()


@pytest.mark.parametrize("words", [5, 8, 70])
def test_a_hash_depends_on_what_matters_and_on_nothing_else(words):
    """Word 0 is the time; those counted from 1 always matter, a word behind a guard only while that is up, an instant only while it lies ahead."""
    always, behind, instant, guard = 1, 2, 3, 4
    table = [np.array(column) for column in ([always, guard, behind, instant], [0, 0, guard, 0], [0, 0, 1, 0])]
    factors = np.random.default_rng(1).integers(1, 1 << 62, 4, np.uint64) * np.uint64(2) + np.uint64(1)
    table[0], table[1] = table[0].astype(np.uint64), table[1].astype(np.uint64)
    key = Key(table[0], factors, table[1], table[2], 2, 3, 0, 0, 0, plan_of(table[0], factors, table[1], table[2], 2, 3))

    def hashed(**changes) -> int:
        state = np.full(words, 77)
        state[:5] = 100, 5, 6, 50, 1
        for place, value in changes.items():
            state[int(place[1:])] = value
        return hash_state(key, state)

    assert hashed() != hashed(w1=6) and hashed() != hashed(w2=7) and hashed() != hashed(w4=0) and hashed() != hashed(w3=101)
    assert hashed(w4=0) == hashed(w4=0, w2=99)
    assert hashed() == hashed(w3=100) == hashed(w3=60)
    if words > 5:
        assert hashed() == hashed(**{f"w{words - 1}": 3})


@pytest.mark.parametrize("features, hidden, actions", [(4, 32, 6), (75, 128, 14), (130, 200, 40)])
def test_two_states_at_once_give_the_bits_of_one(features, hidden, actions):
    evaluator = Mlp(weights(features=features, hidden=hidden, actions=actions)).in_kernel()
    x = np.random.default_rng(1).normal(0, 1, (2, features)).astype(np.float32)
    x[0, ::2], x[1, ::3] = 0, 0
    blocks = [array.ctypes.data for array in (evaluator.integers, evaluator.reals, evaluator.weights)]

    @njit
    def call(address, blocks, x, heads):
        return call_evaluator(address, blocks[0], blocks[1], blocks[2], 0, 0, 0, x.ctypes.data, 0, heads.ctypes.data)

    both = np.full((2, actions + 1), np.nan, np.float32)
    call(compiled(mlp._evaluate_two).address, tuple(blocks), x, both)
    for row in range(2):
        alone = np.full(actions + 1, np.nan, np.float32)
        call(evaluator.address, tuple(blocks), x[row], alone)
        assert alone.tobytes() == both[row].tobytes()


def test_pairs_find_what_one_after_the_other_finds():
    """The toy comes to one state on many ways, so the second of a pair often meets the first."""
    toy = Toy()
    network = Mlp(weights())
    together, alone, watched = (Search(toy, network, SearchSettings(node_capacity=8192, chunk=7)) for _ in range(3))
    alone.judge = alone.judge._replace(two=0)
    alone._packed = pack(alone.game, alone.arena, alone.rules, alone.judge)
    for seed in range(12):
        results = [
            search.run(toy.opening(), simulations=900, seed=seed, watch=watch)
            for search, watch in ((together, None), (alone, None), (watched, lambda: False))
        ]
        first = results[0]
        for other in results[1:]:
            assert other.visits.tolist() == first.visits.tolist() and other.values.tolist() == first.values.tolist()
            assert (other.steps, other.nodes, other.evaluations, other.depth) == (first.steps, first.nodes, first.evaluations, first.depth)
    assert together.judge.two and not alone.judge.two


def test_packed_arguments_are_what_was_packed():
    search = Search(Toy(), Mlp(weights()), SearchSettings(node_capacity=64))
    given = (search.game, search.arena, search.rules, search.judge)

    @njit
    def back(integers, reals):
        return unpack(integers, reals)

    for before, after in zip(given, back(*pack(*given)), strict=True):
        for name, old, new in zip(before._fields, before, after, strict=True):
            if isinstance(old, np.ndarray):
                assert old.shape == new.shape and old.dtype == new.dtype and old.ctypes.data == new.ctypes.data, name
            elif name == "key":
                for one, other in zip(old, new, strict=True):
                    assert np.array_equal(one, other)
            else:
                assert old == new, name
