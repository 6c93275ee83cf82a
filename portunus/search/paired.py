"""A fair trial of one action against the favourite, where values are drawn: fresh draws, the same for both, nothing of the tree's.

A tree looks at many actions and points to the luckiest; its own draws cannot then say whether that was luck. So it only names a challenger, and
pairs of rollouts decide: both actions are taken from the same state with the same random numbers, and the mean of the differences has an honest
standard error (common random numbers: Law, Simulation Modeling and Analysis, chapter 11).

Legend: A = actions, F = features, W = words of a state.
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np

from portunus.evaluator.hashed import mix
from portunus.evaluator.kernels import call_evaluator, kernel
from portunus.runtime.calls import call_features, call_legal, call_step
from portunus.runtime.signature import HEADER_FAULT, HEADER_FINISHED, INFO_WORDS, RNG_WORDS
from portunus.search.game import Game, gain, remaining_seconds
from portunus.search.root import most_visits, squared_error
from portunus.search.tree import FAULT, ROOT

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
PAIRS, SUM, SQUARES = 0, 1, 2  # of `Trial.totals`
FEWEST = 32  # pairs before which nothing is concluded
_HOPELESS = 2.5  # standard errors after which a trial that cannot succeed any more is given up
_PLAIN = 2.0  # standard errors beyond the margin after which one that has succeeded goes on no longer


class Trial(NamedTuple):
    """What a trial writes.

    Attributes:
        totals: float64 [3], pairs, sum of the differences challenger - favourite, u, and of their squares.
        play: int64 [W].
        rng, info, mask, features, heads: as the kernels want them.
    """

    totals: np.ndarray
    play: np.ndarray
    rng: np.ndarray
    info: np.ndarray
    mask: np.ndarray
    features: np.ndarray
    heads: np.ndarray


def new_trial(game: Game) -> Trial:
    """Memory for the trials of a search."""
    return Trial(
        np.zeros(3), np.zeros(game.words, np.int64), np.zeros(RNG_WORDS, np.uint64), np.zeros(INFO_WORDS), np.zeros(game.actions, np.uint8),
        np.zeros(game.feature_count, np.float32), np.zeros(game.actions + 1, np.float32),
    )  # fmt: skip


@kernel
def name_challenger(arena, rules, least):
    """The edges of the root to compare: (challenger, favourite); challenger -1 where the tree already knows it to be no better.

    A challenger has been visited `least` times, or where that is 0 half as often as the most visited.
    """
    favourite, challenger = np.int64(0), np.int64(-1)
    enough = 2 * least if least > 0 else most_visits(arena)
    for e in range(arena.nodes[ROOT].edges):
        if arena.edges[e].prior > arena.edges[favourite].prior:
            favourite = np.int64(e)
    for e in range(arena.nodes[ROOT].edges):
        edge = arena.edges[e]
        if e != favourite and edge.visits > 0 and 2 * edge.visits >= enough and (challenger < 0 or edge.value > arena.edges[challenger].value):
            challenger = np.int64(e)
    if challenger >= 0 and arena.edges[favourite].visits > 0:
        error = sqrt(squared_error(arena, favourite) + squared_error(arena, challenger))
        if arena.edges[challenger].value + _HOPELESS * error < arena.edges[favourite].value + rules.least_gain:
            challenger = np.int64(-1)
    return challenger, favourite


@kernel
def compare(game, arena, evaluator, trial, stream, challenger, favourite, count):
    """Play `count` more pairs; `challenger` and `favourite` are edges of the root of `arena`, `stream` is the trial's own, uint64."""
    totals, play = trial.totals, trial.play
    for _ in range(count):
        key = mix(stream + np.uint64(totals[PAIRS]) * _GOLDEN)
        difference = 0.0
        for side in range(2):
            play[:] = arena.states[ROOT]
            trial.rng[:] = 0
            trial.rng[0] = key
            action = arena.edges[challenger if side == 0 else favourite].action
            before = remaining_seconds(play)
            call_step(game.step, play.ctypes.data, game.tables, game.metrics, trial.rng.ctypes.data, action, trial.info.ctypes.data)
            result = gain(game, trial.info[0], before, remaining_seconds(play))
            if play[HEADER_FINISHED] == 0:
                call_legal(game.legal, play.ctypes.data, game.tables, trial.mask.ctypes.data)
                call_features(game.features, play.ctypes.data, game.tables, trial.features.ctypes.data)
                trial.rng[0] = mix(key)
                call_evaluator(
                    evaluator.address, evaluator.integers, evaluator.reals, evaluator.weights, game.tables, play.ctypes.data,
                    trial.rng.ctypes.data, trial.features.ctypes.data, trial.mask.ctypes.data, trial.heads.ctypes.data,
                )  # fmt: skip
                result += trial.heads[game.actions]
            arena.counters[FAULT] |= play[HEADER_FAULT]
            difference += result if side == 0 else -result
        totals[PAIRS] += 1.0
        totals[SUM] += difference
        totals[SQUARES] += difference * difference


def standing(totals: np.ndarray) -> tuple[float, float]:
    """The mean difference so far and its standard error, u, from `Trial.totals`."""
    pairs, total, squares = (float(x) for x in totals)
    if pairs < 2:
        return 0.0, float("inf")
    mean = total / pairs
    return mean, sqrt(max(squares / pairs - mean * mean, 0.0) / (pairs - 1))


def succeeds(totals: np.ndarray, caution: float, least_gain: float) -> bool:
    """Is the challenger better by `caution` standard errors, and by `least_gain`, u?"""
    mean, error = standing(totals)
    return totals[PAIRS] >= FEWEST and mean > max(caution * error, least_gain)


def decided(totals: np.ndarray, caution: float, least_gain: float) -> bool:
    """Would more pairs hardly change the verdict?"""
    mean, error = standing(totals)
    if totals[PAIRS] < FEWEST:
        return False
    return mean + _HOPELESS * error < least_gain or mean - _PLAIN * error > max(caution * error, least_gain)
