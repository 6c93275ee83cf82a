"""The search selects what mctx selects, on deterministic trees (see `mctx_trees.py`)."""

from __future__ import annotations

import json
from types import SimpleNamespace

import mctx_trees
import numpy as np
import pytest
from mctx_trees import ACTIONS, DEPTH, RECORD, tree
from numba import carray, cfunc, types

from portunus.evaluator.kernels import KernelEvaluator, compiled
from portunus.runtime.signature import Action, Kernels
from portunus.search.engine import Search
from portunus.search.settings import SearchSettings

WORDS = 6  # the header, then the number of the state
STATE = np.dtype([("now", "i8"), ("duration", "i8"), ("finished", "i8"), ("fault", "i8"), ("damage", "f8"), ("number", "i8")])
_words, _rng, _info = types.CPointer(types.int64), types.CPointer(types.uint64), types.CPointer(types.float64)
_mask, _out = types.CPointer(types.uint8), types.CPointer(types.float32)
_SECOND = 1_000_000_000


@cfunc(types.int64(_words, _words, _words, _rng, types.int64, _info))
def _step(state, tables, metrics, rng, action, info):
    s, i = carray(state, WORDS), carray(info, 4)
    i[0], i[1], i[2] = carray(tables, 1 << 20).view(np.float64)[s[5] * ACTIONS + action] + 1.0, 1.0, 0.0  # the pace is 1 a second
    s[5] = s[5] * ACTIONS + action + 1
    s[0] += _SECOND
    s[2] = 1 if s[0] >= s[1] else 0
    return 1


@cfunc(types.int64(_words, _words, _mask))
def _legal(state, tables, mask):
    carray(mask, ACTIONS)[:] = 1
    return ACTIONS


@cfunc(types.int64(_words, _words, _out))
def _features(state, tables, out):
    return 0


def _judge(integers, reals, weights, tables, state, rng, features, mask, heads):
    number, out = carray(state, WORDS)[5], carray(heads, ACTIONS + 1)
    known = carray(weights, (number + 1, ACTIONS + 1))
    for k in range(ACTIONS + 1):
        out[k] = known[number, k]
    return 0


class Tree:
    """A tree of `mctx_trees` as a compiled spec."""

    def __init__(self, number: int) -> None:
        self.rewards, self.values, self.logits = tree(number)
        self.name, self.gcd_seconds, self.reference_dps, self.enemies = "tree", 1.0, 1.0, 1
        self.actions = tuple(Action(f"way_{a}", f"way_{a}", 0, f"Way {a}", a, "") for a in range(ACTIONS))
        self.feature_names = ("nothing",)
        self.layout = SimpleNamespace(state_words=WORDS, metrics_words=1, state_dtype=STATE)
        self.tables = self.rewards.astype(np.float64).ravel().view(np.int64)
        self.kernels = Kernels(reset=0, step_sampled=0, step_expected=_step.address, legal=_legal.address, features=_features.address, rotations={})

    def new_metrics(self) -> np.ndarray:
        return np.zeros(1, np.int64)

    def opening(self) -> np.ndarray:
        state = np.zeros(WORDS, np.int64)
        state[1] = DEPTH * _SECOND
        return state

    def in_kernel(self) -> KernelEvaluator:
        heads = np.concatenate([self.logits, self.values[:, None]], axis=1)
        return KernelEvaluator(compiled(_judge).address, np.zeros(1, np.int64), weights=np.ascontiguousarray(heads), actions=ACTIONS)


def ours(root: str, number: int, simulations: int):
    """The same search by this package: means instead of maxima, the constants of the record."""
    spec = Tree(number)
    settings = SearchSettings(
        root=root, sharpness=0.0, judgement_visits=1.0, passed_over=1.0, rise_share=0.0,
        exploration=mctx_trees.EXPLORATION, value_visits=mctx_trees.VALUE_VISITS, value_scale=mctx_trees.VALUE_SCALE,
        unvisited_reduction=0.0, node_capacity=1024,
    )  # fmt: skip
    return Search(spec, spec, settings).run(spec.opening(), simulations=simulations)


def check(entry: dict) -> None:
    found = ours(entry["root"], entry["tree"], entry["simulations"])
    assert found.visits.tolist() == entry["visits"]
    if entry["root"] == "gumbel":
        assert found.action == entry["action"]
        assert found.policy == pytest.approx(entry["policy"], abs=2e-5)


@pytest.mark.parametrize("root", ["puct", "gumbel"])
def test_visits_choice_and_policy_are_those_mctx_has(root):
    entries = [entry for entry in json.loads(RECORD.read_text()) if entry["root"] == root]
    assert len(entries) == mctx_trees.TREES * len(mctx_trees.BUDGETS)
    for entry in entries:
        check(entry)


@pytest.mark.slow
def test_the_record_is_what_mctx_says_today():
    pytest.importorskip("mctx", reason="pip install mctx")
    for entry in mctx_trees.record():
        check(entry)
