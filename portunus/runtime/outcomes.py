"""All outcomes of one step in the expected form, with their probabilities, by scripting its chance draws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from portunus.errors import PortunusError
from portunus.runtime.compiled import CompiledSpec

MAX_SCRIPT = 60


@dataclass(frozen=True)
class Outcome:
    """One way a step can go.

    Attributes:
        probability: Of exactly these draws. signature: 1 followed by the drawn bits, most significant first drawn.
        reward: Expected damage. state: int64 [state_words], the next decision point.
    """

    probability: float
    signature: int
    reward: float
    state: np.ndarray


def enumerate_outcomes(compiled: CompiledSpec, state: np.ndarray, action: int, *, limit: int = 4096) -> list[Outcome]:
    """Every outcome of `action` at `state`, most probable first; the probabilities sum to 1.

    Args:
        limit: Most outcomes to look at.

    Raises:
        PortunusError: There are more than `limit`.
    """
    outcomes: list[Outcome] = []
    prefixes: list[list[bool]] = [[]]
    while prefixes:
        prefix = prefixes.pop()
        if len(outcomes) >= limit:
            raise PortunusError(f"{compiled.actions[action].name} has more than {limit} outcomes here", hint="Sample it instead.")
        rng = compiled.new_rng(1)
        rng[1] = np.uint64(sum(1 << i for i, bit in enumerate(prefix) if bit))
        rng[2] = np.uint64(len(prefix))
        following = state.copy()
        reward, probability, signature = compiled.step(following, action, rng, expected=True)
        drawn = [bit == "1" for bit in bin(signature)[3:]]
        if len(drawn) > MAX_SCRIPT:
            raise PortunusError(f"{compiled.actions[action].name} draws more than {MAX_SCRIPT} chances in one step", hint="Sample it instead.")
        outcomes.append(Outcome(probability, signature, reward, following))
        prefixes += [[*drawn[:i], not drawn[i]] for i in range(len(prefix), len(drawn))]
    return sorted(outcomes, key=lambda o: (-o.probability, o.signature))
