"""An evaluator that knows nothing: all legal actions alike, every state at reference pace."""

from __future__ import annotations

from dataclasses import dataclass

from portunus.evaluator.kernels import UNIFORM, KernelEvaluator, kernel, kernel_evaluator


@dataclass(frozen=True)
class Uniform:
    """Equal logits, value 0: the search alone, with nothing that guides it."""

    def in_kernel(self) -> KernelEvaluator:
        """Its form inside the search."""
        return kernel_evaluator(UNIFORM)


@kernel
def uniform(logits):
    """Write equal logits, float32 [A]; return the value 0."""
    for a in range(logits.shape[0]):
        logits[a] = 0.0
    return 0.0
