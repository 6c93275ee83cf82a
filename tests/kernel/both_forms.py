"""Whole fights of the default rotation in the sampled and in the expected form."""

import numpy as np

from portunus.runtime.compiled import CompiledSpec


def difference(spec: CompiledSpec, *, sampled: int, expected: int) -> tuple[float, float]:
    """Mean damage of `expected` fights in the expected form less that of `sampled` ones in the sampled form, and its standard error."""
    drawn, folded = np.zeros(sampled), []
    spec.run(drawn, first_seed=1)
    for seed in range(expected):
        state, rng = spec.new_state(), spec.new_rng(seed)
        spec.reset(state, rng)
        while not state[2]:
            spec.step(state, spec.rotation(state), rng, expected=True)
        folded.append(state.view(np.float64)[4])
    return float(np.mean(folded) - drawn.mean()), float(np.hypot(np.std(folded) / expected**0.5, drawn.std() / sampled**0.5))
