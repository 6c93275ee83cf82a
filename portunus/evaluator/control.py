"""The damage of a fight with most of its luck taken out: same mean, a fraction of the variance.

The value V of the rotation, as far as it is known, says how lucky each step of a fight was: what it did and led to, less what the same action
in the same state does and leads to on average. That average is taken over fresh draws, so the luck has mean 0 whatever V is and
whoever decides, and may be subtracted (a martingale as control variate: Henderson and Glynn 2002; in games AIVAT: Burch et al. 2018). Of the
sum, which telescopes, remain V of the first state and, for each decision, the average over the draws less V of the state. A better V leaves less
variance; a worse one leaves more, and no bias.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from portunus.evaluator.hashed import mix
from portunus.evaluator.kernels import kernel
from portunus.evaluator.rotation_value import RotationValue, fitted_value
from portunus.runtime.calls import call_features, call_step
from portunus.runtime.signature import HEADER_DURATION, HEADER_FINISHED, HEADER_NOW, INFO_WORDS

if TYPE_CHECKING:
    from portunus.runtime.compiled import CompiledSpec

SAMPLES = 400  # draws of each step
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


class ControlledDamage:
    """Adds up one fight after another. Show it each state and the action taken there, in order; `damage` is that of the fight so far.

    Args:
        compiled: The spec.
        value: What its rotation is worth, fitted from other fights than those measured.
        samples: Draws of each step.
        seed: Of the draws.
    """

    def __init__(self, compiled: CompiledSpec, value: RotationValue, *, samples: int = SAMPLES, seed: int = 0) -> None:
        self.compiled, self.value, self.samples, self.seed = compiled, value, samples, seed
        self.unit = compiled.reference_dps * compiled.gcd_seconds
        self.damage = 0.0
        self._shown = 0
        self._metrics, self._rng = compiled.new_metrics(), compiled.new_rng(0)
        self._info, self._play, self._features = np.zeros(INFO_WORDS), compiled.new_state(), np.zeros(len(compiled.feature_names), np.float32)

    def show(self, state: np.ndarray, action: int, number: int) -> None:
        """Take in a decision.

        Args:
            state: int64 [W], before it; left as it is.
            action: What is done.
            number: Of the decision; 0 begins a fight.
        """
        compiled, kernels, value = self.compiled, self.compiled.kernels, self.value
        left = int(state[HEADER_DURATION] - state[HEADER_NOW])
        here = value.value(compiled.features(state), left)
        if number == 0:
            self.damage = self.unit * here + compiled.reference_dps * max(left, 0) * 1e-9
        self._shown += 1
        self._rng[:] = 0
        self._rng[0] = np.uint64((self.seed * 0x5851F42D4C957F2D + self._shown) % 2**64)
        after = _mean_after(
            kernels.step_expected, kernels.features, compiled.tables.ctypes.data, self._metrics.ctypes.data, state, self._play, self._rng,
            action, self.samples, compiled.reference_dps, self.unit, self._info, self._features,
            (value.features, value.mean, value.scale, value.weights, value.window_ns),
        )  # fmt: skip
        self.damage += self.unit * (after - here)


@kernel
def _mean_after(step, features, tables, metrics, state, play, rng, action, samples, pace, unit, info, seen, fitted):
    """Mean over `samples` draws of a step: its damage beyond the pace plus the value of the state it leads to, u."""
    chosen, mean, scale, weights, window = fitted
    rng[0] = mix(rng[0] * _GOLDEN)
    before = max(state[HEADER_DURATION] - state[HEADER_NOW], 0)
    total = 0.0
    for _ in range(samples):
        play[:] = state
        call_step(step, play.ctypes.data, tables, metrics, rng.ctypes.data, action, info.ctypes.data)
        left = 0
        if play[HEADER_FINISHED] == 0:
            left = max(play[HEADER_DURATION] - play[HEADER_NOW], 0)
        if left > 0:
            call_features(features, play.ctypes.data, tables, seen.ctypes.data)
            total += fitted_value(seen, chosen, mean, scale, weights[min(left // window, weights.shape[0] - 1)])
        total += (info[0] - pace * (before - left) * 1e-9) / unit
    return total / samples
