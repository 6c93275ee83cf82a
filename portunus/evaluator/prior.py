"""An evaluator made of the spec's own priority list: what a good player would do, without a network.

Its action gets most of the probability. A state is worth the reference pace (value 0) or, with a horizon, what the list itself
does from there: it plays on for some seconds in the expected form (a rollout: Tesauro and Galperin 1996; one step of policy improvement
over the list). What comes after is worth the reference pace.
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

import numpy as np
from numba import carray

from portunus.errors import PortunusError
from portunus.evaluator.hashed import mix
from portunus.evaluator.kernels import KernelEvaluator, address_of, compiled
from portunus.runtime.calls import call_rotation, call_step
from portunus.runtime.signature import HEADER_DURATION, HEADER_FINISHED, HEADER_NOW, INFO_WORDS

if TYPE_CHECKING:
    from portunus.runtime.compiled import CompiledSpec

_STRIDE = np.uint64(0x9E3779B97F4A7C15)
_HEAD = 6  # integers before the scratch state
_REAL = 3 + INFO_WORDS


class RotationPrior:
    """The rotation's opinion.

    Args:
        compiled: The spec.
        rotation: Name of the rotation.
        mass: Probability that goes to its action; the other legal actions share the rest.
        horizon_seconds: How long the rotation plays on to value a state; 0 = not at all.

    Raises:
        PortunusError: A number is out of range, or there is no such rotation.
    """

    def __init__(self, compiled: CompiledSpec, *, rotation: str = "default", mass: float = 0.5, horizon_seconds: float = 0.0) -> None:
        if not 0 < mass < 1:
            raise PortunusError(f"rotation prior: mass is {mass}, expected a number between 0 and 1")
        if not 0 <= horizon_seconds <= 3600:
            raise PortunusError(f"rotation prior: the horizon is {horizon_seconds} s, expected 0 to 3600")
        if rotation not in compiled.kernels.rotations:
            raise PortunusError(f"{compiled.name} has no rotation {rotation!r}", hint=f"It has: {', '.join(sorted(compiled.kernels.rotations))}.")
        self.compiled = compiled
        self.rotation = rotation
        self.mass = mass
        self.horizon_seconds = horizon_seconds

    def in_kernel(self) -> KernelEvaluator:
        """Its form inside the search."""
        spec, words = self.compiled, self.compiled.layout.state_words
        metrics = spec.new_metrics()
        head = [
            len(spec.actions), words, spec.kernels.rotations[self.rotation], spec.kernels.step_expected, metrics.ctypes.data,
            int(self.horizon_seconds * 1e9),
        ]  # fmt: skip
        integers = [np.array(head, np.int64), np.zeros(words, np.int64)]
        reals = [np.array([self.mass, spec.reference_dps, spec.reference_dps * spec.gcd_seconds]), np.zeros(INFO_WORDS)]
        return KernelEvaluator(
            compiled(_evaluate).address, np.concatenate(integers), np.concatenate(reals), actions=len(spec.actions),
            weights=np.zeros(len(spec.feature_names), np.float32), noisy=self.horizon_seconds > 0, keep=(spec, metrics),
        )  # fmt: skip


def _evaluate(integers, reals, weights, tables, state, rng, features, mask, heads):
    head, real = carray(integers, _HEAD), carray(reals, _REAL)
    actions, words, rotation, step, metrics, horizon = head[0], head[1], head[2], head[3], head[4], head[5]
    source, legal, out = carray(state, words), carray(mask, actions), carray(heads, actions + 1)
    chosen = call_rotation(rotation, address_of(state), address_of(tables))
    others = 0
    for a in range(actions):
        out[a] = 0.0
        if legal[a] != 0 and a != chosen:
            others += 1
    if others > 0 and 0 <= chosen < actions:
        out[chosen] = np.float32(log(real[0] * others / (1.0 - real[0])))
    out[actions] = 0.0
    if horizon == 0:
        return 0
    play, info = carray(integers, _HEAD + words)[_HEAD:], real[3:]
    for w in range(words):
        play[w] = source[w]
    until, damage = play[HEADER_NOW] + horizon, 0.0
    stream, number = carray(rng, 1), np.uint64(0)
    start = mix(stream[0])  # neighbouring seeds must not share steps
    while play[HEADER_FINISHED] == 0 and play[HEADER_NOW] < until:
        number += np.uint64(1)
        stream[0] = mix(start + number * _STRIDE)  # of each step its own, so that two futures that begin alike meet like luck
        action = call_rotation(rotation, play.ctypes.data, address_of(tables))
        call_step(step, play.ctypes.data, address_of(tables), metrics, address_of(rng), action, info.ctypes.data)
        damage += info[0]
    stream[0] = mix(start)
    end = play[HEADER_DURATION] if play[HEADER_FINISHED] != 0 else min(play[HEADER_NOW], play[HEADER_DURATION])
    seconds = max(end - source[HEADER_NOW], 0) * 1e-9
    out[actions] = np.float32((damage - real[1] * seconds) / real[2])
    return 0
