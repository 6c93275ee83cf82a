"""Whole fights in compiled code: the network alone or a priority list decides, no Python between two decisions.

Both players meet the same seeds (common random numbers), so their difference is less noisy than either figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from portunus.errors import PortunusError
from portunus.evaluator.kernels import KernelEvaluator, call_evaluator, kernel
from portunus.evaluator.mlp import Mlp
from portunus.runtime.calls import call_features, call_legal, call_reset, call_rotation, call_step
from portunus.runtime.signature import FAULTS, HEADER_DAMAGE, HEADER_DURATION, HEADER_FAULT, HEADER_FINISHED, INFO_WORDS
from portunus.search.game import gain, game_of, remaining_seconds
from portunus.search.rules import Judge

if TYPE_CHECKING:
    from portunus.evaluator.protocol import NetworkWeights
    from portunus.runtime.compiled import CompiledSpec

FIGHTS_PER_CALL = 32  # so that Ctrl-C is heard
MAX_DECISIONS = 20_000  # in one fight; more is a spec that never advances time
ENDLESS = 8  # the fault bit of a fight with more


@dataclass(frozen=True)
class Fights:
    """Results of n fights.

    Attributes:
        damage: float64[n].
        seconds: Length of each fight, float64[n].
    """

    damage: np.ndarray
    seconds: np.ndarray

    @property
    def dps(self) -> np.ndarray:
        """Damage per second of each fight, float64[n]."""
        return self.damage / self.seconds


@dataclass(frozen=True)
class Record:
    """Decisions of whole fights, one after the other. N = decisions, F = features, A = actions.

    Attributes:
        features: float32[N, F], before the decision.
        mask: uint8[N, A], 1 = legal.
        label: int32[N], what the list takes here.
        taken: int32[N], what was done.
        gain: float64[N], damage until the next decision beyond the reference pace, u.
        last: bool[N], the fight ends after this decision.
    """

    features: np.ndarray
    mask: np.ndarray
    label: np.ndarray
    taken: np.ndarray
    gain: np.ndarray
    last: np.ndarray


@kernel
def uniform_draw(stream):
    """A number in [0, 1) from a private splitmix64 stream, uint64[4]."""
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
    pick = int(uniform_draw(stream) * legal)
    for action in range(mask.shape[0]):
        if mask[action]:
            if pick == 0:
                return action
            pick -= 1
    return mask.shape[0] - 1


@kernel
def best_legal(mask, heads):
    """The legal action of the largest logit, the first of equals; `heads` are logits and a value, float32 [A + 1]."""
    best = -1
    for action in range(mask.shape[0]):
        if mask[action] and (best < 0 or heads[action] > heads[best]):
            best = action
    return best


@kernel
def _fights(game, reset, rotation, judge, rngs, metrics, epsilon, stream, damage, seconds, keep):
    """Play one fight per rng row, by the evaluator `judge` or else (address 0) by the list; returns (decisions recorded, fault bits).

    `keep` holds the arrays of a `Record`; recording stops when they are full, so empty arrays record nothing.
    """
    features, mask, label, taken, gains, last = keep
    state = np.zeros(game.words, np.int64)
    info = np.zeros(INFO_WORDS, np.float64)
    legal = np.zeros(game.actions, np.uint8)
    seen = np.zeros(game.feature_count, np.float32)
    heads = np.zeros(game.actions + 1, np.float32)
    at = state.ctypes.data
    row, faults = 0, 0
    for fight in range(rngs.shape[0]):
        rng = rngs[fight].ctypes.data
        call_reset(reset, at, game.tables, rng)
        decisions = 0
        while state[HEADER_FINISHED] == 0 and state[HEADER_FAULT] == 0 and decisions < MAX_DECISIONS:
            decisions += 1
            recording = row < label.shape[0]
            call_legal(game.legal, at, game.tables, legal.ctypes.data)
            if recording or judge.address != 0:
                call_features(game.features, at, game.tables, seen.ctypes.data)
            if judge.address != 0:
                call_evaluator(
                    judge.address, judge.integers, judge.reals, judge.weights, game.tables, at, stream.ctypes.data,
                    seen.ctypes.data, legal.ctypes.data, heads.ctypes.data,
                )  # fmt: skip
                choice = best_legal(legal, heads)
            else:
                choice = call_rotation(rotation, at, game.tables)
            action = choice
            if epsilon > 0 and uniform_draw(stream) < epsilon:
                action = random_legal(legal, stream)
            before = remaining_seconds(state)
            call_step(game.step, at, game.tables, metrics.ctypes.data, rng, action, info.ctypes.data)
            if recording:
                features[row] = seen
                mask[row] = legal
                label[row] = choice
                taken[row] = action
                gains[row] = gain(game, info[0], before, remaining_seconds(state))
                last[row] = state[HEADER_FINISHED] != 0
                row += 1
        faults |= state[HEADER_FAULT]
        if decisions == MAX_DECISIONS:
            faults |= ENDLESS
        damage[fight] = state.view(np.float64)[HEADER_DAMAGE]
        seconds[fight] = state[HEADER_DURATION] * 1e-9
    return row, faults


def empty_record(capacity: int, compiled: CompiledSpec) -> Record:
    """Room for `capacity` decisions."""
    return Record(
        features=np.zeros((capacity, len(compiled.feature_names)), np.float32),
        mask=np.zeros((capacity, len(compiled.actions)), np.uint8),
        label=np.zeros(capacity, np.int32),
        taken=np.zeros(capacity, np.int32),
        gain=np.zeros(capacity),
        last=np.zeros(capacity, np.bool_),
    )


def rotation_address(compiled: CompiledSpec, rotation: str) -> int:
    """The address of a priority list's kernel.

    Raises:
        PortunusError: The spec has no such rotation.
    """
    if rotation not in compiled.kernels.rotations:
        known = ", ".join(sorted(compiled.kernels.rotations))
        raise PortunusError(f"{compiled.name} has no rotation {rotation!r}", hint=f"It has: {known}." if known else "Add one to the spec.")
    return compiled.kernels.rotations[rotation]


def check_faults(compiled: CompiledSpec, faults: int) -> None:
    """Turn the fault bits of kernels into one message.

    Raises:
        PortunusError: A bit is set.
    """
    if faults:
        found = "; ".join(text for bit, text in FAULTS.items() if faults & bit)
        raise PortunusError(f"a fight of {compiled.name} broke off: {found}", hint="Run `portunus test` on the spec.", exit_code=1)


def judge_of(evaluator: KernelEvaluator) -> Judge:
    """The addresses of an evaluator, which the caller keeps alive."""
    return Judge(evaluator.address, evaluator.integers.ctypes.data, evaluator.reals.ctypes.data, evaluator.weights.ctypes.data)


def _play(
    compiled: CompiledSpec, seeds: np.ndarray, *, evaluator: KernelEvaluator | None = None,
    rotation: int = 0, expected: bool = False, epsilon: float = 0.0, stream_seed: int = 0, keep: Record | None = None,
) -> tuple[Fights, int]:  # fmt: skip
    """The fights, and the number of decisions kept."""
    seeds = np.asarray(seeds)
    fights = Fights(np.zeros(len(seeds)), np.zeros(len(seeds)))
    metrics = compiled.new_metrics()
    stream = np.array([stream_seed, 0, 0, 0], np.uint64)
    judge = judge_of(evaluator) if evaluator else Judge(0, 0, 0, 0)
    game = game_of(compiled, metrics)
    if not expected:
        game = game._replace(step=compiled.kernels.step_sampled)
    keep = keep or empty_record(0, compiled)
    arrays = (keep.features, keep.mask, keep.label, keep.taken, keep.gain, keep.last)
    rows = 0
    for start in range(0, len(seeds), FIGHTS_PER_CALL):
        part = seeds[start : start + FIGHTS_PER_CALL]
        damage, seconds = fights.damage[start : start + len(part)], fights.seconds[start : start + len(part)]
        rngs = np.stack([compiled.new_rng(int(seed)) for seed in part])
        recorded, faults = _fights(
            game, compiled.kernels.reset, rotation, judge, rngs, metrics, float(epsilon), stream, damage, seconds,
            tuple(array[rows:] for array in arrays),
        )  # fmt: skip
        rows += recorded
        check_faults(compiled, faults)
    return fights, rows


def network_fights(compiled: CompiledSpec, weights: NetworkWeights, seeds: np.ndarray, *, expected: bool = False) -> Fights:
    """Fights in which the network alone decides: the legal action of the largest logit.

    Args:
        compiled: The spec.
        weights: The network.
        seeds: int[n], one fight each.
        expected: Mean damage for pure damage rolls (less noise) instead of every roll drawn.

    Raises:
        PortunusError: A fight broke off with a fault.
    """
    return _play(compiled, seeds, evaluator=Mlp(weights).in_kernel(), expected=expected)[0]


def rotation_fights(compiled: CompiledSpec, seeds: np.ndarray, *, rotation: str = "default", expected: bool = False) -> Fights:
    """Fights in which a priority list decides; arguments as in `network_fights`.

    Raises:
        PortunusError: No such rotation, or a fight broke off with a fault.
    """
    return _play(compiled, seeds, rotation=rotation_address(compiled, rotation), expected=expected)[0]


def play_network(compiled: CompiledSpec, weights: NetworkWeights, seeds: np.ndarray, *, expected: bool = False) -> np.ndarray:
    """Damage float64[n] of `network_fights`."""
    return network_fights(compiled, weights, seeds, expected=expected).damage


def play_rotation(compiled: CompiledSpec, seeds: np.ndarray, *, rotation: str = "default", expected: bool = False) -> np.ndarray:
    """Damage float64[n] of `rotation_fights`."""
    return rotation_fights(compiled, seeds, rotation=rotation, expected=expected).damage


def record_rotation(compiled: CompiledSpec, seeds: np.ndarray, *, epsilon: float, stream_seed: int, rotation: str = "default") -> Record:
    """Play fights by a priority list, a share `epsilon` of its actions replaced by random legal ones, and keep every decision.

    Returns:
        Complete fights only, in the expected form.

    Raises:
        PortunusError: No such rotation, or a fight broke off with a fault.
    """
    keep = empty_record(1024 * len(seeds), compiled)
    address = rotation_address(compiled, rotation)
    _, rows = _play(compiled, seeds, rotation=address, expected=True, epsilon=epsilon, stream_seed=stream_seed, keep=keep)
    ends = np.flatnonzero(keep.last[:rows])
    stop = int(ends[-1]) + 1 if len(ends) else 0
    return Record(*(getattr(keep, name)[:stop].copy() for name in ("features", "mask", "label", "taken", "gain", "last")))
