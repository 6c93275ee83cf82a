"""What the kernels of a search are told besides the game and the tree: who judges, and the settings they read."""

from __future__ import annotations

from typing import NamedTuple


class Judge(NamedTuple):
    """Addresses of a kernel evaluator's function and blocks; address 0 = the evaluator is outside, two 0 = it takes one state at a time."""

    address: int
    integers: int
    reals: int
    weights: int
    two: int = 0


class Rules(NamedTuple):
    """The settings the kernels read; meanings in `SearchSettings`.

    `rate`: what a second of the fight costs beyond the reference pace, u. `doubt`: of the evaluator, u (`KernelEvaluator`).
    `drawn`: its values are draws.
    """

    puct_root: bool
    considered_actions: int
    gumbel_scale: float
    value_visits: float
    value_scale: float
    exploration: float
    unvisited_reduction: float
    outcome_slots: int
    max_depth: int
    caution: float
    least_gain: float
    sharpness: float
    judgement_visits: float
    passed_over: float
    rate: float
    doubt: float
    drawn: bool
