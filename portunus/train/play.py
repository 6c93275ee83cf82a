"""Whole fights in compiled code: the network alone or the default list decides, no Python between two decisions.

Both players meet the same seeds (common random numbers), so their difference is far less noisy than either figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from portunus.errors import PortunusError
from portunus.evaluator.kernels import NETWORK, KernelEvaluator, kernel
from portunus.evaluator.mlp import Mlp, network
from portunus.evaluator.uniform import Uniform
from portunus.runtime.calls import call_features, call_legal, call_reset, call_rotation, call_step
from portunus.runtime.signature import FAULTS, HEADER_DAMAGE, HEADER_FAULT, HEADER_FINISHED, HEADER_NOW, INFO_WORDS

if TYPE_CHECKING:
    from portunus.evaluator.protocol import NetworkWeights
    from portunus.runtime.compiled import CompiledSpec

FIGHTS_PER_CALL = 32  # so that Ctrl-C is heard
MAX_DECISIONS = 20_000  # in one fight; more is a spec that never advances time

RESET, STEP, LEGAL, FEATURES, ROTATION = range(5)  # order of the kernel addresses


@dataclass(frozen=True)
class Record:
    """Decisions of played fights, one after the other. N = decisions, F = features, A = actions.

    Attributes:
        features: float32[N, F], before the decision.
        mask: uint8[N, A], 1 = legal.
        label: int32[N], what the list takes here.
        taken: int32[N], what was done.
        reward: float64[N], damage until the next decision.
        elapsed: float64[N], seconds until the next decision.
        last: bool[N], the fight ends after this decision.
    """

    features: np.ndarray
    mask: np.ndarray
    label: np.ndarray
    taken: np.ndarray
    reward: np.ndarray
    elapsed: np.ndarray
    last: np.ndarray


@kernel
def uniform(stream):
    """A number in [0, 1) from a private splitmix64 stream uint64[1]."""
    stream[0] += np.uint64(0x9E3779B97F4A7C15)
    mixed = stream[0]
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed = mixed ^ (mixed >> np.uint64(31))
    return float(mixed >> np.uint64(11)) * 1.1102230246251565e-16


@kernel
def random_legal(mask, stream):
    """A legal action, each with the same chance."""
    legal = 0
    for action in range(mask.shape[0]):
        legal += mask[action]
    pick = int(uniform(stream) * legal)
    for action in range(mask.shape[0]):
        if mask[action]:
            if pick == 0:
                return action
            pick -= 1
    return 0


@kernel
def best_legal(mask, logits):
    """The legal action of the largest logit, the first of equals."""
    best = -1
    for action in range(mask.shape[0]):
        if mask[action] and (best < 0 or logits[action] > logits[best]):
            best = action
    return best


@kernel
def _fights(kernels, tables, words, metric_words, rngs, evaluator, epsilon, stream, damage, keep):
    """Play one fight per rng row, by the network or else by the list; returns (decisions recorded, fault bits).

    `keep` holds the arrays of a `Record`; recording stops when they are full, so empty arrays record nothing.
    """
    features, mask, label, taken, reward, elapsed, last = keep
    state = np.zeros(words, np.int64)
    as_float = state.view(np.float64)
    metrics = np.zeros(metric_words, np.int64)
    info = np.zeros(INFO_WORDS, np.float64)
    legal = np.zeros(mask.shape[1], np.uint8)
    seen = np.zeros(features.shape[1], np.float32)
    out = np.zeros(mask.shape[1], np.float32)
    at, table, counters, facts = state.ctypes.data, tables.ctypes.data, metrics.ctypes.data, info.ctypes.data
    row, faults = 0, 0
    for fight in range(rngs.shape[0]):
        rng = rngs[fight].ctypes.data
        call_reset(kernels[RESET], at, table, rng)
        decisions = 0
        while state[HEADER_FINISHED] == 0 and state[HEADER_FAULT] == 0 and decisions < MAX_DECISIONS:
            decisions += 1
            call_legal(kernels[LEGAL], at, table, legal.ctypes.data)
            if evaluator.kind == NETWORK:
                call_features(kernels[FEATURES], at, table, seen.ctypes.data)
                network(evaluator, seen, out)
                action = best_legal(legal, out)
            else:
                action = call_rotation(kernels[ROTATION], at, table)
            recording = row < label.shape[0]
            if recording:
                call_features(kernels[FEATURES], at, table, seen.ctypes.data)
                features[row] = seen
                mask[row] = legal
                label[row] = action
            if epsilon > 0 and uniform(stream) < epsilon:
                action = random_legal(legal, stream)
            before = state[HEADER_NOW]
            call_step(kernels[STEP], at, table, counters, rng, action, facts)
            if recording:
                taken[row] = action
                reward[row] = info[0]
                elapsed[row] = (state[HEADER_NOW] - before) * 1e-9
                last[row] = state[HEADER_FINISHED] != 0
                row += 1
        faults |= state[HEADER_FAULT]
        if decisions == MAX_DECISIONS:
            faults |= 8
        damage[fight] = as_float[HEADER_DAMAGE]
    return row, faults


def _keep(capacity: int, features: int, actions: int) -> tuple[np.ndarray, ...]:
    return (
        np.zeros((capacity, features), np.float32), np.zeros((capacity, actions), np.uint8), np.zeros(capacity, np.int32),
        np.zeros(capacity, np.int32), np.zeros(capacity), np.zeros(capacity), np.zeros(capacity, np.bool_),
    )  # fmt: skip


def addresses(compiled: CompiledSpec, *, rotation: str = "default", expected: bool = False) -> np.ndarray:
    """The kernel addresses int64[5] in the order the compiled loops read them.

    Raises:
        PortunusError: The spec has no such rotation.
    """
    kernels = compiled.kernels
    if rotation not in kernels.rotations:
        raise PortunusError(f"{compiled.name} has no rotation {rotation!r}", hint=f"It has: {', '.join(sorted(kernels.rotations)) or 'none'}.")
    step = kernels.step_expected if expected else kernels.step_sampled
    return np.array([kernels.reset, step, kernels.legal, kernels.features, kernels.rotations[rotation]], np.int64)


def check_faults(compiled: CompiledSpec, faults: int) -> None:
    """Turn the fault bits of kernels into one message.

    Raises:
        PortunusError: A bit is set.
    """
    if faults:
        found = "; ".join(text for bit, text in FAULTS.items() if faults & bit)
        raise PortunusError(f"a fight of {compiled.name} broke off: {found}", hint="Run `portunus test` on the spec.", exit_code=1)


def _play(compiled, kernels, seeds, evaluator: KernelEvaluator, *, epsilon=0.0, stream_seed=0, keep=None) -> tuple[np.ndarray, int]:
    """Damage of each fight and the number of decisions kept."""
    seeds = np.asarray(seeds)
    damage = np.zeros(len(seeds))
    stream = np.array([stream_seed], np.uint64)
    silent = _keep(0, len(compiled.feature_names), len(compiled.actions))
    rows = 0
    for start in range(0, len(seeds), FIGHTS_PER_CALL):
        part = seeds[start : start + FIGHTS_PER_CALL]
        rngs = np.stack([compiled.new_rng(int(seed)) for seed in part])
        room = silent if keep is None else tuple(array[rows:] for array in keep)
        recorded, faults = _fights(
            kernels, compiled.tables, compiled.layout.state_words, compiled.layout.metrics_words, rngs, evaluator,
            epsilon, stream, damage[start : start + len(part)], room,
        )  # fmt: skip
        rows += recorded
        check_faults(compiled, faults)
    return damage, rows


def play_network(compiled: CompiledSpec, weights: NetworkWeights, seeds: np.ndarray, *, expected: bool = False) -> np.ndarray:
    """Fights in which the network alone decides: the legal action of the largest logit.

    Args:
        compiled: The spec.
        weights: The network.
        seeds: int[n], one fight each.
        expected: Mean damage for pure damage rolls (less noise) instead of every roll drawn.

    Returns:
        Damage of each fight, float64[n].

    Raises:
        PortunusError: A fight broke off with a fault.
    """
    return _play(compiled, addresses(compiled, expected=expected), seeds, Mlp(weights).in_kernel())[0]


def play_rotation(compiled: CompiledSpec, seeds: np.ndarray, *, rotation: str = "default", expected: bool = False) -> np.ndarray:
    """Fights in which a priority list decides; arguments and result as in `play_network`."""
    return _play(compiled, addresses(compiled, rotation=rotation, expected=expected), seeds, Uniform().in_kernel())[0]


def record_rotation(compiled: CompiledSpec, seeds: np.ndarray, *, epsilon: float, stream_seed: int, rotation: str = "default") -> Record:
    """Play fights by a priority list, replacing a share `epsilon` of its actions by random legal ones, and keep every decision.

    Returns:
        Complete fights only; rewards are expected damage.
    """
    keep = _keep(1024 * len(seeds), len(compiled.feature_names), len(compiled.actions))
    kernels = addresses(compiled, rotation=rotation, expected=True)
    _, rows = _play(compiled, kernels, seeds, Uniform().in_kernel(), epsilon=epsilon, stream_seed=stream_seed, keep=keep)
    ends = np.flatnonzero(keep[6][:rows])
    stop = int(ends[-1]) + 1 if len(ends) else 0
    return Record(*(array[:stop].copy() for array in keep))
