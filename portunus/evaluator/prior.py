"""An evaluator made of the spec's own priority list: what a good player would do, without a network.

Its action gets most of the probability. A state is worth the reference pace (value 0) or, with a horizon, what the list itself
does from there: it plays on for some seconds in the expected form, and only what comes after is taken to be at reference pace
(a rollout: Tesauro and Galperin 1996; one step of policy improvement over the list).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from portunus.errors import PortunusError
from portunus.evaluator.kernels import ROTATION, KernelEvaluator, kernel, kernel_evaluator
from portunus.runtime.calls import call_rotation


@dataclass(frozen=True)
class RotationPrior:
    """The rotation's opinion.

    Attributes:
        rotation: Address of the rotation kernel (`CompiledSpec.kernels.rotations["default"]`).
        mass: Probability that goes to its action; the other legal actions share the rest.
        horizon_seconds: How long the rotation plays on to value a state; 0 = not at all.
    """

    rotation: int
    mass: float = 0.5
    horizon_seconds: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.mass < 1:
            raise PortunusError(f"rotation prior: mass is {self.mass}, expected a number between 0 and 1")

    def in_kernel(self) -> KernelEvaluator:
        """Its form inside the search."""
        return kernel_evaluator(ROTATION, rotation=self.rotation, mass=self.mass, horizon_ns=int(self.horizon_seconds * 1e9))


@kernel
def rotation_prior(rotation, mass, tables, state, mask, logits):
    """Write logits, float32 [A], that give the rotation's action `mass` of the probability of the legal ones.

    Args:
        rotation: Address of the rotation kernel.
        mass: Of the rotation's action, 0..1.
        tables: Address of the tables.
        state: Address of the state.
        mask: uint8 [A], 1 = legal.
        logits: float32 [A], written.
    """
    chosen = call_rotation(rotation, state, tables)
    others = 0
    for a in range(mask.shape[0]):
        logits[a] = 0.0
        if mask[a] == 1 and a != chosen:
            others += 1
    if others > 0 and 0 <= chosen < mask.shape[0]:
        logits[chosen] = np.float32(np.log(mass * others / (1.0 - mass)))
