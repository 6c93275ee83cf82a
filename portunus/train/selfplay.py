"""Self-play: fights in which a small tree search decides, and what a network should learn from each decision.

A share of the decisions is searched deeply and teaches the policy; the others are searched a little, to get on (playout cap
randomisation, Wu 2019). Some fights begin with a stretch of careless play, so that unusual states are met. All of it is compiled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from portunus.evaluator.kernels import call_evaluator, kernel
from portunus.evaluator.mlp import Mlp
from portunus.runtime.calls import call_features, call_legal, call_reset, call_step
from portunus.runtime.signature import HEADER_FAULT, HEADER_FINISHED, INFO_WORDS
from portunus.search.engine import Search
from portunus.search.game import gain, remaining_seconds
from portunus.search.root import choose_action_edge, improved_policy, search_whole
from portunus.search.settings import SearchSettings
from portunus.search.tree import FAULT
from portunus.train.play import ENDLESS, MAX_DECISIONS, best_legal, check_faults, random_legal, uniform_draw
from portunus.train.samples import Samples
from portunus.train.targets import lambda_returns

if TYPE_CHECKING:
    from portunus.evaluator.protocol import NetworkWeights
    from portunus.runtime.compiled import CompiledSpec


@dataclass(frozen=True)
class SelfPlaySettings:
    """How self-play decides.

    Attributes:
        simulations: Of a decision that teaches the policy.
        fast_simulations: Of the others.
        full_share: Share of the decisions that teach the policy.
        value_share: Share of the others that are kept to teach the value; neighbours in a fight say much the same.
        careless_share: Share of the fights that begin with careless play.
        careless_random: Share of random actions while careless.
        careless_decisions: Longest careless stretch, decisions.
        short_share: Share of the pieces of work with a shorter fight, a fifth to all of its length, so that no length is learned by heart.
        trace: lambda of the value targets.
    """

    simulations: int = 128
    fast_simulations: int = 8
    full_share: float = 0.15
    value_share: float = 0.2
    careless_share: float = 0.3
    careless_random: float = 0.3
    careless_decisions: int = 120
    short_share: float = 0.3
    trace: float = 0.9


@kernel
def _self_play(game, arena, rules, quiet, judge, reset, rngs, stream, how, keep):
    """Play one fight per rng row; returns (decisions kept, fault bits). Recording stops when `keep` is full.

    `rules` have noise at the root and serve the decisions that teach, `quiet` have none and serve the others.
    """
    features, mask, policies, full, values, gains, last, explored = keep
    simulations, fast_simulations, full_share, careless_share, careless_random, careless_decisions = how
    state = np.zeros(game.words, np.int64)
    info = np.zeros(INFO_WORDS, np.float64)
    legal = np.zeros(game.actions, np.uint8)
    seen = np.zeros(game.feature_count, np.float32)
    heads = np.zeros(game.actions + 1, np.float32)
    policy = np.zeros(game.actions, np.float64)
    candidates = np.zeros(game.actions, np.int64)
    at = state.ctypes.data
    row, faults = 0, 0
    for fight in range(rngs.shape[0]):
        rng = rngs[fight].ctypes.data
        call_reset(reset, at, game.tables, rng)
        careless = 0
        if uniform_draw(stream) < careless_share:
            careless = int(uniform_draw(stream) * careless_decisions)
        decisions = 0
        while state[HEADER_FINISHED] == 0 and state[HEADER_FAULT] == 0 and decisions < MAX_DECISIONS:
            decisions += 1
            call_legal(game.legal, at, game.tables, legal.ctypes.data)
            call_features(game.features, at, game.tables, seen.ctypes.data)
            if decisions <= careless:
                call_evaluator(
                    judge.address, judge.integers, judge.reals, judge.weights, game.tables, at, stream.ctypes.data,
                    seen.ctypes.data, legal.ctypes.data, heads.ctypes.data,
                )  # fmt: skip
                action = best_legal(legal, heads)
                if uniform_draw(stream) < careless_random:
                    action = random_legal(legal, stream)
                call_step(game.step, at, game.tables, game.metrics, rng, action, info.ctypes.data)
                continue
            if row == gains.shape[0]:
                return row, faults
            deep = uniform_draw(stream) < full_share
            arena.rng[0] = np.uint64(uniform_draw(stream) * 9007199254740992.0)
            search_whole(game, arena, rules if deep else quiet, judge, state, candidates, simulations if deep else fast_simulations)
            faults |= arena.counters[FAULT]
            edge = choose_action_edge(arena, rules if deep else quiet)
            if edge < 0 or faults != 0:
                return row, faults
            action = arena.edges[edge].action
            features[row] = seen
            mask[row] = legal
            values[row] = improved_policy(game, arena, rules, policy)
            policies[row] = policy
            full[row] = deep
            explored[row] = deep and policy[action] < 0.5 * policy.max()
            before = remaining_seconds(state)
            call_step(game.step, at, game.tables, game.metrics, rng, action, info.ctypes.data)
            gains[row] = gain(game, info[0], before, remaining_seconds(state))
            last[row] = state[HEADER_FINISHED] != 0
            row += 1
        faults |= state[HEADER_FAULT]
        if decisions == MAX_DECISIONS:
            faults |= ENDLESS
    return row, faults


def with_length(compiled: CompiledSpec, share: float) -> np.ndarray:
    """A copy of the tables, int64 [table_words], in which the fight lasts only a share of its time."""
    tables = compiled.tables.copy()
    duration = tables.view(compiled.layout.table_dtype)["duration"]
    duration[0] = int(duration[0] * share)
    return tables


class SelfPlay:
    """A player that improves on a network by searching, and remembers its fights as samples.

    Args:
        compiled: The spec.
        settings: How to decide.
    """

    def __init__(self, compiled: CompiledSpec, settings: SelfPlaySettings) -> None:
        self.compiled = compiled
        self.settings = settings

    def play(self, weights: NetworkWeights, *, fights: int, seed: int) -> Samples:
        """Play fights; the result depends on the arguments alone.

        Args:
            weights: The network to start from.
            fights: How many.
            seed: Of the fights and of every choice made in them.

        Raises:
            PortunusError: A fight broke off with a fault.
        """
        compiled, how = self.compiled, self.settings
        search = Search(compiled, Mlp(weights), SearchSettings.for_training(node_capacity=2 * how.simulations + 2))
        capacity, actions = 1024 * fights, len(compiled.actions)
        keep = (
            np.zeros((capacity, len(compiled.feature_names)), np.float32),
            np.zeros((capacity, actions), np.uint8),
            np.zeros((capacity, actions), np.float32),
            np.zeros(capacity, np.bool_),
            np.zeros(capacity),
            np.zeros(capacity),
            np.zeros(capacity, np.bool_),
            np.zeros(capacity, np.bool_),
        )
        draw = np.random.default_rng(seed)
        tables = with_length(compiled, draw.uniform(0.2, 1.0) if draw.random() < how.short_share else 1.0)
        game = search.game._replace(tables=tables.ctypes.data)
        rngs = np.stack([compiled.new_rng(seed + fight) for fight in range(fights)])
        stream = np.array([seed, 0, 0, 0], np.uint64)
        numbers = (how.simulations, how.fast_simulations, how.full_share, how.careless_share, how.careless_random, how.careless_decisions)
        quiet = search.rules._replace(gumbel_scale=0.0)
        rows, faults = _self_play(game, search.arena, search.rules, quiet, search.judge, compiled.kernels.reset, rngs, stream, numbers, keep)
        check_faults(compiled, faults)
        ends = np.flatnonzero(keep[6][:rows])
        features, mask, policy, full, values, gains, last, explored = (array[: int(ends[-1]) + 1 if len(ends) else 0] for array in keep)
        targets = lambda_returns(gains, values, last, explored, trace=how.trace)
        kept = np.flatnonzero(full | (draw.random(len(full)) < how.value_share))
        return Samples(
            features=features[kept],
            mask=mask[kept],
            policy=policy[kept],
            policy_weight=full[kept].astype(np.float32),
            value=targets[kept].astype(np.float32),
            value_weight=np.where(explored[kept], 0, 1).astype(np.float32),
        )
