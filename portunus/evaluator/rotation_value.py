"""What the default rotation is worth from any state: a least squares fit of its own fights, made in a second or two.

The damage still to come depends on things far off, such as how long the mana lasts, and a few seconds of playing on cannot show them;
playing on to the end of the fight can, but drowns them in chance. So fights are played by the rotation with some actions at random. In
each window of the time that remains one state per fight is kept, the rotation alone plays on for the length of a window, and what it
did is regressed on the features of that state (backward, window by window: Longstaff and Schwartz 2001; least squares policy
evaluation: Bertsekas, Dynamic Programming and Optimal Control, vol. 2). The end of the fight is worth exactly 0.

Legend: K = windows, n = features that vary, F = features, A = actions, W = words of a state.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from portunus.errors import PortunusError
from portunus.evaluator.hashed import fraction, mix
from portunus.evaluator.kernels import kernel
from portunus.runtime.calls import call_features, call_legal, call_reset, call_rotation, call_step
from portunus.runtime.signature import HEADER_DURATION, HEADER_FAULT, HEADER_FINISHED, HEADER_NOW, INFO_WORDS

if TYPE_CHECKING:
    from portunus.runtime.compiled import CompiledSpec

FIGHTS = 6000
FIGHTS_PER_CALL = 100  # so that Ctrl-C is heard
WINDOW_SECONDS = 20.0
RANDOM_SHARE = 0.08  # mean share of actions taken at random, so that the fit knows states the rotation avoids
RIDGE = 1.0
SPREAD = 6.0  # standard deviations after which a feature counts no further
SQUARE = 9.0  # the same for its square
_MAX_DECISIONS = 100_000  # of one fight
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class RotationValue:
    """V(s) less the reference pace, u: in each window of remaining time a linear function of the features and their squares.

    Attributes:
        window_ns: Length of a window.
        features: int64 [n], which features.
        mean: float64 [n], of each.
        scale: float64 [n], one over the standard deviation of each.
        weights: float64 [K, 1 + 2n], for 1, the standardised features and their squares.
        residual: What the fit leaves unexplained of the value of a window, standard deviation, u: chance for the most part.
        samples: States fitted.
    """

    window_ns: int
    features: np.ndarray
    mean: np.ndarray
    scale: np.ndarray
    weights: np.ndarray
    residual: float
    samples: int

    def value(self, features: np.ndarray, remaining_ns: int) -> float:
        """The value of one state, u; 0 when no time is left, even if something can still be done at that instant.

        Args:
            features: float32 [F].
            remaining_ns: Time left in the fight.
        """
        if remaining_ns <= 0:
            return 0.0
        window = min(remaining_ns // self.window_ns, len(self.weights) - 1)
        return float(_basis(features[None, self.features], self.mean, self.scale)[0] @ self.weights[window])


@kernel
def fitted_value(features, chosen, mean, scale, weights):
    """`RotationValue.value` inside a kernel, for the `weights` float64 [1 + 2n] of the right window, while time is left."""
    count, value = chosen.shape[0], weights[0]
    for j in range(count):
        z = min(max((features[chosen[j]] - mean[j]) * scale[j], -SPREAD), SPREAD)
        value += weights[1 + j] * z + weights[1 + count + j] * min(z * z, SQUARE)
    return value


def fit_rotation_value(compiled: CompiledSpec, *, rotation: str = "default", fights: int = FIGHTS, window_seconds: float = WINDOW_SECONDS,
                       seed: int = 1) -> RotationValue:
    """Fit the value of a rotation.

    Args:
        compiled: The spec.
        rotation: Whose value.
        fights: How many fights to learn from.
        window_seconds: Length of a window.
        seed: Of the fights; equal seeds give equal values.

    Raises:
        PortunusError: There is no such rotation, or a fight broke off with a fault.
    """
    if rotation not in compiled.kernels.rotations:
        raise PortunusError(f"{compiled.name} has no rotation {rotation!r}", hint=f"It has: {', '.join(sorted(compiled.kernels.rotations))}.")
    window = int(window_seconds * 1e9)
    start, starts, damage, seconds, end, ends = _play(compiled, rotation, fights, window, seed)
    gained = (damage - compiled.reference_dps * seconds) / (compiled.reference_dps * compiled.gcd_seconds)
    spread = start.std(axis=0)
    chosen = np.flatnonzero(spread > 1e-6)
    mean, scale = start[:, chosen].mean(axis=0).astype(float), 1.0 / spread[chosen].astype(float)
    before, after = _basis(start[:, chosen], mean, scale), _basis(end[:, chosen], mean, scale)
    windows = int(starts.max()) + 1 if len(starts) else 1
    weights = np.zeros((windows, before.shape[1]))
    ridge = RIDGE * np.eye(before.shape[1])
    ridge[0, 0] = 0.0
    left = 0.0
    for k in range(windows):
        rows = np.flatnonzero(starts == k)
        if len(rows) < before.shape[1]:  # a fight that hardly ever lasts so long
            weights[k] = weights[k - 1] if k else 0.0
            continue
        target = gained[rows]
        going = rows[ends[rows] >= 0]
        target[ends[rows] >= 0] += np.einsum("ij,ij->i", after[going], weights[ends[going]])
        x = before[rows]
        weights[k] = np.linalg.solve(x.T @ x + ridge, x.T @ target)
        left += float(((target - x @ weights[k]) ** 2).sum())
    return RotationValue(window, chosen, mean, scale, weights, (left / max(len(starts), 1)) ** 0.5, len(starts))


def _basis(features: np.ndarray, mean: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """1, the standardised features, and their squares: float64 [N, 1 + 2n] of float32 [N, n]."""
    z = np.clip((features - mean) * scale, -SPREAD, SPREAD)
    return np.hstack([np.ones((len(z), 1)), z, np.minimum(z * z, SQUARE)])


def _play(compiled: CompiledSpec, rotation: str, fights: int, window: int, seed: int) -> tuple[np.ndarray, ...]:
    """Features of the states kept, their windows, damage and seconds of what the rotation did next, features and windows at its end.

    The window at the end is -1 where the fight was over.
    """
    state, rng = compiled.new_state(), compiled.new_rng(seed)
    compiled.reset(state, rng)
    windows = int((state[HEADER_DURATION] - state[HEADER_NOW]) // window) + 2
    count, room = len(compiled.feature_names), windows * FIGHTS_PER_CALL
    found: list[tuple[np.ndarray, ...]] = []
    metrics = compiled.new_metrics()
    for first in range(0, fights, FIGHTS_PER_CALL):
        keep = (
            np.zeros((room, count), np.float32), np.zeros(room, np.int64), np.zeros(room), np.zeros(room),
            np.zeros((room, count), np.float32), np.zeros(room, np.int64),
        )  # fmt: skip
        rows, fault = _sample(
            compiled.kernels.reset, compiled.kernels.step_expected, compiled.kernels.legal, compiled.kernels.features,
            compiled.kernels.rotations[rotation], compiled.tables.ctypes.data, metrics.ctypes.data, np.zeros((2, len(state)), np.int64),
            len(compiled.actions), min(FIGHTS_PER_CALL, fights - first), np.uint64(seed * 1_000_003 + first), window, keep,
        )  # fmt: skip
        _check(compiled, int(fault))
        found.append(tuple(array[:rows] for array in keep))
    return tuple(np.concatenate(parts) for parts in zip(*found, strict=True))


def _check(compiled: CompiledSpec, fault: int) -> None:
    """Turn fault bits into a message.

    Raises:
        PortunusError: A bit is set.
    """
    if fault:
        raise PortunusError(f"a fight of {compiled.name} broke off (fault bits {fault})", hint="Run `portunus test` on the spec.", exit_code=1)


@kernel
def _uniform(rng):
    rng[0] += _GOLDEN
    return fraction(mix(rng[0]))


@kernel
def _sample(reset, step, legal, features, rotation, tables, metrics, states, actions, fights, seed, window, keep):
    """Play fights and keep one state per window; returns (rows kept, fault bits). `states`: int64 [2, W], scratch."""
    start, starts, damage, seconds, end, ends = keep
    state, play = states[0], states[1]
    info, mask = np.zeros(INFO_WORDS), np.zeros(actions, np.uint8)
    rng, dice = np.zeros(4, np.uint64), np.zeros(4, np.uint64)
    at, there, random, out = state.ctypes.data, play.ctypes.data, rng.ctypes.data, info.ctypes.data
    row, fault = 0, 0
    for fight in range(fights):
        rng[0] = mix((seed + np.uint64(fight)) * _GOLDEN)
        dice[0] = mix(rng[0])
        call_reset(reset, at, tables, random)
        share = 2.0 * RANDOM_SHARE * _uniform(dice)
        k = (state[HEADER_DURATION] - state[HEADER_NOW]) // window
        mark = np.int64((k + _uniform(dice)) * window)
        decisions = 0
        while state[HEADER_FINISHED] == 0 and state[HEADER_FAULT] == 0 and decisions < _MAX_DECISIONS:
            decisions += 1
            left = state[HEADER_DURATION] - state[HEADER_NOW]
            if k >= 0 and left <= mark and row < starts.shape[0]:
                call_features(features, at, tables, start[row].ctypes.data)
                starts[row] = left // window
                play[:] = state
                until, total = play[HEADER_NOW] + window, 0.0
                while play[HEADER_FINISHED] == 0 and play[HEADER_FAULT] == 0 and play[HEADER_NOW] < until:
                    call_step(step, there, tables, metrics, random, call_rotation(rotation, there, tables), out)
                    total += info[0]
                over = play[HEADER_FINISHED] != 0 or play[HEADER_NOW] >= play[HEADER_DURATION]
                stop = play[HEADER_DURATION] if over else min(play[HEADER_NOW], play[HEADER_DURATION])
                damage[row], seconds[row] = total, (stop - state[HEADER_NOW]) * 1e-9
                ends[row] = -1 if over else (play[HEADER_DURATION] - play[HEADER_NOW]) // window
                call_features(features, there, tables, end[row].ctypes.data)
                fault |= play[HEADER_FAULT]
                row += 1
                while k >= 0 and mark >= left:
                    k -= 1
                    mark = np.int64((k + _uniform(dice)) * window)
            action = call_rotation(rotation, at, tables)
            if _uniform(dice) < share:
                pick = np.int64(_uniform(dice) * call_legal(legal, at, tables, mask.ctypes.data))
                for a in range(actions):
                    if mask[a] != 0:
                        if pick == 0:
                            action = a
                            break
                        pick -= 1
            call_step(step, at, tables, metrics, random, action, out)
        fault |= state[HEADER_FAULT]
    return row, fault
